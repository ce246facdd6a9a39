"""REML of crossed, incomplete tables against ANOVA, another implementation and the truth."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analysis.components import CrossedDesign, fit_components, icc_incomplete
from analysis.icc import MeanSquares, icc_average, icc_single


def crossed_table(
    rng: np.random.Generator, shape: tuple[int, int], excerpt_sd: float, annotator_sd: float
) -> np.ndarray:
    n_excerpts, n_annotators = shape
    return np.asarray(
        rng.normal(0, excerpt_sd, (n_excerpts, 1))
        + rng.normal(0, annotator_sd, (1, n_annotators))
        + rng.normal(0, 1, shape)
    )


def design_of(kept: np.ndarray) -> tuple[CrossedDesign, tuple[np.ndarray, np.ndarray]]:
    cells = np.nonzero(kept)
    return CrossedDesign(*cells), cells


def test_a_balanced_table_gives_the_components_of_the_analysis_of_variance() -> None:
    table = crossed_table(np.random.default_rng(0), (12, 6), 2.0, 1.5)
    design, cells = design_of(np.ones(table.shape, dtype=bool))
    fit = fit_components(design, table[cells])
    squares = MeanSquares.of(table)
    expected = (
        (squares.rows - squares.error) / squares.n_columns,
        (squares.columns - squares.error) / squares.n_rows,
        squares.error,
    )
    assert (fit.excerpt, fit.annotator, fit.residual) == pytest.approx(expected, rel=1e-3)
    assert fit.icc_single == pytest.approx(icc_single(table).estimate, abs=1e-4)
    assert fit.icc_average == pytest.approx(icc_average(table).estimate, abs=1e-4)


def test_an_unbalanced_table_gives_the_components_of_statsmodels() -> None:
    rng = np.random.default_rng(3)
    table = crossed_table(rng, (12, 6), 2.0, 1.0)
    design, cells = design_of(rng.random(table.shape) < 0.6)
    fit = fit_components(design, table[cells])
    frame = pd.DataFrame(
        {"value": table[cells], "excerpt": cells[0], "annotator": cells[1], "all": 1}
    )
    reference = smf.mixedlm(
        "value ~ 1",
        frame,
        groups="all",
        re_formula="0",
        vc_formula={"a_excerpt": "0 + C(excerpt)", "b_annotator": "0 + C(annotator)"},
    ).fit(reml=True)
    expected = (*reference.vcomp, reference.scale)
    assert (fit.excerpt, fit.annotator, fit.residual) == pytest.approx(expected, rel=1e-3)


def test_a_large_incomplete_design_finds_the_truth() -> None:
    rng = np.random.default_rng(4)
    table = crossed_table(rng, (200, 60), 2.0, 1.0)
    design, cells = design_of(rng.random(table.shape) < 0.1)
    fit = fit_components(design, table[cells])
    assert (fit.excerpt, fit.annotator, fit.residual) == pytest.approx((4, 1, 1), rel=0.25)


def test_the_interval_of_a_balanced_table_is_near_the_f_based_one() -> None:
    table = crossed_table(np.random.default_rng(5), (15, 6), 1.5, 0.0)
    design, cells = design_of(np.ones(table.shape, dtype=bool))
    single, _ = icc_incomplete(design, table[cells], np.random.default_rng(0), 4000)
    exact = icc_single(table)
    assert (single.low, single.high) == pytest.approx((exact.low, exact.high), abs=0.03)


def test_intervals_of_incomplete_tables_have_about_their_level() -> None:
    rng = np.random.default_rng(6)
    truth = 2.25 / (2.25 + 0.49 + 1)
    hits = 0
    for _run in range(40):
        table = crossed_table(rng, (12, 8), 1.5, 0.7)
        design, cells = design_of(rng.random(table.shape) < 0.6)
        single, _ = icc_incomplete(design, table[cells], rng, 200)
        hits += single.low <= truth <= single.high
    assert hits >= 34


def test_without_differences_between_excerpts_the_interval_reaches_zero() -> None:
    rng = np.random.default_rng(7)
    table = crossed_table(rng, (10, 8), 0.0, 0.5)
    design, cells = design_of(rng.random(table.shape) < 0.6)
    single, average = icc_incomplete(design, table[cells], rng)
    assert single.low == 0.0
    assert average.low == 0.0
    assert 0.0 < single.high < 0.5


def test_annotators_with_one_excerpt_each_give_the_one_way_icc_and_say_so() -> None:
    rng = np.random.default_rng(8)
    excerpt = np.repeat(np.arange(30), 4)
    values = rng.normal(0, 2, 30)[excerpt] + rng.normal(0, 1, 120)
    design = CrossedDesign(excerpt, np.arange(120))
    single, _ = icc_incomplete(design, values, rng)
    by_excerpt = values.reshape(30, 4)
    between = 4 * by_excerpt.mean(axis=1).var(ddof=1)
    within = by_excerpt.var(axis=1, ddof=1).mean()
    assert single.estimate == pytest.approx((between - within) / (between + 3 * within), abs=1e-4)
    assert single.note == "nobody judged two excerpts: this is ICC(1)"


def test_k_is_the_harmonic_mean_overlap() -> None:
    design = CrossedDesign(np.array([0, 0, 0, 0, 1, 1]), np.array([0, 1, 2, 3, 0, 1]))
    assert design.overlap == pytest.approx(2 / (1 / 4 + 1 / 2))


def test_labels_and_order_of_rows_do_not_matter() -> None:
    rng = np.random.default_rng(9)
    table = crossed_table(rng, (8, 5), 2.0, 1.0)
    cells = np.nonzero(rng.random(table.shape) < 0.7)
    fit = fit_components(CrossedDesign(*cells), table[cells])
    order = rng.permutation(len(cells[0]))
    renamed = CrossedDesign(cells[0][order] * 7 + 3, 90 - cells[1][order])
    again = fit_components(renamed, table[cells][order])
    assert again.icc_single == pytest.approx(fit.icc_single, abs=1e-6)


def test_values_that_never_vary_give_no_figure_but_a_reason() -> None:
    design = CrossedDesign(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    single, average = icc_incomplete(design, np.full(4, 3.0), np.random.default_rng(0))
    assert np.isnan(single.estimate)
    assert np.isnan(average.estimate)
    assert single.note == "the values do not vary within excerpts"


def test_a_design_without_overlap_is_refused() -> None:
    with pytest.raises(ValueError, match="two annotations of one of them"):
        CrossedDesign(np.array([0, 1, 2]), np.array([0, 0, 0]))
