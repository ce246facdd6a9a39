"""The measured quantities of the rule rise with what they are named after."""

import numpy as np
import pytest

from modeling.demo_songs.dsp import RATE_HZ, band_pass, high_pass
from modeling.demo_songs.measures import Measures, measure

SECONDS = 6


@pytest.fixture(scope="module")
def noise():
    drawn = np.random.default_rng(5).standard_normal((4, 2, SECONDS * RATE_HZ), dtype=np.float32)
    return 0.05 * drawn


def clicks(per_s: float, seconds: int = SECONDS):
    out = np.zeros((2, seconds * RATE_HZ), dtype=np.float32)
    burst = np.random.default_rng(6).standard_normal(600) * np.exp(-np.arange(600) / 120)
    for at in np.arange(0.1, seconds - 0.1, 1.0 / per_s):
        out[:, int(at * RATE_HZ) : int(at * RATE_HZ) + 600] += burst.astype(np.float32)
    return out


def heard(noise, **stems) -> Measures:
    names = ("vocals", "drums", "bass", "other")
    return measure(np.stack([stems.get(name, noise[i]) for i, name in enumerate(names)]))


def test_a_voice_lies_more_under_backing_of_its_own_register(noise):
    voice = band_pass(noise[0], 300.0, 1200.0)
    same = heard(noise, vocals=voice, other=band_pass(noise[3], 300.0, 1200.0))
    above = heard(noise, vocals=voice, other=high_pass(noise[3], 5000.0, 4))
    assert same.voice_under_backing > above.voice_under_backing + 0.2


def test_strokes_per_second_are_counted(noise):
    assert heard(noise, drums=clicks(3.0)).drum_strokes_per_s == pytest.approx(3.0, abs=0.4)
    assert heard(noise, drums=clicks(7.0)).drum_strokes_per_s == pytest.approx(7.0, abs=0.6)


def test_a_regular_beat_is_clearer_than_noise(noise):
    assert heard(noise, drums=clicks(2.0)).pulse_clarity > heard(noise).pulse_clarity + 0.3


def test_equal_channels_are_narrow_and_independent_ones_wide(noise):
    narrow = np.stack([noise[3, 0], noise[3, 0]])
    assert heard(noise, other=narrow).other_width_db < -60.0
    assert heard(noise).other_width_db == pytest.approx(0.0, abs=0.5)


def test_brightness_is_told_in_octaves(noise):
    low = heard(noise, other=band_pass(noise[3], 400.0, 600.0)).other_brightness_octaves
    high = heard(noise, other=band_pass(noise[3], 3200.0, 4800.0)).other_brightness_octaves
    assert high - low == pytest.approx(3.0, abs=0.6)


def test_a_voice_that_rests_half_of_the_time_is_heard_half_of_the_time(noise):
    resting = noise[0].copy()
    resting[:, : 3 * RATE_HZ] = 0.0
    assert heard(noise, vocals=resting).voice_share == pytest.approx(0.5, abs=0.02)


def test_deep_bass_reads_deeper_than_a_middling_one(noise):
    deep = heard(noise, bass=band_pass(noise[2], 40.0, 70.0)).bass_depth_db
    middling = heard(noise, bass=band_pass(noise[2], 200.0, 400.0)).bass_depth_db
    assert deep > middling + 15.0
