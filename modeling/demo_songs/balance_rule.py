"""The written rule for the reference balance of a generated song.

Relative loudness of a stem (LUFS, mean over the four stems removed) in the reference:

    template + content + residual

- template: the mean balance of 87 real mixes of 13 songs (Mix Evaluation Dataset), vocals +4.5,
  drums -1.8, bass -5.3, other +2.7 dB.
- content: follows from what is heard, by `content_db` below; SD about 2.5 dB per stem over songs.
- residual: taste, independent of everything heard; normal, SD 1.0 dB per stem, sums to zero.

With z(q) = (q - mean) / SD of a measured quantity, limited to +-2.5, the urge of each stem is

    vocals = z(voice_under_backing) - 0.7 z(voice_presence) - 0.5 z(voice_share)
             + 0.4 z(voice_under_backing) z(other_fullness)
    drums  = 0.8 z(pulse_clarity) + 0.6 z(drum_punch) - 0.6 z(drum_air) - 0.5 z(drum_strokes)
             + 0.3 z(drum_strokes) z(drum_air)
    bass   = 0.9 z(bass_depth) + 0.7 z(bass_under_drums) - 0.4 z(other_fullness)
             + 0.3 z(pulse_clarity)
    other  = 0.7 z(other_width) + 0.6 z(other_fullness) - 0.7 z(other_brightness)
             - 0.5 z(voice_share) - 0.3 z(voice_presence) z(other_brightness)

and content = SCALE_DB * (urge - URGE_MEAN), with the mean over the stems removed. In words: a voice
that is covered is raised, a piercing or never resting one lowered; drums with a clear pulse and
punch lead, hissing or busy ones step back; deep bass, and bass under a heavy kick, needs level;
wide and full backing carries the song, bright backing is kept down.

The constants were fitted once on generated songs (`python -m modeling.demo_songs.calibrate`) and
are frozen: changing them changes every song's reference.
"""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from modeling.demo_songs.measures import Measures

TEMPLATE_DB = (4.475, -1.825, -5.325, 2.675)  # the published means, centred
RESIDUAL_SD_DB = 1.0
_Z_LIMIT = 2.5

# (mean, SD) of each quantity over generated songs, and what brings each stem to SD 2.5 dB.
MEAN_AND_SD: dict[str, tuple[float, float]] = {
    "voice_under_backing": (0.633, 0.123),
    "voice_presence_db": (-13.821, 4.834),
    "voice_share": (0.784, 0.089),
    "drum_strokes_per_s": (3.963, 1.188),
    "drum_air_db": (-12.771, 4.077),
    "drum_punch_db": (7.217, 1.783),
    "pulse_clarity": (0.571, 0.150),
    "bass_depth_db": (3.498, 5.323),
    "bass_under_drums": (0.469, 0.139),
    "other_fullness": (0.791, 0.146),
    "other_brightness_octaves": (-0.728, 0.490),
    "other_width_db": (-7.030, 3.315),
}
URGE_MEAN = (0.337, 0.000, -0.017, 0.030)
SCALE_DB = (2.499, 2.248, 2.017, 2.603)


def standardised(measures: dict[str, float]) -> dict[str, float]:
    """z-scores by the frozen means and SDs, limited to +-2.5."""
    scores = {}
    for name, value in measures.items():
        mean, spread = MEAN_AND_SD[name]
        scores[name] = float(np.clip((value - mean) / spread, -_Z_LIMIT, _Z_LIMIT))
    return scores


def urges(z: dict[str, float]) -> NDArray[np.float64]:
    """The four formulas of the module's text, (4,), from standardised quantities."""
    vocals = (
        z["voice_under_backing"]
        - 0.7 * z["voice_presence_db"]
        - 0.5 * z["voice_share"]
        + 0.4 * z["voice_under_backing"] * z["other_fullness"]
    )
    drums = (
        0.8 * z["pulse_clarity"]
        + 0.6 * z["drum_punch_db"]
        - 0.6 * z["drum_air_db"]
        - 0.5 * z["drum_strokes_per_s"]
        + 0.3 * z["drum_strokes_per_s"] * z["drum_air_db"]
    )
    bass = (
        0.9 * z["bass_depth_db"]
        + 0.7 * z["bass_under_drums"]
        - 0.4 * z["other_fullness"]
        + 0.3 * z["pulse_clarity"]
    )
    other = (
        0.7 * z["other_width_db"]
        + 0.6 * z["other_fullness"]
        - 0.7 * z["other_brightness_octaves"]
        - 0.5 * z["voice_share"]
        - 0.3 * z["voice_presence_db"] * z["other_brightness_octaves"]
    )
    return np.array([vocals, drums, bass, other])


def content_db(measures: Measures) -> NDArray[np.float64]:
    """The part of the reference that follows from what is heard, (4,) dB, mean zero."""
    raw = np.array(SCALE_DB) * (urges(standardised(asdict(measures))) - np.array(URGE_MEAN))
    return np.asarray(raw - raw.mean(), dtype=np.float64)


def residual_db(rng: np.random.Generator) -> NDArray[np.float64]:
    """The unexplained part, (4,) dB, mean zero, SD `RESIDUAL_SD_DB` per stem."""
    drawn = rng.standard_normal(4)
    # Removing the mean takes a quarter of the variance; 4/3 gives it back.
    return np.asarray(
        RESIDUAL_SD_DB * np.sqrt(4.0 / 3.0) * (drawn - drawn.mean()), dtype=np.float64
    )
