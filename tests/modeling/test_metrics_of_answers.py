"""Metrics against answers whose score is known by hand."""

import numpy as np
import pytest

from modeling.errors import USUAL
from modeling.evaluation.bootstrap import SongBootstrap, weighted_auroc
from modeling.evaluation.cases import Cases, answers_from_corrections, answers_from_evidence
from modeling.evaluation.metrics import (
    by_stem_and_sign,
    confusion,
    per_case,
    specificity_curve,
    summary,
)
from modeling.models.posterior import Evidence

ERRORS_DB = np.array(
    [
        [0.0, 0.0, 0.0, 0.0],
        [6.0, 0.0, 0.0, 0.0],
        [0.0, -4.0, 0.0, 0.0],
        [3.0, 0.0, -5.0, 0.0],
    ]
)


def _cases(errors_db: np.ndarray = ERRORS_DB) -> Cases:
    n = len(errors_db)
    return Cases(USUAL, np.arange(n), errors_db, errors_db, (None,) * n)


def test_the_oracle_is_right_in_every_way() -> None:
    values = per_case(answers_from_corrections("oracle", -ERRORS_DB, _cases()), _cases())
    assert values["centred_mae_db"] == pytest.approx(np.zeros(4))
    assert values["fewest_moves_mae_db"] == pytest.approx(np.zeros(4), abs=1e-9)
    assert values["joint"][:3].tolist() == [1.0, 1.0, 1.0]
    assert (values["set_precision"][3], values["set_recall"][3]) == (1.0, 1.0)
    assert values["within_1_db"].tolist() == [1.0] * 4


def test_silence_is_right_on_balanced_mixes_only() -> None:
    cases = _cases()
    values = per_case(answers_from_corrections("zero", np.zeros((4, 4)), cases), cases)
    assert values["specificity"][0] == 1.0
    assert values["joint"][:3].tolist() == [1.0, 0.0, 0.0]
    assert np.isnan(values["joint"][3])
    # 6 dB on one of four stems is 4.5 and three times 1.5 dB in the centred gauge.
    assert values["centred_mae_db"][1] == pytest.approx((4.5 + 3 * 1.5) / 4)


def test_the_right_stem_in_the_wrong_direction_is_wrong() -> None:
    cases = _cases()
    values = per_case(answers_from_corrections("wrong way", ERRORS_DB, cases), cases)
    assert values["joint"][1:3].tolist() == [0.0, 0.0]


def test_equivalent_answers_count_as_right() -> None:
    cases = _cases(np.array([[6.0, 6.0, 0.0, 0.0]]))
    said = np.array([[0.0, 0.0, 6.0, 6.0]])
    values = per_case(answers_from_corrections("others up", said, cases), cases)
    assert values["set_recall"][0] == 1.0
    assert values["fewest_moves_mae_db"][0] == pytest.approx(0.0, abs=1e-9)


def test_errors_within_the_references_interval_are_counted_apart() -> None:
    cases = _cases()
    values = per_case(answers_from_corrections("oracle", -ERRORS_DB, cases), cases, 5.0)
    assert np.isnan(values["joint_altered"][2])
    assert values["too_small_to_count"][1:3].tolist() == [0.0, 1.0]


def test_masked_stems_count_for_nothing() -> None:
    cases = _cases(np.array([[6.0, 0.0, 0.0, np.nan]]))
    values = per_case(answers_from_corrections("zero", np.zeros((1, 4)), cases), cases)
    assert values["centred_mae_db"][0] == pytest.approx((4.0 + 2.0 + 2.0) / 3)


def test_a_sharp_and_honest_system_covers_and_ranks_well() -> None:
    rng = np.random.default_rng(1)
    errors_db = np.array([USUAL.draw(rng, (True,) * 4) for _ in range(300)])
    cases = Cases(USUAL, np.arange(300) // 5, errors_db, errors_db, (None,) * 300)
    offset_db = errors_db + rng.normal(0.0, 1.0, errors_db.shape)
    found = answers_from_evidence("ear", Evidence(offset_db, np.ones((300, 4))), cases, 0.5)
    figures = summary(found, cases, seed=1)
    assert figures["auroc"].estimate > 0.9
    assert 0.7 < figures["coverage_80"].estimate < 0.95
    assert figures["joint"].low < figures["joint"].estimate < figures["joint"].high
    assert figures["centred_mae_db"].n == 300
    curve = specificity_curve(found, cases)
    assert [point["specificity"] for point in curve] == sorted(p["specificity"] for p in curve)
    assert curve[-1] == {"threshold": 1e9, "specificity": 1.0, "joint_altered": 0.0}


def test_errors_are_told_by_stem_and_sign() -> None:
    cases = _cases()
    table = by_stem_and_sign(answers_from_corrections("oracle", -ERRORS_DB, cases), cases, 1)
    assert table["vocals too loud"]["joint"].n == 1
    assert table["drums too quiet"]["joint"].estimate == 1.0
    assert table["bass too loud"]["joint"].n == 0


def test_the_confusion_table_names_what_should_be_done_and_what_was_said() -> None:
    cases = _cases()
    table = confusion(answers_from_corrections("oracle", -ERRORS_DB, cases), cases)
    assert table == {
        "none": {"none": 1},
        "vocals down": {"vocals down": 1},
        "drums up": {"drums up": 1},
    }


def test_intervals_grow_when_cases_belong_to_few_songs() -> None:
    rng = np.random.default_rng(2)
    of_song = np.repeat(rng.normal(0.0, 1.0, 12), 10)
    values = of_song + rng.normal(0.0, 0.1, 120)
    apart = SongBootstrap(np.arange(120), 1).mean(values)
    together = SongBootstrap(np.repeat(np.arange(12), 10), 1).mean(values)
    assert together.high - together.low > 2.0 * (apart.high - apart.low)


def test_a_paired_difference_is_surer_than_the_two_figures() -> None:
    rng = np.random.default_rng(3)
    hard = np.repeat(rng.normal(2.0, 1.0, 30), 4)
    bootstrap = SongBootstrap(np.repeat(np.arange(30), 4), 1)
    difference = bootstrap.difference(hard - 0.2 + rng.normal(0.0, 0.05, 120), hard)
    assert difference.high < 0.0
    assert difference.high - difference.low < 0.1


def test_auroc_counts_ties_half() -> None:
    scores, positive = np.array([1.0, 1.0, 0.0, 2.0]), np.array([True, False, False, True])
    assert weighted_auroc(scores, positive, np.ones(4)) == pytest.approx(3.5 / 4)
    assert np.isnan(weighted_auroc(scores, np.ones(4, dtype=bool), np.ones(4)))
