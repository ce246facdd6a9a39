"""Strengths of resampled votes: by rater, or by rater and item."""

from typing import Literal

import numpy as np
from scipy import stats

from analysis.clusters import numbered, resampling_weights
from analysis.preference_fit import Design, solve
from analysis.preference_votes import Votes
from analysis.vectors import FloatArray

Cluster = Literal["rater", "rater and item"]
_ENOUGH_FOR_NONE = 1000

CLUSTERS: tuple[Cluster, ...] = ("rater", "rater and item")


def n_clusters(votes: Votes, cluster: Cluster) -> int:
    """Clusters that the interval rests on: the fewer of raters and items, where both count."""
    n_raters = len(np.unique(votes.rater))
    return n_raters if cluster == "rater" else min(n_raters, len(np.unique(votes.item)))


def resampled(
    votes: Votes,
    design: Design,
    fitted: FloatArray,
    rng: np.random.Generator,
    n_resamples: int,
    cluster: Cluster,
) -> FloatArray:
    """Parameters of resampled votes, (n_resamples, n_parameters + 1), from a start at the fit.

    By rater and item, the draws are normal with the covariance of raters' resamples plus that of
    items' less that of single votes', which both contain (Cameron, Gelbach & Miller 2011).
    """
    by_rater = _by_label(votes, votes.rater, design, fitted, rng, n_resamples)
    if cluster == "rater":
        return by_rater
    by_item = _by_label(votes, votes.item, design, fitted, rng, n_resamples)
    single = _by_vote(votes, design, fitted, rng, n_resamples)
    used = design.columns.shape[1] + (1 if design.with_ties else 0)
    parts = [np.cov(draws[:, :used], rowvar=False) for draws in (by_rater, by_item, single)]
    draws = by_rater.copy()
    draws[:, :used] = fitted[:used] + _normal_draws(parts, rng, n_resamples)
    return draws


def left_out(votes: Votes, design: Design, fitted: FloatArray) -> FloatArray:
    """Parameters without each rater in turn, (n_raters, n_parameters + 1), for the acceleration.

    Of more than `_ENOUGH_FOR_NONE` raters it is as good as none, and the fit is given instead.
    """
    number, size = numbered(votes.rater)
    if size > _ENOUGH_FOR_NONE:
        return fitted[None]
    counts = votes.counts(number, size)
    return solve(counts.sum(axis=0) - counts, design, fitted)


def _by_label(
    votes: Votes,
    labels: np.ndarray,
    design: Design,
    fitted: FloatArray,
    rng: np.random.Generator,
    n_resamples: int,
) -> FloatArray:
    number, size = numbered(labels)
    counts = votes.counts(number, size)
    flat = counts.reshape(size, -1)
    drawn = [
        solve((weights @ flat).reshape(-1, *counts.shape[1:]), design, fitted)
        for weights in resampling_weights(size, rng, n_resamples)
    ]
    return np.concatenate(drawn)


def _by_vote(
    votes: Votes, design: Design, fitted: FloatArray, rng: np.random.Generator, n_resamples: int
) -> FloatArray:
    counts = votes.counts(np.zeros(len(votes), dtype=np.int64), 1)[0]
    share = counts.ravel() / counts.sum()
    drawn = rng.multinomial(len(votes), share, n_resamples).astype(np.float64)
    return solve(drawn.reshape(-1, *counts.shape), design, fitted)


def _normal_draws(
    parts: list[FloatArray], rng: np.random.Generator, n_resamples: int
) -> FloatArray:
    """Normal deviations; no variance falls below that of raters or items alone."""
    rater, item, single = parts
    values, vectors = np.linalg.eigh(rater + item - single)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn = rng.normal(size=(n_resamples, len(root))) @ root.T
    least = np.maximum(np.diag(rater), np.diag(item))
    sd = np.sqrt(np.maximum((root**2).sum(axis=1), 1e-300))
    return np.asarray(drawn * np.maximum(np.sqrt(least) / sd, 1.0), dtype=np.float64)


def simultaneous_quantile(differences: FloatArray, centre: FloatArray, level: float) -> float:
    """How many SDs all differences stay within at once, in `level` of the draws.

    Args:
        differences: shape (n_resamples, n_pairs).
        centre: shape (n_pairs,).
    """
    sd = np.maximum(differences.std(axis=0), 1e-300)
    largest = (np.abs(differences - centre) / sd).max(axis=1)
    return float(np.quantile(largest, level))


def student_stretch(level: float, n: int) -> float:
    """How much wider Student's interval from n clusters is than the normal one."""
    wide = stats.t.ppf((1 + level) / 2, n - 1) / stats.norm.ppf((1 + level) / 2)
    return float(wide * np.sqrt(n / (n - 1)))
