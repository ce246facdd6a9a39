"""A generated song depends on its seed and index, and on nothing else."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from modeling.demo_songs import compose
from modeling.demo_songs.genres import GENRES
from modeling.demo_songs.song import plan_song
from tests.modeling.generated_songs import DURATION_S, SEED, SONGS, short_song


def test_the_same_seed_and_index_give_the_same_samples_in_another_process():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        elsewhere = pool.submit(compose, SEED, 4, DURATION_S).result()
    assert np.array_equal(elsewhere.stems, short_song(4).stems)
    assert elsewhere.title == short_song(4).title
    assert elsewhere.reference_db == short_song(4).reference_db


def test_another_seed_gives_another_song():
    other = compose(SEED + 1, 4, DURATION_S)
    assert other.title != short_song(4).title
    assert not np.array_equal(other.stems, short_song(4).stems)


def test_twelve_songs_hold_every_genre_and_neighbours_differ_in_artist():
    songs = [plan_song(SEED, index, DURATION_S) for index in range(12)]
    assert {song.genre for song in songs} == set(GENRES)
    assert len({short_song(index).artist for index in SONGS}) == len(SONGS)


def test_an_artist_keeps_the_genre_and_has_several_songs():
    later = compose(SEED, 12 + 1, DURATION_S)
    assert later.artist == short_song(1).artist
    assert later.genre == short_song(1).genre
    assert later.title != short_song(1).title


@pytest.mark.parametrize("duration_s", [9.9, 301.0, float("nan"), float("inf")])
def test_a_duration_outside_ten_to_three_hundred_seconds_is_refused(duration_s):
    with pytest.raises(ValueError, match="choose 10 to 300 s"):
        compose(SEED, 0, duration_s)


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (0, -1)])
def test_a_negative_seed_or_index_is_refused(seed, index):
    with pytest.raises(ValueError, match="0 or more"):
        compose(seed, index)


def test_composing_imports_nothing_beyond_numpy_and_scipy():
    code = (
        "import sys, modeling.demo_songs;"
        "print([m for m in ('soundfile', 'django', 'torch', 'av') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
