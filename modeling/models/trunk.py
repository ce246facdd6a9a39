"""The trunk that both advisors share: encoder over time, role queries, set mixer, head (torch).

Input is four roles, each reading one track: in the differential advisor its own stem, in the
baseline the one mix. Nothing in the trunk depends on the order in which stems are listed: a role
is an embedding, and the mixer is attention without positions.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from modeling.features import N_BANDS
from modeling.models.summaries import N_PAIR_SCALARS, N_SCALARS

N_ROLES = 4
N_CHANNELS = 3  # middle, side, and what else sounds
_NORM_EPSILON = 1e-4
_WIDEST = 4.0
_FIRST_SIGMA_DB = 2.5


@dataclass(frozen=True)
class TrunkConfig:
    """Sizes of the trunk; the same for both advisors."""

    width: int = 80
    token: int = 80
    heads: int = 4
    mixer_layers: int = 2
    dropout: float = 0.25
    scalar_noise: float = 0.5  # SD of what is added to standardised scalars while training

    def as_json(self) -> dict[str, float | int]:
        """Plain values for the card."""
        return asdict(self)


class Standardiser(nn.Module):
    """Scales values by the mean and SD of the training songs, limited to +-4 SD."""

    mean: Tensor
    spread: Tensor

    def __init__(self, n: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("spread", torch.ones(n))

    def fit(self, values: Tensor) -> None:
        """Take mean and SD from values (..., n)."""
        rows = values.reshape(-1, values.shape[-1]).double()
        self.mean.copy_(rows.mean(dim=0))
        self.spread.copy_(rows.std(dim=0).clamp_min(1e-3))

    def forward(self, values: Tensor) -> Tensor:
        return ((values - self.mean) / self.spread).clamp(-_WIDEST, _WIDEST)


class Encoder(nn.Module):
    """A track's bands over time (n, 3, 40, t) to columns (n, t / 8, width)."""

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        width = config.width
        self.first = nn.Conv1d(N_CHANNELS * N_BANDS, width, 5, stride=2, padding=2)
        self.second = nn.Conv1d(width, width, 5, stride=2, padding=2)
        self.third = nn.Conv1d(width, width, 5, stride=2, padding=2)
        self.norms = nn.ModuleList(nn.GroupNorm(1, width, eps=_NORM_EPSILON) for _ in range(3))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, tracks: Tensor) -> Tensor:
        hidden = tracks.flatten(1, 2)
        layers = (self.first, self.second, self.third)
        for layer, norm in zip(layers, self.norms, strict=True):
            hidden = self.dropout(functional.gelu(norm(layer(hidden))))
        return hidden.transpose(1, 2)


class RolePooling(nn.Module):
    """Each role asks its track what matters to it: attention over time, mean and SD."""

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(N_ROLES, config.width) * 0.02)
        self.keys = nn.Linear(config.width, config.width)
        self.out = nn.Linear(3 * config.width, config.token)
        self.scale = config.width**-0.5

    def forward(self, columns: Tensor) -> Tensor:
        """(n, 4 or 1, t, width) to (n, 4, token)."""
        scores = torch.einsum("nrtw,rw->nrt", self.keys(columns), self.queries) * self.scale
        if columns.shape[1] == 1:  # all roles read the one mix
            scores = torch.einsum("ntw,rw->nrt", self.keys(columns[:, 0]), self.queries)
            scores = scores * self.scale
            columns = columns.expand(-1, N_ROLES, -1, -1)
        attended = torch.einsum("nrt,nrtw->nrw", scores.softmax(dim=2), columns)
        pooled = torch.cat([attended, columns.mean(dim=2), columns.std(dim=2)], dim=2)
        result: Tensor = self.out(pooled)
        return result


class MixerLayer(nn.Module):
    """Attention among the active roles and a step of its own, without positions."""

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(
            config.token, config.heads, dropout=config.dropout, batch_first=True
        )
        self.step = nn.Sequential(
            nn.Linear(config.token, 2 * config.token),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * config.token, config.token),
        )
        self.first_norm = nn.LayerNorm(config.token)
        self.second_norm = nn.LayerNorm(config.token)

    def forward(self, tokens: Tensor, asleep: Tensor) -> Tensor:
        normed = self.first_norm(tokens)
        heard, _ = self.attention(
            normed, normed, normed, key_padding_mask=asleep, need_weights=False
        )
        tokens = tokens + heard
        result: Tensor = tokens + self.step(self.second_norm(tokens))
        return result


