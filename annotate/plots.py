"""Geometry of the figures that templates draw as SVG: numbers in, positions out, no colours.

Positions across are per cent and positions down are px, so that a figure fits any width while its
text keeps its size.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.vectors import STEMS

DOT_RADIUS_PX = 10
LANE_PX = 23
# Room that a dot needs on the narrowest screen (a plot 270 px wide), so letters never overlap.
DOT_WIDTH_PERCENT = 8.0
STEM_HEADING_PX = 26
INTERVAL_PX = 26
STEM_GAP_PX = 14


@dataclass(frozen=True, slots=True)
class Tick:
    value: float
    percent: float


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` over 0 to 100 %, with round ticks."""

    low: float
    high: float
    ticks: tuple[Tick, ...] = ()

    def percent(self, value: float) -> float:
        return round(100.0 * (value - self.low) / (self.high - self.low), 3)

    @classmethod
    def over(cls, values: Iterable[float], *, margin: float, most_ticks: int = 9) -> "Scale":
        """A scale that holds all values and 0, widened by `margin`."""
        held = [0.0, *values]
        low, high = min(held) - margin, max(held) + margin
        step = next(s for s in _round_steps() if (high - low) / s <= most_ticks)
        first = math.ceil(low / step)
        bare = cls(low, high)
        ticks = [i * step for i in range(first, math.floor(high / step) + 1)]
        return cls(low, high, tuple(Tick(value, bare.percent(value)) for value in ticks))


