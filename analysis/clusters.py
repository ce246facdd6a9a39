"""Votes and ratings of one person go together: resampling whole clusters, and what few of them
allow.

Below `ENOUGH_CLUSTERS` an interval is widened by Student's t and still carries a caution.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from analysis.annotations import IntArray
from analysis.results import Estimate
from analysis.vectors import FloatArray

# scipy is imported where it is used: web processes load this module and start without it.

ENOUGH_CLUSTERS = 40
"""From here on intervals were seen to hold their level, see `benchmarks/coverage.py`."""

_NO_VARIANCE = 1e-15

_CHUNK = 1_000_000
"""Cells of a matrix of weights that are made at a time, to bound memory."""


def numbered(labels: ArrayLike) -> tuple[IntArray, int]:
    """Clusters numbered from 0 without gaps, shape (n,), and how many there are."""
    known, number = np.unique(np.asarray(labels), return_inverse=True)
    return np.asarray(number, dtype=np.int64).reshape(-1), len(known)


def caution(n_clusters: int, name: str = "raters") -> str:
    """What to say of an interval from so few clusters; nothing where they are enough."""
    if n_clusters >= ENOUGH_CLUSTERS:
        return ""
    return f"only {n_clusters} {name} (under {ENOUGH_CLUSTERS}): the interval may run short"


def resampling_weights(
    n_clusters: int, rng: np.random.Generator, n_resamples: int, width: int = 0
) -> Iterator[FloatArray]:
    """How often each cluster is drawn in each resample, (some, n_clusters) at a time.

    Args:
        width: columns of what the caller makes of the weights, if more than there are clusters.
    """
    size = max(1, _CHUNK // max(n_clusters, width, 1))
    for start in range(0, n_resamples, size):
        count = min(size, n_resamples - start)
        drawn = rng.integers(n_clusters, size=(count, n_clusters), dtype=np.int64)
        drawn += np.arange(count)[:, None] * n_clusters
        draws = np.bincount(drawn.ravel(), minlength=count * n_clusters)
        yield draws.reshape(count, n_clusters).astype(np.float64)


def expanded_tail(level: float, n_clusters: int) -> float:
    """Tail at which to read percentiles so that they are as wide as Student's t (Hesterberg 2015).

    >>> round(expanded_tail(0.95, 40), 4)
    0.0202
    """
    from scipy import stats

    quantile = stats.t.ppf((1 + level) / 2, n_clusters - 1)
    return float(stats.norm.cdf(-np.sqrt(n_clusters / (n_clusters - 1)) * quantile))


def bca_tails(
    draws: FloatArray, estimate: float, left_out: FloatArray, tail: float
) -> tuple[float, float]:
    """Percentiles at which the interval is read from the draws: Efron 1987, eq. 2.3.

    Args:
        left_out: the statistic without each cluster in turn.
        tail: share of the draws beyond each end if there were no bias.
    """
    from scipy import stats

    below = (np.mean(draws < estimate) + np.mean(draws <= estimate)) / 2
    bias = stats.norm.ppf(np.clip(below, 1 / len(draws), 1 - 1 / len(draws)))
    known = left_out[np.isfinite(left_out)]
    apart = known.mean() - known
    squares = float((apart**2).sum())
    acceleration = float((apart**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0
    # By symmetry: with two clusters the tail is so small that 1 - tail rounds to 1.
    ends = bias + stats.norm.ppf(tail) * np.array([1.0, -1.0])
    moved = stats.norm.cdf(bias + ends / np.maximum(1 - acceleration * ends, 1e-6))
    return float(moved[0]), float(moved[1])


def clustered_proportion(
    values: ArrayLike,
    cluster: ArrayLike,
    level: float = 0.95,
    name: str = "raters",
    second: ArrayLike | None = None,
) -> Estimate:
    """Share with Wilson's interval from as many votes as the clustered ones are worth.

    The variance is cluster-robust (CR1) and at least that of single votes; the share of a binomial
    with that variance gives the effective number (Korn & Graubard 1998), the quantile is Student's.
    Where votes do not vary at all, each cluster counts as one vote. It keeps to 0..1.

    Args:
        values: shape (n,), between 0 and 1; a tie may count as one half.
        cluster: shape (n,), any labels.
        name: what a cluster is, for the caution.
        second: shape (n,), other clusters that cross the first, such as items.
    """
    from scipy import stats

    method = "share, Wilson's interval from the effective number of votes, clustered"
    shares = np.asarray(values, dtype=np.float64)
    labels = [numbered(label)[0] for label in (cluster, second) if label is not None]
    n = len(shares)
    if n == 0:
        return Estimate.missing(0, method, "no votes", level)
    share = float(shares.mean())
    n_clusters = min(int(label.max()) + 1 for label in labels)
    if n_clusters < 2:
        note = f"no interval: fewer than two {name}"
        return Estimate(share, np.nan, np.nan, n, level, method, note)
    left = shares - share
    variance = variance_of_sum(left, labels) / n**2
    worth = n_clusters if variance < _NO_VARIANCE else share * (1 - share) / variance
    squared = float(stats.t.ppf((1 + level) / 2, n_clusters - 1)) ** 2
    middle = (share + squared / (2 * worth)) / (1 + squared / worth)
    half = np.sqrt(squared * (share * (1 - share) / worth + squared / (4 * worth**2)))
    half /= 1 + squared / worth
    low, high = float(max(middle - half, 0.0)), float(min(middle + half, 1.0))
    return Estimate(share, low, high, n, level, method, caution(n_clusters, name))


def variance_of_sum(deviations: FloatArray, labels: Sequence[IntArray]) -> float:
    """Variance of the sum of deviations (n,) robust to one kind of cluster, or to two that cross.

    For two, the sum of both less that of their cells (Cameron, Gelbach & Miller 2011), each with
    the factor G / (G - 1); never less than that of either, nor of single values.

    Args:
        labels: one or two of shape (n,), numbered from 0 without gaps.
    """
    parts = [_clustered_squares(deviations, label) for label in labels]
    if len(labels) == 2:
        cell = numbered(labels[0] * (int(labels[1].max()) + 1) + labels[1])[0]
        parts.append(parts[0] + parts[1] - _clustered_squares(deviations, cell))
    alone = _clustered_squares(deviations, np.arange(len(deviations)))
    return max(alone, *parts)


def _clustered_squares(deviations: FloatArray, label: IntArray) -> float:
    sums = np.bincount(label, deviations)
    return float(sums @ sums) * len(sums) / max(len(sums) - 1, 1)
