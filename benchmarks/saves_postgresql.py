"""The rows of `benchmarks.saves` on PostgreSQL. Each run makes and drops a database."""

import json
import os
import sys
from dataclasses import asdict

from benchmarks.load.postgresql import again_with_a_server, has_server
from benchmarks.saves import FULL, QUICK, measure
from benchmarks.table import Row

MODULE = "benchmarks.saves_postgresql"


def run(quick: bool) -> list[Row]:
    """Rates, times and faults on PostgreSQL."""
    return _measured(quick) if has_server() else again_with_a_server(MODULE, quick)


def _measured(quick: bool) -> list[Row]:
    return measure("PostgreSQL", os.environ["TEST_DATABASE_URL"], QUICK if quick else FULL)


if __name__ == "__main__":
    print(json.dumps([asdict(row) for row in _measured("--quick" in sys.argv)]))
