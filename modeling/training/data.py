"""Training songs on the device: batches with fresh errors, made by arithmetic alone (torch).

The mix of any balance follows from the band products. The baseline's mixes are rendered once, many
per song, and shared by all seeds; the differential advisor hears each stem at equal loudness, which
no error changes, so its input is measured once. A step then only gathers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from modeling.corpus import CorpusError, Excerpt
from modeling.errors import ErrorDistribution
from modeling.features import COLUMNS_PER_S, STEPS_PER_S, k_weights, pair_weights
from modeling.models.advisors import OWN, Heard, hear_mix, hear_stems

_SONGS_AT_ONCE = 16
_GATE_RATIO = 0.1


@dataclass(frozen=True)
class Batch:
    """Songs by number (n,), what is heard, and the errors (n, 4) to be found.

    `relative_db` (n, 4) is the present relative loudness, None for the baseline; `draw` numbers the
    rendering that a batch of mixes comes from.
    """

    songs: NDArray[np.int64]
    heard: Heard
    relative_db: Tensor | None
    errors_db: Tensor
    draw: int = 0


class SongBank:
    """All songs of a training or validation set, as tensors on one device.

    Excerpts are cut to the length of the shortest. Raises CorpusError where there are none.
    """

    def __init__(
        self, excerpts: Sequence[Excerpt], conditioning: str, device: torch.device
    ) -> None:
        if not excerpts:
            raise CorpusError("no songs to train on; make a corpus first")
        self.conditioning, self.device = conditioning, device
        self._rendered: list[Batch] = []
        self.titles = [excerpt.origin.title for excerpt in excerpts]
        n_columns = min(len(excerpt.products.bands) for excerpt in excerpts)
        n_steps = min(
            min(len(excerpt.products.envelope) for excerpt in excerpts),
            round(n_columns * STEPS_PER_S / COLUMNS_PER_S),
        )
        self._level_db = np.stack([excerpt.products.level_db for excerpt in excerpts])
        self._active = np.stack([excerpt.active for excerpt in excerpts])
        loudness = np.stack([excerpt.loudness_lufs for excerpt in excerpts])
        self._loudness_lufs = np.where(self._active, loudness, 0.0)
        if conditioning == "baseline":
            self._bands = _stacked([e.products.bands[:n_columns] for e in excerpts], device)
            self._steps = _stacked([e.products.envelope[:n_steps] for e in excerpts], device)
        else:
            self._heard = _stems_heard(excerpts, n_columns, n_steps, device)

    def __len__(self) -> int:
        return len(self.titles)

    def target_db(self) -> NDArray[np.float64]:
        """Balanced relative loudness (n, 4), centred over the active stems, 0 where masked."""
        mean = self._loudness_lufs.sum(axis=1) / np.maximum(1, self._active.sum(axis=1))
        return np.where(self._active, self._loudness_lufs - mean[:, None], 0.0)

    @property
    def active(self) -> NDArray[np.bool_]:
        return self._active

    def render(self, distribution: ErrorDistribution, draws: int, seed: int) -> None:
        """Draw `draws` errors for every song and hear the mixes once, for all seeds to share.

        The differential advisor hears no mix, so there is nothing to do for it.
        """
        if self.conditioning != "baseline":
            return
        everyone = np.arange(len(self))
        self._rendered = []
        for draw in range(draws):
            rng = np.random.default_rng([seed, 9, draw])
            parts = [
                self.fresh(rows, distribution, rng)
                for rows in np.array_split(everyone, max(1, len(self) // _SONGS_AT_ONCE))
            ]
            heard = _joined([part.heard for part in parts])
            heard = replace(heard, tracks=heard.tracks.half())
            errors = torch.cat([part.errors_db for part in parts])
            self._rendered.append(Batch(everyone, heard, None, errors))

    def rendered(self) -> list[Batch]:
        """What `render` made: each entry holds every song with an error of its own."""
        return self._rendered

    def batch(
        self, songs: NDArray[np.int64], distribution: ErrorDistribution, rng: np.random.Generator
    ) -> Batch:
        """These songs with an error each; of the rendered ones where there are some."""
        if not self._rendered:
            return self.fresh(songs, distribution, rng)
        draw = int(rng.integers(len(self._rendered)))
        drawn = self._rendered[draw]
        index = torch.as_tensor(songs).to(self.device)
        heard = drawn.heard[index]
        heard = replace(heard, tracks=heard.tracks.float())
        return Batch(songs, heard, None, drawn.errors_db[index], draw)

    def fresh(
        self, songs: NDArray[np.int64], distribution: ErrorDistribution, rng: np.random.Generator
    ) -> Batch:
        """These songs with an error each, drawn from `distribution`."""
        errors_db = np.stack([distribution.draw(rng, self._active[song]) for song in songs])
        return self.with_errors(songs, errors_db)

    def with_errors(self, songs: NDArray[np.int64], errors_db: NDArray[np.float64]) -> Batch:
        """These songs with the given errors (n, 4); NaN where a stem is masked."""
        errors = torch.as_tensor(np.nan_to_num(errors_db), dtype=torch.float32).to(self.device)
        if self.conditioning == "baseline":
            return Batch(songs, self._mixes(songs, errors_db), None, errors)
        target = torch.as_tensor(self.target_db()[songs], dtype=torch.float32).to(self.device)
        index = torch.as_tensor(songs).to(self.device)
        heard = self._heard[index]
        heard = replace(heard, tracks=heard.tracks.float())
        return Batch(songs, heard, target + errors, errors)

    def all_heard(self) -> Heard:
        """Every song at its reference balance, to fit the scales of a trunk."""
        if self.conditioning != "baseline":
            return self._heard
        parts = [
            self._mixes(rows, np.where(self._active[rows], 0.0, np.nan))
            for rows in np.array_split(np.arange(len(self)), max(1, len(self) // _SONGS_AT_ONCE))
        ]
        return _joined(parts)

    def _mixes(self, songs: NDArray[np.int64], errors_db: NDArray[np.float64]) -> Heard:
        index = torch.as_tensor(songs).to(self.device)
        weights = pair_weights(self._level_db[songs], errors_db)
        pairs = torch.as_tensor(weights, dtype=torch.float32).to(self.device)
        bands = torch.einsum("ntmcp,np->ntmc", self._bands[index], pairs).clamp_min(0.0)
        steps = torch.einsum("nsrp,np->nsr", self._steps[index], pairs).clamp_min(0.0)
        scale = (1.0 / _own_power(bands)).clamp_max(1e12)
        active = torch.as_tensor(self._active[songs]).to(self.device)
        return hear_mix(bands * scale[:, None, None, None], steps * scale[:, None, None], active)


def heard_stems_of(excerpt: Excerpt) -> Heard:
    """One excerpt as the differential advisor hears it, a batch of one."""
    products = excerpt.products
    return _stems_heard(
        [excerpt], len(products.bands), len(products.envelope), torch.device("cpu"), torch.float32
    )


def _own_power(bands: Tensor) -> Tensor:
    """Gated K-weighted power (n,), as modeling.features.own_level_db."""
    weights = torch.as_tensor(k_weights(), dtype=bands.dtype, device=bands.device)
    power = bands.sum(dim=3) @ weights
    loud = power > _GATE_RATIO * power.mean(dim=1, keepdim=True)
    return (power * loud).sum(dim=1) / loud.sum(dim=1).clamp_min(1)


def _stems_heard(
    excerpts: Sequence[Excerpt],
    n_columns: int,
    n_steps: int,
    device: torch.device,
    kind: torch.dtype = torch.float16,
) -> Heard:
    parts = []
    for first in range(0, len(excerpts), _SONGS_AT_ONCE):
        some = excerpts[first : first + _SONGS_AT_ONCE]
        bands = _stacked([e.products.bands[:n_columns, ..., OWN] for e in some], device)
        steps = _stacked([e.products.envelope[:n_steps, ..., OWN] for e in some], device)
        active = torch.as_tensor(np.stack([e.active for e in some])).to(device)
        heard = hear_stems(bands, steps, active)
        parts.append(Heard(heard.tracks.to(kind), heard.scalars, heard.pairs, heard.active))
    return _joined(parts)


def _joined(parts: Sequence[Heard]) -> Heard:
    return Heard(
        torch.cat([part.tracks for part in parts]),
        torch.cat([part.scalars for part in parts]),
        torch.cat([part.pairs for part in parts]),
        torch.cat([part.active for part in parts]),
    )


def _stacked(arrays: Sequence[NDArray[np.float32]], device: torch.device) -> Tensor:
    return torch.as_tensor(np.stack(arrays), dtype=torch.float32).to(device)
