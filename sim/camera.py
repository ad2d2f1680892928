"""Frames for the simulated board's camera (``ov7670.hpp``), whole ones and damaged ones."""

import os
import queue
import struct
import subprocess
import threading
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Self

import numpy as np

from hw.camera.ov7670 import Times
from hw.live.live import Eye
from sim.board import CLOCK_HZ
from spec.camera import Sensor, before, taken

WARMING = 1
"""Frames of noise after the set-up, instead of the chip's 20."""
QUICK = {"quarter": 70, "pause": 120_000}
"""Cycles of a set-up that is as quick as the data sheet allows: 357 kHz, 1.2 ms beside a reset."""
PATIENT = 1 << 23
"""Cycles without a line until the camera is taken to be gone: while it waits for a frame, none
come."""
_HEADER = struct.Struct("<BxHHH")


class Befalls(IntEnum):
    """What befalls a frame, as ``ov7670.hpp`` numbers it."""

    WHOLE = 0
    LOST_EDGES = 1
    MISSING_LINES = 2
    EARLY_VSYNC = 3
    UNPLUGGED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What befalls a frame at a byte of a line, and to how many PCLK pulses or lines."""

    kind: Befalls = Befalls.WHOLE
    line: int = 0
    place: int = 0
    count: int = 0


def frame(pixels: np.ndarray, sensor: Sensor, damage: Damage | None = None) -> bytes:
    """A frame to be played, of which the network sees ``pixels``: uint8, (height, width, 3)."""
    damage = damage or Damage()
    head = _HEADER.pack(damage.kind, damage.line, damage.place, damage.count)
    return head + taken(before(pixels, sensor), sensor).tobytes()


def eye(sensor: Sensor, *, gone: int = PATIENT, quick: bool = True, **more) -> Eye:
    """What a simulated board's camera is built with: times are the chip's, but for its warming up.

    Parameters
    ----------
    sensor
        How it sends.
    gone
        Cycles without a line until it is taken to be gone.
    quick
        Its set-up is as quick as the data sheet allows.
    more
        As :class:`hw.live.live.Eye`.
    """
    times = replace(Times.of(CLOCK_HZ, sensor), settle=WARMING, gone=gone)
    return Eye(sensor=sensor, times=replace(times, **(QUICK if quick else {})), **more)


class CameraBoard:
    """A simulated board with a camera, in a process of its own, and what feeds it frames.

    Parameters
    ----------
    command
        Of :func:`sim.board.build`.
    sensor
        How the camera sends.
    mode
        ``pty``, where ``terminal`` is its name, or ``wire``; see ``board.cpp``.
    seed
        Of PCLK's phase and jitter.
    waiting
        Frames that wait here at most; :meth:`play` then waits.
    streams
        More for :class:`subprocess.Popen`.
    """

    def __init__(
        self,
        command: list[str],
        sensor: Sensor,
        *,
        mode: str = "pty",
        seed: int = 1,
        waiting: int = 4,
        **streams,
    ):
        reading, writing = os.pipe()
        words = [mode, "0", str(reading), str(sensor.width), str(sensor.height)]
        words += [sensor.encoding.value, str(WARMING), str(seed)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE} | streams
        try:
            self.process = subprocess.Popen([*command, *words], pass_fds=[reading], **pipes)
        finally:
            os.close(reading)
        self.terminal = ""
        if mode == "pty" and self.process.stdout:
            self.terminal = self.process.stdout.readline().decode().strip()
        self._frames: queue.Queue[bytes | None] = queue.Queue(waiting)
        self._feeder = threading.Thread(target=self._feed, args=(writing,), daemon=True)
        self._feeder.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def worked(self) -> float:
        """Seconds that the board's process has computed, however busy the machine is."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def play(self, data: bytes) -> None:
        """Play a frame after those before; waits if many wait already."""
        self._frames.put(data)

    def end(self) -> None:
        """No frame follows."""
        self._frames.put(None)

    def close(self) -> int:
        """Ends the board; its exit code."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait()
        while self._feeder.is_alive():
            try:
                self._frames.put(None, timeout=0.1)
            except queue.Full:
                self._frames.get()
            self._feeder.join(0.1)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def _feed(self, into: int) -> None:
        with open(into, "wb", buffering=0) as file:
            while (data := self._frames.get()) is not None:
                rest = memoryview(data)
                try:
                    while rest:
                        rest = rest[file.write(rest) :]
                except BrokenPipeError:
                    return
