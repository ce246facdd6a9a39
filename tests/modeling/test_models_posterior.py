"""Evidence to posterior to decision: calibrated, and blind to the overall level."""

import math

import numpy as np
import pytest

from analysis.vectors import centre
from modeling.errors import USUAL
from modeling.models.decision import (
    decide,
    decide_without_uncertainty,
    fit_threshold,
    thresholds_of,
)
from modeling.models.posterior import Evidence, posterior, posteriors


def _evidence(offset_db: list[float], sigma_db: float = 0.4) -> Evidence:
    return Evidence(np.array(offset_db), np.where(np.isfinite(offset_db), sigma_db, np.nan))


def test_no_offset_means_that_the_set_is_balanced() -> None:
    assert posterior(_evidence([0.0, 0.0, 0.0, 0.0]), USUAL).p_error < 0.05


def test_a_loud_stem_is_found_with_its_size() -> None:
    found = posterior(_evidence([0.0, 6.0, 0.0, 0.0]), USUAL)
    assert found.p_error > 0.99
    assert found.mean_error_db() == pytest.approx([-1.5, 4.5, -1.5, -1.5], abs=0.4)
    advice = decide(found, 0.5)
    assert [(move.stem, move.direction) for move in advice.moves] == [("drums", -1)]
    assert advice.moves[0].move_db == pytest.approx(-6.0, abs=0.5)


def test_the_overall_level_says_nothing() -> None:
    low, high = (
        posterior(_evidence([0.3 + shift, 4.0 + shift, shift, shift]), USUAL)
        for shift in (0.0, 25.0)
    )
    assert high.probabilities == pytest.approx(low.probabilities, abs=1e-9)


def test_a_masked_stem_gets_no_estimate_and_no_advice() -> None:
    found = posterior(_evidence([0.0, math.nan, 7.0, 0.0]), USUAL)
    assert np.isnan(found.mean_error_db()).tolist() == [False, True, False, False]
    assert "drums" not in [move.stem for move in decide(found, 0.0).moves]


def test_vague_evidence_shrinks_the_estimate() -> None:
    sure = posterior(_evidence([3.0, 0.0, 0.0, 0.0], 0.4), USUAL).mean_error_db()
    vague = posterior(_evidence([3.0, 0.0, 0.0, 0.0], 3.0), USUAL).mean_error_db()
    assert 0.0 < vague[0] < 0.8 * sure[0]


def test_eighty_percent_intervals_hold_the_truth_about_eighty_percent_of_the_time() -> None:
    rng = np.random.default_rng(3)
    errors_db = np.array([USUAL.draw(rng, (True,) * 4) for _ in range(500)])
    errors_db = errors_db[(errors_db != 0.0).any(axis=1)]
    offset_db = errors_db + rng.normal(0.0, 1.4, errors_db.shape)
    found = posteriors(Evidence(offset_db, np.full_like(offset_db, 1.4)), USUAL)
    bounds = np.array([one.interval_db() for one in found])
    truth = centre(errors_db)
    inside = (truth >= bounds[:, 0]) & (truth <= bounds[:, 1])
    assert 0.7 < inside.mean() < 0.9


def test_silence_below_the_threshold_and_words_above_it() -> None:
    found = posterior(_evidence([2.0, 0.0, 0.0, 0.0], 1.5), USUAL)
    assert decide(found, found.p_error + 0.01).moves == ()
    assert decide(found, found.p_error - 0.01).moves


def test_two_moves_are_given_the_more_certain_first_in_half_db_steps() -> None:
    advice = decide(posterior(_evidence([8.2, -4.1, 0.0, 0.0]), USUAL), 0.5)
    assert {(move.stem, move.direction) for move in advice.moves} == {("vocals", -1), ("drums", 1)}
    certainties = [move.certainty for move in advice.moves]
    assert certainties == sorted(certainties, reverse=True)
    assert all((2.0 * move.move_db).is_integer() for move in advice.moves)
    assert all(move.low_db < move.move_db < move.high_db for move in advice.moves)


def test_advice_is_never_smaller_than_1_5_db() -> None:
    rng = np.random.default_rng(4)
    for offset_db in rng.normal(0.0, 3.0, (60, 4)):
        advice = decide(posterior(Evidence(offset_db, np.full(4, 1.2)), USUAL), 0.0)
        assert len(advice.moves) <= 2
        assert all(abs(move.move_db) >= 1.5 for move in advice.moves)


def test_fresh_balanced_mixes_keep_the_stated_rate_nine_times_in_ten() -> None:
    rng = np.random.default_rng(5)
    thresholds = [fit_threshold(rng.uniform(0.4, 1.0, 150), 0.25) for _ in range(200)]
    true_rates = (1.0 - np.array(thresholds)) / 0.6
    assert np.mean(true_rates <= 0.25) >= 0.87
    assert np.median(true_rates) > 0.18


def test_a_song_that_counts_four_times_makes_the_threshold_no_surer() -> None:
    p_error = np.random.default_rng(6).uniform(0.4, 1.0, 150)
    repeated = np.repeat(p_error, 4)
    assert fit_threshold(repeated, n_songs=150) == pytest.approx(fit_threshold(p_error), abs=0.01)
    assert fit_threshold(repeated) < fit_threshold(p_error)


def test_where_sigma_is_wide_and_foreign_the_threshold_keeps_balanced_songs_silent() -> None:
    wide = Evidence(np.random.default_rng(7).normal(0.0, 6.0, (300, 4)), np.full((300, 4), 6.0))
    fitted = 0.6
    thresholds = thresholds_of(wide, np.zeros(300), fitted, USUAL)
    p_error = np.array([one.p_error for one in posteriors(wide, USUAL)])
    assert np.mean(p_error >= fitted) > 0.9
    assert np.mean(p_error >= thresholds) < 0.3
    assert (thresholds_of(wide, np.ones(300), fitted, USUAL) == fitted).all()


def test_the_threshold_is_at_least_one_half() -> None:
    assert fit_threshold(np.linspace(0.0, 0.3, 50)) == 0.5


def test_no_balanced_mix_is_no_ground_for_a_threshold() -> None:
    with pytest.raises(ValueError, match="no balanced mix"):
        fit_threshold(np.array([]))


def test_a_bare_correction_is_spoken_by_its_largest_moves() -> None:
    advice = decide_without_uncertainty(np.array([0.2, -5.0, 0.0, 2.0]))
    assert [(move.stem, move.direction) for move in advice.moves] == [("drums", -1), ("other", 1)]
    assert decide_without_uncertainty(np.array([0.5, -0.5, 0.3, 0.0])).moves == ()


def test_with_an_anchor_moves_are_told_relative_to_it() -> None:
    advice = decide_without_uncertainty(np.array([4.0, 0.0, 4.0, 4.0]), 1, anchor="vocals")
    assert [(move.stem, move.move_db) for move in advice.moves] == [("drums", -4.0)]
