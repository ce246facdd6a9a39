"""Within-rater SD from ratings given twice."""

import numpy as np
import pytest

from analysis.repeats import rating_repeat_sd

# Peak expiratory flow in l/min of 17 subjects, read twice on one meter: Bland & Altman 1986,
# table 1. Their coefficient of repeatability, twice the SD of the differences about zero, is 43.2.
FIRST = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
SECOND = [490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421]


def test_the_published_repeatability() -> None:
    found = rating_repeat_sd(FIRST, SECOND, np.arange(17))
    assert 2 * np.sqrt(2) * found.estimate == pytest.approx(43.2, abs=0.1)


def test_the_truth_is_found() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(50, 10, 900)
    first, again = (truth + rng.normal(0, 4, 900) for _ in range(2))
    found = rating_repeat_sd(first, again, np.repeat(np.arange(90), 10))
    assert found.low < 4 < found.high
    assert found.high - found.low < 1


def test_without_repeats_there_is_no_figure() -> None:
    assert rating_repeat_sd([1.0], [np.nan], [1]).note == "nobody rated anything twice"


def test_one_rater_has_no_interval() -> None:
    found = rating_repeat_sd([1, 2], [2, 2], [1, 1])
    assert found.estimate == pytest.approx(0.5)
    assert np.isnan(found.low)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one length"):
        rating_repeat_sd([1, 2], [2], [1, 1])
