"""Figures of ratings: a violin, a box and the mean with its interval for each system."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from analysis.report.style import INK, Drawn, Look, drawing, drawn, sheet, short

Plain = Mapping[str, Any]
MOST_PANELS = 3
_POINTS = 101


def rating_figures(found: Plain, look: Look) -> Iterator[tuple[str, Drawn]]:
    """One figure for up to three scales of a block and phase."""
    groups: dict[tuple[str, str], list[Plain]] = {}
    for part in found["ratings"]:
        if part["systems"] and part["kind"] == "scale":
            groups.setdefault((part["block"], part["phase"]), []).append(part)
    for number, ((block, phase), parts) in enumerate(groups.items()):
        for first in range(0, len(parts), MOST_PANELS):
            safe = re.sub(r"[^A-Za-z0-9_-]", "-", block)[:80]
            safe += "" if safe == block else f"-{number}"
            name = f"ratings_{safe}" + ("_after" if phase == "after" else "")
            name += f"_{first // MOST_PANELS + 1}" if len(parts) > MOST_PANELS else ""
            yield name, _panels(name, parts[first : first + MOST_PANELS], look)


def _panels(name: str, parts: Sequence[Plain], look: Look) -> Drawn:
    names = look.ordered(
        list(dict.fromkeys(one["system"] for part in parts for one in part["systems"]))
    )
    with drawing(name):
        figure, made = sheet(1.6 + 0.5 * len(names), len(parts), sharey=True, squeeze=False)
        for axes, part in zip(made[0], parts, strict=True):
            for one in part["systems"]:
                _system(axes, one, part, names.index(one["system"]), look)
            axes.set_xlim(part["low"], part["high"]) if part["low"] is not None else None
            axes.set_title(short(part["shown"], 30 if len(parts) > 1 else 70), fontsize=10)
            axes.grid(visible=False, axis="y")
        labels = [f"{short(n, 22)}\nn = {_counts(parts, n)}" for n in names]
        made[0][0].set_yticks(range(len(names)), labels)
        made[0][0].set_ylim(len(names) - 0.4, -0.6)
        low, high = parts[0]["low_label"], parts[0]["high_label"]
        ends = f"Scale: {low} to {high}. " if low and high else ""
        note = (
            f"{ends}Violin: all ratings. Box: quartiles and median, whiskers to the 5th and 95th "
            "percentile. Mark: mean with its 95 % interval, clustered by rater."
        )
        caption = "Ratings: " + ", ".join(part["shown"] for part in parts)
        return drawn(figure, caption, note, look)


def _counts(parts: Sequence[Plain], name: str) -> str:
    counts = [one["n"] for part in parts for one in part["systems"] if one["system"] == name]
    return "\N{EN DASH}".join(str(n) for n in dict.fromkeys((min(counts), max(counts))))


def _system(axes: Any, one: Plain, part: Plain, row: int, look: Look) -> None:
    values, counts = np.array(one["values"], dtype=float), np.array(one["counts"], dtype=float)
    colour = look.colour(one["system"])
    grid, density = _density(values, counts, part)
    axes.fill_between(
        grid, row - 0.38 * density, row + 0.38 * density, color=colour, alpha=0.25, linewidth=0
    )
    ends = _percentiles(values, counts, (0.05, 0.95))
    axes.plot(ends, [row, row], color=INK, linewidth=0.8)
    low, high, middle = one["quartile_low"], one["quartile_high"], one["median"]
    axes.fill_between(
        [low, high], row - 0.1, row + 0.1, facecolor="white", edgecolor=INK, linewidth=0.8
    )
    axes.plot([middle, middle], [row - 0.1, row + 0.1], color=INK, linewidth=1.6)
    mean = one["mean"]
    if mean["low"] is not None:
        axes.plot([mean["low"], mean["high"]], [row + 0.22] * 2, color=colour, linewidth=2.2)
    axes.plot([mean["estimate"]], [row + 0.22], look.mark(one["system"]), color=colour,
              markersize=6, markeredgecolor="white", markeredgewidth=0.6)  # fmt: skip


def _density(values: np.ndarray, counts: np.ndarray, part: Plain) -> tuple[np.ndarray, np.ndarray]:
    """A normal kernel over the counted values, its peak at 1."""
    low = values.min() if part["low"] is None else part["low"]
    high = values.max() if part["high"] is None else part["high"]
    grid = np.linspace(low, high, _POINTS)
    mean = np.average(values, weights=counts)
    sd = np.sqrt(np.average((values - mean) ** 2, weights=counts))
    # Silverman's rule, never finer than a fortieth of the scale.
    width = max(0.9 * sd * counts.sum() ** -0.2, (high - low) / 40, 1e-9)
    kernel = np.exp(-0.5 * ((grid[:, None] - values[None, :]) / width) ** 2) @ counts
    return grid, kernel / max(kernel.max(), 1e-12)


def _percentiles(values: np.ndarray, counts: np.ndarray, at: Sequence[float]) -> list[float]:
    reached = np.cumsum(counts) / counts.sum()
    return [float(values[min(int(np.searchsorted(reached, q)), len(values) - 1)]) for q in at]
