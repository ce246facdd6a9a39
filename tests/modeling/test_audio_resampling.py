"""The resampler, tested by physics: level, aliases, delay, length."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from modeling.audio import decode
from modeling.resample import StreamResampler
from tests.audio_files import write_audio

OUT_HZ = 44_100


def tone(hz: float, rate_hz: int, duration_s: float = 1.0) -> NDArray[np.float32]:
    t = np.arange(round(rate_hz * duration_s)) / rate_hz
    return np.stack([np.sin(2 * np.pi * hz * t)] * 2).astype(np.float32)


def resampled(samples: NDArray[np.float32], rate_hz: int, piece: int = 5000) -> np.ndarray:
    resampler = StreamResampler(rate_hz, OUT_HZ)
    pieces = [
        resampler.push(samples[:, start : start + piece])
        for start in range(0, samples.shape[1], piece)
    ]
    return np.concatenate([*pieces, resampler.finish()], axis=1)


def level_db(samples: np.ndarray) -> float:
    inner = samples[:, 4000:-4000].astype(np.float64)
    return float(20 * np.log10(np.sqrt(2 * np.mean(inner**2)) + 1e-12))


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 32_000, 44_000, 48_000, 96_000, 192_000])
def test_a_tone_keeps_its_level_and_its_time(rate_hz: int) -> None:
    hz = 997.0
    out = resampled(tone(hz, rate_hz), rate_hz)
    expected = tone(hz, OUT_HZ)
    residual = (out[:, :OUT_HZ] - expected)[:, 4000:-4000]
    assert 20 * np.log10(np.abs(residual).max()) < -85


@pytest.mark.parametrize("hz", [20.0, 10_000.0, 18_000.0, 20_000.0])
def test_the_pass_band_is_flat_up_to_20_khz(hz: float) -> None:
    out = resampled(tone(hz, 48_000), 48_000)
    assert level_db(out) == pytest.approx(level_db(tone(hz, OUT_HZ)), abs=0.01)


@pytest.mark.parametrize(
    ("hz", "rate_hz"), [(22_100.0, 48_000), (23_500.0, 48_000), (30_000.0, 96_000)]
)
def test_what_would_alias_is_gone(hz: float, rate_hz: int) -> None:
    assert level_db(resampled(tone(hz, rate_hz), rate_hz)) < -90


def test_an_image_of_a_low_rate_is_gone() -> None:
    out = resampled(tone(9000.0, 22_050), 22_050)[0]
    spectrum = np.abs(np.fft.rfft(out[4000:-4000] * np.hanning(len(out) - 8000)))
    hz = np.fft.rfftfreq(len(out) - 8000, 1 / OUT_HZ)
    assert 20 * np.log10(spectrum[hz > 11_025].max() / spectrum.max()) < -90


@pytest.mark.parametrize("rate_hz", [22_050, 44_000, 48_000])
def test_the_size_of_the_pieces_changes_nothing(rate_hz: int) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, (2, 3 * rate_hz // 2)).astype(np.float32)
    whole = resampled(samples, rate_hz, piece=samples.shape[1])
    assert np.array_equal(whole, resampled(samples, rate_hz, piece=1234))


@pytest.mark.parametrize("n_in", [0, 1, 159, 160, 48_000, 48_001, 100_003])
def test_as_many_samples_come_out_as_the_duration_says(n_in: int) -> None:
    out = resampled(np.zeros((2, n_in), np.float32), 48_000)
    assert out.shape == (2, math.ceil(n_in * OUT_HZ / 48_000))


def test_a_rate_that_is_no_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        StreamResampler(0, OUT_HZ)


def test_a_stem_at_another_rate_is_resampled_while_it_is_decoded(tmp_path) -> None:
    path = write_audio(tmp_path / "bass.wav", 0.5 * tone(440.0, 48_000, 2.0).T, rate_hz=48_000)
    out = np.concatenate(list(decode(path)), axis=1)
    assert out.shape == (2, 2 * OUT_HZ)
    assert level_db(out) == pytest.approx(20 * np.log10(0.5), abs=0.01)
