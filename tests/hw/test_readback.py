"""A bitstream is read back whole: a small one, made by the real tools, and damaged ones."""

import random
import re

import pytest
from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, Signal
from amaranth.lib import io, memory, wiring

from hw import flow
from hw.bitstream import Configuration, ConfigurationError, pack
from hw.board.boards import BOARDS
from hw.ecp5.memory import Memory
from hw.flow import FlowError
from hw.readback import VERIFY_ID, contents, inferred, match, read_back, same

PART = "LFE5U-12F"
WORDS = {9: 2048, 18: 1024, 36: 512}
"""Depth of a block RAM by its width."""


def words(width: int, seed: int = 0) -> list[int]:
    rng = random.Random(f"{width} {seed}")
    return [rng.randrange(1 << width) for _ in range(WORDS[width])]


class Small(wiring.Component):
    """Three memories that are read in turn, one that yosys makes, one that holds nothing yet; a
    lamp shows a bit."""

    def __init__(self):
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(reset_less=True)
        pad = io.Buffer("i", platform.request("clk25", 0, dir="-"))
        lamp = io.Buffer("o", platform.request("led", 0, dir="-"))
        m.submodules += [pad, lamp]
        m.d.comb += ClockSignal().eq(pad.i)
        count = Signal(11)
        m.d.sync += count.eq(count + 1)
        read = []
        for width, depth in WORDS.items():
            own = Memory(width=width, depth=depth, init=words(width))
            m.submodules[f"memory{width}"] = own
            m.d.comb += own.read_address.eq(count)
            read.append(own.read_data)
        letters = memory.Memory(shape=8, depth=1500, init=[place % 251 for place in range(1500)])
        m.submodules.inferred = letters
        port = letters.read_port()
        m.d.comb += port.addr.eq(count)
        read.append(port.data)
        m.submodules.empty = empty = Memory(width=8, depth=16)
        m.d.comb += [
            empty.write_address.eq(count),
            empty.write_data.eq(count),
            empty.write_enable.eq(1),
            empty.read_address.eq(count),
        ]
        m.d.comb += lamp.o.eq(Cat(*read, empty.read_data).xor())
        return m


@pytest.fixture(scope="module")
def tools():
    return flow.find_tools(native=False)


def build(tools, work):
    """RTLIL, nextpnr's configuration, and the bitstream."""
    platform = BOARDS["ulx3s"].variants["12F"]()
    prepared = flow.prepare(platform, Small(), seed=1)
    prepared.extract(work)
    for name, command in flow.commands(prepared, tools):
        flow.run(name, command, work)
    return (
        prepared.files["top.il"],
        (work / "top.config").read_text(),
        (work / "top.bit").read_bytes(),
    )


@pytest.fixture(scope="module")
def built(tools, tmp_path_factory):
    return build(tools, tmp_path_factory.mktemp("built"))


def test_the_same_inputs_give_the_same_bitstream(built, tools, tmp_path):
    again = build(tools, tmp_path)
    assert again[2] == built[2] and again[0] == built[0]
    assert "\\src" not in built[0]


def test_all_of_a_bitstream_is_as_placed_and_as_made(built, tools, tmp_path):
    rtlil, placed, bits = built
    found = read_back(bits, PART, rtlil, tools, tmp_path, placed)
    own = {"memory9": 1, "memory18": 1, "memory36": 1, "empty": 1}
    assert found.block_rams == own | {"top.inferred": 1}
    assert found.empty == 0
    assert found.connections > 500 and found.settings > 500
    assert found.lines()[0].split() == ["part", "LFE5U-12F,", "id", "0x21111043"]


def test_the_words_are_where_lattice_puts_them(built):
    found = contents(built[0])
    for width in WORDS:
        whole = sum(word << width * place for place, word in enumerate(words(width)))
        assert found[f"memory{width}"] == [whole]
    assert found["empty"] == [0]


def refused(built, tools, tmp_path, **changes) -> str:
    """What is said of a build with other bits, RTLIL, configuration or part."""
    rtlil, placed, bits = built
    given = {"bits": bits, "part": PART, "rtlil": rtlil, "placed": placed} | changes
    with pytest.raises(FlowError) as raised:
        read_back(tools=tools, work=tmp_path, **given)
    return str(raised.value)


