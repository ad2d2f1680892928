"""A monitor: the bits of four wires become a picture, after DVI 1.0 and not after the circuit."""

import numpy as np

from spec import screen

LINE = screen.WIDTH + sum(part[0] for part in (screen.FRONT, screen.SYNC, screen.BACK))
FRAME = screen.HEIGHT + sum(part[1] for part in (screen.FRONT, screen.SYNC, screen.BACK))
PULSES = {0b1101010100: 0, 0b0010101011: 1, 0b0101010100: 2, 0b1010101011: 3}
"""Words beside the picture, and the two bits that they stand for."""


MOST_EXCESS = 10
"""Of ones over zeros, or the reverse, after a word of a picture."""


class SignalError(ValueError):
    """No monitor would show this; the message says why."""


def lanes(data: bytes) -> np.ndarray:
    """The bits of each wire: uint8, shape (4, bits), of bytes with two bits a wire, the earlier the
    lower; the clock's is the last."""
    octets = np.frombuffer(data, np.uint8)
    bits = np.unpackbits(octets[:, None], axis=1, bitorder="little").reshape(-1, 4, 2)
    return bits.transpose(1, 0, 2).reshape(4, -1)


def words(bits: np.ndarray) -> np.ndarray:
    """Words of ten bits of each lane, where the clock's pair says that they begin: (3, words)."""
    clock = bits[3]
    rises = np.flatnonzero((clock[1:] == 1) & (clock[:-1] == 0)) + 1
    if len(rises) < 2 or set(np.diff(rises)) != {10}:
        raise SignalError("the clock's pair has not one period in ten bits")
    start, stop = rises[0], rises[-1]
    return bits[:3, start:stop].reshape(3, -1, 10) @ (1 << np.arange(10))


def decoded(word: np.ndarray) -> np.ndarray:
    """The byte of each word of a picture."""
    eight = np.where(word & 0x200, ~word, word) & 0xFF
    result = eight & 1
    for bit in range(1, 8):
        change = (eight >> bit ^ eight >> bit - 1) & 1
        change ^= ~word >> 8 & 1
        result |= change << bit
    return result.astype(np.uint8)


def picture(data: bytes) -> np.ndarray:
    """The first whole picture: uint8, (HEIGHT, WIDTH, 3).

    Raises
    ------
    SignalError
        If pulses or blanking are not VGA's, a lane's ones and zeros do not balance, or a word has
        more transitions than a coded byte.
    """
    return picture_of(words(lanes(data)))


def picture_of(coded: np.ndarray) -> np.ndarray:
    """The same of the lanes' words: integers, shape (3, words)."""
    control = np.vectorize(lambda word: PULSES.get(int(word), -1))(coded)
    blank = (control >= 0).all(axis=0)
    if ((control >= 0).any(axis=0) != blank).any():
        raise SignalError("the lanes do not blank together")
    if (control[1:, blank] != 0).any():
        raise SignalError("green or red has pulses")
    shown = ~blank
    _balance(coded, shown)
    pulses = np.where(blank, control[0], -1)
    down = np.where(pulses >= 0, pulses >> 1, -1)
    falls = np.flatnonzero((down[1:] == 0) & (down[:-1] == 1)) + 1
    if len(falls) < 2:
        raise SignalError("there is no whole frame")
    start = falls[0]
    if falls[1] - start != LINE * FRAME:
        raise SignalError(f"a frame has {falls[1] - start} pixels, not {LINE * FRAME}")
    frame = slice(start, start + LINE * FRAME)
    grid = shown[frame].reshape(FRAME, LINE)
    first = screen.SYNC[1] + screen.BACK[1]
    expected = np.zeros_like(grid)
    # A frame's pulse begins where a line's picture would.
    expected[first : first + screen.HEIGHT, : screen.WIDTH] = True
    if (grid != expected).any():
        raise SignalError("the blanking is not VGA's")
    across = np.where(pulses[frame] >= 0, pulses[frame] & 1, 1).reshape(FRAME, LINE)
    wanted = np.ones((FRAME, LINE), int)
    wanted[:, screen.WIDTH + screen.FRONT[0] :][:, : screen.SYNC[0]] = 0
    if (across != wanted).any():
        raise SignalError("the lines' pulses are not VGA's")
    vertical = (pulses[frame] >> 1).reshape(FRAME, LINE)[~grid]
    low = np.zeros((FRAME, LINE), bool)
    low[: screen.SYNC[1]] = True
    if ((vertical == 0) != low[~grid]).any():
        raise SignalError("the frame's pulse is not VGA's")
    blue, green, red = (decoded(lane[frame]) for lane in coded)
    image = np.stack([red, green, blue], axis=-1).reshape(FRAME, LINE, 3)
    return image[first : first + screen.HEIGHT, : screen.WIDTH]


def _balance(coded: np.ndarray, shown: np.ndarray) -> None:
    """A word has few transitions; after each word of a run, ones and zeros differ by little."""
    bits = coded[..., None] >> np.arange(10) & 1
    edges = (bits[..., 1:8] != bits[..., :7]).sum(axis=-1)[:, shown]
    if edges.max(initial=0) > 4:
        raise SignalError("a word has more transitions than it may")
    excess = 2 * bits.sum(axis=-1) - 10
    begins = np.flatnonzero(shown[1:] & ~shown[:-1]) + 1
    for begin in begins[: len(begins) - 1]:
        run = np.cumsum(excess[:, begin : begin + screen.WIDTH], axis=1)
        if np.abs(run).max(initial=0) > MOST_EXCESS:
            raise SignalError("ones and zeros do not balance")
