"""Over simulated studies with known truth, 95 % intervals hold it about 95 % of the time."""

import json

import numpy as np
import pytest

from analysis.clusters import ENOUGH_CLUSTERS
from benchmarks import coverage
from tests.conftest import ROOT

RESULT = json.loads((ROOT / "benchmarks" / "coverage.json").read_text(encoding="utf-8"))
LARGE = [row for row in RESULT["rows"] if row["n_raters"] >= ENOUGH_CLUSTERS]
SMALL = [row for row in RESULT["rows"] if row["n_raters"] < ENOUGH_CLUSTERS]


def named(row: dict[str, object]) -> str:
    return f"{row['figure']} of {row['n_raters']}"


@pytest.mark.parametrize("row", LARGE, ids=named)
def test_the_committed_run_of_1000_studies_holds_its_level(row: dict[str, float]) -> None:
    assert row["n_studies"] + row["failed"] >= 1000
    low, high = coverage.ALLOWED
    assert low <= row["covered"] <= high


@pytest.mark.parametrize("row", SMALL, ids=named)
def test_small_studies_are_widened_and_say_that_they_may_run_short(row: dict[str, float]) -> None:
    assert row["covered"] > 0.9
    assert row["cautioned"] == 1


def test_a_short_run_holds_about_its_level() -> None:
    rows = coverage.measure(40, 8, seed=1)
    assert {row.figure for row in rows} == {row["figure"] for row in RESULT["rows"]}
    # Eight studies of eleven figures: an interval half as wide as it should be would hold 67 %.
    assert 0.85 <= np.mean([row.covered for row in rows]) <= 1
    assert sum(row.failed for row in rows) == 0


@pytest.mark.parametrize(("covered", "off"), [(0.95, False), (0.90, True), (0.99, True)])
def test_what_misses_its_level_is_told(covered: float, off: bool) -> None:
    row = coverage.Coverage("x", 40, 1000, covered, 0.0, 0)
    assert coverage.is_off(row) is off


@pytest.mark.slow
@pytest.mark.parametrize("size", coverage.SIZES)
def test_a_thousand_studies_of_each_size_hold_their_level(size: int) -> None:
    rows = coverage.measure(size, 1000)
    assert [row for row in rows if coverage.is_off(row)] == []
    if size < ENOUGH_CLUSTERS:
        assert min(row.covered for row in rows) > 0.9
        assert all(row.cautioned == 1 for row in rows)
