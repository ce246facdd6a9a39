"""How far raters repeat their own ratings."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.clusters import caution, numbered, variance_of_sum
from analysis.results import Estimate


def rating_repeat_sd(
    first: ArrayLike, again: ArrayLike, rater: ArrayLike, level: float = 0.95
) -> Estimate:
    """SD within a rater: the root of half the mean squared difference of two takes.

    Two ratings of the same thing by the same rater differ by less than 2.77 of this 95 times in
    100 (Bland & Altman 1996). The interval is that of the mean square, robust to clustering by
    rater.

    Args:
        first, again: shape (n,), ratings of the same things; pairs with NaN are left out.
        rater: shape (n,), any labels.

    Raises:
        ValueError: the lengths differ.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(again, dtype=np.float64)
    labels = np.asarray(rater)
    if not one.shape == other.shape == labels.shape:
        shapes = f"{one.shape}, {other.shape} and {labels.shape}"
        raise ValueError(f"first, again and rater: expected one length, got {shapes}")
    method = "SD within a rater from repeats, t interval of the mean square by rater"
    known = np.isfinite(one) & np.isfinite(other)
    squares = (one[known] - other[known]) ** 2 / 2
    group, n_raters = numbered(labels[known])
    n = len(squares)
    if not n:
        return Estimate.missing(0, method, "nobody rated anything twice", level)
    mean = float(squares.mean())
    if n_raters < 2:
        note = "no interval: repeats of one rater only"
        return Estimate(mean**0.5, np.nan, np.nan, n, level, method, note)
    error = float(np.sqrt(variance_of_sum(squares - mean, [group]))) / n
    half = float(stats.t.ppf((1 + level) / 2, n_raters - 1)) * error
    low, high = max(mean - half, 0.0) ** 0.5, (mean + half) ** 0.5
    return Estimate(mean**0.5, low, high, n, level, method, caution(n_raters))
