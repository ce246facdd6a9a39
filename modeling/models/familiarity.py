"""How much an input is like the training songs, and what to do where it is not (torch).

The distance is the mean square of the whitened principal components of the scalars, and of what
they leave; a training song has about 1. Up to the distance that nearly all validation songs keep,
an advisor trusts itself; beyond it, it falls back step by step to what is known without listening.
"""

import torch
from torch import Tensor, nn

from modeling.models.ear import N_FEATURES

N_COMPONENTS = 24
TRUSTED_SHARE = 0.98
FALL_BACK_RATIO = 1.5
_SHRINKAGE = 0.1


class Familiarity(nn.Module):
    """Distance of scalars (n, N_FEATURES), standardised, from those of the training songs."""

    components: Tensor
    spread: Tensor
    rest: Tensor
    trusted: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("components", torch.zeros(N_FEATURES, N_COMPONENTS))
        self.register_buffer("spread", torch.ones(N_COMPONENTS))
        self.register_buffer("rest", torch.ones(()))
        self.register_buffer("trusted", torch.ones(()))

    @torch.no_grad()
    def fit(self, training: Tensor, validation: Tensor) -> None:
        """Components from the training songs, the trusted distance from the validation songs."""
        rows = training.double()
        n = max(1, min(N_COMPONENTS, len(rows) - 1))
        _, sizes, directions = torch.linalg.svd(rows, full_matrices=False)
        self.components.zero_()
        self.components[:, :n] = directions[:n].T.float()
        spread = sizes[:n] / len(rows) ** 0.5
        self.spread[:n] = (spread + _SHRINKAGE * spread.mean()).float()
        left = rows - rows @ self.components.double() @ self.components.double().T
        self.rest.copy_((left**2).sum(dim=1).mean().clamp_min(1e-6))
        self.trusted.copy_(torch.quantile(self(validation), TRUSTED_SHARE))

    def forward(self, features: Tensor) -> Tensor:
        """Distance (n,)."""
        parts = features @ self.components
        left = (features**2).sum(dim=1) - (parts**2).sum(dim=1)
        known = ((parts / self.spread) ** 2).mean(dim=1)
        return 0.5 * known + 0.5 * left.clamp_min(0.0) / self.rest

    def trust(self, features: Tensor) -> Tensor:
        """Share (n,) from 1, like the training songs, to 0 at `FALL_BACK_RATIO` times trusted."""
        distance: Tensor = self(features)
        beyond = distance / self.trusted.clamp_min(1e-6) - 1.0
        return (1.0 - beyond / (FALL_BACK_RATIO - 1.0)).clamp(0.0, 1.0)
