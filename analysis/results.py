"""The one shape in which a statistic leaves this package."""

import math
from dataclasses import asdict, dataclass


class CannotCompute(ValueError):  # noqa: N818  (no error of the caller: the data lack something)
    """A statistic that these data cannot give; the text says why, in one line for the reader."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval, its n and how it was got.

    `low` and `high` bound the interval of confidence `level`; NaN where there is none, and
    `note` then says why. `note` also cautions where an interval stands but may run short.
    Nothing is rounded here: rounding happens where a figure is shown.
    """

    estimate: float
    low: float
    high: float
    n: int
    level: float = 0.95
    method: str = ""
    note: str = ""

    def as_json(self) -> dict[str, float | int | str | None]:
        """Plain values for JSON, which has no NaN or infinity: they become null."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def missing(cls, n: int, method: str, note: str, level: float = 0.95) -> "Estimate":
        """The figure that cannot be given, with the reason."""
        return cls(math.nan, math.nan, math.nan, n, level, method, note)
