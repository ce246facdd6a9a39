"""The released balance of a generated song is the written rule, and the rule hears no gain."""

from dataclasses import asdict

import numpy as np
import pytest

from modeling.demo_songs import compose
from modeling.demo_songs.balance_rule import TEMPLATE_DB, content_db, residual_db
from modeling.demo_songs.dsp import RATE_HZ
from modeling.demo_songs.measures import measure
from modeling.demo_songs.song import equal_loudness
from modeling.loudness import gram_of_stems, stem_loudness_lufs
from tests.modeling.generated_songs import SEED, SONGS, short_song


@pytest.mark.parametrize("index", SONGS)
def test_the_released_loudness_is_the_rule_within_a_twentieth_of_a_decibel(index):
    song = short_song(index)
    loudness = stem_loudness_lufs(gram_of_stems(song.stems, RATE_HZ))
    assert loudness - loudness.mean() == pytest.approx(song.reference_db, abs=0.05)


def test_the_reference_is_the_sum_of_its_three_parts_and_each_has_mean_zero():
    song = short_song(8)
    parts = np.array([song.template_db, song.content_db, song.residual_db])
    assert np.array(song.reference_db) == pytest.approx(parts.sum(axis=0))
    assert parts.mean(axis=1) == pytest.approx(0.0, abs=1e-9)


def test_the_template_is_the_mean_of_real_sessions():
    published = np.array([4.5, -1.8, -5.3, 2.7])
    assert np.array(TEMPLATE_DB) == pytest.approx(published - published.mean(), abs=1e-9)


@pytest.mark.parametrize("index", [1, 8])
def test_moving_faders_by_twelve_decibels_leaves_the_content_part_alone(index):
    song = short_song(index)
    gains_db = np.array([12.0, -12.0, 7.0, -9.0])
    moved = song.stems * 10.0 ** (gains_db / 20.0)[:, None, None].astype(np.float32)
    heard_again = measure(equal_loudness(moved.astype(np.float32)))
    assert asdict(heard_again) == pytest.approx(song.measures, rel=2e-3, abs=2e-3)
    assert content_db(heard_again) == pytest.approx(song.content_db, abs=0.02)


def test_the_content_part_spreads_by_about_two_and_a_half_decibels():
    content = np.array([short_song(index).content_db for index in SONGS])
    # Four songs tell a pooled SD to some 30 %; the slow test is sharper.
    assert 1.2 < np.sqrt(np.mean(np.square(content))) < 4.0


@pytest.mark.slow
def test_template_content_and_residual_spread_as_stated_over_many_songs():
    songs = [compose(SEED + 9, index, 15.0) for index in range(36)]
    content = np.array([song.content_db for song in songs])
    whole = np.array([song.reference_db for song in songs])
    assert content.std(axis=0) == pytest.approx(2.5, abs=0.8)
    assert np.sqrt(np.mean(content.var(axis=0))) == pytest.approx(2.5, abs=0.4)
    assert np.sqrt(np.mean(whole.var(axis=0))) == pytest.approx(2.7, abs=0.5)
    assert content.mean(axis=0) == pytest.approx(0.0, abs=1.4)


def test_the_residual_has_a_spread_of_one_decibel_and_sums_to_zero():
    rng = np.random.default_rng(3)
    drawn = np.array([residual_db(rng) for _ in range(4000)])
    assert drawn.std(axis=0) == pytest.approx(1.0, abs=0.04)
    assert drawn.sum(axis=1) == pytest.approx(0.0, abs=1e-9)


def test_the_residual_is_the_same_whatever_is_heard():
    longer = compose(SEED, 9, 13.0)
    assert longer.measures != short_song(9).measures
    assert longer.residual_db == short_song(9).residual_db


def test_songs_differ_from_each_other_in_every_measured_quantity():
    table = [short_song(index).measures for index in SONGS]
    for name in table[0]:
        values = [row[name] for row in table]
        assert len({round(value, 3) for value in values}) > 2, name
