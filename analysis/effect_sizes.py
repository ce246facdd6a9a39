"""Effect sizes of the difference between two systems, with cluster-bootstrap intervals."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from analysis.annotations import IntArray
from analysis.clusters import caution, expanded_tail, numbered, resampling_weights
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

N_RESAMPLES = 2000

Statistic = Callable[[FloatArray], FloatArray]
"""Weights of clusters (m, n_clusters) to the effect under each (m,)."""


def cliffs_delta(
    first: FloatArray,
    second: FloatArray,
    first_cluster: IntArray,
    second_cluster: IntArray,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    level: float = 0.95,
) -> Estimate:
    """P(first > second) less P(first < second) over all pairs of ratings (Cliff 1993).

    Args:
        first, second: shape (n,) and (m,).
        first_cluster, second_cluster: their raters.

    Raises:
        CannotCompute: a sample is empty.
    """
    if not len(first) or not len(second):
        raise CannotCompute("a system has no ratings")
    values = np.unique(np.concatenate([first, second]))
    labels, n_clusters = numbered(np.concatenate([first_cluster, second_cluster]))
    counts = [
        _counts(sample, values, group, n_clusters)
        for sample, group in (
            (first, labels[: len(first)]),
            (second, labels[len(first) :]),
        )
    ]

    def statistic(weights: FloatArray) -> FloatArray:
        one, other = (weights @ count for count in counts)
        below = np.cumsum(other, axis=1) - other
        above = other.sum(axis=1, keepdims=True) - below - other
        pairs = one.sum(axis=1) * other.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((one * (below - above)).sum(axis=1) / pairs, dtype=np.float64)

    return _bootstrapped(
        statistic, n_clusters, len(first) + len(second), "Cliff's delta", rng, n_resamples, level
    )


def rank_biserial(
    differences: FloatArray,
    cluster: IntArray,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    level: float = 0.95,
) -> Estimate:
    """Matched-pairs rank biserial correlation: share of rank sum in favour less share against
    (Kerby 2014). The ranks are those of all differences, in every resample.

    Raises:
        CannotCompute: no difference that is not zero.
    """
    moved = differences != 0
    if not moved.any():
        raise CannotCompute("all differences are zero")
    values, (labels, n_clusters) = differences[moved], numbered(cluster[moved])
    ranks = stats.rankdata(np.abs(values))
    signed = np.bincount(labels, np.sign(values) * ranks)
    total = np.bincount(labels, ranks)
    return _bootstrapped(
        lambda weights: (weights @ signed) / (weights @ total),
        n_clusters, int(moved.sum()), "matched-pairs rank biserial", rng, n_resamples, level,
    )  # fmt: skip


def cohens_d_paired(
    differences: FloatArray,
    cluster: IntArray,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    level: float = 0.95,
) -> Estimate:
    """Mean difference over the SD of the differences (d_z).

    Raises:
        CannotCompute: fewer than two differences, or all are the same.
    """
    if len(differences) < 2 or (differences == differences[0]).all():
        raise CannotCompute("differences that do not vary have no standardised size")
    labels, n_clusters = numbered(cluster)
    moments = [np.bincount(labels, differences**power) for power in (0, 1, 2)]

    def statistic(weights: FloatArray) -> FloatArray:
        n, total, squares = (weights @ moment for moment in moments)
        return total / n / _sd(n, total, squares)

    name = "Cohen's d, paired"
    return _bootstrapped(statistic, n_clusters, len(differences), name, rng, n_resamples, level)


def cohens_d(
    first: FloatArray,
    second: FloatArray,
    first_cluster: IntArray,
    second_cluster: IntArray,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    level: float = 0.95,
) -> Estimate:
    """Difference of means over the pooled SD (Cohen 1988).

    Raises:
        CannotCompute: fewer than two ratings of a system, or no spread.
    """
    if min(len(first), len(second)) < 2 or np.ptp(first) + np.ptp(second) == 0:
        raise CannotCompute("ratings that do not vary have no standardised difference")
    labels, n_clusters = numbered(np.concatenate([first_cluster, second_cluster]))
    groups = (first, labels[: len(first)]), (second, labels[len(first) :])
    moments = [
        [np.bincount(group, sample**power, n_clusters) for power in (0, 1, 2)]
        for sample, group in groups
    ]

    def statistic(weights: FloatArray) -> FloatArray:
        (n, total, squares), (m, total_m, squares_m) = (
            [weights @ moment for moment in of_one] for of_one in moments
        )
        variance = (n - 1) * _sd(n, total, squares) ** 2 + (m - 1) * _sd(m, total_m, squares_m) ** 2
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(
                (total / n - total_m / m) / np.sqrt(variance / (n + m - 2)), dtype=np.float64
            )

    n = len(first) + len(second)
    return _bootstrapped(statistic, n_clusters, n, "Cohen's d", rng, n_resamples, level)


def _sd(n: FloatArray, total: FloatArray, squares: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(squares - total**2 / n, 0.0) / (n - 1)
        return np.sqrt(np.where(variance > 1e-12, variance, np.nan))


def _counts(sample: FloatArray, values: FloatArray, group: IntArray, n_clusters: int) -> FloatArray:
    """How often each cluster gave each value, (n_clusters, n_values)."""
    cell = group * len(values) + np.searchsorted(values, sample)
    counts = np.bincount(cell, minlength=n_clusters * len(values))
    return counts.reshape(n_clusters, len(values)).astype(np.float64)


def _bootstrapped(
    statistic: Statistic,
    n_clusters: int,
    n: int,
    name: str,
    rng: np.random.Generator,
    n_resamples: int,
    level: float,
) -> Estimate:
    estimate = float(statistic(np.ones((1, n_clusters)))[0])
    method = f"{name}, percentile bootstrap by rater, expanded for few of them"
    if n_clusters < 2:
        return Estimate(estimate, np.nan, np.nan, n, level, method, "no interval: one rater")
    drawn = [statistic(w) for w in resampling_weights(n_clusters, rng, n_resamples)]
    draws = np.concatenate(drawn)
    usable = draws[np.isfinite(draws)]
    if len(usable) < n_resamples / 2:
        return Estimate(estimate, np.nan, np.nan, n, level, method, "no interval: too few ratings")
    tail = expanded_tail(level, n_clusters)
    low, high = np.quantile(usable, [tail, 1 - tail])
    return Estimate(estimate, float(low), float(high), n, level, method, caution(n_clusters))
