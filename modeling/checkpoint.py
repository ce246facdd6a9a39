"""A checkpoint folder: weights.safetensors and card.json, all that is needed to judge and load it.

Loading refuses whatever does not fit, with one line that names the file and what is wrong.
"""

import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from modeling.models.advisors import CONDITIONINGS
from modeling.models.ensemble import Ensemble
from modeling.models.trunk import TrunkConfig

FORMAT = "gainsay-checkpoint/1"
WEIGHTS_FILE, CARD_FILE = "weights.safetensors", "card.json"
LARGEST_BYTES = 6 * 2**20


class CheckpointError(Exception):
    """A checkpoint that cannot be used: the file, what is wrong, what to do."""


@dataclass(frozen=True)
class Card:
    """The JSON twin of the weights.

    `thresholds` holds, by error distribution, the probability from which the advisor speaks.
    `fingerprints` and `artists` are those seen in training and validation. `metrics` holds figures
    as {"estimate", "low", "high", "n"} by row. `device` is as torch names it.
    """

    conditioning: str
    trunk: Mapping[str, float | int]
    n_members: int
    n_parameters_per_member: int
    thresholds: Mapping[str, float]
    false_advice_rate: float
    sigma_scale: float
    seeds: tuple[int, ...]
    device: str
    torch_version: str
    revision: str
    trained_at: str
    seconds: float
    training: Mapping[str, Any]
    curves: tuple[Mapping[str, Any], ...]
    data: Mapping[str, Any]
    licences: tuple[str, ...]
    fingerprints: tuple[str, ...]
    artists: tuple[str, ...]
    metrics: Mapping[str, Any]
    limits: tuple[str, ...]
    format: str = FORMAT

    def saw(self, fingerprint: str, artist: str) -> bool:
        """Whether this song, or any song of this artist, was seen."""
        return fingerprint in self.fingerprints or (bool(artist) and artist in self.artists)


@dataclass(frozen=True)
class Checkpoint:
    """A loaded advisor and its card."""

    ensemble: Ensemble
    card: Card


def save_checkpoint(folder: Path, ensemble: Ensemble, card: Card) -> None:
    """Write both files to `folder`; the card comes last, so weights without card are no checkpoint.

    Raises:
        CheckpointError: the weights are larger than 6 MiB, or the disk refuses.
    """
    tensors = {name: value.cpu().contiguous() for name, value in ensemble.state_dict().items()}
    n_bytes = sum(value.numel() * value.element_size() for value in tensors.values())
    if n_bytes > LARGEST_BYTES:
        raise CheckpointError(
            f"{folder}: the weights take {n_bytes / 2**20:.1f} MiB; at most 6 are allowed, "
            "use a smaller trunk or fewer members"
        )
    text = json.dumps(asdict(card), indent=1, ensure_ascii=False, allow_nan=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as draft:
            save_file(tensors, Path(draft) / WEIGHTS_FILE, metadata={"format": FORMAT})
            (Path(draft) / CARD_FILE).write_text(text + "\n", encoding="utf-8")
            for name in (WEIGHTS_FILE, CARD_FILE):
                (Path(draft) / name).chmod(0o644)
                (Path(draft) / name).replace(folder / name)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be written: {error.strerror}; make room") from error


def load_card(folder: Path) -> Card:
    """Read and check card.json. Raises CheckpointError."""
    path = folder / CARD_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is missing or no JSON; train or copy it again") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not of the format {FORMAT}; train it again")
    names = {field.name for field in fields(Card)}
    unknown, missing = sorted(set(values) - names), sorted(names - set(values))
    if unknown or missing:
        raise CheckpointError(
            f"{path} has unknown fields ({', '.join(unknown) or 'none'}) or lacks some "
            f"({', '.join(missing) or 'none'}); train it again"
        )
    if values["conditioning"] not in CONDITIONINGS:
        raise CheckpointError(f"{path}: conditioning {values['conditioning']!r} is unknown")
    lists = {name: tuple(values[name]) for name in _TUPLES}
    return Card(**{**values, **lists})


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load an advisor.

    Raises:
        CheckpointError: a file is missing or truncated, of another version, has unknown or missing
            keys, other shapes, or weights that are no numbers.
    """
    card = load_card(folder)
    path = folder / WEIGHTS_FILE
    try:
        ensemble = Ensemble(card.conditioning, TrunkConfig(**card.trunk), card.n_members)  # type: ignore[arg-type]
    except TypeError as error:
        raise CheckpointError(f"{folder / CARD_FILE}: the trunk's settings do not fit") from error
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is missing or truncated; train or copy it again") from error
    expected = ensemble.state_dict()
    unknown, missing = sorted(set(tensors) - set(expected)), sorted(set(expected) - set(tensors))
    if unknown or missing:
        raise CheckpointError(
            f"{path} has {len(unknown)} unknown keys ({', '.join(unknown[:2]) or 'none'}) and "
            f"lacks {len(missing)} ({', '.join(missing[:2]) or 'none'}); train it again"
        )
    for name, value in tensors.items():
        if value.shape != expected[name].shape:
            raise CheckpointError(f"{path}: {name} has shape {tuple(value.shape)}; train it again")
        if not torch.isfinite(value).all():
            raise CheckpointError(f"{path}: {name} holds NaN or infinity; train it again")
    if not all(math.isfinite(value) for value in card.thresholds.values()):
        raise CheckpointError(f"{folder / CARD_FILE}: a threshold is no number; train it again")
    ensemble.load_state_dict(tensors)
    ensemble.eval()
    return Checkpoint(ensemble, card)


_TUPLES = ("seeds", "curves", "licences", "fingerprints", "artists", "limits")
