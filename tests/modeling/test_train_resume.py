"""A run that was killed goes on exactly where it was."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from modeling.corpus import Excerpt, read_corpus, write_excerpt
from modeling.errors import USUAL
from modeling.models.advisors import Advisor
from modeling.models.trunk import TrunkConfig
from modeling.training.data import SongBank
from modeling.training.deadline import Deadline, OutOfTimeError
from modeling.training.loop import MemberRun, TrainedMember
from modeling.training.presets import TrainingConfig
from modeling.training.start import Start, fit_start
from modeling.training.state import STATE_FILE, TrainingError
from tests.modeling.training_songs import noise_excerpt

TRUNK = TrunkConfig(width=16, token=16, heads=2, mixer_layers=1)
CONFIG = TrainingConfig(
    "test", 10, 2, 4.0, 1, 12, batch_songs=4, check_every=4, mixes_per_song=2, trunk=TRUNK
)
_CHILD = """
import sys, time
from pathlib import Path
import torch
from tests.modeling.test_train_resume import start
torch.set_num_threads(1)
def slowly(step, loss):
    print(step, flush=True)
    time.sleep(30.0 if step == 6 else 0.0)
start(sys.argv[1], Path(sys.argv[2])).train(Path(sys.argv[3]), resume=False, on_step=slowly)
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for seed in range(10):
        write_excerpt(folder, f"{seed}", noise_excerpt(seed))
    return folder


def start(conditioning: str, corpus: Path) -> MemberRun:
    """A run on the songs of a folder, before its first step."""
    excerpts = read_corpus(corpus)
    training = bank(excerpts[:8], conditioning)
    validation = bank(excerpts[8:], conditioning)
    return MemberRun(conditioning, training, validation, _fitted(training), CONFIG, 5)


def bank(excerpts: list[Excerpt], conditioning: str) -> SongBank:
    """Songs on the CPU with their mixes rendered."""
    songs = SongBank(excerpts, conditioning, torch.device("cpu"))
    songs.render(USUAL, CONFIG.mixes_per_song, 5)
    return songs


def _fitted(songs: SongBank) -> Start:
    torch.manual_seed(5)
    artists = [str(number // 2) for number in range(len(songs))]
    return fit_start(Advisor(songs.conditioning, TRUNK), songs, artists, 5)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As training runs on a CPU: how sums are split over threads shows in their last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _train(conditioning: str, corpus: Path, folder: Path, *, resume: bool) -> TrainedMember:
    return start(conditioning, corpus).train(folder, resume=resume)


@pytest.mark.parametrize("conditioning", ["baseline", "differential"])
def test_after_kill_9_the_weights_are_those_of_an_uninterrupted_run(
    conditioning: str, corpus: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, conditioning, str(corpus), str(killed)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == "6":
                break
        os.kill(child.pid, signal.SIGKILL)
    assert (killed / STATE_FILE).exists()
    resumed = _train(conditioning, corpus, killed, resume=True)
    whole = _train(conditioning, corpus, tmp_path / "whole", resume=False)
    assert resumed.n_steps == whole.n_steps == 12
    assert resumed.curve == whole.curve
    assert all(torch.equal(resumed.weights[name], whole.weights[name]) for name in whole.weights)


@pytest.mark.parametrize("conditioning", ["baseline", "differential"])
def test_a_run_stops_at_its_deadline_and_goes_on_as_if_nothing_had_happened(
    conditioning: str, corpus: Path, tmp_path: Path
) -> None:
    minutes = iter(range(100))
    deadline = Deadline(5.0, clock=lambda: 60.0 * next(minutes))
    run = start(conditioning, corpus)
    with pytest.raises(OutOfTimeError, match="stopped after 5 minutes, as asked; go on with"):
        run.train(tmp_path / "stopped", resume=False, deadline=deadline)
    assert 0 < run.state.step < CONFIG.n_steps
    assert run.state.step % CONFIG.check_every
    resumed = _train(conditioning, corpus, tmp_path / "stopped", resume=True)
    whole = _train(conditioning, corpus, tmp_path / "whole", resume=False)
    assert resumed.curve == whole.curve
    assert all(torch.equal(resumed.weights[name], whole.weights[name]) for name in whole.weights)


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="0 minutes are no time"):
        Deadline(0.0)


@pytest.mark.parametrize("conditioning", ["baseline", "differential"])
def test_in_bf16_the_trunk_learns_and_everything_kept_stays_float32(
    conditioning: str, corpus: Path, tmp_path: Path
) -> None:
    songs = bank(read_corpus(corpus)[:8], conditioning)
    quick = replace(CONFIG, n_steps=40, learning_rate=5e-3, bf16=True)
    run = MemberRun(conditioning, songs, songs, _fitted(songs), quick, 5)
    kinds = set()
    run.model.trunk.encoder.second.register_forward_hook(
        lambda module, inputs, output: kinds.add(output.dtype)
    )
    losses: list[float] = []
    member = run.train(tmp_path, resume=False, on_step=lambda _, loss: losses.append(loss))
    assert kinds == {torch.bfloat16}
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    floats = [value for value in member.weights.values() if value.is_floating_point()]
    assert {value.dtype for value in floats} == {torch.float32}
    assert all(torch.isfinite(value).all() for value in floats)


def test_training_lowers_the_loss_on_its_songs(corpus: Path, tmp_path: Path) -> None:
    songs = bank(read_corpus(corpus)[:8], "differential")
    quick = replace(CONFIG, n_steps=40, learning_rate=5e-3)
    run = MemberRun("differential", songs, songs, _fitted(songs), quick, 5)
    curve = run.train(tmp_path, resume=False).curve
    assert curve[-1]["validation_loss"] < curve[0]["validation_loss"] - 0.1


def test_a_loss_that_is_no_number_stops_with_step_and_song_and_keeps_the_last_state(
    corpus: Path, tmp_path: Path
) -> None:
    run = start("differential", corpus)
    run.training.all_heard().tracks[3] = np.nan

    with pytest.raises(TrainingError, match=r"no number at step \d+ on the song 'noise 3'") as stop:
        run.train(tmp_path, resume=False)
    assert "\n" not in str(stop.value)
    assert all(torch.isfinite(value).all() for value in run.state.best.values())


def test_the_state_of_another_configuration_is_refused(corpus: Path, tmp_path: Path) -> None:
    _train("differential", corpus, tmp_path, resume=False)
    other = start("differential", corpus)
    other.seed = 6
    with pytest.raises(TrainingError, match="belongs to another configuration"):
        other.train(tmp_path, resume=True)


def test_a_damaged_state_is_refused(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_bytes(b"half a file")
    with pytest.raises(TrainingError, match="is damaged"):
        start("differential", corpus).train(tmp_path, resume=True)
