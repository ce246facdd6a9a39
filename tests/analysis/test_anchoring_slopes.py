"""Slopes of the submitted balance on the start and on the hidden trim."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.anchoring import anchoring_slopes, clustered_mean
from analysis.annotations import Annotations
from analysis.vectors import STEMS, centre
from tests.analysis.simulated_annotations import Plan, simulate


def anchored(slope: float, seed: int = 0) -> tuple[Annotations, np.ndarray]:
    """Annotations drawn by `slope` towards random starts."""
    rng = np.random.default_rng(seed)
    _, annotations = simulate(Plan(30, 10, 8), rng)
    start_db = rng.uniform(-6, 6, annotations.balance_db.shape)
    drawn = replace(annotations, balance_db=annotations.balance_db + slope * start_db)
    return drawn, start_db


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_a_planted_slope_is_found_per_stem_and_pooled(slope: float) -> None:
    # One table has a standard error of 0.02 pooled and 0.03 per stem; the mean of 20 a fifth of it.
    runs = [anchoring_slopes(*anchored(slope, seed)) for seed in range(20)]
    for name in (*STEMS, "pooled"):
        assert np.mean([run[name].estimate for run in runs]) == pytest.approx(slope, abs=0.03)
    assert set(runs[0]) == {*STEMS, "pooled"}
    assert runs[0]["pooled"].n == 4 * runs[0]["vocals"].n


def test_slopes_and_intervals_are_those_of_statsmodels() -> None:
    annotations, start_db = anchored(0.2)
    slope = anchoring_slopes(annotations, start_db)["drums"]
    columns = []
    for values_db in (annotations.balance_db, start_db):
        drums_db = centre(values_db)[:, 1]
        means_db = np.array([drums_db[annotations.excerpt == e].mean() for e in range(30)])
        columns.append(drums_db - means_db[annotations.excerpt])
    reference = sm.OLS(columns[0], columns[1][:, None]).fit(
        cov_type="cluster", cov_kwds={"groups": annotations.annotator}, use_t=True
    )
    assert slope.estimate == pytest.approx(reference.params[0])
    # statsmodels' small-sample factor has (n - 1) / (n - 1) too, as there is one coefficient.
    assert (slope.low, slope.high) == pytest.approx(tuple(reference.conf_int()[0]), rel=1e-6)


def test_common_offsets_of_start_and_submission_are_no_anchoring() -> None:
    annotations, start_db = anchored(0.0)
    offset_db = np.random.default_rng(1).normal(0, 10, (len(annotations), 1))
    moved = replace(annotations, balance_db=annotations.balance_db + offset_db)
    before, after = (
        anchoring_slopes(a, s)["pooled"].estimate
        for a, s in ((annotations, start_db), (moved, start_db + offset_db))
    )
    assert after == pytest.approx(before, abs=1e-9)


def test_stems_that_are_off_are_left_out() -> None:
    annotations, start_db = anchored(0.3)
    complete = anchoring_slopes(annotations, start_db)
    annotations.balance_db[::4, 2] = np.nan
    start_db[::4, 2] = 1000.0
    masked = anchoring_slopes(annotations, start_db)
    assert masked["bass"].n == 180
    assert masked["drums"].n == 240
    assert masked["pooled"].estimate == pytest.approx(complete["pooled"].estimate, abs=0.03)


def test_intervals_cover_in_spite_of_biased_annotators() -> None:
    hits = 0
    for seed in range(60):
        slope = anchoring_slopes(*anchored(0.1, seed))["pooled"]
        hits += slope.low <= 0.1 <= slope.high
    assert hits >= 51


def test_a_start_that_never_varies_gives_no_slope_but_a_reason() -> None:
    annotations, start_db = anchored(0.0)
    slope = anchoring_slopes(annotations, np.zeros_like(start_db))["pooled"]
    assert np.isnan(slope.estimate)
    assert slope.note == "the cause does not vary"


def test_one_cluster_gives_a_mean_without_an_interval() -> None:
    mean = clustered_mean(np.array([1.0, 2.0]), np.array([5, 5]))
    assert mean.estimate == 1.5
    assert np.isnan(mean.low)
    assert mean.note == "no interval: fewer than two clusters"


def test_a_cause_of_another_shape_is_refused() -> None:
    annotations, start_db = anchored(0.0)
    with pytest.raises(ValueError, match=r"cause_db: expected shape \(240, 4\), got \(240, 3\)"):
        anchoring_slopes(annotations, start_db[:, :3])