def test_a_flipped_bit_is_found_without_anything_to_compare_with(built, tools, tmp_path):
    bits = bytearray(built[2])
    bits[len(bits) // 2] ^= 4
    said = refused(built, tools, tmp_path, bits=bytes(bits), placed=None)
    assert said.startswith("ecpunpack failed: ") and "crc" in said.lower()


def test_a_bitstream_for_another_device(built, tools, tmp_path):
    said = refused(built, tools, tmp_path, part="LFE5U-25F")
    assert said == "the bitstream is for a device 0x21111043, not 0x41111043"
    head, _, rest = built[2].partition(VERIFY_ID)
    other = head + VERIFY_ID + bytes.fromhex("41111043") + rest[4:]
    said = refused(built, tools, tmp_path, bits=other, part="LFE5U-25F", placed=None)
    assert "LFE5U" in said or "crc" in said.lower()


@pytest.mark.parametrize("kind", ["arc: [VH]0", "word: SLICE[A-D].K[01].INIT "])
def test_another_configuration_than_the_placed_one(kind, built, tools, tmp_path):
    _, placed, _ = built
    lines = placed.splitlines(keepends=True)
    place = next(
        number
        for number, line in enumerate(lines)
        if re.match(kind, line) and not line.rstrip().endswith("1111111111111111")
    )
    del lines[place]
    bits = pack("".join(lines), tools, tmp_path)
    said = refused(built, tools, tmp_path, bits=bits)
    assert "the bitstream is not that of nextpnr's configuration: " in said


def changed(placed: str, digit: str = "1ff") -> str:
    """A configuration with another last word in its first block RAM."""
    head, name, body = placed.partition(".bram_init ")
    block, end, rest = body.partition("\n\n")
    assert block[-3:] != digit
    return head + name + block[:-3] + digit + end + rest


def test_a_block_ram_that_differs(built, tools, tmp_path):
    _, placed, _ = built
    text = changed(placed.replace(" \n", "\n"))
    bits = pack(text, tools, tmp_path)
    said = refused(built, tools, tmp_path, bits=bits, placed=text)
    assert re.fullmatch(
        r"block RAMs that do not hold what the model file says: 1 of 1 of (memory\d+|empty)", said
    )


def test_memories_are_found_by_their_contents():
    assert match({"a": [1, 0], "b": [2]}, [0, 0, 2, 0, 1], {}) == ({"a": 2, "b": 1}, 2)
    with pytest.raises(FlowError, match="says: 1 of 2 of a, 1 of 1 of b"):
        match({"a": [1, 0], "b": [2]}, [0, 0, 1 << 9, 0], {})
    with pytest.raises(FlowError, match="says: 1 of 2 of a"):
        match({"a": [1, 1]}, [1, 0], {})
    with pytest.raises(FlowError, match="1 block RAMs hold something that is not of the model"):
        match({"a": [1]}, [1, 3], {})


def test_the_same_bits_behind_other_comments():
    same(b"one" + VERIFY_ID + b"rest", b"two" + VERIFY_ID + b"rest", "it")
    with pytest.raises(FlowError, match="not that of it: 1 of 4 bytes differ, it has 4 bytes"):
        same(VERIFY_ID + b"rest", VERIFY_ID + b"rent", "it")
    with pytest.raises(FlowError, match="0 of 4 bytes differ, it has 3 bytes"):
        same(VERIFY_ID + b"rest", VERIFY_ID + b"res", "it")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".tile R1C1:PLC2\narc: A B\n", "names no device"),
        (".device LFE5U-12F\n\n.bram_init 3\n000 001\n", "block RAM 3 has 2 words"),
    ],
)
def test_no_configuration(text, message):
    with pytest.raises(ConfigurationError, match=message):
        Configuration.parse(text)


def test_a_memory_that_yosys_makes_is_compared_where_it_is_found(built):
    value = inferred(built[0])["top.inferred"]
    assert value & 0x3FFFF == 1 << 9  # the words 0 and 1
    assert match({}, [0, value], {"letters": value}) == ({"letters": 1}, 1)
    assert match({}, [0], {"letters": value}) == ({}, 1)  # in LUTs
    for found in ([value ^ 1], [value, value]):
        with pytest.raises(FlowError, match="1 block RAMs hold something that is not of the model"):
            match({}, found, {"letters": value})
