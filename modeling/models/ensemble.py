"""An advisor as it advises: several trained members, calibrated, aware of foreign input (torch).

The members' offsets are averaged; their disagreement is part of sigma. Sigma is scaled by one
factor that was fitted on validation songs. Where an input is unlike the training songs, offset and
sigma move towards the fallback: the template for the differential advisor, "nothing heard" for the
baseline. The fallback's variance grows with the distance: what a song sounds like moves its
balance, so songs that lie farther out in sound lie farther from the template.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from modeling.errors import LARGEST_DB
from modeling.models.advisors import Advisor, Heard
from modeling.models.familiarity import Familiarity
from modeling.models.posterior import Evidence
from modeling.models.trunk import TrunkConfig

NOTHING_HEARD_SIGMA_DB = 6.0
WIDEST_SIGMA_DB = LARGEST_DB
_SETS_AT_ONCE = 32


@dataclass(frozen=True)
class Heeded:
    """Evidence of many sets with how far each input was trusted, (n,) from 0 to 1."""

    evidence: Evidence
    trust: NDArray[np.float64]


class Ensemble(nn.Module):
    """Members with one conditioning, their calibration and their familiarity."""

    sigma_scale: Tensor
    fallback_sigma_db: Tensor

    def __init__(self, conditioning: str, config: TrunkConfig, n_members: int) -> None:
        super().__init__()
        self.conditioning, self.config = conditioning, config
        self.members = nn.ModuleList(Advisor(conditioning, config) for _ in range(n_members))
        self.familiarity = Familiarity()
        self.register_buffer("sigma_scale", torch.ones(()))
        self.register_buffer("fallback_sigma_db", torch.full((4,), NOTHING_HEARD_SIGMA_DB))

    @torch.no_grad()
    def evidence(self, heard: Heard, relative_db: NDArray[np.float64] | None) -> Heeded:
        """Evidence of sets (n, 4); `relative_db` (n, 4) for the differential advisor alone."""
        self.eval()
        present = None
        if relative_db is not None:
            present = torch.as_tensor(np.nan_to_num(relative_db), dtype=torch.float32)
        offsets, variances = [], []
        for member in self.members:
            offset, sigma, _ = _in_parts(member, heard, present)
            offsets.append(offset)
            variances.append(sigma**2)
        offset, spread = _agreed(torch.stack(offsets), heard.active)
        variance = torch.stack(variances).mean(dim=0) + spread
        features = self.features(heard)
        trust = self.familiarity.trust(features).unsqueeze(1)
        widened = self.fallback_sigma_db**2 * self.familiarity.widening(features).unsqueeze(1)
        widened = widened.clamp_max(WIDEST_SIGMA_DB**2)
        variance = trust * variance * self.sigma_scale**2 + (1 - trust) * widened
        offset = trust * offset + (1 - trust) * self._fallback(present, offset)
        active = heard.active.numpy()
        return Heeded(
            Evidence(
                np.where(active, offset.double().numpy(), np.nan),
                np.where(active, variance.sqrt().double().numpy(), np.nan),
            ),
            trust[:, 0].double().numpy(),
        )

    def fit_familiarity(
        self, training: Heard, validation: Heard, foreign: Heard | None = None
    ) -> None:
        """Learn what the training songs are like, and how far foreign songs lie from them."""
        strange = None if foreign is None else self.features(foreign)
        self.familiarity.fit(self.features(training), self.features(validation), strange)

    def features(self, heard: Heard) -> Tensor:
        """Standardised scalars (n, f). All members saw the same songs: any one's scale will do."""
        features: Tensor = self._first().ear.features(heard.scalars, heard.pairs, heard.active)
        return features

    def _first(self) -> Advisor:
        member = self.members[0]
        assert isinstance(member, Advisor)
        return member

    def _fallback(self, relative_db: Tensor | None, like: Tensor) -> Tensor:
        if relative_db is None:
            return torch.zeros_like(like)
        return relative_db - self._first().template_db


def _in_parts(
    member: nn.Module, heard: Heard, relative_db: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    parts = []
    for first in range(0, len(heard.active), _SETS_AT_ONCE):
        rows = slice(first, first + _SETS_AT_ONCE)
        some = heard[rows]
        some = Heard(some.tracks.float(), some.scalars, some.pairs, some.active)
        parts.append(member(some, None if relative_db is None else relative_db[rows]))
    offset, sigma, embedding = (torch.cat(values) for values in zip(*parts, strict=True))
    return offset, sigma, embedding


def _agreed(offsets: Tensor, active: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (n, 4) over members and their variance, both blind to a common offset."""
    present = active.to(offsets.dtype)
    count = present.sum(dim=1, keepdim=True).clamp_min(1.0)
    centred = (offsets - (offsets * present).sum(dim=2, keepdim=True) / count) * present
    return offsets.mean(dim=0), centred.var(dim=0, correction=0)
