"""Too few annotations give no consensus; what was left out is counted, not hidden."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.annotations import Annotations
from analysis.consensus import MIN_ANNOTATIONS, fit_consensus, song_values
from tests.analysis.simulated_annotations import Plan, simulate

LOUDNESS = np.full((2, 4), -20.0)


def some(n_first: int, n_second: int) -> Annotations:
    """`n_first` annotations of excerpt 0 and `n_second` of excerpt 1."""
    rng = np.random.default_rng(0)
    excerpt = np.repeat([0, 1], [n_first, n_second])
    annotator = np.concatenate([np.arange(n_first), np.arange(n_second)])
    return Annotations(excerpt, annotator, rng.normal(0, 2, (len(excerpt), 4)), LOUDNESS)


def test_two_annotations_are_too_few_and_three_are_enough() -> None:
    consensus = fit_consensus(some(MIN_ANNOTATIONS - 1, MIN_ANNOTATIONS), np.random.default_rng(0))
    assert consensus.status == ("too few", "consensus")
    assert np.isnan(consensus.balance_db[0]).all()
    assert np.isfinite(consensus.balance_db[1]).all()
    assert consensus.n_annotations.tolist() == [2, 3]


def test_no_annotation_at_all_gives_no_consensus() -> None:
    consensus = fit_consensus(some(0, 0), np.random.default_rng(0))
    assert consensus.status == ("too few", "too few")
    assert np.isnan(consensus.balance_db).all()
    assert np.isnan(consensus.share_off).all()


def test_one_annotation_has_no_interval_and_raises_nothing() -> None:
    consensus = fit_consensus(some(1, 0), np.random.default_rng(0))
    assert np.isnan(consensus.low_db).all()
    assert not consensus.outlier.any()


def test_a_stem_that_nearly_everyone_turned_off_has_no_consensus_but_a_share() -> None:
    annotations = some(5, 5)
    balance_db = annotations.balance_db.copy()
    balance_db[:3, 2] = np.nan
    consensus = fit_consensus(replace(annotations, balance_db=balance_db), np.random.default_rng(0))
    assert consensus.balance(0).bass is None
    assert np.isnan(consensus.low_db[0, 2])
    assert consensus.n_values[0].tolist() == [5, 5, 2, 5]
    assert consensus.share_off[0].tolist() == [0, 0, 0.6, 0]
    assert np.nansum(consensus.balance_db[0]) == pytest.approx(0, abs=1e-9)


def test_an_annotation_with_one_fader_up_counts_as_off_but_not_as_an_annotation() -> None:
    annotations = some(4, 4)
    balance_db = annotations.balance_db.copy()
    balance_db[0, 1:] = np.nan
    consensus = fit_consensus(replace(annotations, balance_db=balance_db), np.random.default_rng(0))
    assert consensus.n_annotations.tolist() == [3, 4]
    assert consensus.share_off[0].tolist() == [0, 0.25, 0.25, 0.25]
    assert np.isnan(consensus.distance_db[0])


def test_shares_at_the_top_are_passed_through_and_inactive_stems_have_none() -> None:
    annotations = some(4, 4)
    at_top = np.zeros((8, 4), dtype=bool)
    at_top[:3, 0] = True
    loudness_lufs = LOUDNESS.copy()
    loudness_lufs[1, 3] = np.nan
    consensus = fit_consensus(
        replace(annotations, at_top=at_top, stem_loudness_lufs=loudness_lufs),
        np.random.default_rng(0),
    )
    assert consensus.share_top[0].tolist() == [0.75, 0, 0, 0]
    assert np.isnan(consensus.share_top[1, 3])
    assert np.isnan(consensus.share_off[1, 3])


def test_repeats_are_no_second_opinion() -> None:
    rng = np.random.default_rng(1)
    _, first = simulate(Plan(6, 6, 6), rng)
    rows = np.concatenate([np.arange(len(first)), np.arange(6)])
    repeat = (np.arange(len(rows)) >= len(first)).astype(int)
    balance_db = first.balance_db[rows] + np.where(repeat, 9.0, 0.0)[:, None] * [1, 0, 0, -1]
    both = Annotations(
        first.excerpt[rows],
        first.annotator[rows],
        balance_db,
        first.stem_loudness_lufs,
        repeat=repeat,
    )
    alone, with_repeats = (fit_consensus(a, np.random.default_rng(0)) for a in (first, both))
    np.testing.assert_array_equal(alone.balance_db, with_repeats.balance_db)
    assert alone.n_annotations.tolist() == with_repeats.n_annotations.tolist()
    assert np.isnan(with_repeats.distance_db[-6:]).all()


def test_a_songs_value_is_the_mean_of_its_excerpts_with_their_spread() -> None:
    _, annotations = simulate(Plan(5, 6, 6), np.random.default_rng(2))
    consensus = fit_consensus(annotations, np.random.default_rng(0))
    songs = song_values(consensus, np.array([7, 7, 7, 2, 2]))
    assert songs.song.tolist() == [2, 7]
    np.testing.assert_allclose(songs.balance_db[1], consensus.balance_db[:3].mean(axis=0))
    np.testing.assert_allclose(songs.spread_db[1], consensus.balance_db[:3].std(axis=0, ddof=1))
    assert songs.n_excerpts.tolist() == [[2] * 4, [3] * 4]


def test_a_song_with_one_excerpt_has_no_spread_and_one_without_consensus_no_value() -> None:
    consensus = fit_consensus(some(2, 3), np.random.default_rng(0))
    songs = song_values(consensus, np.array([0, 1]))
    assert np.isnan(songs.balance_db[0]).all()
    assert np.isnan(songs.spread_db[1]).all()
    np.testing.assert_allclose(songs.balance_db[1], consensus.balance_db[1])
