"""The whole run: songs, both advisors, calibration, figures, checkpoints (torch)."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from modeling.checkpoint import save_checkpoint
from modeling.corpus import Excerpt
from modeling.errors import USUAL
from modeling.models.advisors import CONDITIONINGS, Advisor
from modeling.models.ensemble import Ensemble
from modeling.progress import Progress
from modeling.rules import save_rules
from modeling.training.cards import make_card
from modeling.training.curves import curves_svg
from modeling.training.data import SongBank
from modeling.training.deadline import Deadline
from modeling.training.loop import MemberRun, TrainedMember
from modeling.training.presets import TrainingConfig
from modeling.training.scoring import Contest, by_song, calibrate, tables
from modeling.training.side_by_side import Advance, can_fork, side_by_side
from modeling.training.songs import Songs, prepare_songs
from modeling.training.start import fit_start

RUNS_FOLDER = ".runs"
RULES_FOLDER = "rules"
CURVES_FILE = "curves.svg"
REAL_SONGS = "real_songs"
LEFT_OUT_UPDATES = 0.25


@dataclass(frozen=True)
class Conduct:
    """How a run is gone about; nothing of it but the device changes a weight."""

    device: torch.device
    resume: bool = False
    jobs: int = 1
    deadline: Deadline = field(default_factory=Deadline)
    runs: Path | None = None


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
    conduct: Conduct,
    real: Sequence[Excerpt] = (),
) -> dict[str, Any]:
    """Train, calibrate, evaluate and write both checkpoints to `out`; returns the figures.

    `real` songs join the training songs. Where there are any, one member more of each advisor is
    trained without them, with a quarter of the updates: only its figures on those songs say
    anything. The state of what is not done lies in `conduct.runs`, in `data` where none is given.

    Raises:
        OutOfTimeError: the deadline has passed; what is done is kept for a run that resumes.
        CorpusError, TrainingError, CheckpointError: one line each; earlier checkpoints are left.
    """
    started_s = time.monotonic()
    songs = prepare_songs(config, data, seed, conduct.jobs, real, conduct.deadline.check)
    runs = conduct.runs or data / RUNS_FOLDER / f"{config.preset}-{seed}"
    with one_thread(conduct.device):
        return _on_songs(songs, config, runs, out, seed, conduct, started_s)


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """On a CPU the same weights whatever the number of cores, and no slower: layers are small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if device.type == "cpu" else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _on_songs(
    songs: Songs,
    config: TrainingConfig,
    runs: Path,
    out: Path,
    seed: int,
    conduct: Conduct,
    started_s: float,
) -> dict[str, Any]:
    trained, unaware = _train_all(songs, config, runs, seed, conduct)
    conduct.deadline.check()
    contest = _calibrated(trained, songs, config, seed)
    metrics: dict[str, Any] = {
        name: found.as_json()
        for name, found in tables(contest, songs.test, config.cases_per_song, seed).items()
    }
    if unaware:
        metrics[REAL_SONGS] = _on_real_songs(contest, unaware, songs, config, seed)
    seconds = time.monotonic() - started_s
    save_rules(out / RULES_FOLDER, contest.rules)
    for conditioning, found in trained.items():
        card = make_card(
            conditioning, found.ensemble, found.members, songs, config,
            seed=seed, device=conduct.device, seconds=seconds,
            thresholds=contest.thresholds, metrics=metrics,
        )  # fmt: skip
        save_checkpoint(out / conditioning, found.ensemble, card)
    curves = {name: [member.curve for member in found.members] for name, found in trained.items()}
    (out / CURVES_FILE).write_text(curves_svg(curves), encoding="utf-8")
    rmtree(runs, ignore_errors=True)
    on_real = metrics.pop(REAL_SONGS, None)
    return {
        "thresholds": contest.thresholds,
        "tables": metrics,
        REAL_SONGS: on_real,
        "seconds": seconds,
    }


@dataclass(frozen=True)
class _Task:
    """One advisor to be trained on these songs; `prefix` names the folder of its state."""

    conditioning: str
    songs: Songs
    config: TrainingConfig
    prefix: str = ""

    @property
    def n_steps(self) -> int:
        return self.config.n_members * self.config.n_steps


