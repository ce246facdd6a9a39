"""Limits of agreement of two ways to measure the same thing (Bland & Altman 1986, 1999)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.results import Estimate


@dataclass(frozen=True)
class LimitsOfAgreement:
    """First less second."""

    bias: Estimate
    lower: Estimate
    upper: Estimate
    sd: float
    """Of the differences."""

    def as_json(self) -> dict[str, Any]:
        return {n: getattr(self, n).as_json() for n in ("bias", "lower", "upper")} | {"sd": self.sd}


def limits_of_agreement(
    first: ArrayLike, second: ArrayLike, level: float = 0.95
) -> LimitsOfAgreement:
    """Mean difference and the limits between which `level` of the differences lie.

    Args:
        first, second: shape (n,), one pair for each thing measured; pairs with NaN are left out.

    Raises:
        ValueError: the lengths differ.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise ValueError(f"first and second: expected one length, got {one.shape}, {other.shape}")
    difference = one - other
    difference = difference[np.isfinite(difference)]
    n, method = len(difference), "limits of agreement, t intervals (Bland & Altman 1999)"
    if n < 3:
        nothing = Estimate.missing(n, method, f"{n} pairs; three are needed", level)
        return LimitsOfAgreement(nothing, nothing, nothing, np.nan)
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    wide = float(stats.norm.ppf((1 + level) / 2))
    quantile = float(stats.t.ppf((1 + level) / 2, n - 1))
    half_bias = quantile * sd / np.sqrt(n)
    half_limit = quantile * sd * np.sqrt(1 / n + wide**2 / (2 * (n - 1)))
    bias_estimate, lower, upper = (
        Estimate(value, value - half, value + half, n, level, method)
        for value, half in (
            (bias, half_bias),
            (bias - wide * sd, half_limit),
            (bias + wide * sd, half_limit),
        )
    )
    return LimitsOfAgreement(bias_estimate, lower, upper, sd)
