"""Intervals of the consensus: t below ten annotations, bootstrap from ten.

The consensus stands for annotators like these, so its error has two parts: what the annotations
of the excerpt scatter, and how well the annotators at hand pin the typical annotator.
"""

import numpy as np

from analysis.additive import HUBER_K, AdditiveFit, StemDesign
from analysis.annotations import IntArray
from analysis.vectors import FloatArray, centre

# scipy is imported where it is used: web processes load this module and start without it.

BOOTSTRAP_FROM = 10
"""Annotations from which the interval is a bootstrap; below, a t interval."""


def residual_variance(fit: AdditiveFit) -> FloatArray:
    """(4,), variance to be used for Huber's estimate: Huber & Ronchetti 2009, eq. 7.83."""
    bound_db = HUBER_K * fit.scale_db
    variances = np.zeros(len(fit.designs))
    for stem, design in enumerate(fit.designs):
        values = fit.residual_db[design.present, stem]
        freedom = design.freedom - design.absorbed(float(fit.ratio[stem]))
        if freedom <= 0 or not len(values):
            variances[stem] = np.nan
            continue
        inside = float((np.abs(values) <= bound_db[stem]).mean())
        squares = float((np.clip(values, -bound_db[stem], bound_db[stem]) ** 2).sum())
        n_effects = len(values) - freedom
        correction = 1 + n_effects / len(values) * (1 - inside) / inside
        variances[stem] = correction**2 * squares / freedom / inside**2
    return variances


def t_half_widths(fit: AdditiveFit, level: float) -> FloatArray:
    """Half-widths (E, 4) in dB from the spread pooled over excerpts; NaN without any spread.

    The variance is that of the mixed model, residual and annotators' part; its degrees of freedom
    are Satterthwaite's.
    """
    variances = residual_variance(fit)
    columns = [
        _stem_half_widths(design, float(fit.ratio[stem]), float(variances[stem]), level)
        for stem, design in enumerate(fit.designs)
    ]
    return np.stack(columns, axis=1)


def _stem_half_widths(
    design: StemDesign, ratio: float, variance: float, level: float
) -> FloatArray:
    from scipy import stats

    own, shared = design.unit_variances(ratio)
    if not np.isfinite(variance):
        return np.full(len(own), np.nan)
    total = variance * (own + shared)
    freedom = design.freedom - design.absorbed(ratio)
    if ratio > 0:
        # In terms of two mean squares, since only those are independent.
        weight = shared / ratio / design.per_annotator
        annotators = variance * weight * (1 + design.per_annotator * ratio)
        residual = variance * (own - weight)
        freedom_annotators = max(design.n_annotators - 1, 1)
        scatter = residual**2 / freedom + annotators**2 / freedom_annotators
        quantiles = stats.t.ppf((1 + level) / 2, total**2 / scatter)
    else:
        quantiles = stats.t.ppf((1 + level) / 2, freedom)
    widths = quantiles * np.sqrt(total)
    return np.where(design.per_excerpt > 0, widths, np.nan)


def bootstrap_errors(
    fit: AdditiveFit,
    excerpt: IntArray,
    rng: np.random.Generator,
    n_resamples: int,
    level: float,
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Errors of the consensus of the excerpts with `BOOTSTRAP_FROM` annotations or more.

    Annotations of an excerpt are drawn with replacement; each draw moves Huber's estimate by one
    Newton step (Salibian-Barrera & Zamar 2002), so a draw costs a product and no refit. What the
    annotators' offsets add is drawn from a normal with the mixed model's variance, since shrunk
    offsets scatter too little to be drawn themselves. Excerpts of one size share their draws.
    Percentiles are expanded for small n (Hesterberg 2015).

    Returns:
        The excerpts' indices (m,) and low and high errors (m, 4) in dB.
    """
    from scipy import stats

    n_excerpts = len(fit.excerpt_db)
    counts = np.bincount(excerpt, minlength=n_excerpts)
    annotators_sd_db = _annotators_part_sd(fit)
    common = rng.normal(size=(n_resamples, fit.excerpt_db.shape[1]))
    rows_of = np.split(np.argsort(excerpt, kind="stable"), np.cumsum(counts)[:-1])
    chosen = np.flatnonzero(counts >= BOOTSTRAP_FROM)
    low_db, high_db = (np.full((len(chosen), fit.excerpt_db.shape[1]), np.nan) for _ in range(2))
    for size in np.unique(counts[chosen]):
        weights = rng.multinomial(size, np.full(size, 1 / size), n_resamples).astype(np.float64)
        stretched = float(
            stats.norm.cdf(-np.sqrt(size / (size - 1)) * stats.t.ppf((1 + level) / 2, size - 1))
        )
        for place in np.flatnonzero(counts[chosen] == size):
            number = chosen[place]
            errors = _newton_steps(fit.residual_db[rows_of[number]], fit.scale_db, weights)
            errors = errors + _centred_draws(common, annotators_sd_db[number])
            ends = np.quantile(centre(errors), [stretched, 1 - stretched], axis=0)
            low_db[place], high_db[place] = ends
    return chosen, low_db, high_db


def _annotators_part_sd(fit: AdditiveFit) -> FloatArray:
    """SD (E, 4) that not knowing the typical annotator adds to the consensus; NaN without one."""
    variances = residual_variance(fit)
    columns = [
        np.sqrt(variances[stem] * design.unit_variances(float(fit.ratio[stem]))[1])
        for stem, design in enumerate(fit.designs)
    ]
    return np.where(np.isfinite(fit.excerpt_db), np.stack(columns, axis=1), np.nan)


def _centred_draws(draws: FloatArray, sd: FloatArray) -> FloatArray:
    """Draws (n_resamples, 4) that sum to zero over the active stems and keep these SDs (4,)."""
    n_active = int(np.isfinite(sd).sum())
    centred = centre(np.where(np.isfinite(sd), draws, np.nan))
    return np.asarray(centred * sd * np.sqrt(n_active / max(n_active - 1, 1)), dtype=np.float64)


def _newton_steps(values: FloatArray, scale: FloatArray, weights: FloatArray) -> FloatArray:
    """One step of Huber's location from zero under each weighting, (n_resamples, 4).

    Args:
        values: shape (m, 4), deviations from the location, NaN where masked.
        scale: shape (4,).
        weights: shape (n_resamples, m).
    """
    bound = HUBER_K * scale
    pulls = np.nan_to_num(np.clip(values, -bound, bound))
    slopes = (np.abs(values) <= bound).astype(np.float64)
    # A draw of outliers alone has no slope: it counts as one inlier, which bounds the step.
    steps = (weights @ pulls) / np.maximum(weights @ slopes, 1.0)
    present = np.isfinite(values).any(axis=0)
    return np.where(present, steps, np.nan)
