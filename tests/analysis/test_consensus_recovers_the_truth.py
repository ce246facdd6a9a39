"""The consensus finds planted balances in spite of what real annotators do."""

import time
from dataclasses import replace

import numpy as np
import pytest

from analysis.annotations import Annotations, aligned_balances, excerpt_means
from analysis.consensus import fit_consensus
from analysis.vectors import FloatArray, centre
from tests.analysis.simulated_annotations import Plan, simulate


def rms_db(difference_db: FloatArray) -> float:
    return float(np.sqrt(np.nanmean(difference_db**2)))


def mean_balance(annotations: Annotations) -> FloatArray:
    """The plain mean: what the consensus has to beat where people err."""
    return centre(
        excerpt_means(aligned_balances(annotations), annotations.excerpt, annotations.n_excerpts)
    )


def test_with_well_behaved_annotators_it_costs_little_against_the_mean() -> None:
    errors_db = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        truth_db, annotations = simulate(Plan(20, 8, 8, 0.5, 1.0), rng)
        robust_db = fit_consensus(annotations, rng, n_resamples=10).balance_db
        errors_db.append(
            (rms_db(robust_db - truth_db), rms_db(mean_balance(annotations) - truth_db))
        )
    robust_error_db, mean_error_db = np.sqrt(np.square(errors_db).mean(axis=0))
    assert robust_error_db < 1.08 * mean_error_db


def test_a_biased_annotator_hardly_moves_it_and_is_found() -> None:
    rng = np.random.default_rng(1)
    _, annotations = simulate(Plan(30, 8, 8, 0.3, 1.0), rng)
    honest_db = fit_consensus(annotations, rng).balance_db
    bias_db = np.where((annotations.annotator == 3)[:, None], [8.0, 0.0, 0.0, 0.0], 0.0)
    biased = replace(annotations, balance_db=annotations.balance_db + bias_db)
    consensus = fit_consensus(biased, rng)
    assert rms_db(consensus.balance_db - honest_db) < 0.2
    assert rms_db(mean_balance(biased) - mean_balance(annotations)) > 0.4
    assert np.abs(consensus.annotator_offset_db).max(axis=1).argmax() == 3
    assert consensus.annotator_offset_db[3, 0] == pytest.approx(6.0, abs=0.8)


def test_a_biased_annotator_is_corrected_where_not_everybody_heard_them() -> None:
    rng = np.random.default_rng(2)
    truth_db, annotations = simulate(Plan(60, 20, 5, 0.3, 1.0), rng)
    heard = annotations.annotator == 0
    bias_db = np.where(heard[:, None], [0.0, -9.0, 0.0, 0.0], 0.0)
    biased = replace(annotations, balance_db=annotations.balance_db + bias_db)
    theirs = np.unique(annotations.excerpt[heard])
    consensus = fit_consensus(biased, rng)
    mean_error_db = rms_db((mean_balance(biased) - truth_db)[theirs])
    assert rms_db((consensus.balance_db - truth_db)[theirs]) < 0.7 * mean_error_db


def test_one_wild_annotation_hardly_moves_it_is_flagged_and_stays() -> None:
    rng = np.random.default_rng(3)
    _, annotations = simulate(Plan(20, 6, 6, 0.3, 1.0), rng)
    before = fit_consensus(annotations, rng)
    balance_db = annotations.balance_db.copy()
    balance_db[17, 2] -= 30.0
    after = fit_consensus(replace(annotations, balance_db=balance_db), rng)
    excerpt = annotations.excerpt[17]
    assert np.abs(after.balance_db - before.balance_db)[excerpt].max() < 1.0
    assert after.outlier[17]
    assert after.outlier.sum() <= before.outlier.sum() + 2
    assert after.n_annotations[excerpt] == 6


def test_faders_that_are_off_do_not_move_the_other_stems() -> None:
    rng = np.random.default_rng(4)
    truth_db, annotations = simulate(Plan(40, 10, 8, 0.3, 0.5), rng)
    balance_db = annotations.balance_db.copy()
    # Off where the stem is quiet: centring over what is left would be biased most there.
    quiet = truth_db[annotations.excerpt] < -3
    balance_db[quiet & (rng.random(balance_db.shape) < 0.5)] = np.nan
    partial = replace(annotations, balance_db=balance_db)
    consensus = fit_consensus(partial, rng)
    naive_db = centre(
        excerpt_means(centre(balance_db), annotations.excerpt, annotations.n_excerpts)
    )
    known = np.isfinite(consensus.balance_db).all(axis=1) & quiet[::8].any(axis=1)
    assert known.sum() > 10
    naive_error_db = rms_db((naive_db - truth_db)[known])
    assert rms_db((consensus.balance_db - truth_db)[known]) < 0.65 * naive_error_db


def test_an_excerpt_without_a_stem_is_centred_over_the_others() -> None:
    rng = np.random.default_rng(5)
    truth_db, annotations = simulate(Plan(10, 6, 6, 0.2, 0.3), rng)
    loudness_lufs = annotations.stem_loudness_lufs.copy()
    loudness_lufs[4, 0] = np.nan
    consensus = fit_consensus(replace(annotations, stem_loudness_lufs=loudness_lufs), rng)
    expected_db = centre(np.where([True, False, False, False], np.nan, truth_db[4]))
    assert consensus.balance(4).vocals is None
    np.testing.assert_allclose(consensus.balance_db[4, 1:], expected_db[1:], atol=0.5)


def test_identical_annotations_give_themselves_with_no_width() -> None:
    balance_db = np.tile([4.0, 0.0, -2.0, -2.0], (5, 1))
    annotations = Annotations(np.zeros(5), np.arange(5), balance_db, np.full((1, 4), -20.0))
    consensus = fit_consensus(annotations, np.random.default_rng(0))
    np.testing.assert_allclose(consensus.balance_db, balance_db[:1], atol=1e-5)
    np.testing.assert_allclose(consensus.high_db, consensus.low_db, atol=1e-4)
    assert not consensus.outlier.any()


def test_five_hundred_excerpts_of_eight_annotators_take_about_a_second() -> None:
    rng = np.random.default_rng(6)
    _, annotations = simulate(Plan(500, 60, 8), rng)
    begun_s = time.process_time()
    consensus = fit_consensus(annotations, rng)
    assert time.process_time() - begun_s < 2.0
    assert consensus.status == ("consensus",) * 500
