"""Where every member of an advisor starts: scales, template and ear, fitted once (torch)."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from modeling.models.advisors import Advisor, Heard
from modeling.training.data import SongBank

N_FOLDS = 5
_SMALLEST_SIGMA_DB = 0.3
_TO_INDEPENDENT = math.sqrt(4.0 / 3.0)  # centring four stems takes a quarter of the variance


@dataclass(frozen=True)
class Start:
    """The fitted parts of a first advisor, to be copied into each member.

    `left_out_db` (draws, songs, 4) is what the ear says of each training song when it was fitted
    without that song's artist; `linear` (f, 4) are the weights of the row `ridge`.
    """

    advisor: Advisor
    left_out_db: Tensor
    ear_rmse_db: tuple[float, ...]
    ear_strength: float
    linear: NDArray[np.float64]

    def begin(self, member: Advisor) -> Advisor:
        """Give a fresh member everything that is fitted before training."""
        fitted = self.advisor
        member.ear.load_state_dict(fitted.ear.state_dict())
        member.template_db.copy_(fitted.template_db)
        member.trunk.first_sigma_db.copy_(fitted.trunk.first_sigma_db)
        for name in ("band_scale", "scalar_scale", "pair_scale"):
            getattr(member.trunk, name).load_state_dict(getattr(fitted.trunk, name).state_dict())
        return member


@torch.no_grad()
def fit_start(advisor: Advisor, songs: SongBank, artists: list[str], seed: int) -> Start:
    """Fit scales, template and ear of `advisor` on the training songs."""
    heard = songs.all_heard()
    columns = heard.tracks[..., ::8].float().flatten(0, 1).flatten(1, 2).transpose(1, 2)
    advisor.trunk.band_scale.fit(columns)
    advisor.trunk.scalar_scale.fit(heard.scalars.flatten(1))
    advisor.trunk.pair_scale.fit(heard.pairs.flatten(1))
    advisor.ear.fit_scale(heard.scalars, heard.pairs)
    batches = _targets(advisor, songs, heard)
    folds = torch.as_tensor(np.tile(artist_folds(artists, seed), len(batches))).to(songs.device)
    fit = advisor.ear.fit(
        torch.cat([advisor.ear.features(h.scalars, h.pairs, h.active) for h, _ in batches]),
        torch.cat([wanted for _, wanted in batches]),
        torch.cat([h.active for h, _ in batches]),
        folds,
        repeats=len(batches),
    )
    sigma_db = torch.tensor(fit.rmse_db).clamp_min(_SMALLEST_SIGMA_DB) * _TO_INDEPENDENT
    advisor.trunk.first_sigma_db.copy_(sigma_db)
    return Start(
        advisor,
        fit.left_out_db.view(len(batches), len(songs), -1).cpu(),
        fit.rmse_db,
        fit.strength,
        np.asarray(fit.linear.double().cpu().numpy()),
    )


def _targets(advisor: Advisor, songs: SongBank, heard: Heard) -> list[tuple[Heard, Tensor]]:
    """What the ear should say: balanced relative loudness over the template, or the error."""
    if advisor.conditioning == "differential":
        target = torch.as_tensor(songs.target_db(), dtype=torch.float32).to(songs.device)
        count = heard.active.sum(dim=0).clamp_min(1)
        advisor.template_db.copy_(target.sum(dim=0) / count)
        return [(heard, target - advisor.template_db)]
    drawn = songs.rendered()
    return [(batch.heard, _centred(batch.errors_db, batch.heard.active)) for batch in drawn]


def artist_folds(artists: list[str], seed: int) -> NDArray[np.int64]:
    """A fold (n,) for every song; the songs of one artist share one."""
    names = sorted(set(artists))
    n_folds = min(N_FOLDS, len(names))
    numbers = np.random.default_rng([seed, 2]).permutation(len(names)) % n_folds
    return np.array([numbers[names.index(artist)] for artist in artists], dtype=np.int64)


def _centred(errors_db: Tensor, active: Tensor) -> Tensor:
    present = active.to(errors_db.dtype)
    mean = (errors_db * present).sum(dim=1, keepdim=True) / present.sum(dim=1, keepdim=True)
    return (errors_db - mean) * present
