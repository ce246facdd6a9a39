"""Logistic mixed model of yes and no, with crossed rater and item, by variational Bayes.

Fitted by statsmodels' BinomialBayesMixedGLM (fit_vb): a mean field approximation, so its posterior
SD tends to be too small. It stands beside the cluster-robust figures, never instead of them.
"""

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import sparse, special, stats

from analysis.annotations import IntArray
from analysis.clusters import numbered
from analysis.results import CannotCompute, Estimate
from analysis.vectors import FloatArray

METHOD = "logistic mixed model, crossed rater and item, variational Bayes (statsmodels)"
_SHORT = "mean field posterior: the interval tends to be too short"


@dataclass(frozen=True)
class LogisticFit:
    """Log odds for the typical rater and item, and their SDs on that scale."""

    log_odds: Estimate
    share: float
    """The same as a probability, for a rater and item of no deviation."""
    rater_sd: float
    item_sd: float
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "log_odds": self.log_odds.as_json()}


def fit_logistic(
    successes: FloatArray, rater: IntArray, item: IntArray, level: float = 0.95
) -> LogisticFit:
    """Fit log odds of success.

    Args:
        successes: shape (n,), 0 or 1.
        rater, item: shape (n,), any labels.

    Raises:
        CannotCompute: fewer than two raters or items, or all answers are the same.
    """
    if not len(successes) or (successes == successes[0]).all():
        raise CannotCompute("all answers are the same: no finite log odds")
    factors = numbered(rater), numbered(item)
    if min(factor[1] for factor in factors) < 2:
        raise CannotCompute("a mixed model needs two raters and two items")
    # Loaded here: it brings pandas, which nothing else needs.
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

    n = len(successes)
    columns = [
        sparse.csr_matrix((np.ones(n), (np.arange(n), number)), shape=(n, size))
        for number, size in factors
    ]
    kinds = np.repeat([0, 1], [size for _, size in factors])
    model = BinomialBayesMixedGLM(
        successes, np.ones((n, 1)), sparse.hstack(columns).tocsr(), kinds, vcp_p=1.0, fe_p=2.0
    )
    start = np.zeros(1 + 2 + len(kinds))
    start[0] = special.logit(np.clip(successes.mean(), 0.01, 0.99))
    spread = np.full(len(start), -1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = model.fit_vb(mean=start, sd=np.exp(spread), minim_opts={"maxiter": 500})
    value, sd = float(found.fe_mean[0]), float(found.fe_sd[0])
    half = sd * float(stats.norm.ppf((1 + level) / 2))
    notes = [_SHORT, *sorted({str(one.message) for one in caught})]
    rater_sd, item_sd = (float(np.exp(mean)) for mean in found.vcp_mean)
    estimate = Estimate(value, value - half, value + half, n, level, METHOD, "; ".join(notes))
    return LogisticFit(estimate, float(special.expit(value)), rater_sd, item_sd, tuple(notes))
