"""A singing voice: a glottal source through moving formants, with consonants and breath.

Everything that moves (pitch, loudness, formants, noise) is a curve at 5.8 ms frames. The source is
a wave table read along the pitch; source and noise are then shaped frame by frame in short-time
spectra, so vowels glide into each other as a mouth does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modeling.demo_songs.dsp import RATE_HZ, Audio, Curve
from modeling.demo_songs.melody import Syllable
from modeling.demo_songs.tones import harmonic_count, harmonic_tone

_HOP = 256
_FRAME = 1024

# Formants of seven vowels in Hz (a, e, i, o, u, open o, schwa), an adult tenor's.
_VOWELS_HZ = np.array(
    [
        [730.0, 1180.0, 2600.0, 3300.0],
        [480.0, 1850.0, 2550.0, 3350.0],
        [300.0, 2200.0, 2950.0, 3500.0],
        [460.0, 850.0, 2600.0, 3250.0],
        [330.0, 780.0, 2450.0, 3250.0],
        [600.0, 920.0, 2550.0, 3300.0],
        [520.0, 1400.0, 2500.0, 3350.0],
    ]
)
_WIDTHS_HZ = np.array([85.0, 110.0, 150.0, 220.0])
_LEVELS = np.array([1.0, 0.75, 0.35, 0.22])
# A consonant's noise: centre (Hz), width (octaves), length (s), level, and the voice left under it.
_NOISES = {
    "s": (6800.0, 0.7, 0.1, 0.5, 0.0),
    "f": (5200.0, 1.6, 0.08, 0.18, 0.0),
    "t": (4600.0, 1.2, 0.035, 0.6, 0.0),
    "k": (2400.0, 0.8, 0.035, 0.5, 0.0),
    "d": (3600.0, 1.3, 0.02, 0.3, 0.2),
    "h": (1500.0, 1.6, 0.08, 0.12, 0.1),
}
_NASALS_HZ = {"m": 0.045, "n": 0.045, "l": 0.03}


@dataclass(frozen=True)
class Singer:
    """How a voice sounds; drawn once per artist, then coloured by the song's style."""

    tract: float
    tilt: float
    breath: float
    vibrato_hz: float
    vibrato_cents: float
    vibrato_delay_s: float
    glide_s: float
    ring_db: float
    jitter_cents: float
    growl: float


def draw_singer(style: str, high_voice: bool, rng: np.random.Generator) -> Singer:
    """A singer of a style: sung, bright, airy, belt, hum, rap or growl."""
    airy, hard = style in ("airy", "hum"), style in ("bright", "belt", "growl")
    return Singer(
        tract=rng.uniform(1.1, 1.25) if high_voice else rng.uniform(0.93, 1.08),
        tilt=rng.uniform(1.25, 1.6) if airy else rng.uniform(0.75, 1.0 if hard else 1.25),
        breath=rng.uniform(0.05, 0.14) if airy else rng.uniform(0.008, 0.04),
        vibrato_hz=rng.uniform(4.6, 6.4),
        vibrato_cents=0.0 if style in ("rap", "growl") else rng.uniform(8.0, 55.0),
        vibrato_delay_s=rng.uniform(0.12, 0.4),
        glide_s=rng.uniform(0.02, 0.07),
        ring_db=rng.uniform(4.0, 10.0) if style in ("belt", "bright") else rng.uniform(-4.0, 4.0),
        jitter_cents=rng.uniform(5.0, 14.0),
        growl=rng.uniform(0.5, 1.0) if style == "growl" else 0.0,
    )


@dataclass
class _Score:
    """Frame curves (n_frames,), formants (n_frames, 4)."""

    pitch: Curve
    level: Curve
    formants_hz: NDArray[np.float64]
    noise_level: Curve
    noise_hz: Curve
    noise_octaves: Curve


def sing(
    syllables: list[Syllable],
    singer: Singer,
    n_samples: int,
    rng: np.random.Generator,
    *,
    transpose: float = 0.0,
    spoken: bool = False,
) -> Audio:
    """One take (n_samples,) of the syllables; another generator gives another take."""
    if not syllables:
        return np.zeros(n_samples, dtype=np.float32)
    n_frames = n_samples // _HOP + 1
    score = _write_curves(syllables, singer, n_frames, transpose, spoken, rng)
    source = _source(score, singer, n_samples, rng)
    return _shape(source, score, singer, rng)


