"""Limits of agreement of the two peak flow meters of Bland & Altman 1986."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.bland_altman import limits_of_agreement

# First readings in l/min of 17 subjects: Bland & Altman 1986, table 1.
LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_the_published_bias_and_limits() -> None:
    found = limits_of_agreement(LARGE, MINI)
    assert found.bias.estimate == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    # The article takes 2 SD for 1.96 and gives -79.7 and 75.5.
    assert found.bias.estimate - 2 * found.sd == pytest.approx(-79.7, abs=0.1)
    assert (found.bias.low, found.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=20), st.floats(-50, 50))
def test_a_constant_added_moves_bias_and_limits_alike(values: list[float], shift: float) -> None:
    first, second = np.array(values), np.zeros(len(values))
    one, moved = limits_of_agreement(first, second), limits_of_agreement(first + shift, second)
    for name in ("bias", "lower", "upper"):
        before, after = getattr(one, name).estimate, getattr(moved, name).estimate
        assert after - before == pytest.approx(shift, abs=1e-6)


def test_two_pairs_are_too_few() -> None:
    assert limits_of_agreement([1, 2, np.nan], [1, 1, 1]).bias.note == "2 pairs; three are needed"


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one length"):
        limits_of_agreement([1, 2], [1])
