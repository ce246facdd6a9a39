"""The linear part of what both advisors hear: ridge regression on the scalars (torch).

It is fitted before the network, on the same songs, and the network learns what is left. While the
network trains, each song gets the weights that were fitted without its artist: what is left is then
what is left on unseen songs, and the stated sigma is honest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from modeling.models.summaries import N_PAIR_SCALARS, N_SCALARS
from modeling.models.trunk import N_ROLES

N_FEATURES = N_ROLES * N_SCALARS + N_ROLES * N_ROLES * N_PAIR_SCALARS
STRENGTHS = (10.0, 30.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
N_FOLDS = 5
_WIDEST = 4.0


class LinearEar(nn.Module):
    """Offset per role in dB, linear in the scalars of all roles and pairs."""

    mean: Tensor
    spread: Tensor
    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(N_FEATURES))
        self.register_buffer("spread", torch.ones(N_FEATURES))
        self.register_buffer("weight", torch.zeros(N_FEATURES, N_ROLES))

    def features(self, scalars: Tensor, pairs: Tensor, active: Tensor) -> Tensor:
        """(n, N_FEATURES) standardised; 0 for what belongs to a masked role."""
        scaled = (flat_features(scalars, pairs) - self.mean) / self.spread
        return scaled.clamp(-_WIDEST, _WIDEST) * _present(active).to(scaled.dtype)

    def forward(self, scalars: Tensor, pairs: Tensor, active: Tensor) -> Tensor:
        return self.features(scalars, pairs, active) @ self.weight

    def fit_scale(self, scalars: Tensor, pairs: Tensor) -> None:
        """Take mean and SD of the features from the training songs."""
        rows = flat_features(scalars, pairs).double()
        self.mean.copy_(rows.mean(dim=0))
        self.spread.copy_(rows.std(dim=0).clamp_min(1e-3))


@dataclass(frozen=True)
class LinearFit:
    """Ridge weights: `full` (f, 4) from all rows, `by_fold` (folds, f, 4) without each fold.

    `rmse_db` (4,) is the error on rows whose fold was left out, `strength` the ridge chosen by it.
    """

    full: Tensor
    by_fold: Tensor
    strength: float
    rmse_db: tuple[float, ...]


def fit_ridge(
    features: Tensor,
    targets: Tensor,
    present: Tensor,
    folds: Tensor,
    strengths: Sequence[float] = STRENGTHS,
    repeats: int = 1,
) -> LinearFit:
    """Fit targets (n, 4), where `present` (n, 4), on features (n, f).

    Folds (n,) are numbered from 0 and hold whole artists; the strength with the smallest error on
    left-out folds wins. `repeats` says how many rows one song has: rows of one song are no new
    songs, so the ridge grows with them.
    """
    rows, wanted = features.double(), (targets * present).double()
    weights = present.double()
    n_folds = int(folds.max()) + 1
    fits = []
    for strength in strengths:
        by_fold = torch.stack(
            [
                _solve(rows[folds != fold], wanted[folds != fold], strength * repeats)
                for fold in range(n_folds)
            ]
        )
        left_out = torch.einsum("nf,nfk->nk", rows, by_fold[folds])
        error = ((left_out - wanted) ** 2 * weights).sum(dim=0) / weights.sum(dim=0).clamp_min(1.0)
        fits.append((float(error.sum()), strength, by_fold, error.sqrt()))
    _, strength, by_fold, rmse = min(fits, key=lambda fit: fit[0])
    full = _solve(rows, wanted, strength * repeats)
    return LinearFit(full.float(), by_fold.float(), strength, tuple(float(v) for v in rmse))


def flat_features(scalars: Tensor, pairs: Tensor) -> Tensor:
    """(n, N_FEATURES) of scalars (n, 4, s) and pairs (n, 4, 4, p)."""
    return torch.cat([scalars.flatten(1), pairs.flatten(1)], dim=1)


def _present(active: Tensor) -> Tensor:
    both = active.unsqueeze(1) & active.unsqueeze(2)
    return torch.cat(
        [
            active.unsqueeze(2).expand(-1, -1, N_SCALARS).flatten(1),
            both.unsqueeze(3).expand(-1, -1, -1, N_PAIR_SCALARS).flatten(1),
        ],
        dim=1,
    )


def _solve(rows: Tensor, wanted: Tensor, strength: float) -> Tensor:
    n, n_features = rows.shape
    if n < n_features:  # the dual form is smaller
        gram = rows @ rows.T + strength * torch.eye(n, dtype=rows.dtype, device=rows.device)
        return rows.T @ torch.linalg.solve(gram, wanted)
    gram = rows.T @ rows + strength * torch.eye(n_features, dtype=rows.dtype, device=rows.device)
    return torch.linalg.solve(gram, rows.T @ wanted)
