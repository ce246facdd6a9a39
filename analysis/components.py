"""Variance components of incomplete tables: excerpt and annotator crossed, by REML.

The model is value = mean + excerpt + annotator + residual with independent normal effects. With
V = I + g_e XX' + g_a ZZ' (g: variances relative to the residual one) the excerpts are eliminated
first, since they only add a diagonal; what is left is a matrix of the size of the annotators.
"""

from dataclasses import dataclass

import numpy as np

from analysis.annotations import IntArray
from analysis.crossed import CrossedModel
from analysis.icc import stepped_up
from analysis.results import Estimate
from analysis.vectors import FloatArray

# scipy is imported where it is used: web processes load this module and start without it.

_LOG_RATIO_BOUNDS = (-14.0, 12.0)
_NO_VARIANCE = 1e-5
"""A ratio below this is at the boundary and reported as zero."""


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of the crossed model; `annotator` is 0 where nobody judged two excerpts."""

    excerpt: float
    annotator: float
    residual: float
    n_values: int
    n_excerpts: int
    n_annotators: int
    overlap: float
    """Harmonic mean of the annotations an excerpt has."""

    @property
    def icc_single(self) -> float:
        """ICC(A,1): absolute agreement of one annotator."""
        return self.excerpt / (self.excerpt + self.annotator + self.residual)

    @property
    def icc_average(self) -> float:
        """ICC(A,k): absolute agreement of the mean of `overlap` annotators."""
        return stepped_up(self.icc_single, self.overlap)


class CrossedDesign:
    """Who judged what; everything about a table that does not depend on its values.

    Args:
        excerpt: shape (n,), any labels.
        annotator: shape (n,), any labels.

    Raises:
        ValueError: fewer than two excerpts, or no excerpt has two values.
    """

    def __init__(self, excerpt: IntArray, annotator: IntArray) -> None:
        self.excerpt = np.unique(excerpt, return_inverse=True)[1]
        self.annotator = np.unique(annotator, return_inverse=True)[1]
        self.per_excerpt = np.bincount(self.excerpt).astype(np.float64)
        self.per_annotator = np.bincount(self.annotator).astype(np.float64)
        self.n_values = len(self.excerpt)
        self.n_excerpts, self.n_annotators = len(self.per_excerpt), len(self.per_annotator)
        if self.n_excerpts < 2 or self.n_values == self.n_excerpts:
            raise ValueError("agreement needs two excerpts, and two annotations of one of them")
        self.shared = np.zeros((self.n_excerpts, self.n_annotators))
        np.add.at(self.shared, (self.excerpt, self.annotator), 1.0)
        self.overlap = float(self.n_excerpts / (1 / self.per_excerpt).sum())
        # Otherwise annotator and residual cannot be told apart.
        self.has_annotators = bool((self.per_annotator > 1).any()) and self.n_annotators > 1

    def by_excerpt(self, values: FloatArray) -> FloatArray:
        """X'values: sums over the rows of each excerpt; (n, m) to (n_excerpts, m)."""
        return _group_sums(self.excerpt, values, self.n_excerpts)

    def by_annotator(self, values: FloatArray) -> FloatArray:
        """Z'values: sums over the rows of each annotator; (n, m) to (n_annotators, m)."""
        return _group_sums(self.annotator, values, self.n_annotators)


def fit_components(design: CrossedDesign, values: FloatArray) -> VarianceComponents:
    """REML estimates for one table; `values` of shape (n,) goes with the design's rows.

    >>> design = CrossedDesign(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    >>> round(fit_components(design, np.array([0.0, 1.0, 4.0, 6.0])).excerpt, 2)
    9.94
    """
    from scipy import optimize

    values = values - values.mean()
    if not values.any():
        return _components(design, 0.0, 0.0, 0.0)

    # Only cross products enter, so that an evaluation does not grow with the number of values.
    columns = np.column_stack([np.ones(len(values)), values])
    model = CrossedModel(columns, design.annotator, design.excerpt)

    def criterion(log_ratios: FloatArray) -> float:
        return model.criterion(np.array(_ratios(design, log_ratios)[::-1]))

    n_free = 2 if design.has_annotators else 1
    axis = np.linspace(-6, 4, 6)
    grid = np.stack(np.meshgrid(*[axis] * n_free), axis=-1).reshape(-1, n_free)
    start = min(grid, key=criterion)
    found = optimize.minimize(
        criterion,
        start,
        method="Nelder-Mead",
        bounds=[_LOG_RATIO_BOUNDS] * n_free,
        options={"xatol": 1e-5, "fatol": 1e-9, "maxiter": 600},
    )
    ratio_excerpt, ratio_annotator = _ratios(design, found.x)
    residual = _Inverse(design, ratio_excerpt, ratio_annotator).residual_variance(values)
    return _components(design, ratio_excerpt * residual, ratio_annotator * residual, residual)