def _write_curves(
    syllables: list[Syllable],
    singer: Singer,
    n_frames: int,
    transpose: float,
    spoken: bool,
    rng: np.random.Generator,
) -> _Score:
    score = _Score(
        pitch=np.full(n_frames, float(syllables[0].note.pitch)),
        level=np.zeros(n_frames),
        formants_hz=np.tile(_VOWELS_HZ[6], (n_frames, 1)),
        noise_level=np.zeros(n_frames),
        noise_hz=np.full(n_frames, 3000.0),
        noise_octaves=np.ones(n_frames),
    )
    frame_s = _HOP / RATE_HZ
    wobble = np.cumsum(rng.standard_normal(n_frames)) * 0.004
    for index, syllable in enumerate(syllables):
        last = index + 1 == len(syllables)
        next_s = 1e9 if last else syllables[index + 1].note.start_s
        _write_syllable(score, syllable, singer, frame_s, next_s, transpose, spoken, rng)
    glide = max(1, round((0.012 if spoken else singer.glide_s) / frame_s))
    score.pitch = _smooth(score.pitch, glide) + 0.08 * np.sin(wobble * 7.0)
    score.pitch += singer.jitter_cents / 100.0 * _smooth(rng.standard_normal(n_frames), 4)
    score.level = _smooth(score.level, 3)
    score.formants_hz = np.stack([_smooth(score.formants_hz[:, i], 7) for i in range(4)], axis=1)
    score.formants_hz *= singer.tract
    return score


