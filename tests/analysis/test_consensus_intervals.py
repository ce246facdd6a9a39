"""The intervals of the consensus hold about their level, in every regime."""

import numpy as np
import pytest

from analysis.consensus import fit_consensus
from analysis.intervals import BOOTSTRAP_FROM
from tests.analysis.simulated_annotations import Plan, simulate

# Runs x excerpts x stems are some 600 to 1,300 intervals: the coverage has an error of 1-2 %.
REGIMES = {
    "t, everyone heard everything": Plan(20, 8, 8, 1.0, 1.5),
    "t, many annotators, low overlap": Plan(20, 30, 4, 1.0, 1.5),
    "t, nobody heard two excerpts": Plan(20, 60, 3, 0.0, 1.5),
    "bootstrap, everyone heard everything": Plan(15, 12, 12, 1.0, 1.5),
    "bootstrap, incomplete": Plan(8, 30, 12, 1.0, 1.5),
}


@pytest.mark.parametrize("name", REGIMES)
def test_coverage_is_near_nominal(name: str) -> None:
    plan = REGIMES[name]
    assert name.startswith("bootstrap") == (plan.per_excerpt >= BOOTSTRAP_FROM)
    rng = np.random.default_rng(11)
    covered = []
    for _run in range(16):
        truth_db, annotations = simulate(plan, rng)
        consensus = fit_consensus(annotations, rng, n_resamples=300)
        inside = (consensus.low_db <= truth_db) & (truth_db <= consensus.high_db)
        covered.append(inside.mean())
    assert 0.90 <= np.mean(covered) <= 0.985


def test_a_lower_level_gives_a_narrower_interval() -> None:
    _, annotations = simulate(Plan(10, 12, 12), np.random.default_rng(0))
    widths_db = [
        (consensus.high_db - consensus.low_db).mean()
        for level in (0.5, 0.8, 0.95)
        for consensus in [fit_consensus(annotations, np.random.default_rng(0), level=level)]
    ]
    assert widths_db == sorted(widths_db)
    assert widths_db[0] < 0.5 * widths_db[2]


@pytest.mark.parametrize("per_excerpt", [6, 12])
def test_more_annotations_give_a_narrower_interval(per_excerpt: int) -> None:
    widths_db = []
    for overlap in (per_excerpt, 3 * per_excerpt):
        _, annotations = simulate(Plan(20, 40, overlap), np.random.default_rng(1))
        consensus = fit_consensus(annotations, np.random.default_rng(0))
        widths_db.append((consensus.high_db - consensus.low_db).mean())
    assert widths_db[1] < 0.8 * widths_db[0]


def test_the_spread_is_that_of_annotators_and_residual_together() -> None:
    _, annotations = simulate(Plan(100, 20, 12, 1.0, 1.5), np.random.default_rng(2))
    consensus = fit_consensus(annotations, np.random.default_rng(0))
    # Centring takes a quarter of the variance of four independent stems.
    expected_db = np.sqrt(0.75 * (1.0**2 + 1.5**2))
    assert consensus.spread_db.mean() == pytest.approx(expected_db, rel=0.1)
    assert np.sqrt(0.75) * 1.5 == pytest.approx(consensus.residual_sd_db.mean(), rel=0.1)
    assert np.sqrt(0.75) * 1.0 == pytest.approx(consensus.annotator_sd_db.mean(), rel=0.3)
