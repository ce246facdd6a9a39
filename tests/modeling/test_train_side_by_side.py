"""Trainings in processes of their own: the same results, one bar, and nobody goes on alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch

from modeling.training.loop import TrainedMember
from modeling.training.side_by_side import Advance, can_fork, side_by_side
from tests.modeling.test_train_resume import CONFIG, corpus, one_thread, start  # noqa: F401

pytestmark = pytest.mark.skipif(not can_fork(2, "cpu"), reason="processes are forked on Linux only")
N_STEPS = CONFIG.n_steps

_PARENT = """
import sys, time
from pathlib import Path
from modeling.training.side_by_side import side_by_side

def count(place, advance):
    while True:
        Path(sys.argv[1], str(place)).write_text(str(time.monotonic()))
        advance(1)
        time.sleep(0.05)

side_by_side([lambda advance, n=n: count(n, advance) for n in range(2)], [10**6] * 2, 2)
"""


def member(conditioning: str, songs: Path, runs: Path, advance: Advance) -> TrainedMember:
    def on_step(_step: int, _loss: float) -> None:
        advance(1)

    return start(conditioning, songs).train(runs / conditioning, resume=False, on_step=on_step)


def test_two_at_once_give_the_weights_of_one_after_the_other(
    corpus: Path,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("baseline", "differential")
    trainings = [partial(member, name, corpus, tmp_path / "both") for name in names]
    both = side_by_side(trainings, [N_STEPS, N_STEPS], 2)
    assert f"{2 * N_STEPS}/{2 * N_STEPS} steps" in capsys.readouterr().err
    for name, found in zip(names, both, strict=True):
        alone = member(name, corpus, tmp_path / "alone", lambda _: None)
        assert found.curve == alone.curve
        assert all(torch.equal(found.weights[one], alone.weights[one]) for one in alone.weights)


def test_the_fault_of_one_ends_the_other_and_is_told(tmp_path: Path) -> None:
    def endless(advance: Advance) -> None:
        while True:
            (tmp_path / "lives").write_text(str(time.monotonic()))
            advance(1)
            time.sleep(0.02)

    def faulty(advance: Advance) -> None:
        while not (tmp_path / "lives").exists():
            advance(1)
            time.sleep(0.02)
        raise ValueError("the loss is no number at step 3")

    with pytest.raises(ValueError, match="no number at step 3"):
        side_by_side([endless, faulty], [1000, 1000], 2)
    last = (tmp_path / "lives").read_text()
    time.sleep(0.3)
    assert (tmp_path / "lives").read_text() == last


def test_after_kill_9_nobody_writes_beside_the_run_that_resumes(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path)], cwd=root, stderr=subprocess.DEVNULL
    ) as parent:
        files = [tmp_path / "0", tmp_path / "1"]
        wait_until(lambda: all(file.exists() for file in files))
        os.kill(parent.pid, signal.SIGKILL)
    time.sleep(1.0)
    last = [file.read_text() for file in files]
    time.sleep(0.5)
    assert [file.read_text() for file in files] == last


def wait_until(is_so: Callable[[], bool], at_most_s: float = 30.0) -> None:
    ends_s = time.monotonic() + at_most_s
    while not is_so():
        assert time.monotonic() < ends_s
        time.sleep(0.05)
