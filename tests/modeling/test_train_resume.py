"""A run that was killed goes on exactly where it was."""

import os
import signal
import subprocess
import sys
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


def _train(conditioning: str, corpus: Path, folder: Path, *, resume: bool) -> TrainedMember:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return start(conditioning, corpus).train(folder, resume=resume)
    finally:
        torch.set_num_threads(before)


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
