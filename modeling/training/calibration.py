"""What is fitted on validation songs after training: the scale of sigma."""

import numpy as np
from numpy.typing import NDArray

from modeling.errors import hypotheses
from modeling.evaluation.cases import Cases
from modeling.models.posterior import Evidence, log_likelihoods

SCALES = tuple(float(scale) for scale in np.geomspace(0.5, 3.0, 25))


def fit_sigma_scale(evidence: Evidence, cases: Cases) -> float:
    """The factor on sigma under which the true errors are most probable a posteriori."""
    losses = [_posterior_loss(evidence, cases, scale) for scale in SCALES]
    return SCALES[int(np.argmin(losses))]


def _posterior_loss(evidence: Evidence, cases: Cases, scale: float) -> float:
    total = 0.0
    masks = evidence.mask
    for mask in np.unique(masks, axis=0):
        rows = (masks == mask).all(axis=1)
        if mask.sum() < 2:
            continue
        weighed = hypotheses(cases.distribution, tuple(bool(value) for value in mask))
        offset_db = evidence.offset_db[rows][:, mask]
        sigma_db = evidence.sigma_db[rows][:, mask] * scale
        scores = log_likelihoods(offset_db, sigma_db, weighed.moves_db[:, mask])
        marginal = _log_sum_exp(scores + np.log(weighed.weights))
        errors_db = cases.errors_db[rows][:, mask]
        own = [
            log_likelihoods(offset_db[i : i + 1], sigma_db[i : i + 1], errors_db[i : i + 1])[0, 0]
            for i in range(len(errors_db))
        ]
        total += float((marginal - np.array(own)).sum())
    return total / max(1, len(cases))


def _log_sum_exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    top = values.max(axis=1)
    return np.asarray(top + np.log(np.exp(values - top[:, None]).sum(axis=1)))