def _smooth(curve: Curve, frames: int) -> Curve:
    if frames <= 1:
        return curve
    window = np.hanning(2 * frames + 1)[1:-1]
    padded = np.pad(curve, (window.size // 2, window.size - 1 - window.size // 2), mode="edge")
    return np.asarray(np.convolve(padded, window / window.sum(), mode="valid"), dtype=np.float64)


def _write_syllable(
    score: _Score,
    syllable: Syllable,
    singer: Singer,
    frame_s: float,
    next_s: float,
    transpose: float,
    spoken: bool,
    rng: np.random.Generator,
) -> None:
    note = syllable.note
    late_s = 0.008 * rng.standard_normal()
    first = max(0, round((note.start_s + late_s) / frame_s))
    end_s = min(note.start_s + note.duration_s * rng.uniform(0.9, 1.0), next_s - 0.02)
    end = min(score.level.size, max(first + 6, round(end_s / frame_s)))
    if first >= score.level.size:
        return
    t = np.arange(end - first) * frame_s
    tune = note.pitch + transpose + 0.04 * rng.standard_normal()
    score.pitch[first:] = tune
    if spoken:
        score.pitch[first:end] += rng.uniform(-0.5, 2.5) - rng.uniform(2.0, 7.0) * t / 0.25
    elif rng.random() < 0.3:
        score.pitch[first:end] -= rng.uniform(0.5, 2.0) * np.exp(-t / 0.05)
    grown = np.clip((t - singer.vibrato_delay_s) / 0.25, 0.0, 1.0)
    sway = np.sin(2 * np.pi * singer.vibrato_hz * rng.uniform(0.95, 1.05) * t)
    score.pitch[first:end] += singer.vibrato_cents / 100.0 * grown * sway
    swell = np.minimum(1.0, 0.55 + t / 0.12) * (1.0 - 0.25 * t / max(t[-1], 0.3))
    score.level[first:end] = note.velocity * swell * (1.0 + 0.12 * grown * sway)
    score.formants_hz[first:end] = _VOWELS_HZ[syllable.vowel]
    if not spoken and t.size > 60 and rng.random() < 0.5:
        score.formants_hz[first + t.size // 2 : end] = _VOWELS_HZ[int(rng.integers(7))]
    _write_consonant(score, syllable, first, frame_s)
    if syllable.after_breath and note.start_s > 0.5 and rng.random() < 0.7:
        _write_breath(score, singer, first, frame_s, rng)


def _write_breath(
    score: _Score, singer: Singer, first: int, frame_s: float, rng: np.random.Generator
) -> None:
    """An intake of air that grows towards the phrase."""
    start = max(0, first - round(rng.uniform(0.25, 0.45) / frame_s))
    stop = max(0, first - round(0.09 / frame_s))
    shape = np.linspace(0.1, 1.0, max(0, stop - start)) * np.hanning(max(0, stop - start))
    score.noise_level[start:stop] += rng.uniform(0.02, 0.06) * (1.0 + 5.0 * singer.breath) * shape
    score.noise_hz[start:stop] = rng.uniform(1400.0, 2600.0)
    score.noise_octaves[start:stop] = rng.uniform(0.7, 1.3)


def _write_consonant(score: _Score, syllable: Syllable, first: int, frame_s: float) -> None:
    name, velocity = syllable.consonant, syllable.note.velocity
    if name in _NOISES:
        hz, octaves, seconds, loud, voice_left = _NOISES[name]
        frames = max(2, round(seconds / frame_s))
        start = max(0, first - frames // 2)
        end = min(score.level.size, start + frames)
        shape = np.hanning(frames + 2)[1:-1] if seconds > 0.05 else np.linspace(1.0, 0.2, frames)
        score.noise_level[start:end] += velocity * loud * shape[: end - start]
        score.noise_hz[start:end], score.noise_octaves[start:end] = hz, octaves
        score.level[max(0, start - 3) : end] *= voice_left
    elif name in _NASALS_HZ:
        end = min(score.level.size, first + round(_NASALS_HZ[name] / frame_s))
        score.level[first:end] *= 0.4
        score.formants_hz[first:end] = (270.0, 1100.0, 2300.0, 3200.0)


def _source(score: _Score, singer: Singer, n_samples: int, rng: np.random.Generator) -> Audio:
    t = np.arange(n_samples)
    frames = np.arange(score.pitch.size) * _HOP
    frame_hz = 440.0 * 2.0 ** ((score.pitch - 69.0) / 12.0)
    hz = np.interp(t, frames, frame_hz)
    k = np.arange(1, harmonic_count(float(np.percentile(frame_hz, 98))) + 1, dtype=np.float64)
    soft, hard = k ** -(singer.tilt + 0.45), k**-singer.tilt
    phases = np.asarray(-0.5 * np.pi + 0.15 * np.sqrt(k - 1.0), dtype=np.float64)
    level = np.interp(t, frames, score.level)
    amplitudes = np.stack([soft, hard])
    source = harmonic_tone(hz, amplitudes[1:], np.zeros(1), n_samples, phases)
    dark = harmonic_tone(hz, amplitudes[:1], np.zeros(1), n_samples, phases)
    effort = np.clip(level * 1.2, 0.0, 1.0)
    source = (dark + (source - dark) * effort).astype(np.float32)
    if singer.growl > 0.0:
        rough = harmonic_tone(hz / 2.0, amplitudes[1:], np.zeros(1), n_samples, phases)
        noise = rng.standard_normal(n_samples, dtype=np.float32)
        source = source * (1.0 + 0.5 * np.float32(singer.growl) * noise)
        source = np.tanh(2.5 * (source + np.float32(singer.growl) * rough))
    return np.asarray(source * level.astype(np.float32), dtype=np.float32)


def _shape(source: Audio, score: _Score, singer: Singer, rng: np.random.Generator) -> Audio:
    """Formants over the voiced source plus shaped noise, by overlap-add of windowed frames."""
    n = source.size
    n_frames = score.level.size
    noise = rng.standard_normal(n, dtype=np.float32)
    window = np.sqrt(np.hanning(_FRAME + 1)[:-1]).astype(np.float32)
    hz = np.fft.rfftfreq(_FRAME, 1.0 / RATE_HZ).astype(np.float32)
    out = np.zeros(n_frames * _HOP + 2 * _FRAME, dtype=np.float32)
    padded = np.zeros((2, out.size), dtype=np.float32)
    padded[:, _FRAME // 2 : _FRAME // 2 + n] = (source, noise)
    heard = (_smooth(score.level, 4) > 1e-4) | (score.noise_level > 1e-4)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME, axis=1)[:, ::_HOP]
    for start in range(0, n_frames, 2048):
        at = start + np.flatnonzero(heard[start : start + 2048])
        if at.size == 0:
            continue
        voice = _formant_gains(score.formants_hz[at], singer, hz)
        hiss = voice * (singer.breath * score.level[at]).astype(np.float32)[:, None]
        noisy = score.noise_level[at] > 0.0
        hiss[noisy] += _noise_gains(score, at[noisy], hz)
        spectrum = np.fft.rfft(frames[0, at] * window) * voice
        spectrum += np.fft.rfft(frames[1, at] * window) * hiss
        pieces = np.asarray(np.fft.irfft(spectrum, _FRAME) * window, dtype=np.float32)
        _overlap_add(out, pieces, at)
    return out[_FRAME // 2 : _FRAME // 2 + n] * np.float32(0.5)


def _overlap_add(out: Audio, pieces: Audio, at: NDArray[np.int64]) -> None:
    quarters = pieces.reshape(at.size, _FRAME // _HOP, _HOP)
    rows = out[: out.size // _HOP * _HOP].reshape(-1, _HOP)
    for quarter in range(_FRAME // _HOP):
        rows[at + quarter] += quarters[:, quarter]


def _formant_gains(formants_hz: NDArray[np.float64], singer: Singer, hz: Audio) -> Audio:
    gains = np.full((formants_hz.shape[0], hz.size), 0.012, dtype=np.float32)
    levels = _LEVELS.copy()
    levels[2:] *= 10.0 ** (singer.ring_db / 20.0)
    for index in range(4):
        centre = formants_hz[:, index : index + 1].astype(np.float32)
        away = (hz - centre) / np.float32(_WIDTHS_HZ[index] * singer.tract)
        gains += np.float32(levels[index]) / (1.0 + away * away)
    # Air above the formants, and nothing below the voice.
    gains += 0.02 * (hz > 4500.0) * np.exp(-hz / 9000.0)
    gains *= 1.0 - 0.9 * np.exp(-np.square(hz / 260.0))
    return np.asarray(gains, dtype=np.float32)


def _noise_gains(score: _Score, at: NDArray[np.int64], hz: Audio) -> Audio:
    octaves = np.log2(np.maximum(hz, 20.0))[None, :] - np.log2(score.noise_hz[at])[:, None]
    bell = np.exp(-np.square(octaves / score.noise_octaves[at][:, None]))
    return np.asarray(bell * score.noise_level[at][:, None], dtype=np.float32)
