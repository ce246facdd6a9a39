"""The training loss of both advisors (torch): how well the evidence singles out the true error."""

import torch
from torch import Tensor

from modeling.errors import ErrorDistribution, hypotheses


def log_likelihood(offset: Tensor, sigma: Tensor, errors: Tensor, active: Tensor) -> Tensor:
    """log p(offset | error), common offset free: see modeling.models.posterior.

    offset, sigma, active (n, 4); errors (h, 4). Returns (n, h). Masked stems count for nothing; a
    set with fewer than two active stems gives 0.
    """
    present = active.to(offset.dtype)
    weight = present / sigma**2
    total = weight.sum(dim=1, keepdim=True).clamp_min(1e-9)
    # The weighted sums of squares, expanded: matrix products instead of an (n, h, 4) array.
    left = weight * offset
    mean = left.sum(dim=1, keepdim=True) - weight @ errors.T
    squares = (left * offset).sum(dim=1, keepdim=True) - 2.0 * left @ errors.T
    squares = squares + weight @ (errors**2).T - mean**2 / total
    log_weight = (present * torch.log(weight.clamp_min(1e-9))).sum(dim=1, keepdim=True)
    enough = (present.sum(dim=1, keepdim=True) > 1.0).to(offset.dtype)
    return enough * (0.5 * (log_weight - torch.log(total)) - 0.5 * squares)


def evidence_loss(offset: Tensor, sigma: Tensor, errors: Tensor, active: Tensor) -> Tensor:
    """Negative log-likelihood (n,) of the evidence under the true error (n, 4)."""
    # The likelihood depends on offset minus error alone.
    left = offset - errors.nan_to_num()
    return -log_likelihood(left, sigma, left.new_zeros(1, left.shape[1]), active)[:, 0]


def posterior_loss(
    offset: Tensor,
    sigma: Tensor,
    errors: Tensor,
    active: Tensor,
    distribution: ErrorDistribution,
) -> Tensor:
    """Negative log posterior density (n,) of the true error against the prior.

    Equals `evidence_loss` plus the log of the evidence's marginal under `distribution`: what an
    advisor needs whose evidence may depend on the error in any way, as that of a mix does.
    """
    loss = evidence_loss(offset, sigma, errors, active)
    for mask in torch.unique(active, dim=0):
        rows = (active == mask).all(dim=1)
        weighed = hypotheses(distribution, tuple(bool(value) for value in mask))
        moves = torch.as_tensor(weighed.moves_db, dtype=offset.dtype, device=offset.device)
        prior = torch.as_tensor(weighed.weights, dtype=offset.dtype, device=offset.device)
        scores = log_likelihood(offset[rows], sigma[rows], moves, active[rows]) + torch.log(prior)
        marginal = torch.zeros_like(loss).masked_scatter(rows, torch.logsumexp(scores, dim=1))
        loss = loss + marginal
    return loss
