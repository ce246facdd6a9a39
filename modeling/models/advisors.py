"""The two conditionings of the trunk (torch).

Differential: every role reads its own stem at equal loudness, beside what else sounds; the trunk
predicts the balanced relative loudness mu, and the evidence is b - mu, the present relative
loudness minus the balanced one. Baseline: every role reads the one mix, and the trunk's offset is
the evidence itself; it never sees a stem, a gain or a stem's loudness.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from modeling.features import PAIRS
from modeling.models.ear import Ear
from modeling.models.summaries import (
    N_PAIR_SCALARS,
    N_SCALARS,
    pair_scalars,
    to_db,
    track_scalars,
)
from modeling.models.trunk import N_ROLES, Trunk, TrunkConfig

OWN = [index for index, (i, j) in enumerate(PAIRS) if i == j]
CONDITIONINGS = ("baseline", "differential")


@dataclass(frozen=True)
class Heard:
    """What one batch of sets sounds like to a trunk; see `Trunk.forward` for the shapes."""

    tracks: Tensor
    scalars: Tensor
    pairs: Tensor
    active: Tensor

    def to(self, device: torch.device) -> "Heard":
        return Heard(
            self.tracks.to(device),
            self.scalars.to(device),
            self.pairs.to(device),
            self.active.to(device),
        )

    def __getitem__(self, index: Tensor | slice) -> "Heard":
        return Heard(self.tracks[index], self.scalars[index], self.pairs[index], self.active[index])


class Advisor(nn.Module):
    """A trunk and its ear, with their conditioning.

    `template_db` (4,) is the balanced relative loudness known without listening; it is added by
    the differential advisor alone.
    """

    template_db: Tensor

    def __init__(self, conditioning: str, config: TrunkConfig) -> None:
        super().__init__()
        if conditioning not in CONDITIONINGS:
            raise ValueError(
                f"conditioning {conditioning!r} is unknown; use {' or '.join(CONDITIONINGS)}"
            )
        self.conditioning = conditioning
        self.trunk = Trunk(config)
        self.ear = Ear()
        self.register_buffer("template_db", torch.zeros(N_ROLES))
        self.in_bf16 = False  # while training, where the hardware is made for it

    def forward(
        self, heard: Heard, relative_db: Tensor | None, from_ear: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Evidence: offset (n, 4), sigma (n, 4), and the embedding (n, 4, token).

        `relative_db` (n, 4) is the present relative loudness; only the differential advisor gets
        it. `from_ear` (n, 4) replaces what the ear says, while training.

        Raises:
            ValueError: relative loudness is given to the baseline, or not to the differential.
        """
        if (relative_db is None) != (self.conditioning == "baseline"):
            raise ValueError(f"relative loudness does not fit the {self.conditioning} advisor")
        if from_ear is None:
            from_ear = self.ear(self.ear.features(heard.scalars, heard.pairs, heard.active))
        # Half precision only inside the trunk: the evidence is a small difference of large levels.
        kind = heard.tracks.device.type
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=self.in_bf16):
            offset, log_sigma, embedding = self.trunk(
                heard.tracks, heard.scalars, heard.pairs, heard.active
            )
        offset, log_sigma = from_ear + offset.float(), log_sigma.float()
        if relative_db is not None:
            offset = relative_db - (self.template_db + offset)
        return offset, log_sigma.exp(), embedding

    def balanced_db(self, heard: Heard) -> tuple[Tensor, Tensor]:
        """Balanced relative loudness mu (n, 4) and sigma (n, 4) of the differential advisor."""
        zero = torch.zeros_like(heard.active, dtype=heard.scalars.dtype)
        offset, sigma, _ = self(heard, zero)
        return -offset, sigma


def hear_stems(bands: Tensor, steps: Tensor, active: Tensor) -> Heard:
    """Stems at equal loudness: own powers (n, t, 40, 2, 4), (n, s, 6, 4), active (n, 4)."""
    bands = bands.permute(0, 4, 1, 2, 3) * active[:, :, None, None, None]
    steps = steps.permute(0, 3, 1, 2) * active[:, :, None, None]
    total = bands.sum(dim=(1, 4))
    rest = total.unsqueeze(1) - bands.sum(dim=4)
    tracks = torch.stack([bands[..., 0], bands[..., 1], rest.clamp_min(0.0)], dim=2)
    scalars = track_scalars(bands.flatten(0, 1), steps.flatten(0, 1))
    return Heard(
        to_db(tracks.transpose(3, 4)),
        scalars.view(*active.shape, N_SCALARS),
        pair_scalars(bands),
        active,
    )


def hear_mix(bands: Tensor, steps: Tensor, active: Tensor) -> Heard:
    """One mix at its own level 0 dB: bands (n, t, 40, 2), steps (n, s, 6).

    `active` (n, 4) says which stems the song has, as a person who is asked about a song's vocals
    knows that it has some.
    """
    tracks = torch.stack([bands[..., 0], bands[..., 1], bands.sum(dim=3)], dim=1)
    scalars = track_scalars(bands, steps).unsqueeze(1).expand(-1, N_ROLES, N_SCALARS)
    pairs = bands.new_zeros(len(bands), N_ROLES, N_ROLES, N_PAIR_SCALARS)
    return Heard(to_db(tracks.transpose(2, 3)).unsqueeze(1), scalars, pairs, active)
