"""Foreign songs: the same music produced in another way, under the same rule."""

import numpy as np
import pytest

from modeling.demo_songs.foreign import compose_foreign
from modeling.demo_songs.song import DemoSong, compose
from modeling.loudness import gram_of_stems, stem_loudness_lufs


@pytest.fixture(scope="module")
def foreign() -> DemoSong:
    return compose_foreign(3, 1, 10.0)


def test_the_same_arguments_give_the_same_samples(foreign: DemoSong) -> None:
    assert np.array_equal(compose_foreign(3, 1, 10.0).stems, foreign.stems)


def test_every_stem_sounds_and_differs_from_the_plain_song(foreign: DemoSong) -> None:
    plain = compose(3, 1, 10.0)
    assert plain.tempo_bpm == foreign.tempo_bpm
    for one, other in zip(plain.stems, foreign.stems, strict=True):
        assert np.isfinite(other).all()
        assert np.abs(other).max() > 0.001
        alike = np.corrcoef(one.mean(axis=0), other.mean(axis=0))[0, 1]
        assert abs(alike) < 0.995


def test_the_rule_holds_for_what_is_heard_after_the_change(foreign: DemoSong) -> None:
    plain = compose(3, 1, 10.0)
    assert foreign.content_db != plain.content_db
    assert foreign.residual_db == plain.residual_db
    loudness = stem_loudness_lufs(gram_of_stems(foreign.stems, 44_100))
    assert loudness - loudness.mean() == pytest.approx(foreign.reference_db, abs=0.15)
