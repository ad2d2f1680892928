"""The conversation with a board: every answer right, whatever goes wrong on the way."""

import os
import random

import pytest

from host.client import BoardError, Client
from host.line import Line, LineLost
from spec import reference, synthetic
from spec.protocol import RATES, Frame, Reply, Request

PATIENCE = 0.4


@pytest.fixture
def connect(board):
    """A function that connects to the board."""
    lines = []

    def connect() -> Client:
        lines.append(Line(board.device))
        return Client(lines[-1], patience=PATIENCE)

    yield connect
    for line in lines:
        line.close()


@pytest.fixture
def images(quantized):
    """Key, bytes and right sums of ten images."""
    pictures = [synthetic.image(quantized.network, seed) for seed in range(10)]
    return [
        (seed, picture.tobytes(), tuple(reference.run(quantized, picture)["sums"].tolist()))
        for seed, picture in enumerate(pictures)
    ]


def check(client, images):
    """Every image answered once, in order, with the right sums."""
    answers = list(client.classify((key, data) for key, data, _ in images))
    assert [(answer.key, answer.result.sums) for answer in answers] == [
        (key, sums) for key, _, sums in images
    ]


def test_all_is_well(board, connect, images):
    client = connect()
    assert client.identity == board.identity == client.identify()
    assert client.rate == RATES[0]
    check(client, images)
    assert client.retries == 0
    assert client.selftest().wrong == 0
    assert client.counters().expected == 0


def test_images_overlap_but_keep_to_the_window(board, connect, images):
    ahead = []

    def count(frame):
        if frame.type == Reply.TAKEN:
            return None if len(ahead) < 3 and not ahead.append(1) else frame
        return frame

    board.replies = count  # the first three TAKEN get lost: the next one tells their sum
    client = connect()
    check(client, images)
    chunks = [frame for frame in board.seen if frame.type == Request.CHUNK]
    assert len(chunks) == 2 * len(images)
    assert client.retries == 0


@pytest.mark.parametrize("fault", [None, "damage"], ids=["lost", "damaged"])
@pytest.mark.parametrize("number", [0, 1, 2, 5, 19])
def test_a_bad_chunk_is_sent_again(board, connect, images, fault, number):
    seen = []

    def disturb(frame):
        if frame.type == Request.CHUNK:
            seen.append(frame)
            if len(seen) - 1 == number:
                return fault
        return frame

    board.faults = disturb
    client = connect()
    check(client, images)
    assert client.retries >= 1


@pytest.mark.parametrize("fault", [None, "damage"], ids=["lost", "damaged"])
@pytest.mark.parametrize("kind", [Reply.RESULT, Reply.TAKEN, Reply.COUNTERS, Reply.RESET])
def test_a_bad_reply_costs_a_retry_at_most(board, connect, images, fault, kind):
    seen = []

    def disturb(frame):
        if frame.type == kind:
            seen.append(frame)
            if len(seen) == 2:
                return fault
        return frame

    board.replies = disturb
    client = connect()
    check(client, images)
    client.counters()


def test_noise_on_the_line(board, connect, images):
    rng = random.Random(1)

    def disturb(frame):
        return rng.choices([frame, None, "damage"], [90, 5, 5])[0]

    board.faults = board.replies = disturb
    check(connect(), images)


def test_a_board_that_stops_answering_is_given_up(board, connect, images):
    client = connect()
    board.replies = lambda frame: None
    with pytest.raises(BoardError, match="does not answer COUNTERS"):
        check(client, images)


def test_a_board_that_keeps_refusing_is_given_up(board, connect, images):
    client = connect()
    board.faults = lambda frame: "damage" if frame.type == Request.CHUNK else frame
    with pytest.raises(BoardError, match="the board keeps receiving a damaged frame"):
        check(client, images)
    assert client.rate == RATES[-1]


def test_something_that_is_no_board(board, connect):
    board.replies = lambda frame: None
    with pytest.raises(BoardError, match="nothing there speaks the protocol; flash the board"):
        connect()


def test_replies_of_an_earlier_life_mean_nothing(board, connect, images):
    stale = Frame(type=Reply.RESULT, sequence=60000, payload=bytes(20))

    def haunt(frame):
        if frame.type == Reply.TAKEN:
            os.write(board.master, stale.line())
        return frame

    board.replies = haunt
    check(connect(), images)


def test_unplugged_in_the_middle(board, connect, images):
    client = connect()
    answers = client.classify((key, data) for key, data, _ in images)
    assert next(answers).result.sums == images[0][2]
    board.unplug()
    with pytest.raises(LineLost, match="the board is gone"):
        list(answers)
