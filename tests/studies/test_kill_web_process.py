"""`kill -9` of web processes in the middle of a load: nothing acknowledged is lost or doubled, and
every participant goes on to the end."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.load.server import ROOT, production
from benchmarks.load.study_run import StudyFigures, StudySize

SIZE = StudySize(clients=5, sittings=1, trials=5, think_s=0.5, kill_every_s=0.9)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="kills by what /proc tells")
def test_a_killed_web_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/database"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.study_run", json.dumps(asdict(SIZE)), tmp_path],
        cwd=ROOT,
        env={**production(url, tmp_path), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    figures = StudyFigures(**json.loads(done.stdout))
    assert figures.kills >= 2
    assert figures.errors == []
    assert figures.faults == {"lost": [], "overlap": []}
    # Trials of the study and one attention check each.
    assert figures.acknowledged == SIZE.clients * (SIZE.trials + 1)