def icc_incomplete(
    design: CrossedDesign,
    values: FloatArray,
    rng: np.random.Generator,
    n_resamples: int = 500,
    level: float = 0.95,
) -> tuple[Estimate, Estimate]:
    """ICC(A,1) and ICC(A,k) of an incomplete table, k being the harmonic mean overlap.

    The intervals come from a parametric bootstrap: tables are drawn from the fitted model and
    refitted by one step of Fisher scoring from the fit (Rao's MINQUE, which on balanced
    tables is REML itself), so that a thousand refits cost little more than one.

    Returns:
        The two estimates; their n is the number of values.
    """
    fit = fit_components(design, values)
    kind = "crossed excerpt and annotator" if design.has_annotators else "excerpts only"
    tail = f"REML, {kind}, parametric bootstrap"
    names = f"ICC(A,1), {tail}", f"ICC(A,k) with k = {fit.overlap:.2f}, {tail}"
    if fit.excerpt + fit.annotator + fit.residual == 0 or fit.residual == 0:
        reason = "the values do not vary within excerpts"
        single, average = (Estimate.missing(fit.n_values, name, reason, level) for name in names)
        return single, average
    simulated = _one_step_refits(design, fit, rng, n_resamples)
    low, high = _reflected_interval(fit, simulated, level)
    note = "" if design.has_annotators else "nobody judged two excerpts: this is ICC(1)"
    ends = (low, fit.icc_single, high)
    averages = (stepped_up(value, fit.overlap) for value in ends)
    first, second = (
        Estimate(estimate, lowest, highest, fit.n_values, level, name, note)
        for (lowest, estimate, highest), name in zip((ends, averages), names, strict=True)
    )
    return first, second


def _reflected_interval(
    fit: VarianceComponents, simulated: FloatArray, level: float
) -> tuple[float, float]:
    """Interval of ICC(A,1): basic bootstrap on the scale log(1 + k excerpt / (the rest)).

    There the error hardly depends on the truth (for balanced one-way tables it is the log of an F
    ratio, and the interval is the exact one); plain percentiles would lie too low.
    """
    fitted = np.log1p(fit.overlap * fit.excerpt / (fit.annotator + fit.residual))
    rest = np.maximum(simulated[:, 1] + simulated[:, 2], 1e-12 * fit.residual)
    drawn = np.log(np.maximum(1 + fit.overlap * simulated[:, 0] / rest, 1e-6))
    errors = np.quantile(drawn - fitted, [(1 + level) / 2, (1 - level) / 2])
    ratios = np.maximum(np.expm1(fitted - errors), 0.0) / fit.overlap
    return float(ratios[0] / (1 + ratios[0])), float(ratios[1] / (1 + ratios[1]))


class _Inverse:
    """V and what the likelihood needs of it, at given variance ratios."""

    def __init__(self, design: CrossedDesign, ratio_excerpt: float, ratio_annotator: float) -> None:
        from scipy import linalg

        self.design = design
        self.shrink = ratio_excerpt / (1 + ratio_excerpt * design.per_excerpt)
        self.root = np.sqrt(ratio_annotator)
        inner = np.diag(design.per_annotator) - design.shared.T @ (
            self.shrink[:, None] * design.shared
        )
        self.factor = linalg.cholesky(
            np.eye(design.n_annotators) + ratio_annotator * inner, lower=True
        )
        ones = np.ones((design.n_values, 1))
        self.solved_ones = self.solve(ones)
        self.information = float(self.solved_ones.sum())

    def solve(self, values: FloatArray) -> FloatArray:
        """V^-1 values, for values of shape (n, m)."""
        from scipy import linalg

        without_excerpts = self._solve_excerpts(values)
        annotators = self.root * self.design.by_annotator(without_excerpts)
        effects = self.root * linalg.cho_solve((self.factor, True), annotators)
        correction = self._solve_excerpts(effects[self.design.annotator])
        return np.asarray(without_excerpts - correction, dtype=np.float64)

    def project(self, values: FloatArray) -> FloatArray:
        """P values: V^-1 times what is left of the values after their weighted mean, (n, m)."""
        solved = self.solve(values)
        mean = solved.sum(axis=0, keepdims=True) / self.information
        return np.asarray(solved - self.solved_ones * mean, dtype=np.float64)

    def residual_variance(self, values: FloatArray) -> float:
        """The residual variance that maximises the restricted likelihood at these ratios."""
        return float(values @ self.project(values[:, None])[:, 0]) / (self.design.n_values - 1)

    def _solve_excerpts(self, values: FloatArray) -> FloatArray:
        sums = self.shrink[:, None] * self.design.by_excerpt(values)
        return values - sums[self.design.excerpt]


