"""Correlations with intervals that respect clusters: BCa bootstrap over clusters (Efron 1987)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.annotations import IntArray
from analysis.clusters import (
    bca_tails,
    caution,
    expanded_tail,
    numbered,
    resampling_weights,
)
from analysis.correlation_weighted import Kind, Weighted, weighted_correlation
from analysis.results import Estimate
from analysis.vectors import FloatArray

_NAMES = {"pearson": "Pearson's r", "spearman": "Spearman's rho", "kendall": "Kendall's tau-b"}
_FEWEST = 4
"""Clusters below which no interval is given."""


@dataclass(frozen=True)
class Association:
    """A correlation and how often chance alone gives one as large."""

    correlation: Estimate
    p: float
    p_method: str

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"correlation": self.correlation.as_json()}


def correlation(
    x: ArrayLike,
    y: ArrayLike,
    rng: np.random.Generator,
    kind: Kind = "spearman",
    *,
    cluster: ArrayLike | None = None,
    n_resamples: int = 10_000,
    level: float = 0.95,
    clusters_are: str = "items",
) -> Estimate:
    """Correlation of x and y with a BCa interval; of clusters and of Pearson's r it is expanded.

    Args:
        x, y: shape (n,); pairs of which one is NaN are left out.
        rng: draws the resamples.
        kind: pearson, spearman or kendall (tau-b, which costs n squared a resample).
        cluster: shape (n,), any labels; what is drawn with replacement, each pair if not given.
        clusters_are: what a cluster is, for the caution.

    Returns:
        The estimate; NaN with the reason where x or y does not vary.

    Raises:
        ValueError: lengths differ, a value is infinite, or the kind is unknown.
    """
    first, second, labels = _known(x, y, cluster)
    unit = "pairs" if cluster is None else clusters_are
    method = f"{_NAMES.get(kind, kind)}, BCa bootstrap over {unit}, {n_resamples} resamples"
    n = len(first)
    reason = _cannot(first, second)
    if reason:
        return Estimate.missing(n, method, reason, level)
    statistic = weighted_correlation(first, second, kind)
    number, n_clusters = numbered(labels)
    # Ranks of single pairs hold their level as they are; others run short at 40 clusters.
    plain = kind != "pearson" and n == n_clusters
    tail = (1 - level) / 2 if plain else expanded_tail(level, max(n_clusters, 2))
    return bca(statistic, number, rng, n_resamples, level, tail, method, unit)


def bca(
    statistic: Weighted,
    cluster: IntArray,
    rng: np.random.Generator,
    n_resamples: int,
    level: float,
    tail: float,
    method: str,
    unit: str,
) -> Estimate:
    """Interval of any statistic of weights, bias-corrected and accelerated by a cluster jackknife.

    Args:
        statistic: of weights (n_resamples, n).
        cluster: shape (n,), numbered from 0 without gaps.
        tail: share of the draws beyond each end if there were no bias.
    """
    n, n_clusters = len(cluster), int(cluster.max()) + 1
    estimate = float(statistic(np.ones((1, n)))[0])
    if n_clusters < _FEWEST:
        note = f"no interval: {n_clusters} {unit}, {_FEWEST} are needed"
        return Estimate(estimate, np.nan, np.nan, n, level, method, note)
    alone = n == n_clusters and bool((cluster == np.arange(n)).all())
    draws = np.concatenate(
        [
            statistic(weights if alone else weights[:, cluster])
            for weights in resampling_weights(n_clusters, rng, n_resamples, n)
        ]
    )
    usable = draws[np.isfinite(draws)]
    if len(usable) < n_resamples / 2 or not np.ptp(usable) > 0:
        note = "no interval: most resamples do not vary"
        return Estimate(estimate, np.nan, np.nan, n, level, method, note)
    left_out = _jackknife(statistic, cluster, n_clusters)
    low, high = np.quantile(usable, bca_tails(usable, estimate, left_out, tail))
    return Estimate(estimate, float(low), float(high), n, level, method, caution(n_clusters, unit))


def disattenuated(observed: Estimate, reliability_x: float, reliability_y: float) -> Estimate:
    """The correlation that ratings without error would have (Spearman 1904).

    Both reliabilities are taken as known, so the interval is too narrow by their own uncertainty.
    """
    method = f"{observed.method}, over the root of reliabilities {reliability_x:.3f} and "
    method += f"{reliability_y:.3f} taken as known"
    if not (0 < reliability_x <= 1 and 0 < reliability_y <= 1):
        note = "a reliability is not between 0 and 1"
        return Estimate.missing(observed.n, method, note, observed.level)
    root = float(np.sqrt(reliability_x * reliability_y))
    note = observed.note
    if abs(observed.estimate) > root:
        note = "; ".join(filter(None, (note, "beyond 1: a reliability is underestimated")))
    return Estimate(
        observed.estimate / root,
        observed.low / root,
        observed.high / root,
        observed.n,
        observed.level,
        method,
        note,
    )


def within_group_correlation(
    x: ArrayLike,
    y: ArrayLike,
    group: ArrayLike,
    rng: np.random.Generator,
    *,
    n_resamples: int = 10_000,
    level: float = 0.95,
    groups_are: str = "songs",
) -> Association:
    """Spearman's correlation within groups: ranks within each, centred, pooled.

    What differs between groups, such as how well liked a song is, does not count. The interval is
    a BCa bootstrap over groups; p permutes y within groups, so it holds for few groups too.

    Args:
        x, y: shape (n,), one pair for each thing that was rated; NaN is left out.
        group: shape (n,), any labels; a group of one is left out.
    """
    method = f"Spearman's rho within {groups_are}, BCa bootstrap over {groups_are}"
    p_method = f"{n_resamples} permutations within {groups_are}, two-sided"
    first, second, labels = _known(x, y, group)
    number, _ = numbered(labels)
    shared = np.bincount(number, minlength=1)[number] > 1
    first, second, number = first[shared], second[shared], numbered(number[shared])[0]
    if len(first) < 3:
        reason = f"no two {groups_are} share enough pairs"
        return Association(Estimate.missing(len(first), method, reason, level), np.nan, p_method)
    ranks_x, ranks_y = (_ranks_within(values, number) for values in (first, second))
    reason = _cannot(ranks_x, ranks_y)
    if reason:
        note = f"{reason} within {groups_are}"
        return Association(Estimate.missing(len(first), method, note, level), np.nan, p_method)
    statistic = weighted_correlation(ranks_x, ranks_y, "pearson")
    n_groups = int(number.max()) + 1
    tail = expanded_tail(level, max(n_groups, 2))
    estimate = bca(statistic, number, rng, n_resamples, level, tail, method, groups_are)
    by_chance = _permuted_within(ranks_x, ranks_y, number, rng, n_resamples)
    extreme = int((np.abs(by_chance) >= abs(estimate.estimate) - 1e-12).sum())
    return Association(estimate, (extreme + 1) / (n_resamples + 1), p_method)


def _permuted_within(
    x: FloatArray, y: FloatArray, group: IntArray, rng: np.random.Generator, n_permutations: int
) -> FloatArray:
    """Correlations of centred x and y with y permuted within groups, shape (n_permutations,)."""
    order = np.argsort(group, kind="stable")
    x, y, group = x[order], y[order], group[order]
    size = max(1, 1_000_000 // len(x))
    parts = []
    for start in range(0, n_permutations, size):
        keys = rng.random((min(size, n_permutations - start), len(x))) + group
        parts.append(y[np.argsort(keys, axis=1)] @ x)
    return np.asarray(np.concatenate(parts) / np.sqrt((x @ x) * (y @ y)), dtype=np.float64)


def _ranks_within(values: FloatArray, group: IntArray) -> FloatArray:
    """Mid-ranks within each group over its size, centred."""
    ranks = np.zeros(len(values))
    for number in range(int(group.max()) + 1):
        rows = group == number
        size = int(rows.sum())
        ranks[rows] = (stats.rankdata(values[rows]) - (size + 1) / 2) / size
    return ranks


def _jackknife(statistic: Weighted, cluster: IntArray, n_clusters: int) -> FloatArray:
    """The statistic without each cluster in turn, some at a time to bound memory."""
    size = max(1, 1_000_000 // max(len(cluster), 1))
    parts = []
    for start in range(0, n_clusters, size):
        omitted = np.arange(start, min(start + size, n_clusters))
        parts.append(statistic((cluster[None, :] != omitted[:, None]).astype(np.float64)))
    return np.concatenate(parts)


def _known(
    x: ArrayLike, y: ArrayLike, cluster: ArrayLike | None
) -> tuple[FloatArray, FloatArray, IntArray]:
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    labels = np.arange(first.size) if cluster is None else np.asarray(cluster)
    if first.ndim != 1 or first.shape != second.shape or labels.shape != first.shape:
        shapes = f"{first.shape}, {second.shape} and {labels.shape}"
        raise ValueError(f"x, y and cluster: expected columns of one length, got {shapes}")
    if np.isinf(first).any() or np.isinf(second).any():
        raise ValueError("x and y: infinite value; a missing one is NaN")
    known = np.isfinite(first) & np.isfinite(second)
    return first[known], second[known], labels[known]


def _cannot(x: FloatArray, y: FloatArray) -> str:
    if len(x) < 3:
        return f"{len(x)} pairs; three are needed"
    for name, values in (("x", x), ("y", y)):
        if not np.ptp(values) > 0:
            return f"{name} does not vary"
    return ""
