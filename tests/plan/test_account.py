import pytest

from plan.account import accounts, intervals, occupancy
from plan.engine import ENGINES
from plan.planner import plan
from spec.squeezenet import Metaparameters, squeezenet, tiny


@pytest.fixture(params=["16x16", "16x8", "4x4", "4x2-lut4"])
def made(request):
    return plan(tiny(image_size=33), ENGINES[request.param])


def test_every_cycle_is_accounted_for(made):
    for account, layer in zip(accounts(made), made.layers, strict=True):
        parts = (account.useful, account.padding, account.short, account.waiting)
        assert account.name == layer.name and min(parts) >= 0
        assert 0 <= account.window <= account.waiting
        assert sum(parts) == pytest.approx(layer.cycles, abs=1e-6)  # useful is a fraction


def test_steps_follow_each_other(made):
    end = 0
    for step in intervals(made):
        assert step.start - step.wait == end and step.wait >= 0
        end = step.end
    assert end <= made.cycles


def test_what_is_held_fits_and_is_read_to_the_end(made):
    held = occupancy(made)
    regions = made.program.regions
    assert {name for step in held for name in step.words} == {*regions}
    for step in held:
        for name, words in step.words.items():
            assert 0 < words <= regions[name].words
    assert max(sum(step.words.values()) for step in held) <= made.program.activation_words


def test_the_reference_network_s_first_layer():
    first = accounts(plan(squeezenet(Metaparameters()), ENGINES["16x16"]))[0]
    # 27 taps of 32 rows: five of 32 rows stand idle.
    assert first.useful + first.padding == 75264 and first.padding == 75264 * 5 / 32
