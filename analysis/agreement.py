"""Agreement of annotators, per stem on centred relative loudness, never on raw faders.

Pooling stems would count the differences between stems, which every annotator knows, as agreement;
raw faders would count how loud the stems happened to be.
"""

from dataclasses import dataclass

import numpy as np

from analysis.annotations import (
    Annotations,
    IntArray,
    aligned_balances,
    excerpt_counts,
    excerpt_means,
    excerpt_sums,
    relative_loudness,
)
from analysis.components import CrossedDesign, icc_incomplete
from analysis.icc import icc_average, icc_single
from analysis.krippendorff import krippendorff_alpha
from analysis.results import Estimate
from analysis.vectors import STEMS, FloatArray, centre

# scipy is imported where it is used: web processes load this module and start without it.

_NO_AGREEMENT_DESIGN = "agreement needs two excerpts, and two annotations of one of them"


@dataclass(frozen=True)
class StemAgreement:
    """How far annotators agree on one stem. The dB figures are the headline."""

    sd_between_annotators_db: Estimate
    """SD between annotators within an excerpt, pooled over excerpts."""
    se_of_consensus_db: Estimate
    """That SD over the root of the harmonic mean overlap."""
    icc_single: Estimate
    """ICC(2,1) of a complete table, ICC(A,1) by REML of an incomplete one."""
    icc_average: Estimate
    """ICC(2,k), or ICC(A,k) with k the harmonic mean overlap."""
    alpha: Estimate
    """Krippendorff's interval alpha."""

    def as_json(self) -> dict[str, dict[str, float | int | str | None]]:
        return {name: estimate.as_json() for name, estimate in vars(self).items()}


def agreement_by_stem(
    annotations: Annotations,
    rng: np.random.Generator,
    n_resamples: int = 500,
    level: float = 0.95,
) -> dict[str, StemAgreement]:
    """Agreement on every stem, from first takes with at least two stems up.

    Args:
        annotations: complete or incomplete; masked stems count as missing.
        rng: draws the resamples of the intervals.
    """
    used = annotations.comparable()
    loudness = relative_loudness(used)
    return {
        stem: _stem_agreement(used, loudness[:, column], rng, n_resamples, level)
        for column, stem in enumerate(STEMS)
    }


def self_consistency(annotations: Annotations, level: float = 0.95) -> dict[str, Estimate]:
    """Within-annotator SD in dB per stem, from excerpts that a person balanced more than once.

    n is the number of (annotator, excerpt) pairs with two or more takes of the stem. The SD of the
    difference of two takes is this times the root of two.
    """
    method = "within-annotator SD of repeats, chi-squared interval"
    usable = np.isfinite(annotations.balance_db).sum(axis=1) >= 2
    rows = annotations.select(usable)
    aligned_db = aligned_balances(rows)
    pairs = np.stack([rows.excerpt, rows.annotator], axis=1)
    _, pair = np.unique(pairs, axis=0, return_inverse=True)
    n_pairs = int(pair.max(initial=-1)) + 1
    counts = excerpt_counts(aligned_db, pair, n_pairs)
    squares = _within_squares(aligned_db, pair, n_pairs)
    return {
        stem: _pooled_sd(
            float(squares[:, column].sum()),
            int(np.maximum(counts[:, column] - 1, 0).sum()),
            int((counts[:, column] > 1).sum()),
            method,
            "nobody balanced an excerpt twice",
            level,
        )
        for column, stem in enumerate(STEMS)
    }


def centred_mae_db(first_db: FloatArray, second_db: FloatArray) -> FloatArray:
    """Mean absolute difference in dB over the stems that both have, each pair centred over those.

    Args:
        first_db: shape (..., 4), NaN where masked.
        second_db: a shape that goes with it.

    Returns:
        Shape (...); NaN where fewer than two stems are shared.
    """
    difference_db = np.abs(centre(np.asarray(first_db) - np.asarray(second_db)))
    present = np.isfinite(difference_db)
    n_present = present.sum(axis=-1)
    total_db = np.where(present, difference_db, 0.0).sum(axis=-1)
    return np.where(n_present >= 2, total_db / np.maximum(n_present, 1), np.nan)


def _stem_agreement(
    used: Annotations,
    values: FloatArray,
    rng: np.random.Generator,
    n_resamples: int,
    level: float,
) -> StemAgreement:
    present = np.isfinite(values)
    values, excerpt, person = values[present], used.excerpt[present], used.annotator[present]
    spread, consensus_error = _spread_estimates(values, excerpt, used.n_excerpts, level)
    table = _table(values, excerpt, person)
    if table is None:
        ratings = np.empty((0, 0))
        single = average = Estimate.missing(len(values), "ICC", _NO_AGREEMENT_DESIGN, level)
    elif np.isfinite(table).all():
        ratings = table.T
        single, average = icc_single(table, level), icc_average(table, level)
    else:
        ratings = table.T
        design = CrossedDesign(excerpt, person)
        single, average = icc_incomplete(design, values, rng, n_resamples, level)
    alpha = krippendorff_alpha(ratings, "interval", rng, n_resamples, level)
    return StemAgreement(spread, consensus_error, single, average, alpha)


def _table(values: FloatArray, excerpt: IntArray, person: IntArray) -> FloatArray | None:
    """Values as (n_excerpts, n_annotators) with NaN for gaps; None where nothing is shared."""
    excerpts, row = np.unique(excerpt, return_inverse=True)
    people, column = np.unique(person, return_inverse=True)
    if len(excerpts) < 2 or len(values) == len(excerpts):
        return None
    table = np.full((len(excerpts), len(people)), np.nan)
    table[row, column] = values
    return table


def _spread_estimates(
    values: FloatArray, excerpt: IntArray, n_excerpts: int, level: float
) -> tuple[Estimate, Estimate]:
    counts = np.bincount(excerpt, minlength=n_excerpts)
    shared = counts[counts > 1]
    squares = float(_within_squares(values[:, None], excerpt, n_excerpts).sum())
    spread = _pooled_sd(
        squares,
        int((shared - 1).sum()),
        int(shared.sum()),
        "within-excerpt SD pooled over excerpts, chi-squared interval",
        "no excerpt has two annotations",
        level,
    )
    if not len(shared):
        return spread, spread
    overlap = len(shared) / float((1 / shared).sum())
    low, estimate, high = (
        value / np.sqrt(overlap) for value in (spread.low, spread.estimate, spread.high)
    )
    method = f"within-excerpt SD / root of the harmonic mean overlap {overlap:.2f}"
    return spread, Estimate(estimate, low, high, spread.n, level, method)


def _within_squares(values: FloatArray, group: IntArray, n_groups: int) -> FloatArray:
    """Sums of squares around each group's mean, (n, m) to (n_groups, m)."""
    means = excerpt_means(values, group, n_groups)
    return excerpt_sums((values - means[group]) ** 2, group, n_groups)


def _pooled_sd(
    squares: float, freedom: int, n: int, method: str, without: str, level: float
) -> Estimate:
    from scipy import stats

    if freedom == 0:
        return Estimate.missing(n, method, without, level)
    upper, lower = (float(stats.chi2.ppf(p, freedom)) for p in ((1 + level) / 2, (1 - level) / 2))
    estimate, low, high = np.sqrt(squares / np.array([freedom, upper, lower])).tolist()
    return Estimate(estimate, low, high, n, level, method)
