"""What can be wrong with a serial port is said in one line, with the way out."""

import errno
import grp
import os

import pytest
import serial

from host import line
from host.line import Line, LineError, LineLost


class Found:
    """A port as pyserial lists it."""

    def __init__(self, device, vid=None, product=None, pid=None, location=None):
        self.device, self.vid, self.product = device, vid, product
        self.pid, self.location = pid, location
        self.manufacturer = None
        self.description = "n/a"


@pytest.fixture
def computer(monkeypatch):
    """A function that sets which ports there are."""

    def has(*found):
        monkeypatch.setattr(line.list_ports, "comports", lambda: list(found))

    return has


def test_the_one_board_is_found(computer):
    computer(Found("/dev/ttyS0"), Found("/dev/ttyUSB1", line.FTDI, "ULX3S FPGA 85K v3.0.8"))
    assert line.find() == "/dev/ttyUSB1"
    assert [port.device for port in line.ports()] == ["/dev/ttyUSB1", "/dev/ttyS0"]
    assert line.ports()[0].description == "ULX3S FPGA 85K v3.0.8"


def test_no_board_and_too_many_boards(computer):
    computer(Found("/dev/ttyS0"))
    with pytest.raises(LineError, match="no board found: plug one in, name its --port, or use"):
        line.find()
    computer(Found("/dev/ttyUSB0", line.FTDI), Found("/dev/ttyUSB1", line.FTDI))
    with pytest.raises(LineError, match="choose --port from /dev/ttyUSB0, /dev/ttyUSB1"):
        line.find()


@pytest.mark.parametrize("pid", line.SEVERAL_PORTS)
def test_of_an_adapter_with_several_ports_the_second_is_the_uart(computer, pid):
    many = [
        Found(f"/dev/ttyUSB{number}", line.FTDI, pid=pid, location=f"3-2.1:1.{number}")
        for number in range(4)
    ]
    computer(*many)
    assert line.find() == "/dev/ttyUSB1"
    # Where the system does not say which is which, they are asked for.
    computer(*(Found(port.device, line.FTDI, pid=pid) for port in many[:2]))
    with pytest.raises(LineError, match="choose --port from /dev/ttyUSB0, /dev/ttyUSB1"):
        line.find()


def test_other_adapters_count_where_no_board_has_its_own(computer):
    cp210x, ch340 = Found("/dev/ttyUSB0", 0x10C4, pid=0xEA60), Found("/dev/ttyUSB1", 0x1A86)
    for adapter in (cp210x, ch340):
        computer(Found("/dev/ttyS0"), adapter)
        assert line.find() == adapter.device
    computer(cp210x, ch340)
    with pytest.raises(LineError, match="choose --port"):
        line.find()
    computer(cp210x, ch340, Found("/dev/ttyUSB2", line.FTDI, pid=0x6015, location="3-2"))
    assert line.find() == "/dev/ttyUSB2"


def test_a_port_is_told_not_to_wait_for_more(tmp_path, monkeypatch, board):
    told = []
    monkeypatch.setattr(
        serial.Serial, "set_low_latency_mode", lambda self, on: told.append(on), raising=False
    )
    Line(board.device).close()
    assert told == [True]


# What pyserial raises where a port cannot: on Linux, on other POSIX systems, on Windows.
@pytest.mark.parametrize("error", [ValueError, NotImplementedError, AttributeError])
def test_a_port_that_cannot_be_told_is_opened_all_the_same(monkeypatch, board, error):
    def untold(self, on):
        raise error("no low latency")

    monkeypatch.setattr(serial.Serial, "set_low_latency_mode", untold, raising=False)
    line = Line(board.device)
    assert line.set_rate(3_000_000)
    line.close()


def test_no_such_port(tmp_path):
    with pytest.raises(LineError, match=r"ttyUSB9: no such port; `python -m host ports` lists"):
        Line(str(tmp_path / "ttyUSB9"))


def test_a_file_is_no_port(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LineError, match="file: cannot be opened as a serial port"):
        Line(str(tmp_path / "file"))


def test_a_busy_port(board):
    first = Line(board.device)
    with pytest.raises(LineError, match=f"{board.device}: busy; another program has it open"):
        Line(board.device)
    first.close()


def test_permission_denied_names_the_group(tmp_path, monkeypatch):
    def deny(*arguments, **options):
        raise serial.SerialException(errno.EACCES, "could not open port")

    monkeypatch.setattr(serial, "Serial", deny)
    path = tmp_path / "ttyUSB0"
    path.touch()
    group = grp.getgrgid(os.stat(path).st_gid).gr_name
    with pytest.raises(LineError, match=f"permission denied; .* usermod -a -G {group} "):
        Line(str(path))
    with pytest.raises(LineError, match="usermod -a -G dialout "):
        Line(str(tmp_path / "gone"))


def test_bytes_come_and_go(board):
    port = Line(board.device)
    assert port.set_rate(115_200)
    assert port.read(0.01) == b""
    os.write(board.master, b"hello")
    received = b""
    while len(received) < 5:
        received += port.read(1)
    assert received == b"hello"
    port.close()


def test_a_port_that_goes_away(board):
    port = Line(board.device)
    board.close()
    with pytest.raises(LineLost, match="the board is gone"):
        for _ in range(3):
            port.read(0.1)
    with pytest.raises(LineLost, match="the board is gone"):
        port.write(b"x")
    port.close()
