"""The rows of `benchmarks.saves` on PostgreSQL: the server of TEST_DATABASE_URL, else a private one
that `.ci/with_postgres.py` starts in a temporary folder. Each run makes and drops a database.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict

from benchmarks.load.server import ROOT
from benchmarks.saves import FULL, QUICK, check, measure
from benchmarks.table import CannotRun, Row

WITH_POSTGRES = ROOT / ".ci" / "with_postgres.py"


def run(quick: bool) -> list[Row]:
    """Rates, times and faults on PostgreSQL."""
    if os.environ.get("TEST_DATABASE_URL"):
        return _measured(quick)
    # The private server lives as long as the child: this module again.
    again = [sys.executable, "-m", "benchmarks.saves_postgresql", *(["--quick"] if quick else [])]
    done = subprocess.run(
        [sys.executable, str(WITH_POSTGRES), *again], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode and "set TEST_DATABASE_URL" in done.stderr:
        raise CannotRun(done.stderr.strip())
    check(done)
    return [Row(**row) for row in json.loads(done.stdout)]


def _measured(quick: bool) -> list[Row]:
    return measure("PostgreSQL", os.environ["TEST_DATABASE_URL"], QUICK if quick else FULL)


if __name__ == "__main__":
    print(json.dumps([asdict(row) for row in _measured("--quick" in sys.argv)]))
