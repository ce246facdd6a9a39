"""What the advisors hear of stems: band powers over time, and how they add up in any mix.

The power of a mix in a band is a quadratic form of the stems' gains, so the products of the stems'
spectra, per band and frame, give the band powers of every balance's mix exactly, without audio.

Stems are brought to one level of their own first (`own_level_db`), by a gate that is relative to
the stem alone. Nothing here can therefore tell a stem's gain; the level that was removed is kept
apart, for remixing.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.kweighting import k_weighting_sos
from modeling.loudness import OFFSET_LU, loudness_lufs

# scipy is imported where it is used: web processes load this module and start without it.

SAMPLE_RATE_HZ = 44_100
N_BANDS = 40
LOWEST_HZ, HIGHEST_HZ = 25.0, 16_000.0  # AAC and lossless files look alike below 16 kHz
BAND_FRAME, BAND_HOP, FRAMES_PER_COLUMN = 2048, 1024, 2
STEP_FRAME, STEP_HOP = 1024, 512
REGION_EDGES_HZ = (20.0, 100.0, 300.0, 1000.0, 3000.0, 8000.0, 16_000.0)
N_REGIONS = len(REGION_EDGES_HZ) - 1
COLUMNS_PER_S = SAMPLE_RATE_HZ / (BAND_HOP * FRAMES_PER_COLUMN)
STEPS_PER_S = SAMPLE_RATE_HZ / STEP_HOP
PAIRS = tuple((i, j) for i in range(len(STEMS)) for j in range(i, len(STEMS)))
SHORTEST_S = 3.0
_GATE_RATIO = 0.1
_REFERENCE_LUFS = -23.0

Powers = NDArray[np.float32]


@dataclass(frozen=True)
class BandProducts:
    """Mean products of four stems' spectra, each stem at its own level 0 dB.

    Shapes: bands (columns, 40, 2 middle and side, 10 pairs), about 21.5 columns a second;
    envelope (steps, 6 regions, 10 pairs), about 86 steps a second, both channels summed. Pairs are
    those of `PAIRS`. `level_db` (4,) is the level that was removed, NaN where a stem is silent.
    """

    bands: Powers
    envelope: Powers
    level_db: NDArray[np.float64]


def band_products(stems: NDArray[np.floating]) -> BandProducts:
    """Measure stems (4, 2, n) at 44.1 kHz.

    Raises:
        ValueError: another shape, or shorter than `SHORTEST_S`.
    """
    if stems.ndim != 3 or stems.shape[:2] != (len(STEMS), 2):
        raise ValueError(f"stems have shape {stems.shape}; expected (4, 2, samples)")
    bands = _paired(_middle_side(stems), BAND_FRAME, BAND_HOP, _erb_bands(), FRAMES_PER_COLUMN)
    steps = _paired(_middle_side(stems), STEP_FRAME, STEP_HOP, _regions(), 1)
    own = np.array([pair[0] == pair[1] for pair in PAIRS])
    level_db = np.array([own_level_db(power) for power in np.moveaxis(bands[..., own], -1, 0)])
    amplitude = np.nan_to_num(10.0 ** (-level_db / 20.0), nan=0.0)
    scale = np.array([amplitude[i] * amplitude[j] for i, j in PAIRS])
    return BandProducts(
        np.asarray(bands * scale, dtype=np.float32),
        np.asarray(steps.sum(axis=2) * scale, dtype=np.float32),
        level_db,
    )


def n_columns_and_steps(n_samples: int) -> tuple[int, int]:
    """How many columns of bands and steps of the envelope `band_products` gives of a length."""
    n_frames = (n_samples - BAND_FRAME) // BAND_HOP + 1
    return n_frames // FRAMES_PER_COLUMN, (n_samples - STEP_FRAME) // STEP_HOP + 1


def band_powers(audio: NDArray[np.floating]) -> tuple[Powers, Powers]:
    """Band powers of one signal (2, n): bands (columns, 40, 2) and envelope (steps, 6).

    The same figures as `remix` gives for the mix of stems, from the mix alone; at own level 0 dB.

    Raises:
        ValueError: another shape, shorter than `SHORTEST_S`, or silent.
    """
    if audio.ndim != 2 or audio.shape[0] != 2:
        raise ValueError(f"audio has shape {audio.shape}; expected (2, samples)")
    signal = _middle_side(audio[np.newaxis])
    bands = _paired(signal, BAND_FRAME, BAND_HOP, _erb_bands(), FRAMES_PER_COLUMN)[..., 0]
    steps = _paired(signal, STEP_FRAME, STEP_HOP, _regions(), 1)[..., 0].sum(axis=2)
    return at_own_level(bands, steps)


def remix(products: BandProducts, gains_db: NDArray[np.float64]) -> tuple[Powers, Powers]:
    """Band powers of the mix of a balance (4,) (NaN = off), as `band_powers` of its audio."""
    weights = pair_weights(products.level_db, gains_db).astype(np.float32)
    return at_own_level(products.bands @ weights, products.envelope @ weights)


def pair_weights(
    level_db: NDArray[np.float64], gains_db: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weight of each pair's product in the mix's power, (..., 10), from levels and gains (..., 4).

    A common factor is free, since the mix is brought to its own level; the loudest stem gets 1.
    """
    total_db = level_db + gains_db
    top_db = np.nan_to_num(np.nanmax(total_db, axis=-1, keepdims=True))
    gains = np.nan_to_num(10.0 ** ((total_db - top_db) / 20.0), nan=0.0)
    return np.stack(
        [gains[..., i] * gains[..., j] * (1.0 if i == j else 2.0) for i, j in PAIRS], axis=-1
    )


