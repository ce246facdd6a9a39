"""Resampling of a stream of audio blocks by a rational factor.

A polyphase linear-phase FIR filter (Kaiser window, 100 dB), its delay taken out: sample k of the
output lies at the time k / rate_out of the input. The pass band ends at 20/22.05 of the lower
Nyquist frequency (20 kHz for 44.1 kHz), the stop band begins at that Nyquist frequency, so nothing
folds back.
"""

import math

import numpy as np
from numpy.typing import NDArray

# scipy is imported where it is used: web processes load this module and start without it.

STOP_BAND_DB = 100.0
PASS_BAND_SHARE = 20.0 / 22.05

Block = NDArray[np.float32]


class StreamResampler:
    """Resamples blocks (channels, n) float32 from one integer rate to another.

    The audio is cut into internal blocks of fixed size with overlap, so the output does not depend
    on how it was pushed, to the last bit, and memory does not grow. In all,
    ceil(n * rate_out / rate_in) samples come out.
    """

    def __init__(self, rate_in_hz: int, rate_out_hz: int, channels: int = 2) -> None:
        if rate_in_hz < 1 or rate_out_hz < 1:
            raise ValueError(f"sample rates {rate_in_hz} and {rate_out_hz} Hz must be positive")
        common = math.gcd(rate_in_hz, rate_out_hz)
        self._up, self._down = rate_out_hz // common, rate_in_hz // common
        self._taps, self._delay = _low_pass(rate_in_hz, rate_out_hz, self._up, self._down)
        # Blocks start at multiples of `down`, where an input and an output sample coincide.
        self._block = self._down * math.ceil(rate_in_hz / self._down)
        self._context = self._down * math.ceil(len(self._taps) / self._up / self._down)
        self._waiting: Block = np.zeros((channels, self._context), dtype=np.float32)
        self._n_in = 0
        self._n_out = 0

    def push(self, block: Block) -> Block:
        """Take (channels, n) samples and return those that are ready, (channels, m)."""
        self._n_in += block.shape[1]
        self._waiting = np.concatenate([self._waiting, block], axis=1)
        return self._ready()

    def finish(self) -> Block:
        """The samples still held back, (channels, m). The stream ends here."""
        n_total = -(-self._n_in * self._up // self._down)
        n_before = self._n_out
        silence = np.zeros((len(self._waiting), self._block + self._context), dtype=np.float32)
        self._waiting = np.concatenate([self._waiting, silence], axis=1)
        return self._ready()[:, : n_total - n_before]

    def _ready(self) -> Block:
        parts = [np.empty((len(self._waiting), 0), dtype=np.float32)]
        start, needed = 0, self._block + 2 * self._context
        while self._waiting.shape[1] - start >= needed:
            parts.append(self._filter(self._waiting[:, start : start + needed]))
            start += self._block
        self._waiting = self._waiting[:, start:].copy()
        ready = np.concatenate(parts, axis=1)
        self._n_out += ready.shape[1]
        return ready

    def _filter(self, samples: Block) -> Block:
        from scipy.signal import upfirdn

        filtered = upfirdn(self._taps, samples, self._up, self._down, axis=-1)
        first = (self._context * self._up + self._delay) // self._down
        n_out = self._block * self._up // self._down
        return np.asarray(filtered[:, first : first + n_out], dtype=np.float32)


def _low_pass(
    rate_in_hz: int, rate_out_hz: int, up: int, down: int
) -> tuple[NDArray[np.float32], int]:
    """Taps at `up` times the input rate and their delay, made a multiple of `down`."""
    from scipy.signal import firwin, kaiserord

    nyquist_hz = rate_in_hz * up / 2.0
    stop_hz = min(rate_in_hz, rate_out_hz) / 2.0
    pass_hz = stop_hz * PASS_BAND_SHARE
    n_taps, beta = kaiserord(STOP_BAND_DB, (stop_hz - pass_hz) / nyquist_hz)
    n_taps |= 1  # an odd length delays by whole samples
    cutoff = (stop_hz + pass_hz) / 2.0 / nyquist_hz
    taps = up * firwin(n_taps, cutoff, window=("kaiser", beta))
    delay = (n_taps - 1) // 2
    lead = -delay % down
    return np.concatenate([np.zeros(lead), taps]).astype(np.float32), delay + lead
