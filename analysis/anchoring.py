"""Cluster-robust regressions: how far submitted balances were drawn to where the faders began."""

import numpy as np

from analysis.annotations import Annotations, IntArray, excerpt_means
from analysis.results import Estimate
from analysis.vectors import STEMS, FloatArray, centre

# scipy is imported where it is used: web processes load this module and start without it.


def anchoring_slopes(
    annotations: Annotations, cause_db: FloatArray, level: float = 0.95
) -> dict[str, Estimate]:
    """Slope of the submitted balance on what the annotator was given, per stem and pooled.

    Both are centred over the stems of the annotation that are up, and the means of each excerpt
    are removed. 0 means no anchoring, 1 that the faders were left where they were.

    Args:
        annotations: all takes, repeats included (each had its own start).
        cause_db: shape (n, 4), the starts or the hidden trims.

    Returns:
        Estimates by stem and under "pooled"; n is the number of annotations with the stem up (of
        values, if pooled), the interval is clustered by annotator.

    Raises:
        ValueError: the shape of `cause_db` is not that of the balances.
    """
    if np.shape(cause_db) != annotations.balance_db.shape:
        raise ValueError(
            f"cause_db: expected shape {annotations.balance_db.shape}, got {np.shape(cause_db)}"
        )
    both = np.isfinite(annotations.balance_db) & np.isfinite(cause_db)
    both &= both.sum(axis=1, keepdims=True) >= 2
    submitted, cause = (
        _within_excerpts(np.where(both, values, np.nan), annotations)
        for values in (annotations.balance_db, cause_db)
    )
    slopes = {
        stem: _slope(
            submitted[both[:, s], s], cause[both[:, s], s], annotations.annotator[both[:, s]], level
        )
        for s, stem in enumerate(STEMS)
    }
    people = np.broadcast_to(annotations.annotator[:, None], both.shape)
    slopes["pooled"] = _slope(submitted[both], cause[both], people[both], level)
    return slopes


def clustered_mean(values: FloatArray, cluster: IntArray, level: float = 0.95) -> Estimate:
    """Mean of values (n,) that come in clusters, with a t interval robust to the clustering."""
    method = "mean, cluster-robust t interval"
    return _clustered(values, np.ones(len(values)), cluster, level, method)


def _within_excerpts(values_db: FloatArray, annotations: Annotations) -> FloatArray:
    centred_db = centre(values_db)
    means_db = excerpt_means(centred_db, annotations.excerpt, annotations.n_excerpts)
    return np.asarray(centred_db - means_db[annotations.excerpt], dtype=np.float64)


def _slope(outcome: FloatArray, cause: FloatArray, cluster: IntArray, level: float) -> Estimate:
    method = "OLS slope within excerpts, cluster-robust by annotator (CR1)"
    return _clustered(outcome, cause, cluster, level, method)


def _clustered(
    outcome: FloatArray, cause: FloatArray, cluster: IntArray, level: float, method: str
) -> Estimate:
    """Regression through the origin on one cause, CR1 variance, t with clusters - 1."""
    from scipy import stats

    n = len(outcome)
    moment = float(cause @ cause)
    labels, group = np.unique(cluster, return_inverse=True)
    n_groups = len(labels)
    if n_groups < 1 or moment <= 1e-12 * max(n, 1):
        return Estimate.missing(n, method, "the cause does not vary", level)
    estimate = float(cause @ outcome) / moment
    if n_groups < 2:
        note = "no interval: fewer than two clusters"
        return Estimate(estimate, np.nan, np.nan, n, level, method, note)
    scores = np.bincount(group, cause * (outcome - estimate * cause))
    correction = n_groups / (n_groups - 1)
    error = float(np.sqrt(correction * (scores @ scores))) / moment
    half = float(stats.t.ppf((1 + level) / 2, n_groups - 1)) * error
    return Estimate(estimate, estimate - half, estimate + half, n, level, method)
