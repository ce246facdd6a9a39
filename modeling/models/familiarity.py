"""How much an input is like the training songs, and what to do where it is not (torch).

The scalars fall into groups: of each role how it sounds, how it moves in time, and how the others
cover it. In each group the distance is the mean square of the whitened principal components and of
what they leave, over what nearly all validation songs keep. The group in which an input is most
foreign counts. Up to the distance of nearly all validation songs an advisor trusts itself; at the
distance of the usual foreign song (modeling.demo_songs.foreign) not at all.
"""

import torch
from torch import Tensor, nn

from modeling.models.ear import N_FEATURES
from modeling.models.summaries import N_PAIR_SCALARS, N_SCALARS, SOUND_SCALARS
from modeling.models.trunk import N_ROLES

N_COMPONENTS = 16
TRUSTED_SHARE = 0.98
FOREIGN_SHARE = 0.5
_LEAST_FALL = 1.2
_SHRINKAGE = 0.1
_SMALLEST = 1e-6


def feature_groups() -> list[Tensor]:
    """The numbers of the features of each group; together they are all features."""
    groups = []
    for role in range(N_ROLES):
        own = torch.arange(role * N_SCALARS, (role + 1) * N_SCALARS)
        sound = torch.zeros(N_SCALARS, dtype=torch.bool)
        sound[list(SOUND_SCALARS)] = True
        first = N_ROLES * N_SCALARS + role * N_ROLES * N_PAIR_SCALARS
        groups += [own[sound], own[~sound], torch.arange(first, first + N_ROLES * N_PAIR_SCALARS)]
    return groups


class Familiarity(nn.Module):
    """Distance of standardised scalars (n, N_FEATURES) from those of the training songs.

    A distance of 1 in a group is that of all but 2 % of the validation songs.
    """

    components: Tensor
    spread: Tensor
    rest: Tensor
    usual: Tensor
    trusted: Tensor
    foreign: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.groups = feature_groups()
        n = len(self.groups)
        self.register_buffer("components", torch.zeros(N_FEATURES, N_COMPONENTS))
        self.register_buffer("spread", torch.ones(n, N_COMPONENTS))
        self.register_buffer("rest", torch.ones(n))
        self.register_buffer("usual", torch.ones(n))
        self.register_buffer("trusted", torch.ones(()))
        self.register_buffer("foreign", torch.tensor(_LEAST_FALL))

    @torch.no_grad()
    def fit(self, training: Tensor, validation: Tensor, foreign: Tensor | None = None) -> None:
        """Components from the training songs, distances from validation and foreign songs (n, f).

        Without foreign songs trust ends soon after the validation songs do.
        """
        self.components.zero_()
        for number, group in enumerate(self.groups):
            self._fit_group(number, training[:, group].double())
        self.usual.fill_(1.0)
        self.usual.copy_(torch.quantile(self.by_group(validation), TRUSTED_SHARE, dim=0))
        self.usual.clamp_(min=_SMALLEST)
        self.trusted.copy_(torch.quantile(self(validation), TRUSTED_SHARE))
        self.foreign.copy_(self.trusted * _LEAST_FALL)
        if foreign is not None and len(foreign):
            self.foreign.clamp_(min=float(torch.quantile(self(foreign), FOREIGN_SHARE)))

    def _fit_group(self, number: int, rows: Tensor) -> None:
        n = max(1, min(N_COMPONENTS, *(size - 1 for size in rows.shape)))
        _, sizes, directions = torch.linalg.svd(rows, full_matrices=False)
        main = directions[:n].T
        self.components[self.groups[number], :n] = main.float()
        spread = sizes[:n] / len(rows) ** 0.5
        self.spread[number].fill_(1.0)
        self.spread[number, :n] = (spread + _SHRINKAGE * spread.mean()).clamp_min(_SMALLEST).float()
        left = rows - rows @ main @ main.T
        self.rest[number] = (left**2).sum(dim=1).mean().clamp_min(_SMALLEST)

    def by_group(self, features: Tensor) -> Tensor:
        """Distance (n, groups) in each group."""
        distances = []
        for number, group in enumerate(self.groups):
            rows = features[:, group]
            parts = rows @ self.components[group]
            left = (rows**2).sum(dim=1) - (parts**2).sum(dim=1)
            known = ((parts / self.spread[number]) ** 2).mean(dim=1)
            distance = 0.5 * known + 0.5 * left.clamp_min(0.0) / self.rest[number]
            distances.append(distance / self.usual[number])
        return torch.stack(distances, dim=1)

    def forward(self, features: Tensor) -> Tensor:
        """Distance (n,) in the group in which it is largest."""
        return self.by_group(features).amax(dim=1)

    def widening(self, features: Tensor) -> Tensor:
        """Factor (n,) on a variance, 1 up to the trusted distance, then growing with it."""
        distance: Tensor = self(features)
        return (distance / self.trusted.clamp_min(_SMALLEST)).clamp_min(1.0)

    def trust(self, features: Tensor) -> Tensor:
        """Share (n,) from 1, like the training songs, to 0 where the usual foreign song lies."""
        distance: Tensor = self(features)
        fall = (distance - self.trusted) / (self.foreign - self.trusted).clamp_min(_SMALLEST)
        return (1.0 - fall).clamp(0.0, 1.0)
