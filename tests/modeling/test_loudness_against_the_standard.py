"""The meter against EBU Tech 3341, the standard's filter table, and two other meters."""

from pathlib import Path

import numpy as np
import pytest

from modeling.kweighting import k_weighting_sos
from modeling.loudness import audio_loudness_lufs, balance_loudness_lufs, gram_of_stems
from tests.modeling.loudness_audio import (
    REAL_SONGS,
    generated_stems,
    libebur128_lufs,
    mixed,
    pyloudnorm_lufs,
    real_stems,
)

RATES = (44_100, 48_000)

# EBU Tech 3341, table 1: stereo 1 kHz sines as (level in dBFS, seconds) and the loudness to read.
EBU_CASES = {
    1: ([(-23, 20)], -23.0),
    2: ([(-33, 20)], -33.0),
    3: ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    4: ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    5: ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("case", EBU_CASES)
def test_ebu_tech_3341_reads_within_a_tenth_lu(case, rate):
    parts, expected_lufs = EBU_CASES[case]
    level = np.concatenate([np.full(round(s * rate), 10 ** (db / 20)) for db, s in parts])
    sine = level * np.sin(2 * np.pi * 1000 * np.arange(len(level)) / rate)
    loudness = audio_loudness_lufs(np.stack([sine, sine]), rate)
    assert loudness == pytest.approx(expected_lufs, abs=0.1)


def test_the_filter_at_48_khz_is_the_table_of_the_standard():
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    shelf += [1.0, -1.69065929318241, 0.73248077421585]
    high_pass = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    assert k_weighting_sos(48_000) == pytest.approx(np.array([shelf, high_pass]), abs=1e-12)


def test_the_filter_has_the_same_response_at_every_rate():
    def gain_db(rate: int, frequency_hz: float) -> float:
        z = np.exp(-2j * np.pi * frequency_hz / rate * np.arange(3))
        sections = [abs(s[:3] @ z) / abs(s[3:] @ z) for s in k_weighting_sos(rate)]
        return float(20 * np.log10(np.prod(sections)))

    for frequency_hz in (30, 100, 1000, 3000):
        assert gain_db(44_100, frequency_hz) == pytest.approx(
            gain_db(96_000, frequency_hz), abs=0.1
        )


def test_a_rate_too_low_for_the_filter_is_refused_by_name():
    with pytest.raises(ValueError, match="sample rate 4000 Hz is too low"):
        k_weighting_sos(4000)


@pytest.mark.parametrize("rate", RATES)
def test_generated_audio_reads_as_two_other_meters_do(rate):
    for seed in range(3):
        audio = generated_stems(seed, rate).sum(axis=0)
        loudness = audio_loudness_lufs(audio, rate)
        assert loudness == pytest.approx(libebur128_lufs(audio, rate), abs=0.01)
        assert loudness == pytest.approx(pyloudnorm_lufs(audio, rate), abs=0.01)


@pytest.mark.parametrize("song", REAL_SONGS)
def test_real_songs_read_as_two_other_meters_do(shared_dir: Path, song):
    stems, rate = real_stems(shared_dir / "stems" / song)
    gram = gram_of_stems(stems, rate)
    for gains_db in np.array([[0, 0, 0, 0], [5, -9, 2, np.nan], [np.nan, np.nan, 3, -30.0]]):
        loudness = balance_loudness_lufs(gram, gains_db)
        mix = mixed(stems, gains_db)
        assert loudness == pytest.approx(libebur128_lufs(mix, rate), abs=0.01)
        assert loudness == pytest.approx(pyloudnorm_lufs(mix, rate), abs=0.01)
