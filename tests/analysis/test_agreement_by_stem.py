"""Agreement per stem on centred relative loudness, complete and incomplete."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.agreement import StemAgreement, agreement_by_stem, centred_mae_db
from analysis.annotations import Annotations, relative_loudness
from analysis.icc import icc_average, icc_single
from analysis.vectors import STEMS
from tests.analysis.simulated_annotations import Plan, simulate


def by_stem(annotations: Annotations) -> dict[str, StemAgreement]:
    return agreement_by_stem(annotations, np.random.default_rng(0), n_resamples=100)


def test_a_complete_table_gets_the_f_based_iccs_of_each_stem() -> None:
    _, annotations = simulate(Plan(12, 6, 6), np.random.default_rng(0))
    order = np.lexsort((annotations.annotator, annotations.excerpt))
    tables = relative_loudness(annotations)[order].reshape(12, 6, 4)
    figures = by_stem(annotations)
    for column, stem in enumerate(STEMS):
        assert figures[stem].icc_single == icc_single(tables[:, :, column])
        assert figures[stem].icc_average == icc_average(tables[:, :, column])


def test_an_incomplete_table_gets_variance_components_and_finds_the_truth() -> None:
    _, annotations = simulate(Plan(150, 30, 6, 1.0, 1.5), np.random.default_rng(1))
    figure = by_stem(annotations)["drums"].icc_single
    # Stem loudness (SD 3) and true balance (SD 3) add up; centring scales all components alike.
    truth = 18 / (18 + 1 + 2.25)
    assert figure.method.startswith("ICC(A,1), REML")
    assert figure.estimate == pytest.approx(truth, abs=0.05)
    assert figure.low < truth < figure.high


def test_the_sd_between_annotators_and_the_error_of_the_consensus_are_in_db() -> None:
    _, annotations = simulate(Plan(200, 40, 9, 1.0, 1.5), np.random.default_rng(2))
    truth_db = np.sqrt(0.75 * (1.0 + 2.25))
    for figures in by_stem(annotations).values():
        assert figures.sd_between_annotators_db.estimate == pytest.approx(truth_db, rel=0.08)
        assert figures.se_of_consensus_db.estimate == pytest.approx(truth_db / 3, rel=0.08)


def test_common_offsets_of_annotations_do_not_count() -> None:
    _, annotations = simulate(Plan(8, 5, 5), np.random.default_rng(3))
    offset_db = np.random.default_rng(4).normal(0, 20, (len(annotations), 1))
    louder = replace(annotations, balance_db=annotations.balance_db + offset_db)
    for first, second in zip(by_stem(annotations).values(), by_stem(louder).values(), strict=True):
        assert first.icc_single.estimate == pytest.approx(second.icc_single.estimate, abs=1e-9)


def test_relative_loudness_counts_not_the_raw_fader() -> None:
    # Everybody brings the stems to the same loudness: faders differ by song, what is heard never.
    rng = np.random.default_rng(5)
    loudness_lufs = -20 + rng.normal(0, 6, (30, 4))
    excerpt, annotator = np.repeat(np.arange(30), 4), np.tile(np.arange(4), 30)
    balance_db = -20 - loudness_lufs[excerpt] + rng.normal(0, 1, (120, 4))
    heard = Annotations(excerpt, annotator, balance_db, loudness_lufs)
    raw = replace(heard, stem_loudness_lufs=np.full((30, 4), -20.0))
    assert by_stem(heard)["bass"].icc_single.estimate < 0.2
    assert by_stem(raw)["bass"].icc_single.estimate > 0.9


def test_masked_faders_are_missing_and_the_rest_still_counts() -> None:
    rng = np.random.default_rng(6)
    _, annotations = simulate(Plan(30, 6, 6), rng)
    complete = by_stem(annotations)["vocals"]
    annotations.balance_db[rng.random(annotations.balance_db.shape) < 0.1] = np.nan
    masked = by_stem(annotations)["vocals"]
    assert masked.icc_single.n == np.isfinite(annotations.balance_db[:, 0]).sum()
    assert masked.icc_single.estimate == pytest.approx(complete.icc_single.estimate, abs=0.05)


@pytest.mark.parametrize("plan", [Plan(1, 5, 5), Plan(5, 5, 1)])
def test_one_excerpt_or_no_overlap_gives_no_icc_but_a_reason(plan: Plan) -> None:
    _, annotations = simulate(plan, np.random.default_rng(7))
    figures = by_stem(annotations)["other"]
    assert np.isnan(figures.icc_single.estimate)
    assert figures.icc_single.note.startswith("agreement needs two excerpts")
    assert np.isnan(figures.alpha.estimate)


def test_figures_go_to_json_without_nan() -> None:
    _, annotations = simulate(Plan(5, 5, 1), np.random.default_rng(8))
    values = by_stem(annotations)["other"].as_json()
    assert values["icc_single"]["estimate"] is None
    assert values["sd_between_annotators_db"]["note"] == "no excerpt has two annotations"


def test_the_centred_error_ignores_common_offsets_and_stems_that_only_one_has() -> None:
    first_db = np.array([[6.0, 0.0, 0.0, np.nan], [1.0, np.nan, np.nan, np.nan]])
    second_db = np.array([[3.0, 3.0, 3.0, 0.0], [1.0, 2.0, 3.0, 4.0]])
    errors_db = centred_mae_db(first_db, second_db)
    assert errors_db[0] == pytest.approx((4 + 2 + 2) / 3)
    assert np.isnan(errors_db[1])
