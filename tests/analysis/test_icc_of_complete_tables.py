"""ICC(2,1) and ICC(2,k) against the published table and the properties that define them."""

import numpy as np
import pytest

from analysis.icc import MeanSquares, icc_average, icc_single

# Shrout & Fleiss 1979, table 2: 6 targets by 4 judges.
SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]


def test_the_mean_squares_of_shrout_and_fleiss() -> None:
    squares = MeanSquares.of(SHROUT_FLEISS)
    assert squares.rows == pytest.approx(11.24, abs=0.005)
    assert squares.columns == pytest.approx(32.49, abs=0.005)
    assert squares.error == pytest.approx(1.02, abs=0.005)


def test_one_judge_of_shrout_and_fleiss_has_29_hundredths() -> None:
    figure = icc_single(SHROUT_FLEISS)
    assert figure.estimate == pytest.approx(0.29, abs=0.005)
    # The interval that R's psych package gives for the same table.
    assert (figure.low, figure.high) == pytest.approx((0.019, 0.761), abs=0.0005)


def test_the_mean_of_four_judges_of_shrout_and_fleiss_has_62_hundredths() -> None:
    figure = icc_average(SHROUT_FLEISS)
    assert figure.estimate == pytest.approx(0.62, abs=0.005)
    assert (figure.low, figure.high) == pytest.approx((0.071, 0.927), abs=0.0005)


def test_a_biased_rater_lowers_absolute_agreement() -> None:
    table = np.array(SHROUT_FLEISS, dtype=float)
    assert icc_single(table + np.array([0, 0, 0, 5])).estimate < icc_single(table).estimate


def test_raters_who_differ_only_by_noise_get_the_share_of_variance_between_items() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(0, 2, (2000, 1)) + rng.normal(0, 1, (2000, 5))
    assert icc_single(table).estimate == pytest.approx(4 / 5, abs=0.02)


def test_raters_without_any_residual_give_no_figure_but_a_reason() -> None:
    figure = icc_single(np.tile(np.arange(5.0)[:, None], 3))
    assert np.isnan(figure.estimate)
    assert figure.note == "the raters' residual variance is zero"


@pytest.mark.parametrize(
    ("table", "message"),
    [([[1.0, 2.0]], "at least 2 items x 2 raters"), ([[1.0, np.nan], [2.0, 3.0]], "has gaps")],
)
def test_tables_that_are_too_small_or_have_gaps_are_refused(
    table: list[list[float]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        icc_single(table)