def _one_step_refits(
    design: CrossedDesign, fit: VarianceComponents, rng: np.random.Generator, n_resamples: int
) -> FloatArray:
    """Components (excerpt, annotator, residual) of simulated tables, shape (n_resamples, 3)."""
    truth = np.array([fit.excerpt, fit.annotator, fit.residual])
    effects = rng.normal(0, np.sqrt(fit.excerpt), (design.n_excerpts, n_resamples))
    biases = rng.normal(0, np.sqrt(fit.annotator), (design.n_annotators, n_resamples))
    noise = rng.normal(0, np.sqrt(fit.residual), (design.n_values, n_resamples))
    values = effects[design.excerpt] + biases[design.annotator] + noise
    inverse = _Inverse(design, fit.excerpt / fit.residual, fit.annotator / fit.residual)
    residuals = inverse.project(values)
    quadratics = np.stack(
        [
            (design.by_excerpt(residuals) ** 2).sum(axis=0),
            (design.by_annotator(residuals) ** 2).sum(axis=0),
            (residuals**2).sum(axis=0),
        ],
        axis=1,
    )
    information = _expected_information(design, inverse, truth / fit.residual)
    return _solutions(information, quadratics, design.has_annotators)


def _expected_information(
    design: CrossedDesign, inverse: _Inverse, ratios: FloatArray
) -> FloatArray:
    """tr(P V_i P V_j) for V_i in (XX', ZZ', I), shape (3, 3), from the identity P V P = P."""
    by_excerpt = inverse.project(np.eye(design.n_excerpts)[design.excerpt])
    by_annotator = inverse.project(np.eye(design.n_annotators)[design.annotator])
    within, between = design.by_excerpt(by_excerpt), design.by_annotator(by_annotator)
    across = design.by_excerpt(by_annotator)
    information = np.zeros((3, 3))
    information[0, 0] = (within**2).sum()
    information[1, 1] = (between**2).sum()
    information[0, 1] = information[1, 0] = (across**2).sum()
    for row, trace in enumerate((np.trace(within), np.trace(between))):
        information[row, 2] = information[2, row] = (
            trace - ratios[0] * information[row, 0] - ratios[1] * information[row, 1]
        )
    explained = ratios[:2] @ information[:2, 2]
    # tr(P V) is the number of values less the one fixed effect.
    trace_p = design.n_values - 1 - ratios[0] * np.trace(within) - ratios[1] * np.trace(between)
    information[2, 2] = trace_p - explained
    return information


def _solutions(information: FloatArray, quadratics: FloatArray, crossed: bool) -> FloatArray:
    """Solve for the components of every table, without annotators where theirs is negative.

    The excerpts' component may be negative: the interval needs the whole spread of the statistic.
    """
    outer = np.array([0, 2])
    solutions = np.zeros_like(quadratics)
    solutions[:, outer] = np.linalg.solve(
        information[np.ix_(outer, outer)], quadratics[:, outer].T
    ).T
    if crossed:
        full = np.linalg.solve(information, quadratics.T).T
        solutions = np.where(full[:, 1:2] >= 0, full, solutions)
    return solutions


def _ratios(design: CrossedDesign, log_ratios: FloatArray) -> tuple[float, float]:
    ratios = np.exp(log_ratios)
    ratios = np.where(ratios < _NO_VARIANCE, 0.0, ratios)
    return float(ratios[0]), float(ratios[1]) if design.has_annotators else 0.0


def _components(
    design: CrossedDesign, excerpt: float, annotator: float, residual: float
) -> VarianceComponents:
    return VarianceComponents(
        excerpt=excerpt,
        annotator=annotator,
        residual=residual,
        n_values=design.n_values,
        n_excerpts=design.n_excerpts,
        n_annotators=design.n_annotators,
        overlap=design.overlap,
    )


def _group_sums(groups: IntArray, values: FloatArray, n_groups: int) -> FloatArray:
    if values.shape[1] == 1:
        return np.bincount(groups, values[:, 0], n_groups)[:, None].astype(np.float64)
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(n_groups))
    return np.asarray(np.add.reduceat(values[order], starts, axis=0), dtype=np.float64)
