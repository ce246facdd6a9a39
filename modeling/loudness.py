"""Gated loudness (ITU-R BS.1770-4) of any balance of stems, from their Gram matrix.

K-weighting is linear, so the K-weighted power of a mix is a quadratic form of the stems' gains:
g' G g, where G holds the mean products of the K-weighted stems. One G per 100 ms hop is enough for
every loudness of every balance, exactly, without touching audio again.

Shapes: `gram` is (n_hops, k, k) with k stems (4 in Gainsay), summed over the channels. `gains_db`
is (..., k); NaN (None in a list) means that the stem is off. A loudness that does not exist
(silence, less than 0.4 s) is NaN in an array and None as a single value, never -70.
"""

import base64
import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.vectors import STEMS
from modeling.kweighting import k_weighting_sos

# scipy is imported where it is used: web processes load this module and start without it.

HOP_S = 0.1
HOPS_PER_BLOCK = 4  # 400 ms blocks, 75 % overlap
OFFSET_LU = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
ACTIVITY_FLOOR_LU = -20.0
MATCHING_ROUNDS = 5
N_STEMS = len(STEMS)

Floats: TypeAlias = NDArray[np.float64]
Gains: TypeAlias = ArrayLike | Sequence[float | None]

_ABSOLUTE_GATE_POWER = 10.0 ** ((ABSOLUTE_GATE_LUFS - OFFSET_LU) / 10.0)
_RELATIVE_GATE_RATIO = 10.0 ** (RELATIVE_GATE_LU / 10.0)
_POWERS_AT_ONCE = 4_000_000  # bounds the memory of one slice of balances to some 100 MB


def hop_samples(sample_rate_hz: int) -> int:
    """Samples in one 100 ms hop."""
    return round(sample_rate_hz * HOP_S)


class GramMeter:
    """Measures the Gram of stems that arrive in blocks of any size.

    Memory grows by the Gram only (128 bytes per 100 ms), never by the audio. Samples after the last
    whole hop are not measured, as the standard leaves out an incomplete block.
    """

    def __init__(self, sample_rate_hz: int, n_stems: int = N_STEMS) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.hop = hop_samples(sample_rate_hz)
        self._sos = k_weighting_sos(sample_rate_hz)
        self._n_stems = n_stems
        self._state: Floats | None = None
        self._rest: Floats = np.empty(0)
        self._grams: list[Floats] = []
        self._n_samples = 0

    def push(self, block: NDArray[np.floating]) -> None:
        """Take the next (k, channels, n) samples.

        Raises ValueError for another shape or a NaN or infinite sample.
        """
        if self._state is None:
            self._start(block)
        if block.ndim != 3 or block.shape[:2] != self._rest.shape[:2]:
            raise ValueError(
                f"stems have shape {block.shape}; expected {self._rest.shape[:2]} and samples"
            )
        # One second at a time, so that a large block costs no more memory than a small one.
        for start in range(0, block.shape[2], 10 * self.hop):
            self._measure(np.asarray(block[:, :, start : start + 10 * self.hop], dtype=np.float64))

    def finish(self) -> Floats:
        """The Gram so far, (n_hops, k, k).

        Per hop the mean products of the K-weighted stems, summed over the channels.
        """
        if not self._grams:
            return np.empty((0, self._n_stems, self._n_stems))
        return np.concatenate(self._grams)

    def _start(self, block: NDArray[np.floating]) -> None:
        if block.ndim != 3 or block.shape[0] != self._n_stems or block.shape[1] not in (1, 2):
            raise ValueError(
                f"stems have shape {block.shape}; "
                f"expected ({self._n_stems}, 1 or 2 channels, samples)"
            )
        self._state = np.zeros((2, *block.shape[:2], 2))
        self._rest = np.empty((*block.shape[:2], 0))

    def _measure(self, samples: Floats) -> None:
        from scipy.signal import sosfilt

        self._refuse_non_finite(samples)
        weighted, self._state = sosfilt(self._sos, samples, axis=-1, zi=self._state)
        self._n_samples += samples.shape[2]
        joined = np.concatenate([self._rest, weighted], axis=2)
        n_hops = joined.shape[2] // self.hop
        whole = joined[:, :, : n_hops * self.hop]
        self._rest = joined[:, :, n_hops * self.hop :].copy()
        if n_hops:
            self._grams.append(self._products(whole, n_hops))

    def _products(self, weighted: Floats, n_hops: int) -> Floats:
        channels = weighted.shape[1]
        hops = weighted.reshape(self._n_stems, channels, n_hops, self.hop).transpose(2, 0, 1, 3)
        rows = hops.reshape(n_hops, self._n_stems, channels * self.hop)
        return np.asarray(rows @ rows.transpose(0, 2, 1) / self.hop)

    def _refuse_non_finite(self, samples: Floats) -> None:
        if np.isfinite(samples.sum()):
            return
        bad = np.argwhere(~np.isfinite(samples))
        if not len(bad):  # the sum overflowed, the samples did not
            return
        stem, _, sample = bad[bad[:, 2].argmin()]
        at_s = (self._n_samples + int(sample)) / self.sample_rate_hz
        raise ValueError(f"stem {stem + 1} has a NaN or infinite sample at {at_s:.3f} s; repair it")


