"""The engine's checks, and what the circuit relies on for every legal engine."""

import pytest

from plan import latency
from plan.engine import ENGINES, Engine


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"rows": 3, "columns": 2}, "rows must be from 4 to 32, not 3"),
        ({"rows": 33}, "rows must be from 4 to 32, not 33"),
        ({"columns": 0}, r"columns must be even and divide rows \(16\), not 0"),
        ({"rows": 15, "columns": 5}, r"columns must be even and divide rows \(15\), not 5"),
        ({"columns": 6}, r"columns must be even and divide rows \(16\), not 6"),
        ({"columns": 32}, r"columns must be even and divide rows \(16\), not 32"),
        ({"lut_rows": -1}, "lut_rows must be from 0 to 16, not -1"),
        ({"lut_rows": 17}, "lut_rows must be from 0 to 16, not 17"),
        ({"lut_rows": 33, "pixels": 2}, "lut_rows must be from 0 to 32, not 33"),
        ({"pixels": 0}, "pixels must be 1 or 2, not 0"),
        ({"pixels": 3}, "pixels must be 1 or 2, not 3"),
        ({"tile_pixels": 15}, "tile_pixels must be from 16 to 4096, not 15"),
        ({"tile_pixels": 4097}, "tile_pixels must be from 16 to 4096, not 4097"),
    ],
)
def test_an_illegal_engine_is_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        Engine(**sizes)


def legal():
    for rows in range(4, 33):
        for columns in range(2, rows + 1, 2):
            if rows % columns == 0:
                for pixels in (1, 2):
                    for lut_rows in range(pixels * rows + 1):
                        yield Engine(rows=rows, columns=columns, lut_rows=lut_rows, pixels=pixels)


def test_an_output_group_has_its_parameters_before_the_next_ones_come():
    """hw.fire.loader.ParamLoader keeps one set in use and one ready, and nothing asks it."""
    for engine in legal():
        assert engine.columns <= engine.array_latency <= engine.pass_cycles_min, engine


def test_a_pass_finds_in_memory_what_the_pass_before_it_wrote():
    """A pixel's sum is read, added to and written; a read sees it two cycles later."""
    visible = latency.MEMORY_READ + latency.ACCUMULATOR + 2
    assert all(engine.pass_cycles_min >= visible for engine in legal())


def test_the_next_step_is_known_before_its_weights_are_looked_for():
    assert all(engine.load_delay >= latency.FETCH for engine in legal())


def test_the_default_engine_is_the_one_of_the_issue():
    engine = ENGINES["16x16"]
    assert engine == Engine()
    assert (engine.macs_per_cycle, engine.multipliers, engine.lanes) == (256, 128 + 16, 1)
    assert str(engine) == "16×16, 256 MAC/cycle"


def test_rows_on_luts_save_multipliers():
    assert Engine(lut_rows=4).multipliers == Engine().multipliers - 4 * 16 // 2
    assert ENGINES["4x2-lut4"].multipliers == 2
    assert str(ENGINES["16x4-lut4"]) == "16×4, 4 rows on LUTs, 64 MAC/cycle"


def test_two_pixels_a_cycle_are_as_many_macs_again():
    engine = ENGINES["16x16x2-lut17"]
    # The second pixel's rows on LUTs, and one of the first's: an 85F has 156 multipliers.
    assert (engine.macs_per_cycle, engine.multipliers) == (512, 15 * 8 + 32)
    assert str(engine) == "16×16×2, 17 rows on LUTs, 512 MAC/cycle"
    assert [engine.across(width) for width in (1, 2, 7, 8)] == [1, 1, 4, 4]


def test_names_of_presets_tell_their_shape():
    for name, engine in ENGINES.items():
        lut = f"-lut{engine.lut_rows}" if engine.lut_rows else ""
        pixels = f"x{engine.pixels}" if engine.pixels > 1 else ""
        assert name == f"{engine.rows}x{engine.columns}{pixels}{lut}"


def test_output_groups_are_rounded_up():
    assert [Engine(columns=8).groups(channels) for channels in (1, 8, 9, 40)] == [1, 1, 2, 5]
