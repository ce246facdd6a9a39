"""Krippendorff's alpha: published examples, another implementation, missing data, speed."""

import time

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.krippendorff import SCALES, Scale, krippendorff_alpha

_ = np.nan
# Three observers, 15 units: the example of the article on Wikipedia, after Krippendorff.
THREE_OBSERVERS = np.array(
    [
        [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
        [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
        [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
    ]
)
# Four observers, 12 units: Krippendorff 2011, "Computing Krippendorff's alpha-reliability", C.
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
)


def alpha(ratings: np.ndarray, scale: Scale, n_resamples: int = 10) -> float:
    return krippendorff_alpha(ratings, scale, np.random.default_rng(0), n_resamples).estimate


@pytest.mark.parametrize(
    ("ratings", "scale", "published"),
    [
        (THREE_OBSERVERS, "nominal", 0.691),
        (THREE_OBSERVERS, "interval", 0.811),
        (FOUR_OBSERVERS, "nominal", 0.743),
        (FOUR_OBSERVERS, "ordinal", 0.815),
        (FOUR_OBSERVERS, "interval", 0.849),
    ],
)
def test_published_examples(ratings: np.ndarray, scale: Scale, published: float) -> None:
    assert alpha(ratings, scale) == pytest.approx(published, abs=0.0005)


@pytest.mark.parametrize("scale", SCALES)
def test_incomplete_ratings_agree_with_the_krippendorff_package(scale: Scale) -> None:
    rng = np.random.default_rng(1)
    ratings = np.round(rng.normal(4, 1, (1, 40)) + rng.normal(0, 1, (9, 40)))
    ratings[rng.random(ratings.shape) < 0.5] = np.nan
    expected = krippendorff.alpha(ratings, level_of_measurement=scale)
    assert alpha(ratings, scale) == pytest.approx(expected, abs=1e-12)


def ratings_without_steps() -> np.ndarray:
    rng = np.random.default_rng(4)
    ratings = rng.normal(4, 1, (1, 60)) + rng.normal(0, 1, (15, 60))
    ratings[:, :20] = np.round(ratings[:, :20], 1)
    ratings[rng.random(ratings.shape) < 0.2] = np.nan
    return ratings


@pytest.mark.parametrize("scale", ["nominal", "interval"])
def test_a_scale_without_steps_agrees_with_the_krippendorff_package(scale: Scale) -> None:
    ratings = ratings_without_steps()
    expected = krippendorff.alpha(ratings, level_of_measurement=scale)
    assert alpha(ratings, scale) == pytest.approx(expected, abs=1e-12)


def test_ordinal_alpha_of_a_scale_without_steps_is_interval_alpha_of_the_ranks() -> None:
    ratings = ratings_without_steps()
    ranks = np.full_like(ratings, np.nan)
    ranks[np.isfinite(ratings)] = stats.rankdata(ratings[np.isfinite(ratings)])
    assert alpha(ratings, "ordinal") == pytest.approx(alpha(ranks, "interval"), abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.floats(-1000, 1000), st.floats(0.1, 10))
def test_interval_alpha_ignores_shift_and_unit(seed: int, shift: float, unit: float) -> None:
    ratings = np.random.default_rng(seed).normal(size=(4, 9))
    assert alpha(ratings * unit + shift, "interval") == pytest.approx(
        alpha(ratings, "interval"), abs=1e-6
    )


@given(st.integers(0, 2**32 - 1))
def test_ordinal_alpha_sees_only_the_order(seed: int) -> None:
    ratings = np.random.default_rng(seed).integers(0, 5, (4, 9)).astype(float)
    assert alpha(np.exp(ratings), "ordinal") == pytest.approx(
        alpha(ratings, "ordinal"), abs=1e-9, nan_ok=True
    )


def test_items_that_one_person_judged_do_not_count() -> None:
    lonely = np.full((4, 1), np.nan)
    lonely[0] = 99.0
    padded = np.hstack([FOUR_OBSERVERS, lonely])
    assert alpha(padded, "interval") == pytest.approx(alpha(FOUR_OBSERVERS, "interval"))


def test_the_bootstrap_interval_has_about_its_level() -> None:
    rng = np.random.default_rng(2)
    # With independent errors, interval alpha estimates the share of variance between items.
    truth = 4 / 5
    hits = 0
    for _run in range(60):
        ratings = np.round(2 * (rng.normal(0, 2, (1, 60)) + rng.normal(0, 1, (5, 60)))) / 2
        figure = krippendorff_alpha(ratings, "interval", rng, 200)
        hits += figure.low <= truth <= figure.high
    assert 49 <= hits <= 59


def test_one_value_only_gives_no_figure_but_a_reason() -> None:
    figure = krippendorff_alpha(np.ones((3, 5)), "nominal", np.random.default_rng(0))
    assert np.isnan(figure.estimate)
    assert "fewer than two different values" in figure.note


def test_no_ratings_at_all_give_no_figure() -> None:
    figure = krippendorff_alpha(np.full((3, 5), np.nan), "interval", np.random.default_rng(0))
    assert np.isnan(figure.estimate)
    assert figure.n == 0


@pytest.mark.parametrize(
    ("ratings", "scale", "message"),
    [
        (FOUR_OBSERVERS, "ratio", "expected one of nominal, ordinal, interval, got 'ratio'"),
        (np.ones(4), "nominal", r"expected shape \(n_raters, n_items\)"),
        (np.array([[1.0, np.inf], [1.0, 2.0]]), "interval", "infinite value"),
    ],
)
def test_bad_input_is_named(ratings: np.ndarray, scale: Scale, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        krippendorff_alpha(ratings, scale, np.random.default_rng(0))


@pytest.mark.parametrize("scale", SCALES)
def test_a_thousand_resamples_of_a_large_incomplete_table_are_quick(scale: Scale) -> None:
    rng = np.random.default_rng(3)
    ratings = np.round(rng.normal(0, 2, (1, 200)) + rng.normal(0, 2, (60, 200)))
    ratings[rng.random(ratings.shape) < 0.3] = np.nan
    begun_s = time.process_time()
    figure = krippendorff_alpha(ratings, scale, rng, 1000)
    assert time.process_time() - begun_s < 1.0
    assert figure.low < figure.estimate < figure.high
