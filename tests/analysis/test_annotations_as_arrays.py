"""The arrays that consensus and agreement take, and the gauge they are compared in."""

import numpy as np
import pytest

from analysis.annotations import Annotations, aligned_balances, relative_loudness
from analysis.vectors import centre

LOUDNESS = np.array([[-20.0, -22.0, -24.0, -18.0], [-20.0, np.nan, -24.0, -18.0]])


def three_rows() -> Annotations:
    balance_db = np.array([[6.0, 0, 0, 0], [0.0, 9.0, 0, 0], [1.0, 2.0, 3.0, np.nan]])
    return Annotations(np.array([0, 1, 0]), np.array([0, 0, 1]), balance_db, LOUDNESS)


def test_a_value_on_an_inactive_stem_is_dropped() -> None:
    assert np.isnan(three_rows().balance_db[1, 1])


def test_a_complete_annotation_is_centred_over_the_active_stems() -> None:
    aligned_db = aligned_balances(three_rows())
    np.testing.assert_allclose(aligned_db[0], [4.5, -1.5, -1.5, -1.5])
    np.testing.assert_allclose(aligned_db[1], [0.0, np.nan, 0.0, 0.0])


def test_an_annotation_with_a_stem_off_keeps_its_other_stems_in_place() -> None:
    rng = np.random.default_rng(0)
    truth_db = centre([8.0, -1.0, -3.0, -4.0])
    balance_db = np.tile(truth_db, (4, 1)) + rng.normal(0, 6, (4, 1))
    # Centred over the other three, every stem would move by 8 / 3 dB.
    balance_db[3, 0] = np.nan
    annotations = Annotations(np.zeros(4), np.arange(4), balance_db, LOUDNESS[:1])
    np.testing.assert_allclose(aligned_balances(annotations)[3, 1:], truth_db[1:], atol=1e-6)


def test_relative_loudness_is_stem_loudness_plus_balance_centred() -> None:
    expected = centre(LOUDNESS[0] + np.array([6.0, 0, 0, 0]))
    np.testing.assert_allclose(relative_loudness(three_rows())[0], expected)


def test_repeats_and_single_faders_are_not_comparable() -> None:
    balance_db = np.array([[0.0, 0, 0, 0], [0, 0, 0, 0], [0, np.nan, np.nan, np.nan]])
    annotations = Annotations(
        np.zeros(3), np.array([0, 0, 1]), balance_db, LOUDNESS[:1], repeat=np.array([0, 1, 0])
    )
    assert len(annotations.comparable()) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"excerpt": np.array([0, 1, 2])}, r"excerpt: indices must lie in 0\.\.1"),
        ({"annotator": np.array([0, 0, -1])}, "annotator: indices must not be negative"),
        ({"balance_db": np.zeros((3, 3))}, r"balance_db: expected shape \(3, 4\)"),
        ({"balance_db": np.full((3, 4), -np.inf)}, "balance_db: infinite level"),
        ({"excerpt": np.zeros(3), "annotator": np.zeros(3)}, "two takes of an excerpt"),
    ],
)
def test_arrays_that_do_not_fit_are_named(changes: dict[str, np.ndarray], message: str) -> None:
    given = {
        "excerpt": np.array([0, 1, 0]),
        "annotator": np.array([0, 0, 1]),
        "balance_db": np.zeros((3, 4)),
        "stem_loudness_lufs": LOUDNESS,
    }
    with pytest.raises(ValueError, match=message):
        Annotations(**(given | changes))
