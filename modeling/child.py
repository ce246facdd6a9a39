"""Running a module of ours in a child process: limited, watched, without our secrets. What a person
sent is decoded nowhere else."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import modeling

ROOT = Path(modeling.__file__).resolve().parent.parent
LONGEST_LINE = 2**20
# What a child needs of the environment; database and keys are not among it.
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")

Progress = Callable[[float], None]


class ChildLostError(Exception):
    """The child ended without a word: out of memory or time, or killed by what it read."""


def run_child(command: Sequence[str], *, progress: Progress, wait_s: float) -> dict[str, Any]:
    """Run a module of ours that tells lines of JSON; its last one.

    Raises:
        ChildLostError: it was killed, by us after `wait_s` or by its limits, or told nothing.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    watch = threading.Timer(wait_s, child.kill)
    watch.start()
    try:
        last = _listen(child, progress)
        code = child.wait()
    finally:
        watch.cancel()
        child.kill()
        child.wait()
    if code < 0 or not ({"reason", "notes"} & set(last)) or ("reason" not in last and code):
        raise ChildLostError
    return last


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _listen(child: "subprocess.Popen[bytes]", progress: Progress) -> dict[str, Any]:
    """What the child said last; what it says on the way goes to `progress`. Whatever is no line of
    ours was not written by our code, and ends it."""
    last: dict[str, Any] = {}
    assert child.stdout is not None
    with child.stdout as stream:
        while line := stream.readline(LONGEST_LINE):
            try:
                told = json.loads(line)
            except (ValueError, RecursionError):
                raise ChildLostError from None
            if not isinstance(told, dict):
                raise ChildLostError
            last = told
            if isinstance(last.get("share"), float | int):
                progress(float(last["share"]))
    return last
