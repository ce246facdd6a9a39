"""How figures look: one colour and one mark for each system everywhere, colour-blind safe."""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito, "Color Universal Design" (2008), without its yellow, which is too light on white.
# Each system has a mark of its own too, so that a figure can be read without colour.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#5b3a8c", "#6b6b6b")
MARKS = "osD^vPXh*<>p"
INK, GRID, SOFT = "#33312e", "#dedad3", "#8a857d"
WIDTH_IN, ROW_IN = 7.0, 0.34
PNG_DPI = 144
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "text.parse_math": False,
    "text.usetex": False,
}

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """What all figures of one report share: the systems' places, and what each figure must say."""

    systems: tuple[str, ...]
    marks: str = ""
    """Such as "Interim." or "Simulated raters included."; stands under every figure."""

    def colour(self, system: str) -> str:
        return PALETTE[self._place(system) % len(PALETTE)] if system in self.systems else SOFT

    def mark(self, system: str) -> str:
        return MARKS[self._place(system) % len(MARKS)] if system in self.systems else "o"

    def _place(self, system: str) -> int:
        return self.systems.index(system)

    def ordered(self, names: Sequence[str]) -> list[str]:
        """Systems in the order of the study, then all others."""
        known = [name for name in self.systems if name in names]
        return known + [name for name in names if name not in self.systems]


@dataclass(frozen=True)
class Drawn:
    """One figure in both forms."""

    svg: str
    png: bytes
    caption: str


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Settings for one figure; its name makes the ids inside it its own, and always the same."""
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": name}), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box: no reason to end a report.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def drawn(figure: Figure, caption: str, note: str, look: Look) -> Drawn:
    """Both forms of a figure, with the note and the report's marks under it."""
    told = " ".join(filter(None, (note, look.marks)))
    figure.supxlabel(wrapped(told), fontsize=8, x=0.01, ha="left", color=INK)
    FigureCanvasAgg(figure)
    image, text = io.BytesIO(), io.StringIO()
    figure.savefig(image, format="png", dpi=PNG_DPI, metadata={"Software": None})
    # The layout is settled by now: finding it again would cost as much as drawing.
    figure.set_layout_engine("none")
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return Drawn(text.getvalue(), image.getvalue(), caption)


def wrapped(text: str, width: int = 105) -> str:
    """Lines of about this many characters."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def short(text: str, most: int = 34) -> str:
    """A label that leaves room for the figure."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def sheet(height_in: float, n_columns: int = 1, **more: Any) -> tuple[Figure, Any]:
    """A figure of the report's width and its axes."""
    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    return figure, figure.subplots(1, n_columns, **more)


def interval(
    axes: Axes, figure: Plain, place: float, colour: str, mark: str, *, hollow: bool = False
) -> None:
    """One estimate at height `place` with its interval; nothing where there is none."""
    value, low, high = figure["estimate"], figure["low"], figure["high"]
    if value is None:
        return
    ends = [value if low is None else low, value if high is None else high]
    axes.plot(ends, [place, place], color=colour, linewidth=2.0, solid_capstyle="butt")
    axes.plot(
        [value], [place], mark, color=colour, markersize=7, markeredgewidth=1.2,
        markerfacecolor="white" if hollow else colour,
        markeredgecolor=colour if hollow else "white",
    )  # fmt: skip


def named_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Names at the rows 0, 1, ... from the top."""
    axes.set_yticks(range(len(labels)), [short(label) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")


def zero_line(axes: Axes, value: float = 0.0) -> None:
    axes.axvline(value, color=INK, linewidth=0.8, linestyle=":")
