"""The distribution of gain errors: what is drawn is what the posterior expects."""

import numpy as np
import pytest

from analysis.vectors import STEMS
from modeling.errors import (
    PUBLISHED,
    PUBLISHED_CATEGORIES_DB,
    USUAL,
    ErrorDistribution,
    draw_published,
    hypotheses,
)

ALL = (True, True, True, True)


def test_the_shares_of_none_one_two_and_all_are_those_of_the_text() -> None:
    rng = np.random.default_rng(1)
    drawn = np.array([USUAL.draw(rng, ALL) for _ in range(4000)])
    n_moved = (drawn != 0.0).sum(axis=1)
    shares = [np.mean(n_moved == n) for n in (0, 1, 2, 4)]
    assert shares == pytest.approx([0.25, 0.45, 0.20, 0.10], abs=0.03)


def test_errors_lie_between_1_5_and_12_db_in_both_directions() -> None:
    rng = np.random.default_rng(2)
    drawn = np.array([USUAL.draw(rng, ALL) for _ in range(2000)])
    moved = drawn[drawn != 0.0]
    assert np.abs(moved).min() >= 1.5
    assert np.abs(moved).max() <= 12.0
    assert np.mean(moved > 0.0) == pytest.approx(0.5, abs=0.04)


def test_a_masked_stem_is_never_moved_and_stays_masked() -> None:
    rng = np.random.default_rng(3)
    drawn = np.array([USUAL.draw(rng, (True, False, True, True)) for _ in range(200)])
    assert np.isnan(drawn[:, 1]).all()
    assert np.isfinite(drawn[:, [0, 2, 3]]).all()


def test_one_stem_alone_has_no_error_that_could_be_told() -> None:
    rng = np.random.default_rng(4)
    only_bass = (False, False, True, False)
    assert all(USUAL.draw(rng, only_bass)[2] == 0.0 for _ in range(50))
    assert hypotheses(USUAL, only_bass).weights.tolist() == [1.0]


def test_the_hypotheses_weigh_the_patterns_as_they_are_drawn() -> None:
    weighed = hypotheses(USUAL, ALL)
    n_moved = (weighed.moves_db != 0.0).sum(axis=1)
    shares = [weighed.weights[n_moved == n].sum() for n in (0, 1, 2, 4)]
    assert shares == pytest.approx([0.25, 0.45, 0.20, 0.10])


def test_the_published_protocol_alters_one_of_three_stems_and_names_another() -> None:
    rng = np.random.default_rng(5)
    for category, (low_db, high_db) in enumerate(PUBLISHED_CATEGORIES_DB):
        for _ in range(40):
            error_db, anchor = draw_published(rng, category, ALL)
            assert anchor is not None
            assert error_db[STEMS.index(anchor)] == 0.0
            assert error_db[STEMS.index("other")] == 0.0
            moved = error_db[error_db != 0.0]
            assert len(moved) == (0 if category == 0 else 1)
            assert ((moved >= low_db) & (moved <= high_db)).all()


def test_the_named_anchor_is_no_hypothesis_of_the_published_protocol() -> None:
    weighed = hypotheses(PUBLISHED, ALL, "drums")
    assert not weighed.moves_db[:, STEMS.index("drums")].any()
    assert weighed.weights[weighed.patterns == 0].sum() == pytest.approx(0.2)


def test_shares_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match=r"odd: shares add up to 0\.9"):
        ErrorDistribution("odd", none=0.2, one=0.4, two=0.2, every=0.1)
