"""Whatever a hostile file makes of the child that decodes it: the worker hears one thing, soon."""

import sys
import time
from pathlib import Path

import pytest

from modeling.child import ChildLostError, run_child


def run(how: str, *more: str, wait_s: float = 30.0) -> dict:
    command = ["tests.studies.hostile_child", how, *more]
    return run_child(command, progress=lambda share: None, wait_s=wait_s)


@pytest.mark.parametrize(
    "how", ["take_memory", "take_the_processor", "crash", "babble", "say_nothing"]
)
def test_a_child_that_breaks_is_lost(how: str) -> None:
    with pytest.raises(ChildLostError):
        run(how)


def test_a_child_that_hangs_is_ended(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(ChildLostError):
        run("sleep", wait_s=0.5)
    assert time.monotonic() - started < 10


def test_a_child_that_fills_the_disk_is_stopped_at_its_largest_file(tmp_path: Path) -> None:
    with pytest.raises(ChildLostError):
        run("fill_the_disk", str(tmp_path / "big"))
    assert (tmp_path / "big").stat().st_size <= 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's word on privileges is Linux's")
def test_a_child_gains_no_privileges_and_leaves_no_core() -> None:
    assert run("tell_the_limits")["notes"] == ["1", "0"]
