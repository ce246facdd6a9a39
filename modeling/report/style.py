"""How figures look: each row has its colour and its mark everywhere, colour-blind safe."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from analysis.report.style import SETTINGS

# Okabe and Ito, "Color Universal Design" (2008); greys for rows that hear nothing. Each row has a
# mark of its own too, so that a figure can be read without colour.
COLOURS = {
    "zero": "#8c8c8c",
    "random": "#bdbdbd",
    "equal_loudness": "#e69f00",
    "template": "#b59a00",
    "template_shrinkage": "#56b4e9",
    "ridge": "#009e73",
    "neighbours": "#cc79a7",
    "baseline": "#0072b2",
    "differential": "#d55e00",
    "oracle": "#000000",
    "perfect_ear": "#5b3a8c",
}
MARKS = dict(zip(COLOURS, "osvPDX^sohp", strict=True)) | {"baseline": "s", "differential": "o"}
SEEN_MARK = " \N{DAGGER}"


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Settings for one figure; its name makes the ids inside it its own, and always the same."""
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": name}):
        yield


def label(row: str, seen: bool = False) -> str:
    """A row's name for people, marked where it saw songs of this evaluation in training."""
    return row.replace("_", " ") + (SEEN_MARK if seen else "")


def svg(figure: Figure, note: str = "") -> str:
    """The figure as SVG, the note under it."""
    if note:
        figure.text(0.01, -0.01, note, ha="left", va="top", fontsize=8)
    buffer = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(
        buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None}
    )
    return buffer.getvalue()


def interval(
    axes: Axes, row: str, figure: Mapping[str, Any], place: float, *, across: bool = True
) -> None:
    """One estimate with its interval; nothing where there is none.

    Across: the value runs along x and `place` is y; else the other way round.
    """
    value, low, high = figure["estimate"], figure["low"], figure["high"]
    if value is None:
        return
    colour = COLOURS[row]
    ends = [value if low is None else low, value if high is None else high]
    places = [place, place]
    line, dot = ((ends, places), (value, place)) if across else ((places, ends), (place, value))
    axes.plot(*line, color=colour, linewidth=2.2, solid_capstyle="butt")
    axes.plot(
        [dot[0]], [dot[1]], MARKS[row], color=colour, markersize=6, markeredgecolor="white",
        markeredgewidth=0.6,
    )  # fmt: skip
