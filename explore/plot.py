"""A study as a picture: accuracy against weights, MACs and frames a second."""

import io
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from explore.table import Row

PANELS = (
    ("weights", "weights", False),
    ("macs", "MACs", False),
    ("frames_per_second", "predicted frames a second", True),
)
"""A field of :class:`explore.prediction.Prediction`, its name, whether more of it is better."""

NAMED = 40
"""Settings, at most, that all have their name beside them; of more, those of the frontier do."""


def frontier(points: Sequence[tuple[float, float]], more: bool) -> list[tuple[float, float]]:
    """The points (cost or speed, accuracy) that no other beats in one and equals in the other.

    Sorted by the first coordinate; ``more`` of it is better, or less.
    """
    best: list[tuple[float, float]] = []
    for point in sorted(set(points), key=lambda p: (-p[0] if more else p[0], -p[1])):
        if not best or point[1] > best[-1][1]:
            best.append(point)
    return sorted(best)


def draw(rows: Sequence[Row], title: str) -> bytes:
    """A PNG. Bars reach from the lowest to the highest seed; grey is the frontier.

    Of many rows, those on the frontier are named. A row without accuracy is left out, and one
    without the figure, from that figure's panel.
    """
    figure = Figure(figsize=(16, 5.5), layout="constrained")
    panels = figure.subplots(1, len(PANELS), sharey=True)
    names = list(dict.fromkeys(row.series for row in rows))
    for panel, (key, name, more) in zip(panels, PANELS, strict=True):
        shown = [
            (getattr(row.prediction, key), row)
            for row in rows
            if row.accuracy is not None and getattr(row.prediction, key) is not None
        ]
        edge = frontier([(x, row.accuracy) for x, row in shown], more)
        panel.plot(*zip(*edge, strict=True) if edge else ((), ()), color="lightgrey", zorder=1)
        for number, series in enumerate(names):
            star = series == "reference"
            colour = "black" if star else f"C{number}"
            own = [(x, row) for x, row in shown if row.series == series]
            low = [max(0, row.accuracy - row.accuracies[0]) for _, row in own]
            high = [max(0, row.accuracies[-1] - row.accuracy) for _, row in own]
            panel.errorbar(
                [x for x, _ in own],
                [row.accuracy for _, row in own],
                yerr=(low, high),
                fmt="*" if star else "o",
                markersize=12 if star else 6,
                color=colour,
                label=series,
                capsize=3,
                zorder=2,
            )
            for x, row in own:
                if len(shown) > NAMED and (x, row.accuracy) not in edge:
                    continue
                panel.annotate(
                    row.tag,
                    (x, row.accuracy),
                    xytext=(5, 4),
                    textcoords="offset points",
                    fontsize=8,
                    color=colour,
                    parse_math=False,
                )
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter(EngFormatter())
        panel.xaxis.set_minor_formatter(NullFormatter())
        left = sum(row.accuracy is not None for row in rows) - len(shown)
        panel.set_xlabel(f"{name}; {left} settings do not fit" if left else name)
        panel.grid(alpha=0.3, which="both")
    panels[0].set_ylabel("validation accuracy")
    panels[0].legend(loc="best", fontsize=8)
    figure.suptitle(title, parse_math=False)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=100)
    return content.getvalue()
