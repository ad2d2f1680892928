"""The page says the plan's figures, stands alone, and is well-formed where it draws."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from hw.page.charts import memory_chart, program_chart, roofline
from hw.page.page import page
from plan.engine import ENGINES
from plan.planner import plan
from plan.search import plan_within
from spec.squeezenet import Metaparameters, published, squeezenet, tiny


@pytest.fixture(params=["16x16", "16x4-lut4", "4x4"])
def made(request):
    return plan(tiny(image_size=32), ENGINES[request.param])


def test_charts_are_well_formed(made):
    for chart in (
        program_chart(made),
        memory_chart(made),
        roofline(made, 1e8, {"serial line": 3e5}, {"weight memory": 1e9}),
    ):
        drawing = ElementTree.fromstring(chart)
        assert drawing.attrib["aria-label"] and len(drawing) > 5


def test_every_step_is_drawn(made):
    drawing = ElementTree.fromstring(program_chart(made))
    told = [title.text for title in drawing.iter("title")]
    assert sum(" waits " not in text for text in told) == len(made.program.steps)


def test_it_stands_alone(made):
    text = page(device="a board", plan=made, clock_mhz=100.0, ebr=208)
    assert not re.search(r'(src|href)="(?!data:)', text) and "@import" not in text
    assert "width=device-width" in text
    for layer in made.layers:
        assert f"<td>{layer.name}</td><td>{layer.cycles:,}</td>" in text


def test_the_reference_network():
    text = page(
        device="x",
        plan=plan(squeezenet(Metaparameters()), ENGINES["16x16"]),
        clock_mhz=100.0,
        ebr=208,
    )
    assert "<b>268,792</b>cycles a frame" in text
    assert "<b>372.0</b>frames a second on the chip, at 100 MHz" in text
    assert "<b>1.99</b>photographs a second on the serial line" in text


def test_what_limits_it_and_what_its_engine_holds():
    network = published("1.1", classes=40, image_size=127)
    engine = ENGINES["16x16"]
    needs = plan(network, engine).needs()
    room = replace(needs, weight_rows=600, steps=1000, stream_rows=1_000_000, activation_words=2700)
    made = plan_within(network, engine, room, clock_hz=100_000_000)
    text = page(device="x", plan=made, clock_mhz=100.0, ebr=208)
    rows = [row for row in text.split("<tr>") if "fire4.expand3x3, fire5.squeeze</td></tr>" in row]
    assert len(rows) == 1
    assert rows[0].startswith("<td>fire4</td>") and "<td>memory</td>" in rows[0]
    used = made.needs().activation_words
    assert f"<td>activation words</td><td>2,700</td><td>{used:,}</td>" in text
    assert "<td>weight rows of a frame&#x27;s stream</td><td>1,000,000</td>" in text
    assert re.search(r"SDRAM, [\d.]+ MB/s", text) and "<td>SDRAM</td>" in text
    # Nothing from outside, and so no word of it.
    own = page(device="x", plan=plan(network, engine), clock_mhz=100.0, ebr=208)
    assert "frame&#x27;s stream" not in own
    assert not re.search(r"SDRAM, [\d.]+ MB/s", own) and "<td>window</td>" in own
