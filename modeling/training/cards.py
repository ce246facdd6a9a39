"""The card of a trained advisor: what it saw, how it was made, how well it does."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from modeling.checkpoint import Card
from modeling.corpus import Origin
from modeling.models.decision import DEFAULT_FALSE_ADVICE_RATE
from modeling.models.ensemble import Ensemble
from modeling.models.trunk import n_parameters
from modeling.training.loop import TrainedMember
from modeling.training.presets import TrainingConfig
from modeling.training.songs import FOREIGN_SEED, TEST_SEED, Songs

LIMITS = (
    "Figures on generated songs test the machinery, not the research question.",
    "Balanced means the written rule of the generated songs; engineers may disagree.",
    "On songs unlike the training songs it says little more than the template, and says so.",
    "Gain only, four stems; the balance of a whole excerpt, not of its parts.",
)


def make_card(
    conditioning: str,
    ensemble: Ensemble,
    members: Sequence[TrainedMember],
    songs: Songs,
    config: TrainingConfig,
    *,
    seed: int,
    device: torch.device,
    seconds: float,
    thresholds: Mapping[str, Mapping[str, float]],
    metrics: Mapping[str, Any],
) -> Card:
    """The card of one advisor; `thresholds` by protocol and row."""
    seen = [excerpt.origin for excerpt in songs.training + songs.validation]
    return Card(
        conditioning=conditioning,
        trunk=config.trunk.as_json(),
        n_members=config.n_members,
        n_parameters_per_member=n_parameters(ensemble.members[0]),
        thresholds={name: values[conditioning] for name, values in thresholds.items()},
        false_advice_rate=DEFAULT_FALSE_ADVICE_RATE,
        sigma_scale=float(ensemble.sigma_scale),
        seeds=tuple(seed + 1000 * number for number in range(config.n_members)),
        device=str(device),
        torch_version=torch.__version__,
        revision=revision(),
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 1),
        training=config.as_json(),
        curves=tuple(
            {key: value for key, value in asdict(member).items() if key != "weights"}
            for member in members
        ),
        data={
            "training_songs": len(songs.training),
            "validation_songs": len(songs.validation),
            "test_songs": len(songs.test),
            "foreign_songs": len(songs.foreign),
            "generator_seed": seed,
            "test_generator_seed": seed + TEST_SEED,
            "foreign_generator_seed": seed + FOREIGN_SEED,
            "real_songs": [excerpt.origin.title for excerpt in songs.real],
            "real_sources": sorted({_source(excerpt.origin) for excerpt in songs.real}),
        },
        licences=tuple(sorted({origin.licence for origin in seen})),
        fingerprints=tuple(sorted({origin.fingerprint for origin in seen})),
        artists=tuple(sorted({origin.artist for origin in seen if origin.artist})),
        metrics=metrics,
        limits=LIMITS,
    )


def _source(origin: Origin) -> str:
    return ", ".join(part for part in (origin.artist, origin.licence, origin.source) if part)


def revision() -> str:
    """The commit of the code, empty where it is not known."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return os.environ.get("GAINSAY_REVISION", "")
    return done.stdout.strip() or os.environ.get("GAINSAY_REVISION", "")
