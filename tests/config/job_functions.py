"""What the jobs of the tests do."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError

from annotate.background import JobStoppedError


def add(report: Any, *, a: int, b: int) -> int:
    report(0.5, "half way")
    return a + b


def fail(report: Any) -> None:
    raise ValueError("the excerpt lies outside the song")


def lose(report: Any) -> None:
    raise ValueError(f"{settings.MEDIA_ROOT}/excerpts/key/gram.npy: is missing")


def report_nonsense(report: Any) -> None:
    report(7.0, "x" * 500)


def sleep(report: Any, *, seconds: float = 60.0) -> None:
    report(0.1, "sleeping")
    time.sleep(seconds)


def count(report: Any, *, file: str, to: int, every_s: float = 0.0) -> int:
    """Count in a file, from what is in it; a report before each number."""
    path = Path(file)
    done = int(path.read_text()) if path.exists() else 0
    try:
        while done < to:
            report(done / to, str(done))
            done += 1
            path.write_text(str(done))
            time.sleep(every_s)
    except JobStoppedError:
        raise JobStoppedError({"counted": done}) from None
    return done


def note(report: Any, *, file: str, line: str, seconds: float = 0.0) -> None:
    """Leave a line, as one whole write: who counts the lines knows how often a job was done."""
    time.sleep(seconds)
    with Path(file).open("a") as out:
        out.write(f"{line}\n")


def meet_a_busy_database(report: Any, *, file: str, times: int) -> str:
    """As when the database goes away in the middle of a job, so many times."""
    note(report, file=file, line="tried")
    tried = len(Path(file).read_text().splitlines())
    if tried <= times:
        raise OperationalError("the database is away")
    return f"done at attempt {tried}"


NAMES = ("add", "count", "fail", "lose", "meet_a_busy_database", "note", "report_nonsense", "sleep")
KINDS = {name: f"tests.config.job_functions.{name}" for name in NAMES}
