"""A benchmark on PostgreSQL: the server of TEST_DATABASE_URL, else a private one that
`.ci/with_postgres.py` starts in a temporary folder.
"""

import json
import os
import subprocess
import sys

from benchmarks.load.server import ROOT
from benchmarks.table import CannotRun, Row

WITH_POSTGRES = ROOT / ".ci" / "with_postgres.py"


def has_server() -> bool:
    return bool(os.environ.get("TEST_DATABASE_URL"))


def again_with_a_server(module: str, quick: bool) -> list[Row]:
    """Run `module` in a child with a private server: it lives as long as the child, which prints
    its rows as JSON. Raises CannotRun where no server can be had."""
    again = [sys.executable, "-m", module, *(["--quick"] if quick else [])]
    done = subprocess.run(
        [sys.executable, str(WITH_POSTGRES), *again], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode and "set TEST_DATABASE_URL" in done.stderr:
        raise CannotRun(done.stderr.strip())
    if done.returncode:
        raise RuntimeError(f"a child failed: {done.stderr[-3000:]}")
    return [Row(**row) for row in json.loads(done.stdout)]
