"""What the jobs of the tests do."""

import time
from typing import Any


def add(report: Any, *, a: int, b: int) -> int:
    report(0.5, "half way")
    return a + b


def fail(report: Any) -> None:
    raise ValueError("the excerpt lies outside the song")


def report_nonsense(report: Any) -> None:
    report(7.0, "x" * 500)


def sleep(report: Any, *, seconds: float = 60.0) -> None:
    report(0.1, "sleeping")
    time.sleep(seconds)


NAMES = ("add", "fail", "report_nonsense", "sleep")
KINDS = {name: f"tests.config.job_functions.{name}" for name in NAMES}
