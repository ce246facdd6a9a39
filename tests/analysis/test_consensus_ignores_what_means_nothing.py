"""Common offsets, the order of rows and names of annotators change nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.consensus import Consensus, fit_consensus
from tests.analysis.simulated_annotations import Plan, simulate

FIELDS = ("balance_db", "low_db", "high_db", "spread_db", "n_values", "n_annotations")


def assert_same(first: Consensus, second: Consensus, tolerance_db: float = 1e-6) -> None:
    for name in FIELDS:
        np.testing.assert_allclose(
            getattr(first, name), getattr(second, name), atol=tolerance_db, err_msg=name
        )


@given(st.integers(0, 2**32 - 1), st.sampled_from([5, 11]))
@settings(max_examples=10, deadline=None)
def test_seven_decibel_on_every_stem_of_any_annotation_change_nothing(
    seed: int, per_excerpt: int
) -> None:
    rng = np.random.default_rng(seed)
    _, annotations = simulate(Plan(6, 12, per_excerpt), rng)
    annotations.balance_db[rng.random(annotations.balance_db.shape) < 0.05] = np.nan
    louder = annotations.balance_db + 7.0 * rng.integers(0, 2, (len(annotations), 1))
    fits = [
        fit_consensus(given_, np.random.default_rng(0), n_resamples=50)
        for given_ in (annotations, replace(annotations, balance_db=louder))
    ]
    assert_same(*fits, tolerance_db=1e-3)


@given(st.integers(0, 2**32 - 1), st.sampled_from([5, 11]))
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_changes_nothing(seed: int, per_excerpt: int) -> None:
    rng = np.random.default_rng(seed)
    _, annotations = simulate(Plan(6, 12, per_excerpt), rng)
    annotations.balance_db[rng.random(annotations.balance_db.shape) < 0.05] = np.nan
    order = rng.permutation(len(annotations))
    first = fit_consensus(annotations, np.random.default_rng(0), n_resamples=50)
    second = fit_consensus(annotations.select(order), np.random.default_rng(0), n_resamples=50)
    assert_same(first, second, tolerance_db=0.0)
    np.testing.assert_array_equal(first.distance_db[order], second.distance_db)
    np.testing.assert_array_equal(first.outlier[order], second.outlier)


@pytest.mark.parametrize("per_excerpt", [5, 11])
def test_the_same_seed_gives_the_same_numbers(per_excerpt: int) -> None:
    _, annotations = simulate(Plan(6, 12, per_excerpt), np.random.default_rng(0))
    fits = [fit_consensus(annotations, np.random.default_rng(5)) for _ in range(2)]
    assert_same(*fits, tolerance_db=0.0)


def test_numbers_of_annotators_are_only_names() -> None:
    _, annotations = simulate(Plan(6, 12, 6), np.random.default_rng(0))
    renamed = replace(annotations, annotator=annotations.annotator * 10 + 400)
    first, second = (fit_consensus(a, np.random.default_rng(0)) for a in (annotations, renamed))
    assert_same(first, second, tolerance_db=0.0)
    np.testing.assert_array_equal(first.annotator * 10 + 400, second.annotator)


def test_the_consensus_is_centred_over_its_stems() -> None:
    _, annotations = simulate(Plan(6, 12, 6), np.random.default_rng(0))
    consensus = fit_consensus(annotations, np.random.default_rng(0))
    np.testing.assert_allclose(consensus.balance_db.sum(axis=1), 0.0, atol=1e-9)