def gram_of_stems(stems: NDArray[np.floating], sample_rate_hz: int) -> Floats:
    """Gram (n_hops, k, k) of stems (k, channels, n) that are all in memory."""
    if stems.ndim != 3:
        raise ValueError(f"stems have shape {stems.shape}; expected (stems, channels, samples)")
    meter = GramMeter(sample_rate_hz, n_stems=stems.shape[0])
    meter.push(stems)
    return meter.finish()


def audio_loudness_lufs(audio: NDArray[np.floating], sample_rate_hz: int) -> float | None:
    """Gated loudness of one signal (channels, n); None where it has none."""
    if audio.ndim != 2:
        raise ValueError(f"audio has shape {audio.shape}; expected (channels, samples)")
    return balance_loudness_lufs(gram_of_stems(audio[np.newaxis], sample_rate_hz), [0.0])


def gains_linear(gains_db: Gains) -> Floats:
    """Linear gains of any shape;

    NaN or None (off) becomes 0. Raises ValueError for an infinite gain.
    """
    values = np.asarray(gains_db, dtype=np.float64)
    if np.isinf(values).any():
        raise ValueError("a gain is infinite; write an off stem as NaN or null")
    return np.nan_to_num(10.0 ** (values / 20.0), nan=0.0)


def loudness_lufs(gram: Floats, gains_db: Gains) -> Floats:
    """Gated loudness of each balance in `gains_db` (..., k), shape (...):

    BS.1770-4, both gates. NaN = no number.
    """
    gains = gains_linear(gains_db)
    _check_stems(gram, gains)
    products = _block_products(gram)
    flat = gains.reshape(-1, gains.shape[-1])
    at_once = max(1, _POWERS_AT_ONCE // max(1, len(products)))
    parts = [
        _gated_lufs(_pair_weights(flat[start : start + at_once]) @ products.T)
        for start in range(0, len(flat), at_once)
    ]
    return np.concatenate([np.empty(0), *parts]).reshape(gains.shape[:-1])


def balance_loudness_lufs(gram: Floats, gains_db: Gains) -> float | None:
    """Gated loudness of one balance (k,); None where it has none."""
    value = float(loudness_lufs(gram, gains_db))
    return None if math.isnan(value) else value


def matching_gain_db(gram: Floats, gains_db: Gains, target_lufs: float) -> Floats:
    """Common gain in dB that brings each balance (..., k) to the target, shape (...).

    NaN for a balance without a loudness. Blocks pass or miss the absolute gate by the level, so a
    gain of x dB need not move the loudness by x LU (2 LU off in a sparse song): it is measured
    again at the new level until it stands.
    """
    balances_db = np.asarray(gains_db, dtype=np.float64)
    gain_db = np.zeros(balances_db.shape[:-1])
    for _ in range(MATCHING_ROUNDS):
        gain_db = (
            gain_db + target_lufs - loudness_lufs(gram, balances_db + gain_db[..., np.newaxis])
        )
    return gain_db


def stem_loudness_lufs(gram: Floats) -> Floats:
    """Gated loudness of each stem alone, (k,); NaN for an inactive stem."""
    alone = np.where(np.eye(gram.shape[1], dtype=bool), 0.0, np.nan)
    return loudness_lufs(gram, alone)


def active_stems(gram: Floats, max_below_mix_lu: float | None = None) -> NDArray[np.bool_]:
    """Which stems are active, (k,): those that have a loudness.

    With `max_below_mix_lu`, a stem that lies further than that under the mix at 0 dB is inactive
    too.
    """
    stems = stem_loudness_lufs(gram)
    if max_below_mix_lu is None:
        return ~np.isnan(stems)
    mix = loudness_lufs(gram, np.zeros(gram.shape[1]))
    return np.asarray(stems >= mix - max_below_mix_lu)


def activity(gram: Floats) -> Floats:
    """Share of hops, (k,), in which each stem sounds: within 20 dB of its own gated level. 0 for an
    inactive stem.

    The level is gated relative to the stem alone, so a stem's gain cannot be read from its
    activity.
    """
    power = np.einsum("nkk->nk", gram)
    active = active_stems(gram)
    if not active.any():
        return np.zeros(gram.shape[1])
    gate = _RELATIVE_GATE_RATIO * power.mean(axis=0)
    level = np.where(power > gate, power, 0.0).sum(axis=0) / np.maximum(
        1, (power > gate).sum(axis=0)
    )
    floor = 10.0 ** (ACTIVITY_FLOOR_LU / 10.0) * level
    return np.where(active, (power > floor).mean(axis=0), 0.0)


def momentary_lufs(gram: Floats, gains_db: Gains) -> Floats:
    """Momentary loudness (400 ms, ungated) of each balance (..., k), shape (..., n_hops - 3).

    NaN where silent.
    """
    gains = gains_linear(gains_db)
    _check_stems(gram, gains)
    return _lufs(np.asarray(_pair_weights(gains) @ _block_products(gram).T))


def pack_gram(gram: Floats) -> str:
    """The Gram for the browser, base64 text.

    Little-endian float32 (n_hops, k(k+1)/2): the upper triangle, row by row.
    """
    rows, columns = np.triu_indices(gram.shape[1])
    return pack_float32(gram[:, rows, columns])


def pack_float32(values: Floats) -> str:
    """Any array for the browser: base64 of little-endian float32, last axis fastest."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def unpack_gram(packed: str, n_stems: int = N_STEMS) -> Floats:
    """The Gram (n_hops, k, k) of `pack_gram`, to float32's precision.

    Raises ValueError for a broken text.
    """
    rows, columns = np.triu_indices(n_stems)
    try:
        values = np.frombuffer(base64.b64decode(packed, validate=True), dtype="<f4")
        triangle = values.reshape(-1, len(rows)).astype(np.float64)
    except ValueError as error:
        raise ValueError(f"packed Gram is broken ({error}); pack it again") from error
    gram = np.empty((len(triangle), n_stems, n_stems))
    gram[:, rows, columns] = triangle
    gram[:, columns, rows] = triangle
    return gram


def _check_stems(gram: Floats, gains: Floats) -> None:
    if gram.ndim != 3 or gram.shape[1] != gram.shape[2]:
        raise ValueError(f"Gram has shape {gram.shape}; expected (hops, stems, stems)")
    if gains.ndim == 0 or gains.shape[-1] != gram.shape[1]:
        raise ValueError(f"gains have shape {gains.shape}; expected (..., {gram.shape[1]})")


def _block_products(gram: Floats) -> Floats:
    """Mean products per 400 ms block, (n_blocks, k(k+1)/2), upper triangle."""
    rows, columns = np.triu_indices(gram.shape[1])
    triangle = gram[:, rows, columns]
    n_blocks = max(0, len(triangle) - HOPS_PER_BLOCK + 1)
    blocks = sum((triangle[i : i + n_blocks] for i in range(HOPS_PER_BLOCK)), np.zeros(()))
    return np.asarray(blocks / HOPS_PER_BLOCK).reshape(n_blocks, len(rows))


def _pair_weights(gains: Floats) -> Floats:
    """Weight of each product of the upper triangle in a mix's power, (..., k(k+1)/2)."""
    rows, columns = np.triu_indices(gains.shape[-1])
    return np.asarray(gains[..., rows] * gains[..., columns] * np.where(rows == columns, 1.0, 2.0))


def _gated_lufs(power: Floats) -> Floats:
    """Loudness (m,) of block powers (m, n_blocks), gated at -70 LUFS, then 10 LU under the rest."""
    loud = power > _ABSOLUTE_GATE_POWER
    relative_gate = _RELATIVE_GATE_RATIO * _mean_where(power, loud)
    return _lufs(_mean_where(power, loud & (power > relative_gate[:, np.newaxis])))


def _mean_where(values: Floats, mask: NDArray[np.bool_]) -> Floats:
    """Mean of each row over its mask; 0 where the mask is empty."""
    total = np.where(mask, values, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(1, mask.sum(axis=1)))


def _lufs(power: Floats) -> Floats:
    """Loudness of K-weighted powers;

    NaN for none (rounding may leave a silent mix a hair under 0).
    """
    audible = np.where(power > 0.0, power, np.nan)
    return np.asarray(OFFSET_LU + 10.0 * np.log10(audible))
