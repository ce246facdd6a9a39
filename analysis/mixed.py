"""Linear mixed model of ratings by REML: systems fixed, rater and item crossed and random.

The model is value = system + rater + item + residual. With V = I + g_r ZZ' + g_i XX' (g: variances
relative to the residual one) all that the likelihood needs are cross products of the design, which
are summed once; an iteration then costs the factor of a matrix of the smaller of raters and items.
Intervals of differences are two-way cluster robust (Cameron, Gelbach & Miller 2011), so that raters
who differ in which system they like do not make them too short.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats

from analysis.annotations import IntArray
from analysis.clusters import ENOUGH_CLUSTERS, caution, numbered
from analysis.crossed import CrossedModel, group_sums
from analysis.rating_tables import SystemRatings
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

_LOG_RATIO_BOUNDS = (-16.0, 12.0)
_NO_VARIANCE = 1e-6
METHOD = "linear mixed model by REML, crossed rater and item"
ROBUST = "two-way cluster-robust t interval over raters and items"


@dataclass(frozen=True)
class SystemDifference:
    """First less second, in units of the scale."""

    first: str
    second: str
    difference: Estimate
    model_se: float
    """Standard error if the model were true; the interval uses the robust one."""
    robust_se: float
    freedom: float
    p: float

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "difference": self.difference.as_json()}


@dataclass(frozen=True)
class MixedFit:
    """The fitted model; variances in squared units of the scale."""

    systems: tuple[str, ...]
    means: tuple[Estimate, ...]
    differences: tuple[SystemDifference, ...]
    rater_sd: float
    item_sd: float
    residual_sd: float
    reml_criterion: float
    """-2 times the restricted log likelihood, as lme4 prints it."""
    n_ratings: int
    n_raters: int
    n_items: int
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        parts = {
            "means": [mean.as_json() for mean in self.means],
            "differences": [difference.as_json() for difference in self.differences],
        }
        return {**asdict(self), **parts}


def fit_mixed(ratings: SystemRatings, level: float = 0.95) -> MixedFit:
    """Fit the model; differences of all pairs of systems, raw p.

    Raises:
        CannotCompute: no ratings, one system, nothing varies, or no freedom left.
    """
    ratings.check_comparable()
    rated = ratings.rated_systems()
    if len(ratings) <= len(rated) + 1:
        raise CannotCompute(f"{len(ratings)} ratings are too few for {len(rated)} systems")
    design = (ratings.system[:, None] == np.array(rated)).astype(np.float64)
    columns = np.column_stack([design, ratings.value - ratings.value.mean()])
    model = CrossedModel(columns, ratings.rater, ratings.item)
    ratios, notes = _fitted_ratios(model)
    products, _ = model.products(ratios)
    p = model.n_fixed
    covariance: FloatArray = np.asarray(np.linalg.inv(products[:p, :p]), dtype=np.float64)
    effects: FloatArray = covariance @ products[:p, p]
    residual = (products[p, p] - products[:p, p] @ effects) / (model.n - p)
    robust, freedom = _robust_covariance(model, ratios, covariance, effects, ratings)
    means = effects + ratings.value.mean()
    few = min(model.large[1], model.small[1])
    if few < ENOUGH_CLUSTERS:
        notes.append(caution(few, "raters or items"))
    found = _Found(ratings.systems, rated, means, covariance * residual, robust, freedom, level)
    return MixedFit(
        systems=tuple(ratings.systems[system] for system in rated),
        means=tuple(found.mean(place, len(ratings.of(s))) for place, s in enumerate(rated)),
        differences=found.differences(len(ratings)),
        rater_sd=float(np.sqrt(ratios[0] * residual)),
        item_sd=float(np.sqrt(ratios[1] * residual)),
        residual_sd=float(np.sqrt(residual)),
        reml_criterion=model.criterion(ratios),
        n_ratings=len(ratings),
        n_raters=len(np.unique(ratings.rater)),
        n_items=len(np.unique(ratings.item)),
        notes=tuple(notes),
    )


def _fitted_ratios(model: CrossedModel) -> tuple[FloatArray, list[str]]:
    """Variance ratios (rater, item) at the minimum of the criterion, and what to say of them."""

    def ratios_of(log_ratios: FloatArray) -> FloatArray:
        ratios = np.exp(log_ratios)
        return np.where(ratios < _NO_VARIANCE, 0.0, ratios)

    axis = np.array([-6.0, -2.0, 1.0, 4.0])
    grid: FloatArray = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    criteria = [model.criterion(ratios_of(point)) for point in grid]
    if not np.isfinite(min(criteria)):
        raise CannotCompute("the systems explain every rating: no residual is left")

    def criterion(log_ratios: FloatArray) -> float:
        return model.criterion(ratios_of(log_ratios))

    found = optimize.minimize(
        criterion,
        grid[int(np.argmin(criteria))].copy(),
        method="Nelder-Mead",
        bounds=[_LOG_RATIO_BOUNDS] * 2,
        options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 800},
    )
    ratios = ratios_of(found.x)
    notes = [] if found.success else [f"the fit did not converge: {found.message}"]
    for name, ratio in zip(("rater", "item"), ratios, strict=True):
        if ratio == 0:
            notes.append(f"the variance between {name}s is estimated as zero (singular fit)")
    return ratios, notes


def _robust_covariance(
    model: CrossedModel,
    ratios: FloatArray,
    covariance: FloatArray,
    effects: FloatArray,
    ratings: SystemRatings,
) -> tuple[FloatArray, float]:
    """Sandwich of the generalised least squares effects, clustered by rater and by item.

    Rater plus item less their intersection, each with G / (G - 1); never below the larger of the
    one-way ones on the diagonal of a difference, which the caller takes care of.
    """
    p = model.n_fixed
    weighted = model.weighted(ratios, model.columns[:, :p])
    residuals = model.columns[:, p] - model.columns[:, :p] @ effects
    scores = weighted * residuals[:, None]
    pairs = np.unique(np.stack([ratings.rater, ratings.item], axis=1), axis=0, return_inverse=True)
    meats = [_meat(scores, labels) for labels in (ratings.rater, ratings.item)]
    both = _meat(scores, np.asarray(pairs[1]).reshape(-1))
    raters, items = len(np.unique(ratings.rater)), len(np.unique(ratings.item))
    stacked = [covariance @ meat @ covariance for meat in (*meats, meats[0] + meats[1] - both)]
    return np.stack(stacked), float(max(min(raters, items) - 1, 1))


def _meat(scores: FloatArray, labels: IntArray) -> FloatArray:
    cluster = numbered(labels)
    if cluster[1] < 2:
        return np.zeros((scores.shape[1], scores.shape[1]))
    sums = group_sums(cluster, scores)
    return np.asarray(sums.T @ sums * cluster[1] / (cluster[1] - 1))


@dataclass(frozen=True)
class _Found:
    """Effects and both covariances; `robust` holds rater, item and two-way, (3, p, p)."""

    names: tuple[str, ...]
    rated: list[int]
    means: FloatArray
    model: FloatArray
    robust: FloatArray
    freedom: float
    level: float

    def _interval(self, weights: FloatArray) -> tuple[float, float, float]:
        """Model SE, robust SE (the largest of the three), half width."""
        model_se = float(np.sqrt(weights @ self.model @ weights))
        variances = np.einsum("i,kij,j->k", weights, self.robust, weights)
        robust_se = float(np.sqrt(max(variances.max(), 0.0)))
        return (
            model_se,
            robust_se,
            robust_se * float(stats.t.ppf((1 + self.level) / 2, self.freedom)),
        )

    def mean(self, place: int, n: int) -> Estimate:
        weights = np.eye(len(self.rated))[place]
        half = self._interval(weights)[2]
        mean = float(self.means[place])
        return Estimate(mean, mean - half, mean + half, n, self.level, f"{METHOD}, {ROBUST}")

    def differences(self, n: int) -> tuple[SystemDifference, ...]:
        found = []
        for one in range(len(self.rated)):
            for other in range(one + 1, len(self.rated)):
                weights = np.eye(len(self.rated))[one] - np.eye(len(self.rated))[other]
                model_se, robust_se, half = self._interval(weights)
                value = float(weights @ self.means)
                p = 2 * stats.t.sf(abs(value) / robust_se, self.freedom) if robust_se else np.nan
                estimate = Estimate(
                    value, value - half, value + half, n, self.level, f"{METHOD}, {ROBUST}"
                )
                names = self.names[self.rated[one]], self.names[self.rated[other]]
                found.append(
                    SystemDifference(*names, estimate, model_se, robust_se, self.freedom, float(p))
                )
        return tuple(found)
