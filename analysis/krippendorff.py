"""Krippendorff's alpha with missing data and a bootstrap over items.

Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability". Ordinal alpha is computed
as interval alpha of the mid-ranks of the pooled values, which is the same thing: the ordinal
difference of two values is the difference of their mid-ranks.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.results import Estimate
from analysis.vectors import FloatArray

# scipy is imported where it is used: web processes load this module and start without it.
if TYPE_CHECKING:
    from scipy import sparse


Scale = Literal["nominal", "ordinal", "interval"]
SCALES: tuple[Scale, ...] = ("nominal", "ordinal", "interval")

_ROUNDING = 1e-12
_MANY_VALUES = 500


def krippendorff_alpha(
    ratings: ArrayLike,
    scale: Scale,
    rng: np.random.Generator,
    n_resamples: int = 1000,
    level: float = 0.95,
) -> Estimate:
    """Agreement of any number of raters, any of whom may have skipped items.

    Args:
        ratings: shape (n_raters, n_items), NaN where missing; nominal codes are any numbers.
        scale: how far apart two values are: nominal, ordinal or interval.
        rng: draws the items of each resample.

    Returns:
        The estimate with a percentile interval; n is the number of items with two or more ratings.

    Raises:
        ValueError: the scale is unknown, or `ratings` is no table of finite numbers and NaN.
    """
    if scale not in SCALES:
        raise ValueError(f"scale: expected one of {', '.join(SCALES)}, got {scale!r}")
    method = f"Krippendorff's alpha, {scale}, percentile bootstrap over items"
    counts = _Counts.of(ratings)
    n_items = counts.by_value.shape[0]
    if len(counts.values) < 2:
        note = "fewer than two different values on items with two or more ratings"
        return Estimate.missing(n_items, method, note, level)
    estimate = float(_alphas(counts, np.ones((1, n_items)), scale)[0])
    weights = rng.multinomial(n_items, np.full(n_items, 1 / n_items), size=n_resamples)
    resampled = _alphas(counts, weights.astype(np.float64), scale)
    usable = resampled[np.isfinite(resampled)]
    if n_items < 2 or usable.size < n_resamples / 2:
        note = "no interval: too few items"
        return Estimate(estimate, np.nan, np.nan, n_items, level, method, note)
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(estimate, float(low), float(high), n_items, level, method)


@dataclass(frozen=True)
class _Counts:
    """How often each value was given to each pairable item."""

    values: FloatArray
    """Shape (n_values,), ascending."""
    by_value: "FloatArray | sparse.csr_array"
    """Shape (n_items, n_values); every item has at least two ratings. Sparse on scales so fine
    that most items lack most values."""

    @classmethod
    def of(cls, ratings: ArrayLike) -> "_Counts":
        from scipy import sparse

        table = np.asarray(ratings, dtype=np.float64)
        if table.ndim != 2:
            raise ValueError(f"ratings: expected shape (n_raters, n_items), got {table.shape}")
        if np.isinf(table).any():
            raise ValueError("ratings: infinite value; a missing rating is NaN")
        table = table[:, np.isfinite(table).sum(axis=0) >= 2]
        _, items = np.nonzero(np.isfinite(table))
        values, codes = np.unique(table[np.isfinite(table)], return_inverse=True)
        n_items = table.shape[1]
        if len(values) > _MANY_VALUES:
            ones = np.ones(len(codes))
            cells = sparse.coo_array((ones, (items, codes)), shape=(n_items, len(values)))
            return cls(values, cells.tocsr())
        flat = np.bincount(items * len(values) + codes, minlength=n_items * len(values))
        return cls(values, flat.reshape(n_items, len(values)).astype(np.float64))


def _alphas(counts: _Counts, weights: FloatArray, scale: Scale) -> FloatArray:
    """Alpha of each weighting of the items; weights of shape (n_resamples, n_items)."""
    disagreements = {"nominal": _nominal, "ordinal": _ordinal, "interval": _interval}
    observed, expected = disagreements[scale](counts, weights)
    pairable = weights @ counts.by_value.sum(axis=1)
    # A resample in which only one value is left has no disagreement to expect.
    varied = expected > _ROUNDING * pairable**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(varied, 1 - (pairable - 1) * observed / expected, np.nan)


# Each returns, over all ordered pairs, the summed disagreement within items (an item's pairs over
# its ratings less one) and that of the pooled values; both of shape (n_resamples,).


def _nominal(counts: _Counts, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    per_item = counts.by_value.sum(axis=1)
    unequal = per_item**2 - (counts.by_value**2).sum(axis=1)
    marginals = weights @ counts.by_value
    expected = marginals.sum(axis=1) ** 2 - (marginals**2).sum(axis=1)
    return weights @ (unequal / (per_item - 1)), expected


def _interval(counts: _Counts, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    # Neither shift nor unit matter; without this, values far from zero would lose digits.
    points = (counts.values - counts.values.mean()) / counts.values.std()
    per_item = counts.by_value.sum(axis=1)
    sums, squares = counts.by_value @ points, counts.by_value @ points**2
    observed = weights @ ((per_item * squares - sums**2) / (per_item - 1))
    expected = (weights @ per_item) * (weights @ squares) - (weights @ sums) ** 2
    return 2 * observed, 2 * expected


def _ordinal(counts: _Counts, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    per_item = counts.by_value.sum(axis=1)
    marginals = weights @ counts.by_value
    total = marginals.sum(axis=1)
    ranks = np.cumsum(marginals, axis=1) - marginals / 2
    points = ranks / total[:, None] - 0.5
    squares = (weights * (per_item / (per_item - 1))) @ counts.by_value * points**2
    sums = points @ counts.by_value.T
    observed = squares.sum(axis=1) - (weights * sums**2) @ (1 / (per_item - 1))
    expected = total * (marginals * points**2).sum(axis=1) - (marginals * points).sum(axis=1) ** 2
    return 2 * observed, 2 * expected
