"""Kappas equal published ones and those of statsmodels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats import inter_rater

from analysis.kappa import Weights, cohen_kappa, fleiss_kappa, verdict_counts

# Diagnoses of 149 patients of Winnipeg by two neurologists: Landis & Koch 1977, table 1.
WINNIPEG = np.array([[38, 5, 0, 1], [33, 11, 3, 0], [10, 14, 5, 6], [3, 7, 3, 10]])
# Ten subjects, fourteen raters, five categories: the example of the article on Wikipedia.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def pairs_of(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cells = np.indices(table.shape).reshape(2, -1)
    return np.repeat(cells[0], table.ravel()), np.repeat(cells[1], table.ravel())


@pytest.mark.parametrize(("weights", "published"), [("none", 0.2079), ("linear", 0.3797)])
def test_the_neurologists_of_winnipeg(weights: Weights, published: float) -> None:
    """R's vcd prints these for `MSPatients`, with standard errors 0.05046 and 0.05173."""
    found = cohen_kappa(*pairs_of(WINNIPEG), rng(), weights=weights, n_resamples=4000)
    assert found.estimate == pytest.approx(published, abs=5e-5)
    half = (found.high - found.low) / 2
    error = {"none": 0.05046, "linear": 0.05173}[weights]
    assert half == pytest.approx(1.96 * error, rel=0.08)


def test_fleiss_of_the_textbook_example() -> None:
    assert fleiss_kappa(FLEISS, rng(), n_resamples=50).estimate == pytest.approx(0.2099, abs=5e-5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_cohens_is_that_of_statsmodels(values: list[tuple[int, int]]) -> None:
    first, second = (np.array(column) for column in zip(*values, strict=True))
    known = np.unique(np.concatenate([first, second]))
    if len(known) < 2:
        return
    table = np.zeros((len(known), len(known)))
    np.add.at(table, (np.searchsorted(known, first), np.searchsorted(known, second)), 1)
    for ours, theirs in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
        expected = inter_rater.cohens_kappa(table, wt=theirs, return_results=False)
        found = cohen_kappa(first, second, rng(), weights=ours, n_resamples=5)  # type: ignore[arg-type]
        assert found.estimate == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_fleiss_is_that_of_statsmodels(n_raters: int, seed: int) -> None:
    counts = np.random.default_rng(seed).multinomial(n_raters, [0.5, 0.3, 0.2], size=12)
    expected = inter_rater.fleiss_kappa(counts)
    found = fleiss_kappa(counts, rng(), n_resamples=5)
    assert found.estimate == pytest.approx(expected, abs=1e-9)


def test_items_with_one_rating_are_left_out() -> None:
    table = np.vstack([FLEISS, [[1, 0, 0, 0, 0]]])
    found = fleiss_kappa(table, rng(), n_resamples=5)
    assert found.estimate == pytest.approx(0.2099, abs=5e-5)
    assert found.n == 10


def test_one_category_gives_no_kappa() -> None:
    assert "fewer than two categories" in cohen_kappa([1, 1], [1, 1], rng()).note
    assert "fewer than two categories" in fleiss_kappa([[3, 0], [2, 0]], rng()).note


def test_a_continuous_scale_has_no_categories() -> None:
    assert "no categories" in cohen_kappa(np.arange(50), np.arange(50), rng()).note


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="weights: expected one of none, linear, quadratic"):
        cohen_kappa([1, 2], [1, 2], rng(), weights="cubic")  # type: ignore[arg-type]


def test_verdicts_are_counted_by_unit() -> None:
    table = verdict_counts(np.array([7, 7, 9]), np.array([0, 2, 2]), 3)
    assert table.tolist() == [[1, 0, 1], [0, 0, 1]]