def _train_all(
    songs: Songs, config: TrainingConfig, runs: Path, seed: int, conduct: Conduct
) -> tuple[dict[str, Trained], dict[str, Trained]]:
    """Both advisors; and where there are real songs, one member of each that saw none of them, with
    a quarter of the updates."""
    tasks = [_Task(conditioning, songs, config) for conditioning in CONDITIONINGS]
    if songs.real:
        n_steps = max(1, round(LEFT_OUT_UPDATES * config.n_steps))
        one, generated = replace(config, n_members=1, n_steps=n_steps), songs.without_real()
        tasks += [
            _Task(conditioning, generated, one, "without-real-") for conditioning in CONDITIONINGS
        ]
    if can_fork(conduct.jobs, conduct.device.type):
        trainings = [partial(_do_task, task, runs, seed, conduct) for task in tasks]
        found = side_by_side(trainings, [task.n_steps for task in tasks], conduct.jobs)
    else:
        found = [_do_task(task, runs, seed, conduct) for task in tasks]
    n = len(CONDITIONINGS)
    trained, unaware = found[:n], found[n:]
    return (
        dict(zip(CONDITIONINGS, trained, strict=True)),
        dict(zip(CONDITIONINGS, unaware, strict=False)),
    )


def _do_task(
    task: _Task, runs: Path, seed: int, conduct: Conduct, advance: Advance | None = None
) -> Trained:
    return train_advisor(
        task.conditioning, task.songs, task.config, runs, seed, conduct, task.prefix, advance
    )


def _calibrated(
    trained: dict[str, Trained], songs: Songs, config: TrainingConfig, seed: int
) -> Contest:
    ensembles = {name: found.ensemble for name, found in trained.items()}
    linear = trained["differential"].linear
    return calibrate(ensembles, linear, songs, config.cases_per_song, seed)


def _on_real_songs(
    contest: Contest,
    unaware: dict[str, Trained],
    songs: Songs,
    config: TrainingConfig,
    seed: int,
) -> dict[str, Any]:
    """Figures on the real songs: of weights that saw none of them, and of those that did."""
    left_out = _calibrated(unaware, songs.without_real(), config, seed)
    return {
        "left_out": by_song(left_out, songs.real, config.cases_per_song, seed),
        "seen_in_training": by_song(contest, songs.real, config.cases_per_song, seed),
    }


def train_advisor(
    conditioning: str,
    songs: Songs,
    config: TrainingConfig,
    runs: Path,
    seed: int,
    conduct: Conduct,
    prefix: str = "",
    advance: Advance | None = None,
) -> Trained:
    """All members of one advisor; the state of each lies in a folder of its own in `runs`. Shows a
    bar for each, unless `advance` wants to hear of the steps."""
    conduct.deadline.check()
    device = conduct.device
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
        folder = runs / f"{prefix}{conditioning}-{number}"
        label = f"{conditioning} {number + 1}/{config.n_members}"
        with _heard(advance, config.n_steps, label) as on_step:
            result = run.train(
                folder, resume=conduct.resume, on_step=on_step, deadline=conduct.deadline
            )
        members.append(result)
    ensemble = Ensemble(conditioning, config.trunk, config.n_members)
    for member, result in zip(ensemble.members, members, strict=True):
        member.load_state_dict(result.weights)
    ensemble.eval()
    return Trained(ensemble, members, start.linear)


@contextmanager
def _heard(
    advance: Advance | None, n_steps: int, label: str
) -> Iterator[Callable[[int, float], None]]:
    """What a run tells of its steps goes to `advance`, or to a bar of its own."""
    done = 0

    def on_step(step: int, _loss: float) -> None:
        nonlocal done
        told(step - done)
        done = step

    if advance is not None:
        told: Callable[[int], None] = advance
        yield on_step
        # One that ended early has no more to come.
        advance(n_steps - done)
        return
    with Progress(n_steps, label) as bar:
        told = bar.advance
        yield on_step
