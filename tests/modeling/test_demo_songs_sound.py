"""The generated stems are fit to be heard: clean, active, each in its place, on the beat."""

import numpy as np
import pytest

from modeling.demo_songs.dsp import RATE_HZ, high_pass, peak_eq
from modeling.demo_songs.melody import Syllable
from modeling.demo_songs.song import plan_song
from modeling.demo_songs.tones import Note, harmonic_tone, pitch_hz, plucked
from modeling.demo_songs.voice import draw_singer, sing
from modeling.loudness import activity, gram_of_stems
from tests.modeling.generated_songs import DURATION_S, SEED, SONGS, short_song

VOCALS, DRUMS, BASS, OTHER = range(4)


def spectrum(mono):
    power = np.square(np.abs(np.fft.rfft(mono * np.hanning(mono.size))))
    return np.fft.rfftfreq(mono.size, 1.0 / RATE_HZ), power


def share_between(mono, low_hz, high_hz):
    hz, power = spectrum(mono)
    return power[(hz >= low_hz) & (hz < high_hz)].sum() / power.sum()


@pytest.mark.parametrize("index", SONGS)
def test_the_stems_are_finite_and_neither_they_nor_their_sum_clip(index):
    stems = short_song(index).stems
    assert stems.shape == (4, 2, round(DURATION_S * RATE_HZ))
    assert stems.dtype == np.float32
    assert np.isfinite(stems).all()
    ceiling = 10.0 ** (-1.0 / 20.0)
    assert np.abs(stems).max() < ceiling
    assert np.abs(stems.sum(axis=0)).max() < ceiling


@pytest.mark.parametrize("index", SONGS)
def test_no_stem_carries_an_offset(index):
    stems = short_song(index).stems
    rms = np.sqrt(np.mean(np.square(stems), axis=(1, 2)))
    assert (np.abs(stems.mean(axis=2)).max(axis=1) < 0.01 * rms).all()


@pytest.mark.parametrize("index", SONGS)
def test_every_stem_sounds_for_a_good_part_of_the_time(index):
    shares = activity(gram_of_stems(short_song(index).stems, RATE_HZ))
    assert (shares > 0.3).all(), shares


@pytest.mark.parametrize("index", SONGS)
def test_each_stem_lies_where_it_belongs_in_the_spectrum(index):
    mono = short_song(index).stems.mean(axis=1)
    assert share_between(mono[BASS], 20, 300) > 0.5
    assert share_between(mono[VOCALS], 90, 5000) > 0.85
    assert share_between(mono[DRUMS], 4000, 20000) > share_between(mono[BASS], 4000, 20000)
    assert share_between(mono[OTHER], 80, 8000) > 0.8


def test_the_stems_of_two_genres_differ_in_sound():
    brightness = [short_song(i).measures["other_brightness_octaves"] for i in SONGS]
    strokes_per_s = [short_song(i).measures["drum_strokes_per_s"] for i in SONGS]
    assert np.ptp(brightness) > 0.5
    assert np.ptp(strokes_per_s) > 1.0


@pytest.mark.parametrize("index", SONGS)
def test_the_drums_strike_on_the_grid_of_the_score(index):
    plan = plan_song(SEED, index, DURATION_S)
    stroke_s = strokes(short_song(index).stems[DRUMS].mean(axis=0))
    grid_s = np.array([plan.seconds(beat / 4.0) for beat in range(4 * plan.beats)])
    away_s = np.abs(stroke_s[:, None] - grid_s[None, :]).min(axis=1)
    # By chance the median would be a quarter of a sixteenth, 25 to 50 ms. Shakers swell late.
    assert stroke_s.size > 5
    assert np.median(away_s) < 0.012
    assert np.mean(away_s < 0.03) > 0.6


def strokes(mono):
    """Times of the clear onsets above 2 kHz."""
    step = 128
    bright = np.abs(high_pass(mono, 2000.0))
    level = bright[: bright.size // step * step].reshape(-1, step).max(axis=1)
    before = np.array([level[max(0, i - 20) : max(1, i - 1)].mean() for i in range(level.size)])
    onset = (level > 3.0 * before) & (level > 0.15 * level.max())
    first = onset & ~np.concatenate([[False], onset[:-1]])
    times_s = np.flatnonzero(first) * step / RATE_HZ
    return times_s[np.concatenate([[True], np.diff(times_s) > 0.05])]


def test_a_sung_note_has_its_pitch_and_its_vowels_formants():
    rng = np.random.default_rng(8)
    singer = draw_singer("sung", False, rng)
    takes = {}
    for name, vowel in (("i", 2), ("u", 4)):
        syllable = Syllable(Note(0.2, 1.5, 45.0, 0.8), vowel, "", False)
        takes[name] = sing([syllable], singer, 2 * RATE_HZ, np.random.default_rng(9))
    for take in takes.values():
        hz, power = spectrum(take)
        loudest = hz[np.argmax(np.where(hz > 80.0, power, 0.0))]
        harmonics = loudest / pitch_hz(45.0)
        assert harmonics == pytest.approx(round(harmonics), abs=0.05)
    above_i = share_between(takes["i"], 1900, 3200)
    above_u = share_between(takes["u"], 1900, 3200)
    assert above_i > 3.0 * above_u


def test_a_singer_without_syllables_is_silent():
    rng = np.random.default_rng(1)
    assert not sing([], draw_singer("sung", True, rng), 1000, rng).any()


def test_a_plucked_string_is_in_tune_and_darkens():
    rng = np.random.default_rng(2)
    tone = plucked(57.0, 2.0, rng, brightness=0.8, ring_s=1.0, position=0.2)
    hz, power = spectrum(tone)
    near = (hz > 200.0) & (hz < 240.0)
    assert hz[near][np.argmax(power[near])] == pytest.approx(220.0, abs=0.6)
    early, late = tone[: RATE_HZ // 4], tone[RATE_HZ : RATE_HZ + RATE_HZ // 4]
    assert share_between(early, 2000, 16000) > 2.0 * share_between(late, 2000, 16000)


def test_a_harmonic_tone_has_the_asked_amplitudes():
    amplitudes = np.array([[1.0, 0.0, 0.5]])
    tone = harmonic_tone(441.0, amplitudes, np.zeros(1), RATE_HZ, np.zeros(3))
    lines = np.abs(np.fft.rfft(tone)) * 2.0 / tone.size
    assert lines[[441, 882, 1323]] == pytest.approx([1.0, 0.0, 0.5], abs=2e-3)


def test_a_bell_lifts_its_own_frequency_and_leaves_the_others():
    impulse = np.zeros(RATE_HZ, dtype=np.float32)
    impulse[0] = 1.0
    response_db = 20.0 * np.log10(np.abs(np.fft.rfft(peak_eq(impulse, 1000.0, 6.0))))
    assert response_db[[100, 1000, 10_000]] == pytest.approx([0.0, 6.0, 0.0], abs=0.3)