def _round_steps() -> Iterable[float]:
    power = -1
    while True:
        yield from (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
        power += 1


def waveform_path(levels: Sequence[int], *, width: int = 1000, height: int = 100) -> str:
    """SVG path of a mirrored outline of peaks 0 to 255, at most one point per unit of width."""
    if not levels:
        return ""
    columns = _strongest_per_column(levels, width)
    middle = height / 2
    step = width / len(columns)
    upper = [f"{i * step:g},{middle - level / 255 * middle:.1f}" for i, level in enumerate(columns)]
    lower = [f"{i * step:g},{middle + level / 255 * middle:.1f}" for i, level in enumerate(columns)]
    return f"M{' '.join(upper)} L{' '.join(reversed(lower))}Z"


def _strongest_per_column(levels: Sequence[int], most: int) -> list[int]:
    per_column = max(1, math.ceil(len(levels) / most))
    return [max(levels[i : i + per_column]) for i in range(0, len(levels), per_column)]


@dataclass(frozen=True, slots=True)
class Dot:
    """One person's value for one stem."""

    letter: str
    kind: str
    is_outlier: bool
    value_db: float
    x_percent: float
    y_px: float


@dataclass(frozen=True, slots=True)
class Interval:
    value_db: float
    x_percent: float
    low_percent: float
    high_percent: float
    y_px: float

    @property
    def width_percent(self) -> float:
        return round(self.high_percent - self.low_percent, 3)


@dataclass(frozen=True, slots=True)
class StemRow:
    stem: str
    top_px: float
    height_px: float
    dots: tuple[Dot, ...]
    consensus: Interval | None

    @property
    def bottom_px(self) -> float:
        return self.top_px + self.height_px


@dataclass(frozen=True, slots=True)
class StripPlot:
    """A row per stem: the consensus with its interval above, a dot per person below."""

    scale: Scale
    rows: tuple[StemRow, ...] = field(default=())

    @property
    def height_px(self) -> float:
        return self.rows[-1].bottom_px if self.rows else 0.0


Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class PersonValues:
    letter: str
    kind: str
    is_outlier: bool
    balance_db: Values


def strip_plot(
    people: Sequence[PersonValues],
    *,
    balance_db: Values | None,
    low_db: Values | None,
    high_db: Values | None,
) -> StripPlot:
    """Where everything stands; a masked value has no dot, a stem without values keeps its row."""
    bounds = [values for values in (balance_db, low_db, high_db) if values]
    everything = [
        value
        for values in [*(person.balance_db for person in people), *bounds]
        for value in values.values()
        if value is not None
    ]
    scale = Scale.over(everything, margin=1.5)
    rows: list[StemRow] = []
    top_px = 0.0
    for stem in STEMS:
        dots = _dots(people, stem, scale, top_px + STEM_HEADING_PX + INTERVAL_PX)
        lowest = max((dot.y_px + LANE_PX / 2 for dot in dots), default=0.0)
        height_px = max(lowest - top_px, STEM_HEADING_PX + INTERVAL_PX + LANE_PX) + STEM_GAP_PX
        interval = _interval(
            stem, scale, top_px + STEM_HEADING_PX + INTERVAL_PX / 2, balance_db, low_db, high_db
        )
        rows.append(StemRow(stem, top_px, height_px, dots, interval))
        top_px += height_px
    return StripPlot(scale, tuple(rows))


def _interval(
    stem: str,
    scale: Scale,
    y_px: float,
    balance_db: Values | None,
    low_db: Values | None,
    high_db: Values | None,
) -> Interval | None:
    value = (balance_db or {}).get(stem)
    if value is None:
        return None
    low, high = (low_db or {}).get(stem), (high_db or {}).get(stem)
    x_percent = scale.percent(value)
    return Interval(
        value,
        x_percent,
        x_percent if low is None else scale.percent(low),
        x_percent if high is None else scale.percent(high),
        y_px,
    )


def _dots(
    people: Sequence[PersonValues], stem: str, scale: Scale, top_px: float
) -> tuple[Dot, ...]:
    """From the lowest value up, each dot in the first lane in which it touches no other."""
    values = [
        (value, person) for person in people if (value := person.balance_db.get(stem)) is not None
    ]
    ends: list[float] = []
    dots: list[Dot] = []
    for value, person in sorted(values, key=lambda pair: (pair[0], pair[1].letter)):
        x_percent = scale.percent(value)
        lane = next((i for i, end in enumerate(ends) if x_percent >= end), len(ends))
        ends[lane : lane + 1] = [x_percent + DOT_WIDTH_PERCENT]
        y_px = top_px + LANE_PX * (lane + 0.5)
        dots.append(Dot(person.letter, person.kind, person.is_outlier, value, x_percent, y_px))
    return tuple(dots)


def step_path(
    points: Sequence[tuple[float, float]], *, duration_s: float, low: float, high: float
) -> str:
    """Path of a value that holds until it changes, in a box of 1000 x 100; `points` are
    (time_s, value) in order of time."""
    if not points or duration_s <= 0:
        return ""
    parts: list[str] = []
    for time_s, value in points:
        x = 1000 * min(max(time_s / duration_s, 0.0), 1.0)
        y = 100 * (1 - (min(max(value, low), high) - low) / (high - low))
        parts.append(f"H{x:.1f}V{y:.1f}" if parts else f"M{x:.1f},{y:.1f}")
    return "".join([*parts, "H1000"])


GROWTH_WIDTH, GROWTH_HEIGHT = 1000, 100


@dataclass(frozen=True, slots=True)
class GrowthLine:
    """One stem's standard error as a path in 1000 x 100, and its last value."""

    stem: str
    path: str
    last_db: float


@dataclass(frozen=True, slots=True)
class GrowthPlot:
    """The standard error of the consensus over the number of annotations."""

    first_n: int
    last_n: int
    marks: tuple[Tick, ...]
    lines: tuple[GrowthLine, ...]


def growth_plot(growth: Sequence[Mapping[str, Any]]) -> GrowthPlot | None:
    """None with fewer than two points: there is no growth to see yet."""
    if len(growth) < 2:
        return None
    first, last = growth[0]["n"], growth[-1]["n"]
    known = [value for point in growth for value in point["se_db"].values() if value is not None]
    across, down = Scale(first, last), Scale.over(known, margin=0.2, most_ticks=5)
    lines = []
    for stem in STEMS:
        places = [
            (across.percent(point["n"]) * GROWTH_WIDTH / 100, value)
            for point in growth
            if (value := point["se_db"][stem]) is not None
        ]
        if places:
            points = " ".join(f"{x:g},{GROWTH_HEIGHT - down.percent(y):g}" for x, y in places)
            lines.append(GrowthLine(stem, f"M{points}", places[-1][1]))
    marks = tuple(Tick(tick.value, 100 - tick.percent) for tick in down.ticks if tick.value >= 0)
    return GrowthPlot(first, last, marks, tuple(lines))
