"""A bad day of a lab in short: people save while web process and worker are killed and PostgreSQL
is restarted. Nothing that was acknowledged is lost or doubled, and everybody goes on.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.lab import QUICK
from benchmarks.load.lab_run import LabFigures
from benchmarks.load.postgresql import WITH_POSTGRES
from benchmarks.load.server import ROOT

pytestmark = [
    pytest.mark.load,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="kills by what /proc tells"),
]


def test_kills_and_a_restart_of_postgresql_lose_and_double_nothing() -> None:
    # A server of its own: the one of TEST_DATABASE_URL is not ours to restart.
    command = [sys.executable, WITH_POSTGRES, sys.executable, "-m", "benchmarks.lab", "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if "no PostgreSQL server found" in done.stderr:
        pytest.skip("no PostgreSQL server")
    assert done.returncode == 0, done.stderr[-3000:]
    figures = LabFigures(**json.loads(done.stdout))
    assert figures.kills >= 1
    assert figures.restart_s > 0
    assert figures.errors == []
    assert figures.faults == []
    # Everybody saved: a participant every 5 s, an annotator every 2 s, less what was away.
    assert figures.acknowledged > QUICK.participants + QUICK.annotators
