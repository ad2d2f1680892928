"""An engine as large as its device lets it be."""

from dataclasses import replace

import pytest

from plan.capacities import NAMES
from plan.device import DEVICES
from plan.engine import ENGINES
from plan.planner import plan
from plan.room import SHARE, design_ebr, family, grown, loaded
from plan.sdram import WORD_BYTES, words
from plan.search import plan_within
from spec.squeezenet import Metaparameters, squeezenet, tiny

REFERENCE = squeezenet()


def room(device: str, *, sdram: bool, network=REFERENCE):
    engine = ENGINES[DEVICES[device].engine]
    needs = plan(network, engine).needs()
    return engine, needs, grown(needs, engine, DEVICES[device], sdram=sdram)


@pytest.mark.parametrize("sdram", [False, True])
def test_the_first_network_fits_and_so_does_the_design(sdram):
    engine, needs, found = room("85F", sdram=sdram)
    assert not found.shortages(needs)
    assert design_ebr(engine, found) <= SHARE * DEVICES["85F"].ebr
    made = plan_within(REFERENCE, engine, found, clock_hz=100_000_000)
    assert made.cycles == 268_792 and not made.streamed


def test_what_is_loaded_into_an_sdram():
    device = DEVICES["85F"]
    for network in family().values():
        made = loaded(network, REFERENCE, device, ENGINES["16x16"], clock_hz=100_000_000)
        assert made is not None and made.streamed
    wide = squeezenet(Metaparameters(image_size=512))
    assert loaded(wide, REFERENCE, device, ENGINES["16x16"], clock_hz=100_000_000) is None
    small = ENGINES[DEVICES["12F"].engine]
    assert loaded(tiny(), REFERENCE, DEVICES["12F"], small, clock_hz=100_000_000) is None


def test_an_engine_larger_than_the_device_s_is_loaded_with_what_fits():
    """Two pixels a cycle: 1.1 is faster, though its weights come no faster; 1.0 is too large."""
    device, clock_hz = DEVICES["85F"], 100_000_000
    smaller, larger = family().values()
    made = loaded(smaller, REFERENCE, device, ENGINES["16x16x2-lut17"], clock_hz=clock_hz)
    usual = loaded(smaller, REFERENCE, device, ENGINES["16x16"], clock_hz=clock_hz)
    assert made.stream_rows * words(made.engine.stream_bits) * WORD_BYTES < made.cycles * 2
    assert clock_hz / made.cycles > 105 and made.cycles_least < made.cycles < usual.cycles
    assert loaded(larger, REFERENCE, device, made.engine, clock_hz=clock_hz) is None


def test_with_an_sdram_the_family_fits():
    engine, needs, found = room("85F", sdram=True)
    assert found.streamed and found.weight_rows >= needs.weight_rows
    cycles = []
    for network in family().values():
        made = plan_within(network, engine, found, clock_hz=100_000_000)
        assert found.shortages(made.needs()) == []
        cycles.append(made.cycles)
    assert cycles[0] <= 1_384_000 and cycles[1] <= 100_000_000 / 29


def test_without_one_a_somewhat_larger_network_fits():
    engine, needs, found = room("85F", sdram=False)
    assert not found.streamed and found.weight_rows > 1.4 * needs.weight_rows
    other = squeezenet(Metaparameters(classes=8, num_filters=64))
    made = plan_within(other, engine, found, clock_hz=100_000_000)
    assert plan(REFERENCE, engine).needs().shortages(made.needs())
    assert found.shortages(made.needs()) == []


def test_a_device_that_is_too_small_has_what_is_needed():
    _, needs, found = room("25F", sdram=False)
    assert found == needs


def test_a_small_device_without_room_for_the_family_keeps_weights_on_the_chip():
    engine, needs, found = room("25F", sdram=True, network=tiny(image_size=64))
    assert not found.streamed and found.shortages(needs) == []
    assert design_ebr(engine, found) <= SHARE * DEVICES["25F"].ebr


def test_an_engine_smaller_than_the_device_s_stays_small():
    engine = ENGINES["4x4"]
    found = grown(plan(tiny(), engine).needs(), engine, DEVICES["85F"], sdram=True)
    assert not found.streamed and design_ebr(engine, found) < 40


def test_no_block_ram_is_half_used():
    """More of anything that a block RAM holds would take another one."""
    engine, _, found = room("85F", sdram=True)
    for name in ("activation_words", "patch_words", "weight_rows", "param_groups", "steps"):
        more = replace(found, **{name: getattr(found, name) + 1})
        assert design_ebr(engine, more) > design_ebr(engine, found), name


def test_nothing_becomes_less():
    for sdram in (False, True):
        _, needs, found = room("85F", sdram=sdram)
        assert all(getattr(found, name) >= getattr(needs, name) for name in NAMES)
