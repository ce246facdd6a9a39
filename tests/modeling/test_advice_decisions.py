"""From posterior to advice: when it speaks, how much it says, and in which figures."""

import numpy as np
import pytest

from analysis.vectors import STEMS, centre
from modeling.advice.compose import (
    Speaker,
    from_correction,
    from_evidence,
    within_db,
)
from modeling.advice.facts import Fact
from modeling.advice.parser import parse
from modeling.advice.structure import Advice
from modeling.errors import USUAL
from modeling.models.decision import fit_threshold
from modeling.models.posterior import Evidence, posteriors
from tests.modeling.advice_cases import provenance

SIGMA_DB = np.array([1.2, 1.5, 1.8, 1.4])
SPEAKER = Speaker(provenance())


def _balanced(n: int, seed: int) -> Evidence:
    offsets_db = np.random.default_rng(seed).normal(size=(n, 4)) * SIGMA_DB
    return Evidence(offsets_db, np.tile(SIGMA_DB, (n, 1)))


def _advice(offset_db: list[float], threshold: float = 0.5, sigma_db: float = 0.8) -> Advice:
    offset = np.array(offset_db)
    evidence = Evidence(offset, np.where(np.isfinite(offset), sigma_db, np.nan))
    return from_evidence(evidence, threshold, SPEAKER)


@pytest.mark.parametrize("rate", [0.1, 0.25])
def test_balanced_sets_get_advice_no_more_often_than_was_asked_for(rate: float) -> None:
    fitted = posteriors(_balanced(300, 1), USUAL)
    threshold = fit_threshold(np.array([one.p_error for one in fitted]), rate)
    balanced = _balanced(200, 2)
    fresh = [from_evidence(balanced[row], threshold, SPEAKER) for row in range(200)]
    spoken = np.mean([not advice.leave_it for advice in fresh])
    assert spoken <= rate + 3.0 * np.sqrt(rate * (1.0 - rate) / 120)


def test_one_loud_stem_is_lowered_by_its_excess_in_half_db_steps() -> None:
    advice = _advice([6.2, 0.0, 0.1, -0.1], sigma_db=0.4)
    (move,) = advice.answer.moves
    assert move.stem == "vocals"
    assert move.move_db == pytest.approx(-6.0, abs=0.5)
    assert move.move_db % 0.5 == 0.0
    assert move.low_db is not None
    assert move.high_db is not None
    assert move.low_db < move.move_db < move.high_db
    assert parse(advice.prose) == advice.answer


def test_at_most_two_stems_are_moved_the_most_certain_first() -> None:
    advice = _advice([9.0, -8.0, 7.0, -9.0])
    assert len(advice.answer.moves) == 2
    certainties = [move.certainty or 0.0 for move in advice.answer.moves]
    assert certainties == sorted(certainties, reverse=True)


def test_a_set_in_balance_is_left_alone_with_how_far_that_is_known() -> None:
    sure, unsure = (_advice([0.0] * 4, sigma_db=sigma) for sigma in (0.4, 2.0))
    assert sure.leave_it
    assert unsure.leave_it
    assert sure.answer.within_db is not None
    assert unsure.answer.within_db is not None
    assert sure.answer.within_db < unsure.answer.within_db


def test_stems_lie_within_the_stated_range_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    inside = []
    for offsets_db in rng.normal(0.0, 1.5, (200, 4)):
        evidence = Evidence(offsets_db, SIGMA_DB)
        truths_db = centre(offsets_db - rng.normal(size=(50, 4)) * SIGMA_DB)
        inside.append((np.abs(truths_db) <= within_db(evidence)).mean(axis=0))
    assert np.mean(inside, axis=0).min() >= 0.8


def test_no_move_is_smaller_than_one_and_a_half_db() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        advice = _advice(list(rng.normal(0.0, 2.0, 4)), threshold=0.0)
        assert all(abs(move.move_db) >= 1.5 for move in advice.answer.moves)
    assert from_correction(np.array([1.4, -1.4, 0.0, 0.0]), SPEAKER).leave_it


def test_a_masked_stem_stays_masked_everywhere() -> None:
    advice = _advice([6.0, 0.0, float("nan"), 0.0])
    expected = (True, True, False, True)
    assert advice.move.mask == advice.balance.mask == expected
    assert advice.uncertainty is not None
    assert advice.uncertainty.sigma_db[2] is None


def test_one_stem_alone_or_none_is_left_alone() -> None:
    nan = float("nan")
    for offsets in ([6.0, nan, nan, nan], [nan] * 4):
        assert _advice(offsets).leave_it
        assert from_correction(np.array(offsets), SPEAKER).leave_it


def test_the_expected_correction_goes_against_the_offset_and_lies_in_its_interval() -> None:
    uncertainty = _advice([6.0, 0.0, 0.0, 0.0]).uncertainty
    assert uncertainty is not None
    expected = uncertainty.expected.to_mapping()
    assert expected["vocals"] is not None
    assert expected["vocals"] < -3.0
    for k, stem in enumerate(STEMS):
        low_db, high_db = uncertainty.low_db[k], uncertainty.high_db[k]
        assert low_db is not None
        assert high_db is not None
        assert low_db <= high_db
        assert low_db - 1.0 <= (expected[stem] or 0.0) <= high_db + 1.0


def test_advice_that_would_not_help_is_not_given_where_it_is_checked() -> None:
    near = Evidence(np.array([0.3, 0.0, 0.0, -0.2]), np.full(4, 1.0))
    far = Evidence(np.array([6.0, 0.0, 0.0, 0.0]), np.full(4, 1.0))
    assert not from_evidence(near, 0.0, SPEAKER).leave_it
    assert from_evidence(near, 0.0, SPEAKER, checked=True).leave_it
    unchecked, checked = (from_evidence(far, 0.5, SPEAKER, checked=flag) for flag in (False, True))
    assert unchecked == checked


def test_a_reason_speaks_for_the_move_beside_which_it_stands() -> None:
    places = {"vocals": 5.0, "drums": -1.0, "bass": -2.0, "other": -2.0}
    facts = [Fact("against_balanced", value, stem=stem) for stem, value in places.items()]
    speaker = Speaker(provenance(), facts)
    lowered = from_correction(np.array([-6.0, 0.0, 0.0, 0.0]), speaker)
    assert [fact.stem for fact in lowered.reasons] == ["vocals"]
    assert lowered.reasons[0].value == pytest.approx(5.0 + 5.0 / 3.0)
    raised = from_correction(np.array([6.0, 0.0, 0.0, 0.0]), speaker)
    assert raised.reasons == ()


def test_a_warning_is_always_among_the_first_reasons() -> None:
    facts = [Fact("under_mix", 5.0, stem="vocals"), Fact("unlike_training", 0.7)]
    advice = from_correction(np.array([-6.0, 0.0, 0.0, 0.0]), Speaker(provenance(), facts))
    assert advice.reasons[0].kind == "unlike_training"
    assert "certain" in advice.prose
