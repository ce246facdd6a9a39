"""How far a person differs from themselves."""

import numpy as np
import pytest

from analysis.agreement import self_consistency
from analysis.annotations import Annotations


def repeated(sd_db: float, n_pairs: int, n_takes: int = 2) -> Annotations:
    rng = np.random.default_rng(0)
    pair = np.repeat(np.arange(n_pairs), n_takes)
    balance_db = rng.normal(0, 4, (n_pairs, 4))[pair] + rng.normal(0, sd_db, (len(pair), 4))
    return Annotations(
        pair % 20,
        pair // 20,
        balance_db,
        np.full((20, 4), -20.0),
        repeat=np.tile(np.arange(n_takes), n_pairs),
    )


@pytest.mark.parametrize("n_takes", [2, 3])
def test_the_sd_of_repeats_is_found_per_stem(n_takes: int) -> None:
    # Centring takes a quarter of the variance of four independent stems.
    truth_db = 0.8 * np.sqrt(0.75)
    for figure in self_consistency(repeated(0.8, 200, n_takes)).values():
        assert figure.n == 200
        assert figure.estimate == pytest.approx(truth_db, rel=0.15)
        assert figure.low < figure.estimate < figure.high


def test_people_who_differ_from_each_other_may_agree_with_themselves() -> None:
    figures = self_consistency(repeated(0.0, 40))
    assert all(figure.estimate == pytest.approx(0.0, abs=1e-6) for figure in figures.values())


def test_a_pair_counts_for_the_stems_that_are_up_in_both_takes() -> None:
    annotations = repeated(0.8, 40)
    annotations.balance_db[0, 2] = np.nan
    figures = self_consistency(annotations)
    assert figures["bass"].n == 39
    assert figures["drums"].n == 40


def test_without_repeats_there_is_a_reason_instead_of_a_figure() -> None:
    figure = self_consistency(repeated(0.8, 40, 1))["vocals"]
    assert np.isnan(figure.estimate)
    assert figure.note == "nobody balanced an excerpt twice"
