"""The elements that charts are made of: SVG as text."""

from collections.abc import Iterable
from html import escape

WIDTH = 960
"""Of every chart, in its own units; the page scales it."""

NEUTRAL = "#b8b8b8"
ALERT = "#d6322d"


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, neighbours far apart; the same names give the same colours."""
    return {
        name: f"hsl({index * 137 % 360} 58% {(46, 60)[index % 2]}%)"
        for index, name in enumerate(names)
    }


def svg(height: float, parts: Iterable[str], label: str) -> str:
    """A chart; ``label`` says what it shows to whom cannot see it."""
    frame = f'viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(label)}"'
    return f"<svg {frame}>{''.join(parts)}</svg>"


def rectangle(x: float, y: float, width: float, height: float, fill: str, title: str = "") -> str:
    """``title`` is shown where a pointer rests."""
    inside = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0.3):.2f}" height="{height:.2f}" '
        f'fill="{fill}">{inside}</rect>'
    )


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(words)}</text>'


def line(points: Iterable[tuple[float, float]], colour: str, width: float = 1.5) -> str:
    path = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def dot(x: float, y: float, colour: str, title: str) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}">'
        f"<title>{escape(title)}</title></circle>"
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """HTML; cells are markup already where they begin with ``<``."""

    def cells(words: Iterable[str], tag: str) -> str:
        inner = (word if word.startswith("<") else escape(word) for word in words)
        return "<tr>" + "".join(f"<{tag}>{word}</{tag}>" for word in inner) + "</tr>"

    body = "".join(cells(row, "td") for row in rows)
    return f'<div class="wide"><table>{cells(head, "th")}{body}</table></div>'


def bar(parts: Iterable[tuple[float, str, str]]) -> str:
    """A bar of shares 0…1, each with a colour and a title."""
    spans = "".join(
        f'<i style="width:{100 * share:.2f}%;background:{colour}" title="{escape(title)}"></i>'
        for share, colour, title in parts
        if share > 0
    )
    return f'<span class="bar">{spans}</span>'


def key(entries: Iterable[tuple[str, str]]) -> str:
    """What the colours mean: colour and name."""
    items = (f'<span><i style="background:{c}"></i>{escape(name)}</span>' for c, name in entries)
    return f'<p class="key">{" ".join(items)}</p>'
