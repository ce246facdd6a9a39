"""The closed-form parts of trained advisors anew, in minutes; their networks stay as they are.

    python -m modeling.training.refit --checkpoints modeling/checkpoints --out modeling/checkpoints

The differential advisor's ear is fitted on the training songs' scalars, which the rules keep as a
library; then sigma and thresholds of all rows on the validation songs, which are made where they
are missing, and the figures on test songs. The baseline's ear stays: no library holds its mixes.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modeling.checkpoint import Card, Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from modeling.corpus import CorpusError, Excerpt, generate, generated_names, read_excerpt
from modeling.models.advisors import CONDITIONINGS, Advisor
from modeling.models.ear import EarFit
from modeling.models.ensemble import Ensemble
from modeling.models.trunk import TrunkConfig
from modeling.rules import FittedRules, RulesError, load_rules, save_rules
from modeling.training.cards import revision
from modeling.training.pipeline import REAL_SONGS, RULES_FOLDER, one_thread
from modeling.training.presets import TrainingConfig
from modeling.training.scoring import Contest, by_song, recalibrate, tables
from modeling.training.songs import TEST_SEED, generated_sides, real_excerpts
from modeling.training.start import artist_folds


@dataclass(frozen=True)
class Bundle:
    """What one training run left: both advisors and the rules."""

    advisors: dict[str, Checkpoint]
    rules: FittedRules

    @property
    def card(self) -> Card:
        return self.advisors["differential"].card

    @property
    def config(self) -> TrainingConfig:
        values = dict(self.card.training)
        trunk = TrunkConfig(**values.pop("trunk"))
        return TrainingConfig(**values, trunk=trunk)

    @property
    def seed(self) -> int:
        return int(self.card.data["generator_seed"])


def load_bundle(folder: Path) -> Bundle:
    """Raises CheckpointError, RulesError."""
    advisors = {name: load_checkpoint(folder / name) for name in CONDITIONINGS}
    return Bundle(advisors, load_rules(folder / RULES_FOLDER))


def refit_ear(bundle: Bundle) -> EarFit:
    """Fit the differential advisor's ear on the library, in every member alike.

    Raises:
        ValueError: the library is not that of the run that the card describes.
    """
    library = bundle.rules
    artists, _ = generated_sides(bundle.config, bundle.seed)
    real = [f"real {title}" for title in bundle.card.data["real_songs"]]
    if len(artists) + len(real) != len(library.library_db):
        raise ValueError(
            f"the library holds {len(library.library_db)} songs, the card's run had "
            f"{len(artists) + len(real)}; train again"
        )
    # Recorded songs share a fold: they may share an artist.
    folds = artist_folds([*artists, *["recorded"] * len(real)], bundle.seed)
    present = torch.as_tensor(np.isfinite(library.library_db))
    members = bundle.advisors["differential"].ensemble.members
    first = members[0]
    assert isinstance(first, Advisor)
    targets = torch.as_tensor(np.nan_to_num(library.library_db), dtype=torch.float32)
    fit = first.ear.fit(
        torch.as_tensor(library.library_features, dtype=torch.float32),
        torch.where(present, targets - first.template_db, 0.0),
        present,
        torch.as_tensor(folds),
    )
    for member in members:
        assert isinstance(member, Advisor)
        member.ear.load_state_dict(first.ear.state_dict())
    return fit


def refit(
    bundle: Bundle, data: Path, out: Path, jobs: int, real: Sequence[Excerpt]
) -> dict[str, Any]:
    """Fit anew, measure, write to `out`; `real` are the recorded songs that were trained on."""
    config, seed = bundle.config, bundle.seed
    _, indices = generated_sides(config, seed)
    validation = _generated(data, seed, indices, config.duration_s, jobs)
    test = _generated(data, seed + TEST_SEED, range(config.n_test_songs), config.duration_s, jobs)
    fit = refit_ear(bundle)
    linear = np.asarray(fit.linear.double().numpy())
    ensembles: dict[str, Ensemble] = {n: found.ensemble for n, found in bundle.advisors.items()}
    contest = recalibrate(
        ensembles, replace(bundle.rules, ridge_weights=linear), validation,
        config.cases_per_song, seed,
    )  # fmt: skip
    metrics: dict[str, Any] = {
        name: found.as_json()
        for name, found in tables(contest, test, config.cases_per_song, seed).items()
    }
    if REAL_SONGS in bundle.card.metrics and real:
        seen = by_song(contest, list(real), config.cases_per_song, seed)
        # Weights that saw none of these songs were made with the networks, and stay.
        metrics[REAL_SONGS] = {**bundle.card.metrics[REAL_SONGS], "seen_in_training": seen}
    save_rules(out / RULES_FOLDER, contest.rules)
    for name, found in bundle.advisors.items():
        save_checkpoint(out / name, found.ensemble, _card(found, name, contest, metrics, seed))
    return {"ear_rmse_db": fit.rmse_db, "thresholds": contest.thresholds, "tables": metrics}


def _card(
    found: Checkpoint, name: str, contest: Contest, metrics: dict[str, Any], seed: int
) -> Card:
    data = {
        **found.card.data,
        "test_generator_seed": seed + TEST_SEED,
        "networks_of_revision": found.card.data.get("networks_of_revision", found.card.revision),
    }
    return replace(
        found.card,
        thresholds={protocol: rows[name] for protocol, rows in contest.thresholds.items()},
        sigma_scale=float(found.ensemble.sigma_scale),
        revision=revision(),
        data=data,
        metrics=metrics,
    )


def _generated(
    data: Path, seed: int, indices: Sequence[int], duration_s: float, jobs: int
) -> list[Excerpt]:
    generate(data, seed, indices, duration_s, jobs)
    return [read_excerpt(data / name) for name in generated_names(seed, indices, duration_s)]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m modeling.training.refit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--checkpoints", type=Path, required=True, help="a bundle")
    parser.add_argument("--data", type=Path, default=Path("var/corpus"), help="cached songs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new bundle")
    parser.add_argument("--real", type=Path, nargs="+", default=[], help="its recorded songs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="songs at a time")
    given = parser.parse_args(arguments)
    try:
        bundle = load_bundle(given.checkpoints)
        real = real_excerpts(given.real, bundle.config.duration_s)
        with one_thread(torch.device("cpu")):
            found = refit(bundle, given.data, given.out, given.jobs, real)
    except (CorpusError, CheckpointError, RulesError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    errors = ", ".join(f"{value:.2f}" for value in found["ear_rmse_db"])
    sys.stdout.write(f"wrote {given.out}; left-out error of the ear by stem: {errors} dB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
