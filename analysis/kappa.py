"""Chance-corrected agreement on categories: Cohen's kappa, plain or weighted, and Fleiss'."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.annotations import IntArray
from analysis.clusters import caution, expanded_tail, numbered, resampling_weights
from analysis.results import Estimate
from analysis.vectors import FloatArray

Weights = Literal["none", "linear", "quadratic"]
WEIGHTS: tuple[Weights, ...] = ("none", "linear", "quadratic")

MOST_CATEGORIES = 21
"""Beyond these a scale is read as continuous: its agreement is told by correlations."""


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    rng: np.random.Generator,
    *,
    weights: Weights = "none",
    cluster: ArrayLike | None = None,
    n_resamples: int = 10_000,
    level: float = 0.95,
) -> Estimate:
    """Agreement of two raters on the same things (Cohen 1960, 1968).

    Args:
        first, second: shape (n,), categories as numbers; for weights, equal steps apart in their
            sorted order.
        weights: how disagreement counts: "none" all alike, else by distance or its square.
        cluster: shape (n,), what is drawn with replacement, such as items; each pair if not given.

    Raises:
        ValueError: lengths differ or the weights are unknown.
    """
    if weights not in WEIGHTS:
        raise ValueError(f"weights: expected one of {', '.join(WEIGHTS)}, got {weights!r}")
    one, other = np.asarray(first), np.asarray(second)
    if one.ndim != 1 or one.shape != other.shape:
        raise ValueError(f"first and second: expected one length, got {one.shape}, {other.shape}")
    kind = "" if weights == "none" else f", {weights} weights"
    method = f"Cohen's kappa{kind}, percentile bootstrap"
    n = len(one)
    known, code = np.unique(np.concatenate([one, other]), return_inverse=True)
    if len(known) < 2:
        return Estimate.missing(n, method, "fewer than two categories were used", level)
    size = len(known)
    if size > MOST_CATEGORIES:
        note = f"{size} different values are no categories (more than {MOST_CATEGORIES})"
        return Estimate.missing(n, method, note, level)
    group, n_clusters = numbered(np.arange(n) if cluster is None else cluster)
    cell = (group * size + code[:n]) * size + code[n:]
    tables = np.bincount(cell, minlength=n_clusters * size**2).reshape(n_clusters, -1)
    apart = _apart(size, weights)
    draws = np.concatenate(
        [_kappas(w @ tables, apart) for w in resampling_weights(n_clusters, rng, n_resamples)]
    )
    estimate = float(_kappas(tables.sum(axis=0, keepdims=True).astype(np.float64), apart)[0])
    return _with_interval(estimate, draws, n_clusters, n, level, method)


def fleiss_kappa(
    counts: ArrayLike,
    rng: np.random.Generator,
    *,
    n_resamples: int = 10_000,
    level: float = 0.95,
) -> Estimate:
    """Agreement of several raters, not the same for each item nor as many (Fleiss 1971).

    Args:
        counts: shape (n_items, n_categories), how many raters chose each category.

    Returns:
        n is the number of items with two or more ratings; items are drawn for the interval.

    Raises:
        ValueError: `counts` is no table, or holds a negative number.
    """
    method = "Fleiss' kappa, percentile bootstrap over items"
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or (table < 0).any():
        raise ValueError(f"counts: expected (n_items, n_categories) of counts, got {table.shape}")
    table = table[table.sum(axis=1) >= 2]
    n = len(table)
    if n == 0 or (table.sum(axis=0) > 0).sum() < 2:
        note = "fewer than two categories were used on items with two or more ratings"
        return Estimate.missing(n, method, note, level)
    per_item = table.sum(axis=1)
    differing = 1 - (table * (table - 1)).sum(axis=1) / (per_item * (per_item - 1))
    parts = np.column_stack([np.ones(n), differing, table])

    def kappas(weights: FloatArray) -> FloatArray:
        sums = weights @ parts
        shares = sums[:, 2:] / sums[:, 2:].sum(axis=1, keepdims=True)
        return _corrected(sums[:, 1] / sums[:, 0], 1 - (shares**2).sum(axis=1))

    draws = np.concatenate([kappas(w) for w in resampling_weights(n, rng, n_resamples)])
    return _with_interval(float(kappas(np.ones((1, n)))[0]), draws, n, n, level, method)


def _kappas(counts: FloatArray, apart: FloatArray) -> FloatArray:
    """Kappa of each table of counts (n, size * size)."""
    shares = counts.reshape(-1, *apart.shape) / counts.sum(axis=1)[:, None, None]
    rows, columns = shares.sum(axis=2), shares.sum(axis=1)
    expected = np.einsum("bi,ij,bj->b", rows, apart, columns)
    return _corrected(np.einsum("bij,ij->b", shares, apart), expected)


def _apart(size: int, weights: Weights) -> FloatArray:
    steps = np.abs(np.arange(size)[:, None] - np.arange(size)[None, :])
    powers = {"none": (steps > 0).astype(np.float64), "linear": steps, "quadratic": steps**2}
    return np.asarray(powers[weights], dtype=np.float64)


def _corrected(observed: FloatArray, expected: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 1e-12, 1 - observed / expected, np.nan)


def _with_interval(
    estimate: float, draws: FloatArray, n_clusters: int, n: int, level: float, method: str
) -> Estimate:
    usable = draws[np.isfinite(draws)]
    if n_clusters < 2 or len(usable) < len(draws) / 2:
        return Estimate(estimate, np.nan, np.nan, n, level, method, "no interval: too few items")
    tail = expanded_tail(level, n_clusters)
    low, high = np.quantile(usable, [tail, 1 - tail])
    note = caution(n_clusters, "items")
    return Estimate(estimate, float(low), float(high), n, level, method, note)


def verdict_counts(unit: IntArray, verdict: IntArray, n_categories: int) -> FloatArray:
    """Table (n_units, n_categories) of how often each unit got each verdict."""
    number, n_units = numbered(unit)
    flat = np.bincount(number * n_categories + verdict, minlength=n_units * n_categories)
    return flat.reshape(n_units, n_categories).astype(np.float64)
