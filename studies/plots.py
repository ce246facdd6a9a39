"""Geometry of the advise page's figures: numbers in, positions out, no colours."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from annotate.plots import Scale
from modeling.features import band_centres_hz

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 18, 30
SHOWN_RANGE_DB = 60.0
TICKS_HZ = (50, 100, 200, 500, 1000, 2000, 5000, 10_000)
GRID_DB = 12.0

ROW_PX, HEAD_PX = 40, 22


@dataclass(frozen=True, slots=True)
class Line:
    """One stem's spectrum; its label stands where it is most by itself."""

    stem: str
    points: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Spectra:
    lines: tuple[Line, ...]
    ticks_hz: tuple[tuple[float, str], ...]
    grid: tuple[tuple[float, int], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def spectra_plot(bands_db: NDArray[np.float64]) -> Spectra | None:
    """Spectra (bands, 4) in dB, NaN where a stem is silent; None where all are."""
    if np.isnan(bands_db).all():
        return None
    top_db = GRID_DB / 2 * math.ceil(float(np.nanmax(bands_db)) / (GRID_DB / 2))
    across = [_x(float(hz)) for hz in band_centres_hz()]
    shown = np.clip(bands_db, top_db - SHOWN_RANGE_DB, None)
    grid = [
        (_y(-step * GRID_DB), -int(step * GRID_DB))
        for step in range(int(SHOWN_RANGE_DB // GRID_DB) + 1)
    ]
    return Spectra(
        tuple(
            _line(stem, number, across, shown - top_db)
            for number, stem in enumerate(STEMS)
            if np.isfinite(bands_db[:, number]).any()
        ),
        tuple((_x(float(hz)), f"{hz // 1000} k" if hz >= 1000 else str(hz)) for hz in TICKS_HZ),
        tuple(grid),
    )


def _line(stem: str, number: int, across: list[float], below_db: NDArray[np.float64]) -> Line:
    own = np.nan_to_num(below_db[:, number], nan=-SHOWN_RANGE_DB)
    others = np.delete(below_db, number, axis=1)
    highest = np.nan_to_num(others, nan=-SHOWN_RANGE_DB).max(axis=1)
    # Labels keep off the edges, where they would be cut.
    inside = slice(2, len(own) - 4)
    best = 2 + int(np.argmax((own - highest)[inside] + 0.25 * own[inside]))
    points = " ".join(f"{x:.1f},{_y(level):.1f}" for x, level in zip(across, own, strict=True))
    return Line(stem, points, across[best], max(TOP - 4, _y(float(own[best])) - 7))


def _x(hz: float) -> float:
    low, high = math.log(25.0), math.log(16_000.0)
    return round(LEFT + (math.log(hz) - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)


def _y(below_db: float) -> float:
    return round(TOP - below_db / SHOWN_RANGE_DB * (HEIGHT - TOP - BOTTOM), 1)


@dataclass(frozen=True, slots=True)
class Bar:
    """What a system thinks of one stem: positions in per cent; None where it says nothing."""

    stem: str
    y: float
    move_db: float | None
    move_percent: float | None
    low_percent: float | None
    width_percent: float | None
    text: str


@dataclass(frozen=True, slots=True)
class MovePlot:
    scale: Scale
    zero_percent: float
    bars: tuple[Bar, ...]
    height: int
    has_intervals: bool


def move_plot(content: Mapping[str, Any], scale: Scale) -> MovePlot:
    """The moves of one advice (modeling.advice.json_form) with its 80 % intervals.

    Intervals are those of the whole correction as a system that states uncertainty sees it; a
    spoken move brings its own.
    """
    spoken = {move["stem"]: move for move in content["moves"]}
    uncertainty = content["uncertainty"] or {}
    bars = []
    for number, stem in enumerate(STEMS):
        move = content["move_db"][stem]
        said = spoken.get(stem)
        source = said or {
            "low_db": uncertainty.get("low_db", {}).get(stem),
            "high_db": uncertainty.get("high_db", {}).get(stem),
        }
        low, high = source["low_db"], source["high_db"]
        has_interval = low is not None and high is not None and move is not None
        bars.append(
            Bar(
                stem=stem,
                y=HEAD_PX + ROW_PX * number,
                move_db=move,
                move_percent=None if move is None else scale.percent(move),
                low_percent=scale.percent(low) if has_interval else None,
                width_percent=scale.percent(high) - scale.percent(low) if has_interval else None,
                text=_sentence(stem, move, low, high),
            )
        )
    return MovePlot(
        scale=scale,
        zero_percent=scale.percent(0.0),
        bars=tuple(bars),
        height=HEAD_PX + ROW_PX * len(STEMS),
        has_intervals=any(bar.low_percent is not None for bar in bars),
    )


def common_scale(contents: list[Mapping[str, Any]]) -> Scale:
    """One scale for all systems of a page, so that their figures can be compared."""
    values = [
        value
        for content in contents
        for part in (
            content["move_db"],
            *((content["uncertainty"] or {}).get(end, {}) for end in ("low_db", "high_db")),
            *({"low": move["low_db"], "high": move["high_db"]} for move in content["moves"]),
        )
        for value in part.values()
        if value is not None
    ]
    reach = max([6.0, *(abs(value) for value in values)])
    return Scale.over([-reach, reach], margin=1.0, most_ticks=7)


def _sentence(stem: str, move: float | None, low: float | None, high: float | None) -> str:
    if move is None:
        return f"{stem}: silent"
    if low is None or high is None:
        return f"{stem}: {move:+.1f} dB"
    return f"{stem}: {move:+.1f} dB, {low:+.1f} to {high:+.1f}"