def at_own_level(bands: Powers, steps: Powers) -> tuple[Powers, Powers]:
    """Both scaled so that the own level is 0 dB. Raises ValueError for silence."""
    level_db = own_level_db(bands)
    if np.isnan(level_db):
        raise ValueError("the mix is silent; nothing can be heard in it")
    scale = np.float32(10.0 ** (-level_db / 10.0))
    return np.asarray(bands * scale), np.asarray(steps * scale)


def own_level_db(bands: Powers) -> float:
    """Level of band powers (columns, 40, 2): K-weighted, gated 10 dB under its own mean.

    No absolute gate, so a gain moves it by exactly that gain. NaN for silence.
    """
    power = np.einsum("tmc,m->t", bands.astype(np.float64), k_weights())
    mean = power.mean()
    if not mean > 0.0:
        return float("nan")
    return float(10.0 * np.log10(power[power > _GATE_RATIO * mean].mean()))


def stem_loudness_at_reference_lufs(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gated loudness of each stem (4,) from the Gram, NaN where it has none.

    Measured with every stem near -23 LUFS and carried back, so that the absolute gate at -70 LUFS
    cuts the same blocks at any gain: a gain of x dB moves it by exactly x.
    """
    power = np.einsum("nkk->nk", gram).mean(axis=0)
    audible = power > 10.0 ** ((-70.0 - OFFSET_LU - 10.0) / 10.0)
    with np.errstate(divide="ignore"):
        level_lufs = OFFSET_LU + 10.0 * np.log10(power)
    gain_db = np.where(audible, _REFERENCE_LUFS - level_lufs, np.nan)
    alone_db = np.where(np.eye(len(power), dtype=bool), gain_db, np.nan)
    return np.asarray(loudness_lufs(gram, alone_db) - gain_db)


@cache
def k_weights() -> NDArray[np.float64]:
    """Power response (40,) of the K-weighting at the bands' centres."""
    return np.asarray(_k_response(band_centres_hz()))


@cache
def band_centres_hz() -> NDArray[np.float64]:
    """Centres (40,) of the bands, evenly spaced on the ERB-rate scale: finer than mel below."""
    return np.asarray(_erb_points()[1:-1])


def _k_response(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    z = np.exp(-2j * np.pi * hz / SAMPLE_RATE_HZ)
    response = np.ones_like(z)
    for b0, b1, b2, _, a1, a2 in k_weighting_sos(SAMPLE_RATE_HZ):
        response *= (b0 + b1 * z + b2 * z * z) / (1.0 + a1 * z + a2 * z * z)
    return np.asarray(np.abs(response) ** 2, dtype=np.float64)


def _erb_points() -> NDArray[np.float64]:
    # ERB-rate scale: Glasberg and Moore, Hearing Research 47 (1990), eq. 4.
    low, high = (21.4 * np.log10(1.0 + 0.00437 * hz) for hz in (LOWEST_HZ, HIGHEST_HZ))
    rates = np.linspace(low, high, N_BANDS + 2)
    return np.asarray((10.0 ** (rates / 21.4) - 1.0) / 0.00437)


@cache
def _erb_bands() -> NDArray[np.float32]:
    """Triangles (bins, 40) between neighbouring points."""
    hz = np.arange(BAND_FRAME // 2 + 1) * (SAMPLE_RATE_HZ / BAND_FRAME)
    points = _erb_points()
    rows = [
        np.interp(hz, points[m : m + 3], [0.0, 1.0, 0.0], left=0.0, right=0.0)
        for m in range(N_BANDS)
    ]
    return np.array(rows, dtype=np.float32).T.copy()


@cache
def _regions() -> NDArray[np.float32]:
    hz = np.arange(STEP_FRAME // 2 + 1) * (SAMPLE_RATE_HZ / STEP_FRAME)
    rows = [(hz >= low) & (hz < high) for low, high in pairwise(REGION_EDGES_HZ)]
    return np.array(rows, dtype=np.float32).T.copy()


def _middle_side(stems: NDArray[np.floating]) -> NDArray[np.float32]:
    """(k, 2, n) left and right as middle and side of the same total power."""
    left, right = stems[:, 0], stems[:, 1]
    both = np.stack([left + right, left - right], axis=1)
    return np.asarray(both * np.float32(np.sqrt(0.5)), dtype=np.float32)


def _paired(
    signals: NDArray[np.float32],
    frame: int,
    hop: int,
    bands: NDArray[np.float32],
    frames_per_column: int,
) -> NDArray[np.float32]:
    """Band products (columns, bands, 2, pairs) of signals (k, 2, n)."""
    from scipy.fft import rfft

    n_columns = ((signals.shape[2] - frame) // hop + 1) // frames_per_column
    if signals.shape[2] < SHORTEST_S * SAMPLE_RATE_HZ:
        seconds = signals.shape[2] / SAMPLE_RATE_HZ
        raise ValueError(f"audio lasts {seconds:.1f} s; at least {SHORTEST_S:g} s are needed")
    window = np.hanning(frame + 1)[:-1].astype(np.float32) / np.float32(frame)
    views = np.lib.stride_tricks.sliding_window_view(signals, frame, axis=2)
    views = views[:, :, : n_columns * frames_per_column * hop : hop]
    spectra = rfft(views * window, axis=3)
    k = len(signals)
    out = np.empty((n_columns, bands.shape[1], 2, k * (k + 1) // 2), dtype=np.float32)
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    for place, (i, j) in enumerate(pairs):
        product = spectra[i].real * spectra[j].real + spectra[i].imag * spectra[j].imag
        summed = (product @ bands).reshape(2, n_columns, frames_per_column, -1).mean(axis=2)
        out[..., place] = summed.transpose(1, 2, 0)
    return out
