"""The whole run: songs, both advisors, calibration, figures, checkpoints (torch)."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.checkpoint import Card, save_checkpoint
from modeling.corpus import Excerpt, generate, generated_names, read_excerpt
from modeling.errors import PUBLISHED, USUAL
from modeling.evaluation.cases import (
    Cases,
    balanced_cases,
    published_cases,
    usual_cases,
)
from modeling.evaluation.compare import (
    Table,
    fit_thresholds,
    perfect_ear_evidence,
    rule_answers,
    rule_evidence,
    table,
)
from modeling.evaluation.hearing import bank_of, hear_cases, scalars_of
from modeling.models.advisors import CONDITIONINGS, Advisor
from modeling.models.decision import DEFAULT_FALSE_ADVICE_RATE
from modeling.models.ensemble import NOTHING_HEARD_SIGMA_DB, Ensemble
from modeling.models.posterior import Evidence
from modeling.models.trunk import n_parameters
from modeling.progress import Progress
from modeling.rules import FittedRules, fit_rules, save_rules
from modeling.training.calibration import fit_sigma_scale
from modeling.training.curves import curves_svg
from modeling.training.data import SongBank
from modeling.training.loop import MemberRun, TrainedMember
from modeling.training.presets import TrainingConfig
from modeling.training.start import fit_start

RUNS_FOLDER = ".runs"
RULES_FOLDER = "rules"
CURVES_FILE = "curves.svg"
PUBLISHED_WITHOUT_ANCHOR = "published_without_anchor"
LIMITS = (
    "Figures on generated songs test the machinery, not the research question.",
    "Balanced means the written rule of the generated songs; engineers may disagree.",
    "Gain only, four stems; the balance of a whole excerpt, not of its parts.",
)


@dataclass(frozen=True)
class Songs:
    """Excerpts by their use; no artist is in two of them."""

    training: list[Excerpt]
    validation: list[Excerpt]
    test: list[Excerpt]


@dataclass(frozen=True)
class Trained:
    """One advisor with its members, and the ridge weights (f, 4) of its scalars."""

    ensemble: Ensemble
    members: list[TrainedMember]
    linear: NDArray[np.float64]


def train_both(
    config: TrainingConfig,
    data: Path,
    out: Path,
    seed: int,
    *,
    resume: bool,
    jobs: int,
    device: torch.device,
    extra: Sequence[Excerpt] = (),
) -> dict[str, Any]:
    """Train, calibrate, evaluate and write both checkpoints to `out`; returns the figures.

    `extra` are real excerpts that join the training songs.

    Raises:
        CorpusError, TrainingError, CheckpointError: one line each; earlier checkpoints are left.
    """
    started_s = time.monotonic()
    songs = prepare_songs(config, data, seed, jobs, extra)
    runs = data / RUNS_FOLDER / f"{config.preset}-{seed}"
    trained = {
        conditioning: train_advisor(conditioning, songs, config, runs, seed, device, resume=resume)
        for conditioning in CONDITIONINGS
    }
    figures = finish(trained, songs, config, out, seed, device, time.monotonic() - started_s)
    rmtree(runs, ignore_errors=True)
    return figures


def prepare_songs(
    config: TrainingConfig, data: Path, seed: int, jobs: int, extra: Sequence[Excerpt] = ()
) -> Songs:
    """Generate what is missing in `data` and split it by artist."""
    generate(data, seed, range(config.n_songs), config.duration_s, jobs)
    generate(data, seed + 1, range(config.n_test_songs), config.duration_s, jobs)
    names = generated_names(seed, range(config.n_songs), config.duration_s)
    known = [read_excerpt(data / name) for name in names]
    held_out = generated_names(seed + 1, range(config.n_test_songs), config.duration_s)
    groups = sorted({excerpt.origin.group for excerpt in known})
    np.random.default_rng([seed, 8]).shuffle(groups)
    chosen = set(groups[: max(1, round(config.validation_share * len(groups)))])
    return Songs(
        [e for e in known if e.origin.group not in chosen] + list(extra),
        [e for e in known if e.origin.group in chosen],
        [read_excerpt(data / name) for name in held_out],
    )


def train_advisor(
    conditioning: str,
    songs: Songs,
    config: TrainingConfig,
    runs: Path,
    seed: int,
    device: torch.device,
    *,
    resume: bool,
) -> Trained:
    """All members of one advisor; the state of each run lies in `runs` while it trains."""
    training = SongBank(songs.training, conditioning, device)
    training.render(USUAL, config.mixes_per_song, seed)
    validation = SongBank(songs.validation, conditioning, device)
    artists = [excerpt.origin.group for excerpt in songs.training]
    torch.manual_seed(seed)
    first = Advisor(conditioning, config.trunk).to(device)
    start = fit_start(first, training, artists, seed)
    members = []
    for number in range(config.n_members):
        run = MemberRun(conditioning, training, validation, start, config, seed + 1000 * number)
        folder = runs / f"{conditioning}-{number}"
        with Progress(config.n_steps, f"{conditioning} {number + 1}/{config.n_members}") as bar:
            members.append(run.train(folder, resume=resume, on_step=_shown(bar)))
    ensemble = Ensemble(conditioning, config.trunk, config.n_members)
    for member, result in zip(ensemble.members, members, strict=True):
        member.load_state_dict(result.weights)
    ensemble.eval()
    return Trained(ensemble, members, start.linear)


def finish(
    trained: dict[str, Trained],
    songs: Songs,
    config: TrainingConfig,
    out: Path,
    seed: int,
    device: torch.device,
    seconds: float,
) -> dict[str, Any]:
    """Calibrate on validation songs, score on test songs, write checkpoints and rules."""
    fitted = _fit_rules(trained["differential"], songs)
    for found in trained.values():
        _calibrate(found.ensemble, songs, config, seed, fitted)
    thresholds = _thresholds(trained, songs, fitted)
    tables = evaluate(trained, songs.test, config.cases_per_song, seed, fitted, thresholds)
    figures = {name: found.as_json() for name, found in tables.items()}
    save_rules(out / RULES_FOLDER, fitted)
    for conditioning, found in trained.items():
        card = _card(conditioning, found, songs, config, seed, device, seconds, thresholds, figures)
        save_checkpoint(out / conditioning, found.ensemble, card)
    curves = {name: [member.curve for member in found.members] for name, found in trained.items()}
    (out / CURVES_FILE).write_text(curves_svg(curves), encoding="utf-8")
    return {"thresholds": thresholds, "tables": figures, "seconds": seconds}


def evaluate(
    trained: dict[str, Trained],
    excerpts: list[Excerpt],
    per_song: int,
    seed: int,
    fitted: FittedRules,
    thresholds: dict[str, dict[str, float]],
) -> dict[str, Table]:
    """Tables by protocol: usual, published, and published without the anchor."""
    published = published_cases(excerpts, seed)
    protocols = {
        USUAL.name: usual_cases(excerpts, per_song, seed),
        PUBLISHED.name: published,
        PUBLISHED_WITHOUT_ANCHOR: published.without_anchors(),
    }
    return {
        name: table(
            cases,
            stated_evidence(trained, excerpts, cases, fitted),
            thresholds[name],
            rule_answers(cases, fitted, seed),
            seed,
        )
        for name, cases in protocols.items()
    }


def stated_evidence(
    trained: dict[str, Trained], excerpts: list[Excerpt], cases: Cases, fitted: FittedRules
) -> dict[str, Evidence]:
    """Evidence of every row that states uncertainty."""
    stems = bank_of(excerpts, "differential")
    features = scalars_of(trained["differential"].ensemble, stems)
    stated = rule_evidence(cases, features, fitted)
    for conditioning, found in trained.items():
        bank = stems if conditioning == "differential" else bank_of(excerpts, conditioning)
        stated[conditioning] = hear_cases(found.ensemble, bank, cases).evidence
    perfect = perfect_ear_evidence(cases, excerpts)
    return stated if perfect is None else {**stated, "perfect_ear": perfect}


def _fit_rules(differential: Trained, songs: Songs) -> FittedRules:
    training, validation = (
        bank_of(excerpts, "differential") for excerpts in (songs.training, songs.validation)
    )
    return fit_rules(
        scalars_of(differential.ensemble, training),
        np.where(training.active, training.target_db(), np.nan),
        scalars_of(differential.ensemble, validation),
        np.where(validation.active, validation.target_db(), np.nan),
        differential.linear,
    )


def _calibrate(
    ensemble: Ensemble, songs: Songs, config: TrainingConfig, seed: int, fitted: FittedRules
) -> None:
    training = bank_of(songs.training, ensemble.conditioning)
    validation = bank_of(songs.validation, ensemble.conditioning)
    ensemble.fit_familiarity(training.all_heard(), validation.all_heard())
    fallback = (
        torch.as_tensor(fitted.template_sigma_db, dtype=torch.float32)
        if ensemble.conditioning == "differential"
        else torch.full((4,), NOTHING_HEARD_SIGMA_DB)
    )
    ensemble.fallback_sigma_db.copy_(fallback)
    cases = usual_cases(songs.validation, config.cases_per_song, seed)
    evidence = hear_cases(ensemble, validation, cases).evidence
    ensemble.sigma_scale.fill_(fit_sigma_scale(evidence, cases))


def _thresholds(
    trained: dict[str, Trained], songs: Songs, fitted: FittedRules
) -> dict[str, dict[str, float]]:
    """By protocol and system. Each validation song is heard once at its reference balance; in the
    published protocol it counts once for every anchor that may be named."""
    once = balanced_cases(songs.validation, USUAL)
    stated = stated_evidence(trained, songs.validation, once, fitted)
    named = balanced_cases(songs.validation, PUBLISHED, STEMS)
    repeated = {name: found[named.songs] for name, found in stated.items()}
    unnamed = balanced_cases(songs.validation, PUBLISHED)
    return {
        USUAL.name: fit_thresholds(stated, once),
        PUBLISHED.name: fit_thresholds(repeated, named),
        PUBLISHED_WITHOUT_ANCHOR: fit_thresholds(stated, unnamed),
    }


def _card(
    conditioning: str,
    found: Trained,
    songs: Songs,
    config: TrainingConfig,
    seed: int,
    device: torch.device,
    seconds: float,
    thresholds: dict[str, dict[str, float]],
    figures: dict[str, Any],
) -> Card:
    seen = [excerpt.origin for excerpt in songs.training + songs.validation]
    return Card(
        conditioning=conditioning,
        trunk=config.trunk.as_json(),
        n_members=config.n_members,
        n_parameters_per_member=n_parameters(found.ensemble.members[0]),
        thresholds={name: values[conditioning] for name, values in thresholds.items()},
        false_advice_rate=DEFAULT_FALSE_ADVICE_RATE,
        sigma_scale=float(found.ensemble.sigma_scale),
        seeds=tuple(seed + 1000 * number for number in range(config.n_members)),
        device=str(device),
        torch_version=torch.__version__,
        revision=revision(),
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 1),
        training=config.as_json(),
        curves=tuple(
            {key: value for key, value in asdict(member).items() if key != "weights"}
            for member in found.members
        ),
        data={
            "training_songs": len(songs.training),
            "validation_songs": len(songs.validation),
            "test_songs": len(songs.test),
            "generator_seed": seed,
            "test_generator_seed": seed + 1,
            "real_songs": [origin.title for origin in seen if not origin.generated],
        },
        licences=tuple(sorted({origin.licence for origin in seen})),
        fingerprints=tuple(sorted({origin.fingerprint for origin in seen})),
        artists=tuple(sorted({origin.artist for origin in seen if origin.artist})),
        metrics=figures,
        limits=LIMITS,
    )


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


def _shown(bar: Progress) -> Any:
    def on_step(step: int, loss: float) -> None:
        bar.advance(step - bar.done)

    return on_step
