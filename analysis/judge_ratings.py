"""A judge's ratings on one scale beside people's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from analysis.annotations import IntArray
from analysis.bland_altman import LimitsOfAgreement, limits_of_agreement
from analysis.clusters import caution, numbered
from analysis.correlation import correlation
from analysis.correlation_weighted import weighted_correlation
from analysis.judge_cases import SharedMeans, shared_means
from analysis.kappa import cohen_kappa
from analysis.rating_tables import SystemRatings
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

MIN_OVERLAP = 3
_FEWEST_RATED = 5
"""Advices a person must share with others and the judge to be correlated with them."""


@dataclass(frozen=True)
class RatingAgreement:
    """One scale; n counts advices (an item and a system), clustered by item."""

    pearson: Estimate
    spearman: Estimate
    kendall: Estimate
    """Of the judge with the mean of people."""
    weighted_kappa: Estimate
    """Quadratic, of the judge with people's mean rounded to the values in use."""
    limits: LimitsOfAgreement
    """Judge less people."""
    judge: Estimate
    """Mean over people of the judge's Spearman with the mean of the others."""
    ceiling: Estimate
    """The same of each person with the mean of the others, on the same advices."""
    difference: Estimate
    """Judge less ceiling; its interval allows for other people and other items."""

    def as_json(self) -> dict[str, Any]:
        return {name: value.as_json() for name, value in vars(self).items()}


def judge_ratings_against_people(
    people: SystemRatings,
    judge: SystemRatings,
    rng: np.random.Generator,
    *,
    min_overlap: int = MIN_OVERLAP,
    n_resamples: int = 2000,
    level: float = 0.95,
) -> RatingAgreement:
    """Set a judge's ratings beside people's.

    Args:
        people, judge: of the same systems and items on the same scale; repeats of a rater on an
            advice are averaged.
        min_overlap: people who must have rated an advice.

    Raises:
        CannotCompute: nothing was rated by enough people and the judge.
        ValueError: the systems differ.
    """
    shared = shared_means(people, judge, min_overlap)
    n = len(shared.item)
    if not n:
        raise CannotCompute(f"no advice was rated by {min_overlap} people and the judge")
    used = {"cluster": shared.item, "n_resamples": n_resamples, "level": level}
    pearson, spearman, kendall = (
        correlation(shared.people, shared.judge, rng, kind, **used)  # type: ignore[arg-type]
        for kind in ("pearson", "spearman", "kendall")
    )
    known = np.unique(np.concatenate([people.value, judge.value]))
    mine, theirs = (_nearest(values, known) for values in (shared.people, shared.judge))
    kappa = cohen_kappa(mine, theirs, rng, weights="quadratic", **used)  # type: ignore[arg-type]
    own, judged = _by_person(people, shared)
    return RatingAgreement(
        pearson=pearson,
        spearman=spearman,
        kendall=kendall,
        weighted_kappa=kappa,
        limits=limits_of_agreement(shared.judge, shared.people, level),
        judge=_mean_over_people(judged, "judge", level),
        ceiling=_mean_over_people(own, "people", level),
        difference=_mean_over_people(judged - own, "judge less people", level),
    )


def _nearest(values: FloatArray, known: FloatArray) -> IntArray:
    """Index of the nearest known value; of two equally near the lower."""
    middles = (known[:-1] + known[1:]) / 2
    return np.asarray(np.searchsorted(middles, values, side="left"), dtype=np.int64)


def _by_person(people: SystemRatings, shared: SharedMeans) -> tuple[FloatArray, FloatArray]:
    """Spearman with the mean of the others, of each person and of the judge beside them.

    Returns:
        Two of shape (n_people, 1 + n_items): of all advices, and without each item in turn.
    """
    table = _table(people, shared)
    rated = np.isfinite(table)
    total, n = np.where(rated, table, 0.0).sum(axis=0), rated.sum(axis=0)
    item, n_items = numbered(shared.item)
    own, judged = [], []
    for row, has in zip(table, rated, strict=True):
        used = has & (n > 1)
        if used.sum() < _FEWEST_RATED:
            continue
        others = (total[used] - row[used]) / (n[used] - 1)
        omitted = item[used][None, :] != np.arange(-1, n_items)[:, None]
        weights = omitted.astype(np.float64)
        pair = [
            weighted_correlation(values, others, "spearman")(weights)
            for values in (row[used], shared.judge[used])
        ]
        if np.isfinite(pair[0][0]) and np.isfinite(pair[1][0]):
            # Where one item alone made ratings vary, leaving it out says nothing.
            own.append(np.where(np.isfinite(pair[0]), pair[0], pair[0][0]))
            judged.append(np.where(np.isfinite(pair[1]), pair[1], pair[1][0]))
    shape = len(own), 1 + n_items
    return np.array(own).reshape(shape), np.array(judged).reshape(shape)


def _table(people: SystemRatings, shared: SharedMeans) -> FloatArray:
    """Each person's mean rating of each shared advice, (n_people, n_shared), NaN for gaps."""
    size = len(people.systems)
    keys, given = shared.item * size + shared.system, people.item * size + people.system
    place = np.searchsorted(keys, given)
    inside = place < len(keys)
    inside[inside] = keys[place[inside]] == given[inside]
    rater, n_raters = numbered(people.rater)
    cell = rater[inside] * len(keys) + place[inside]
    counts = np.bincount(cell, minlength=n_raters * len(keys))
    sums = np.bincount(cell, people.value[inside], minlength=n_raters * len(keys))
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return np.asarray(means.reshape(n_raters, len(keys)), dtype=np.float64)


def _mean_over_people(values: FloatArray, what: str, level: float) -> Estimate:
    """Mean of the first column; variance over people and items less that of single ratings.

    Each part by its own jackknife: of people from their means, of items by leaving one out for
    everybody, of ratings by leaving one out for one person (Cameron, Gelbach & Miller 2011).
    """
    method = f"mean Spearman with the others' mean, {what}; t interval over people and items"
    n, n_items = values.shape[0], values.shape[1] - 1
    if n < 2 or n_items < 2:
        note = f"{n} people share {_FEWEST_RATED} varied advices with others and the judge"
        return Estimate.missing(n, method, note, level)
    mean = float(values[:, 0].mean())
    by_people = float(values[:, 0].var(ddof=1)) / n
    without = values[:, 1:].mean(axis=0)
    by_items = (n_items - 1) / n_items * float(((without - without.mean()) ** 2).sum())
    by_rating = float(((values[:, 1:] - values[:, :1]) ** 2).sum()) / n**2
    variance = max(by_people, by_items, by_people + by_items - by_rating)
    fewer = min(n, n_items)
    half = float(stats.t.ppf((1 + level) / 2, fewer - 1) * np.sqrt(variance))
    note = caution(fewer, "people or items")
    return Estimate(mean, mean - half, mean + half, n, level, method, note)
