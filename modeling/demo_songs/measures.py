"""What is heard in four stems at equal loudness: the quantities of the balance rule.

Every quantity is a property of sound that a listener could name (how much of the voice lies under
the backing, how busy the drums are), measured on stems that were brought to one loudness, so none
can tell a stem's own gain. None knows the score, the genre or the seed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from modeling.demo_songs.dsp import RATE_HZ, Audio

_FRAME = 2048
_FLUX_FRAME = 512
_N_BARK = 24
_VOCALS, _DRUMS, _BASS, _OTHER = range(4)
_SENSATION = 0.3  # exponent from power to loudness sensation, as in Zwicker's model

Spectra = NDArray[np.float32]


@dataclass(frozen=True)
class Measures:
    """The measured quantities of one song."""

    voice_under_backing: float
    """Share (0 to 1) of the voice's specific loudness that `other` covers while it sings."""
    voice_presence_db: float
    """Power of the voice at 2 to 5 kHz against 200 to 1000 Hz."""
    voice_share: float
    """Share of the time in which the voice sounds."""
    drum_strokes_per_s: float
    """Onsets of the drums per second."""
    drum_air_db: float
    """Power of the drums above 5 kHz against all of it."""
    drum_punch_db: float
    """Level of the loudest 5 % of 12 ms steps of the drums over their mean."""
    pulse_clarity: float
    """Highest autocorrelation (0 to 1) of the drums' onsets at 0.25 to 1.2 s."""
    bass_depth_db: float
    """Power of the bass below 90 Hz against 90 to 1000 Hz."""
    bass_under_drums: float
    """Share of the bass's specific loudness below 300 Hz that the drums cover."""
    other_fullness: float
    """Share of the Bark bands that `other` fills, over time."""
    other_brightness_octaves: float
    """Spectral centroid of `other`, in octaves above 1 kHz."""
    other_width_db: float
    """Side against mid power of `other`."""


def measure(stems: Audio) -> Measures:
    """Measure stems (4, 2, n) at 44.1 kHz that already have equal loudness."""
    middle = stems.mean(axis=1)
    power = np.stack([_power(stem, _FRAME) for stem in middle])
    side = _power((stems[_OTHER, 0] - stems[_OTHER, 1]) / 2.0, _FRAME)
    hz = np.arange(_FRAME // 2 + 1, dtype=np.float64) * (RATE_HZ / _FRAME)
    bark = np.asarray(power @ _bark_bands(hz), dtype=np.float32)
    flux = _onset_curve(middle[_DRUMS])
    total = power.sum(axis=1)
    singing = _sounding(power[_VOCALS])
    return Measures(
        voice_under_backing=_covered(bark[_VOCALS][singing], bark[_OTHER][singing]),
        voice_presence_db=_ratio_db(total[_VOCALS], hz, (2000, 5000), (200, 1000)),
        voice_share=float(singing.mean()),
        drum_strokes_per_s=_strokes_per_s(flux),
        drum_air_db=_ratio_db(total[_DRUMS], hz, (5000, 16000), (30, 16000)),
        drum_punch_db=_punch_db(middle[_DRUMS]),
        pulse_clarity=_pulse_clarity(flux),
        bass_depth_db=_ratio_db(total[_BASS], hz, (20, 90), (90, 1000)),
        bass_under_drums=_covered(bark[_BASS][:, :3], bark[_DRUMS][:, :3]),
        other_fullness=_fullness(bark[_OTHER]),
        other_brightness_octaves=float(
            np.log2((total[_OTHER] @ hz) / (total[_OTHER].sum() + 1e-20) / 1000.0 + 1e-9)
        ),
        other_width_db=float(
            10.0 * np.log10((side.sum() + 1e-9 * total[_OTHER].sum()) / total[_OTHER].sum())
        ),
    )


def _power(mono: Audio, frame: int) -> Spectra:
    n_frames = mono.size // frame
    window = np.hanning(frame).astype(np.float32)
    spectra = np.fft.rfft(mono[: n_frames * frame].reshape(n_frames, frame) * window)
    return np.asarray(np.square(np.abs(spectra)), dtype=np.float32)


def _bark_bands(hz: NDArray[np.float64]) -> NDArray[np.float32]:
    """(bins, 24) membership; Bark number after Traunmueller (1990)."""
    bark = 26.81 * hz / (1960.0 + hz) - 0.53
    number = np.clip(np.floor(bark), 0, _N_BARK - 1).astype(int)
    bands = np.zeros((hz.size, _N_BARK), dtype=np.float32)
    bands[np.arange(hz.size), number] = hz > 20.0
    return bands


def _sounding(power: Spectra) -> NDArray[np.bool_]:
    """Frames within 20 dB of the stem's own mean power."""
    frames = power.sum(axis=1)
    return np.asarray(frames > 0.01 * frames.mean())


def _covered(heard: Spectra, cover: Spectra) -> float:
    heard_loudness, cover_loudness = heard**_SENSATION, cover**_SENSATION
    share = np.minimum(heard_loudness, cover_loudness).sum() / (heard_loudness.sum() + 1e-12)
    return float(share)


def _ratio_db(
    spectrum: Spectra, hz: NDArray[np.float64], above: tuple[int, int], below: tuple[int, int]
) -> float:
    upper = spectrum[(hz >= above[0]) & (hz < above[1])].sum()
    lower = spectrum[(hz >= below[0]) & (hz < below[1])].sum()
    return float(np.clip(10.0 * np.log10((upper + 1e-12) / (lower + 1e-12)), -60.0, 60.0))


def _onset_curve(mono: Audio) -> NDArray[np.float64]:
    """Rise of compressed band levels, per 11.6 ms step."""
    levels = np.log1p(3.0 * np.sqrt(_power(mono, _FLUX_FRAME)))
    rise = np.maximum(0.0, np.diff(levels, axis=0)).mean(axis=1)
    return np.asarray(rise, dtype=np.float64)


def _strokes_per_s(flux: NDArray[np.float64]) -> float:
    around = ndimage.uniform_filter1d(flux, 40)
    top = ndimage.maximum_filter1d(flux, 5)
    peaks = (flux == top) & (flux > 1.4 * around) & (flux > 0.25 * np.percentile(flux, 99))
    return float(peaks.sum() * RATE_HZ / (flux.size * _FLUX_FRAME))


def _pulse_clarity(flux: NDArray[np.float64]) -> float:
    smooth = ndimage.gaussian_filter1d(flux, 1.0)
    smooth = smooth - smooth.mean()
    size = 2 * smooth.size
    spectrum = np.fft.rfft(smooth, size)
    correlation = np.fft.irfft(np.square(np.abs(spectrum)), size)
    step_s = _FLUX_FRAME / RATE_HZ
    lags = correlation[round(0.25 / step_s) : round(1.2 / step_s)]
    return float(np.max(lags) / (correlation[0] + 1e-12))


def _punch_db(mono: Audio) -> float:
    steps = mono.size // 512
    power = np.square(mono[: steps * 512].reshape(steps, 512)).mean(axis=1)
    loud = power[power >= np.percentile(power, 95)].mean()
    return float(10.0 * np.log10((loud + 1e-15) / (power.mean() + 1e-15)))


def _fullness(bark: Spectra) -> float:
    # Bands count while they stand within 35 dB of the stem's mean band power.
    floor = 10.0**-3.5 * bark.mean()
    return float((bark > floor).mean())
