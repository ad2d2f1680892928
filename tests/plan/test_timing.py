"""When steps start, against what each must wait for. The proof of the numbers is the circuit."""

from plan import latency
from plan.engine import ENGINES, Engine
from plan.planner import plan
from plan.timing import frame_cycles, step_times
from plan.window import WindowTiming
from spec.squeezenet import tiny


def test_a_step_starts_when_the_last_thing_it_waits_for_has_come(made):
    times = step_times(made.program)
    engine = made.engine
    for index, (step, (start, _, end, _)) in enumerate(zip(made.program.steps, times, strict=True)):
        period = max(step.cycles, engine.pass_cycles_min)
        assert end == start + (step.passes - 1) * period + step.cycles - 1 + engine.write_latency
        if index == 0:
            continue
        before = made.program.steps[index - 1]
        issued = times[index - 1].start + before.passes * max(before.cycles, engine.pass_cycles_min)
        reasons = [issued]
        unfinished = index - 1 - step.fields["wait"]
        if unfinished >= 0:
            reasons.append(times[unfinished].end + latency.CONDITION)
        assert start >= max(reasons)
        if not step.fields["patch"]:
            assert start == max(reasons)


def test_the_first_step_waits_for_its_patches(made):
    window = WindowTiming(made.program.window)
    done = [window.next_row() for _ in range(made.program.steps[0].rows)]
    assert step_times(made.program)[0].start == done[-1] + latency.CONDITION


def test_a_frame_ends_with_its_last_word_s_class_sums(made):
    """Nothing is written later; the sums take two cycles, and the first pixel comes in cycle 1."""
    last = max(step.end for step in step_times(made.program))
    assert frame_cycles(made.program) == last + 2 - 1


def test_rows_on_luts_cost_what_they_add_to_the_array():
    network = tiny(image_size=16)
    plain, lut = (plan(network, engine) for engine in (Engine(), Engine(lut_rows=16)))
    assert lut.engine.array_latency < plain.engine.array_latency
    assert lut.cycles < plain.cycles


def test_more_macs_a_cycle_take_fewer_cycles():
    network = tiny(image_size=64, base_e=64)
    cycles = [plan(network, ENGINES[name]).cycles for name in ("16x16", "16x8", "16x4", "16x2")]
    assert cycles == sorted(cycles)
