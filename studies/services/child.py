"""Running `studies.reading` in a child process: limited, watched, without our secrets."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import studies

ROOT = Path(studies.__file__).resolve().parent.parent
LONGEST_WAIT_S = 900.0
# What a child needs of the environment; database and keys are not among it.
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


class ReadingError(Exception):
    """Stems that cannot be used: one line for the person who brought them."""


def read_in_child(
    folder: Path,
    target: Path,
    *,
    longest_s: float,
    progress: Callable[[float], None],
    wait_s: float = LONGEST_WAIT_S,
) -> list[str]:
    """Read the stems in `folder` into `target`; the notes on them.

    Raises:
        ReadingError: they cannot be used, or took more memory or time than an upload may.
    """
    command = [sys.executable, "-m", "studies.reading", str(folder), str(target)]
    child = subprocess.Popen(
        [*command, "--longest-s", str(longest_s)],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
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
    if "reason" in last:
        raise ReadingError(in_words(folder, Path(last["path"]), last["reason"]))
    if code != 0 or "notes" not in last:
        raise ReadingError(
            "The stems took more memory or time to read than an upload may, or they are damaged; "
            "export them again, shorter perhaps."
        )
    return [str(note) for note in last["notes"]]


def in_words(folder: Path, path: Path, reason: str) -> str:
    """A fault as a sentence without a path of the server: of one stem, or of the set."""
    subject = path.stem if path.parent == folder and path != folder else ""
    text = f"{subject} {reason}".strip()
    return f"{text[0].upper()}{text[1:]}."


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _listen(child: "subprocess.Popen[str]", progress: Callable[[float], None]) -> dict[str, Any]:
    """What the child said last; what it says on the way goes to `progress`."""
    last: dict[str, Any] = {}
    assert child.stdout is not None
    with child.stdout as lines:
        for line in lines:
            last = json.loads(line)
            if "share" in last:
                progress(float(last["share"]))
    return last
