"""What a board with a camera is told, and says."""

import argparse
import random

import pytest

from spec import synthetic
from spec.live import (
    COUNTED,
    HIT,
    KEEPS,
    ON,
    PULLED,
    SETS,
    SWAPPED,
    TRIGGER_BYTES,
    CameraState,
    Event,
    LiveReply,
    LiveRequest,
    Trigger,
    pulled,
    share_of_frames,
    trigger_of,
    view_part,
)
from spec.protocol import ProtocolError, Reply, Request
from spec.replies import Result
from spec.squeezenet import tiny


def test_no_number_means_two_things():
    types = [*Request, *Reply, *LiveRequest, *LiveReply]
    assert len({int(kind) for kind in types}) == len(types)
    assert len({SETS, ON, SWAPPED, KEEPS}) == 4


def test_a_trigger_counts_the_last_frames():
    rng = random.Random(1)
    for _ in range(50):
        frames = rng.randint(1, 32)
        trigger = Trigger(
            classes=frozenset({1, 3}), least=10, hits=rng.randint(1, frames), frames=frames
        )
        answers = [(rng.randrange(5), rng.randrange(5, 15)) for _ in range(60)]
        hits = [winner in (1, 3) and best >= 10 for winner, best in answers]
        for place, (hit, on) in enumerate(pulled(trigger, answers)):
            assert hit == hits[place]
            assert on == (hits[max(0, place - frames + 1) : place + 1].count(True) >= trigger.hits)


def test_a_triggers_payloads_name_every_class():
    trigger = Trigger(classes=frozenset({0, 31, 33, 70}), least=-5, hits=2, frames=3)
    payloads = trigger.payloads(71)
    assert payloads == [
        b"\xfb\xff\xff\xff\x02\x03\x00\x00\x01\x00\x00\x80",
        b"\xfb\xff\xff\xff\x02\x03\x01\x00\x02\x00\x00\x00",
        b"\xfb\xff\xff\xff\x02\x03\x02\x00\x40\x00\x00\x00",
    ]
    assert {len(payload) for payload in payloads} == {TRIGGER_BYTES}
    with pytest.raises(ValueError, match="below 70, not 70"):
        trigger.masks(70)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hits": 0}, "not 0 of 1"),
        ({"hits": 3, "frames": 2}, "not 3 of 2"),
        ({"frames": 33}, "not 1 of 33"),
        ({"least": 1 << 31}, "32 bits"),
        ({"classes": frozenset({-1})}, "16 bits"),
    ],
)
def test_a_trigger_that_is_none_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Trigger(**wrong)


def test_a_trigger_by_labels():
    quantized = synthetic.quantized(tiny())
    first, second, *_ = quantized.labels
    wanted = trigger_of(quantized, f"{second}, {first}", 7, 2, 3)
    assert wanted == Trigger(classes=frozenset({0, 1}), least=7, hits=2, frames=3)
    assert trigger_of(quantized, None, None, 1, 1) == Trigger()
    last = quantized.label(len(quantized.labels))
    assert trigger_of(quantized, last, None, 1, 1).classes == {len(quantized.labels)}
    with pytest.raises(ValueError, match=f"--trigger dog: no such answer; there are {first}, "):
        trigger_of(quantized, "dog", None, 1, 1)


def test_so_many_of_so_many():
    assert share_of_frames("3/5") == (3, 5)
    for text in ("5/3", "0/1", "3", "1/33", "-1/2", "a/b"):
        with pytest.raises(argparse.ArgumentTypeError, match="such as 3/5"):
            share_of_frames(text)


def test_an_event():
    payload = Result(sums=(5, -7), cycles=99, winner=1, wrong=HIT | PULLED).pack()
    event = Event.unpack(3, payload)
    assert event == Event(
        number=3, result=Result(sums=(5, -7), cycles=99, winner=1, wrong=0), hit=True, pulled=True
    )
    assert not Event.unpack(3, Result(sums=(1,), cycles=0, winner=0, wrong=HIT).pack()).pulled


def test_a_cameras_state():
    words = b"".join(place.to_bytes(4, "little") for place in range(len(COUNTED)))
    state = CameraState.unpack(ON | KEEPS, words)
    assert (state.on, state.swapped, state.keeps) == (True, False, True)
    assert state.counts == {name: place for place, name in enumerate(COUNTED)}
    with pytest.raises(ProtocolError, match="19 bytes, not 20"):
        CameraState.unpack(0, words[1:])


def test_a_part_of_a_view():
    assert view_part(b"\x05\x01\x00\x00abc\0") == (0x105, b"abc\0")
    with pytest.raises(ProtocolError, match="3 bytes"):
        view_part(b"abc")
