"""Other forms of the differential advisor, to be measured beside the one that is shipped (torch).

Direct: the present loudness goes into the network, which regresses the error itself. Siamese: the
present set and the balanced set of another song go through the same network, the first attends to
the second, and the error is regressed.
"""

import torch
from torch import Tensor, nn

from modeling.models.advisors import Heard
from modeling.models.trunk import N_ROLES, Trunk, TrunkConfig

_LEVEL_DB = 6.0


class LevelTrunk(Trunk):
    """A trunk whose roles also know how loud they are in the set."""

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__(config)
        self.level = nn.Sequential(
            nn.Linear(1, config.token), nn.GELU(), nn.Linear(config.token, config.token)
        )
        self._relative_db = torch.zeros(1, N_ROLES)

    def hear(self, heard: Heard, relative_db: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Offset (n, 4), log sigma (n, 4), embedding (n, 4, token) of sets at a balance (n, 4)."""
        self._relative_db = relative_db
        offset, log_sigma, embedding = self(heard.tracks, heard.scalars, heard.pairs, heard.active)
        return offset, log_sigma, embedding

    def _tokens(self, tracks: Tensor, scalars: Tensor, pairs: Tensor, both: Tensor) -> Tensor:
        level: Tensor = self.level(self._relative_db.unsqueeze(2) / _LEVEL_DB)
        return super()._tokens(tracks, scalars, pairs, both) + level


class Direct(nn.Module):
    """Regresses the error of a set."""

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        self.trunk = LevelTrunk(config)

    def forward(self, heard: Heard, relative_db: Tensor) -> tuple[Tensor, Tensor]:
        offset, log_sigma, _ = self.trunk.hear(heard, relative_db)
        return offset, log_sigma.exp()


class Siamese(nn.Module):
    """Regresses the error of a set beside the balanced set of another song."""

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        self.trunk = LevelTrunk(config)
        self.across = nn.MultiheadAttention(
            config.token, config.heads, dropout=config.dropout, batch_first=True
        )
        self.norm = nn.LayerNorm(config.token)
        self.head = nn.Linear(config.token, 2)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self, heard: Heard, relative_db: Tensor, other: Heard, other_db: Tensor
    ) -> tuple[Tensor, Tensor]:
        _, _, own = self.trunk.hear(heard, relative_db)
        _, _, balanced = self.trunk.hear(other, other_db)
        met, _ = self.across(own, balanced, balanced, need_weights=False)
        out = self.head(self.norm(own + met))
        first_db = self.trunk.first_sigma_db
        return out[..., 0] * first_db, first_db * out[..., 1].clamp(-3.0, 2.0).exp()