class Trunk(nn.Module):
    """Tracks and scalars to, per role, an offset in dB, a log sigma and an embedding.

    The last layer starts at zero, so at first the offset adds nothing to what the caller knows
    and sigma is `first_sigma_db` (4,): what training adds can be measured.
    """

    first_sigma_db: Tensor

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        token = config.token
        self.config = config
        self.band_scale = Standardiser(N_CHANNELS * N_BANDS)
        self.scalar_scale = Standardiser(N_SCALARS * N_ROLES)
        self.pair_scale = Standardiser(N_PAIR_SCALARS * N_ROLES * N_ROLES)
        self.encoder = Encoder(config)
        self.pooling = RolePooling(config)
        self.roles = nn.Embedding(N_ROLES, token)
        self.scalars = nn.Sequential(
            nn.Linear(N_SCALARS, token), nn.GELU(), nn.Dropout(config.dropout)
        )
        self.pairs = nn.Sequential(nn.Linear(N_PAIR_SCALARS + token, token // 2), nn.GELU())
        self.pairs_out = nn.Linear(token // 2, token)
        self.mixer = nn.ModuleList(MixerLayer(config) for _ in range(config.mixer_layers))
        self.norm = nn.LayerNorm(token)
        self.head = nn.Linear(token, 2)
        self.register_buffer("first_sigma_db", torch.full((N_ROLES,), _FIRST_SIGMA_DB))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self, tracks: Tensor, scalars: Tensor, pairs: Tensor, active: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Offset (n, 4), log sigma (n, 4), embedding (n, 4, token).

        tracks (n, 4 or 1, 3, 40, t) in dB, scalars (n, 4, s), pairs (n, 4, 4, p),
        active (n, 4) bool. What belongs to a masked role reaches no other role.
        """
        present = active.unsqueeze(2).to(scalars.dtype)
        scalars = self._noisy(self.scalar_scale(scalars.flatten(1)).view_as(scalars)) * present
        both = (present.unsqueeze(1) * present.unsqueeze(2)).to(pairs.dtype)
        pairs = self._noisy(self.pair_scale(pairs.flatten(1)).view_as(pairs)) * both
        tokens = self._tokens(tracks, scalars, pairs, both)
        asleep = ~active
        # A set without any active stem would attend to nothing; let it attend to itself.
        asleep = asleep & active.any(dim=1, keepdim=True)
        for layer in self.mixer:
            tokens = layer(tokens, asleep)
        embedding = self.norm(tokens)
        out = self.head(embedding)
        offset = out[..., 0] * self.first_sigma_db
        log_sigma = torch.log(self.first_sigma_db) + out[..., 1].clamp(-3.0, 2.0)
        return offset, log_sigma, embedding

    def _noisy(self, values: Tensor) -> Tensor:
        """Scalars name a song so well that it would be learned by heart; noise blurs the name."""
        if not self.training or not self.config.scalar_noise:
            return values
        return values + self.config.scalar_noise * torch.randn_like(values)

    def _tokens(self, tracks: Tensor, scalars: Tensor, pairs: Tensor, both: Tensor) -> Tensor:
        n, n_tracks = tracks.shape[:2]
        flat = tracks.flatten(0, 1).flatten(1, 2).transpose(1, 2)
        scaled = self.band_scale(flat).transpose(1, 2).unflatten(1, (N_CHANNELS, N_BANDS))
        columns = self.encoder(scaled).unflatten(0, (n, n_tracks))
        tokens = self.pooling(columns) + self.roles.weight + self.scalars(scalars)
        others = tokens.unsqueeze(1).expand(-1, N_ROLES, -1, -1)
        messages = self.pairs(torch.cat([pairs, others.to(pairs.dtype)], dim=3)) * both
        result: Tensor = tokens + self.pairs_out(messages.mean(dim=2))
        return result


def n_parameters(module: nn.Module) -> int:
    """How many trained parameters a network has."""
    return sum(parameter.numel() for parameter in module.parameters())
