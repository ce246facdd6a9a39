"""Correlations of many weighted samples at once: what resampling needs.

A resample is a row of weights: how often each observation was drawn. Ranks are the mid-ranks
within the resample, so that a drawn-twice observation ties with itself.
"""

from typing import Literal, Protocol

import numpy as np

from analysis.annotations import IntArray
from analysis.vectors import FloatArray

Kind = Literal["pearson", "spearman", "kendall"]
KINDS: tuple[Kind, ...] = ("pearson", "spearman", "kendall")


class Weighted(Protocol):
    """A correlation as a function of weights (n_resamples, n) to (n_resamples,)."""

    def __call__(self, weights: FloatArray) -> FloatArray: ...


def weighted_correlation(x: FloatArray, y: FloatArray, kind: Kind) -> Weighted:
    """The correlation of x and y (n,) for any weights; NaN where one of them does not vary.

    Raises:
        ValueError: the kind is unknown.
    """
    if kind == "pearson":
        return _Pearson(x, y)
    if kind == "spearman":
        return _Spearman(x, y)
    if kind == "kendall":
        return _Kendall(x, y)
    raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")


def _ratio(shared: FloatArray, one: FloatArray, other: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = shared / np.sqrt(one * other)
    varied = (one > 1e-12) & (other > 1e-12)
    return np.where(varied, np.clip(correlation, -1.0, 1.0), np.nan)


class _Pearson:
    def __init__(self, x: FloatArray, y: FloatArray) -> None:
        # Neither shift nor unit matter; without this, values far from zero would lose digits.
        x, y = _standardised(x), _standardised(y)
        self.moments = np.column_stack([np.ones(len(x)), x, y, x * x, y * y, x * y])

    def __call__(self, weights: FloatArray) -> FloatArray:
        n, x, y, xx, yy, xy = (weights @ self.moments).T
        n = np.maximum(n, 1.0)
        return _ratio(xy / n - x * y / n**2, xx / n - (x / n) ** 2, yy / n - (y / n) ** 2)


def _standardised(values: FloatArray) -> FloatArray:
    left = values - values.mean()
    spread = float(left.std())
    return np.asarray(left / spread if spread > 0 else left, dtype=np.float64)


class _Spearman:
    def __init__(self, x: FloatArray, y: FloatArray) -> None:
        self.x, self.y = _Ranking(x), _Ranking(y)
        # In the order of x one of the two gathers is free.
        self.other = self.y.group[self.x.order]

    def __call__(self, weights: FloatArray) -> FloatArray:
        by_x = weights[:, self.x.order]
        ranks_x, spread_x = self.x.middles(by_x)
        ranks_y, spread_y = self.y.middles(weights[:, self.y.order])
        mine = ranks_x if self.x.is_plain else ranks_x[:, self.x.group[self.x.order]]
        shared = np.einsum("ij,ij,ij->i", by_x, mine, ranks_y[:, self.other])
        size = np.maximum(weights.sum(axis=1), 1.0) ** 3
        return _ratio(shared / size, spread_x / size, spread_y / size)


class _Ranking:
    """Who shares a value with whom, in ascending order."""

    def __init__(self, values: FloatArray) -> None:
        self.order: IntArray = np.argsort(values, kind="stable")
        known, self.group, sizes = np.unique(values, return_inverse=True, return_counts=True)
        self.last = np.cumsum(sizes) - 1
        self.is_plain = len(known) == len(values)

    def middles(self, ordered: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Centred mid-rank of each value (n_resamples, n_values) and their sum of squares."""
        ends = np.cumsum(ordered, axis=1)
        if not self.is_plain:
            ends = ends[:, self.last]
        drawn = ordered if self.is_plain else np.diff(ends, axis=1, prepend=0.0)
        middles = ends - drawn / 2 - ends[:, -1:] / 2
        return middles, np.einsum("ij,ij,ij->i", drawn, middles, middles)


class _Kendall:
    """Tau-b: an observation drawn twice is a tie with itself in both."""

    def __init__(self, x: FloatArray, y: FloatArray) -> None:
        signs = np.sign(x[:, None] - x[None, :]), np.sign(y[:, None] - y[None, :])
        self.concordance = (signs[0] * signs[1]).astype(np.float32)
        self.groups = tuple(np.unique(v, return_inverse=True)[1] for v in (x, y))

    def __call__(self, weights: FloatArray) -> FloatArray:
        product = weights.astype(np.float32) @ self.concordance
        shared = np.einsum("ij,ij->i", product, weights)
        pairs = weights.sum(axis=1) ** 2
        untied = [pairs - self._tied(weights, group) for group in self.groups]
        scale = np.maximum(pairs, 1.0)
        return _ratio(shared / scale, untied[0] / scale, untied[1] / scale)

    @staticmethod
    def _tied(weights: FloatArray, group: IntArray) -> FloatArray:
        order = np.argsort(group, kind="stable")
        starts = np.searchsorted(group[order], np.arange(int(group.max()) + 1))
        sums = np.add.reduceat(weights[:, order], starts, axis=1)
        return np.asarray((sums**2).sum(axis=1), dtype=np.float64)
