"""Envelopes for drawing: the sample peak per 10 ms of every stem, one byte each.

A byte v stands for the peak 60 * (v / 255 - 1) dBFS; 0 means -60 dBFS or less, 255 means 0 dBFS or
more. A gain of g dB therefore moves every visible point by 255 * g / 60.
100 points a second are enough for a canvas of 3000 pixels over 30 s, and a 4 min song of four stems
needs 96 kB.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.vectors import STEMS
from modeling.audio import SAMPLE_RATE_HZ

POINTS_PER_S = 100
LOWEST_DBFS = -60.0
POINT_SAMPLES = SAMPLE_RATE_HZ // POINTS_PER_S
POINTS_PER_HOP = 10  # hops of the loudness Gram: 100 ms

Floats = NDArray[np.float32]


class EnvelopeMeter:
    """Sample peak per 10 ms for stems that arrive in blocks of any size.

    The peaks per 100 ms hop follow from it, so the audio is searched for peaks only once.
    """

    def __init__(self, n_stems: int = len(STEMS)) -> None:
        self._points: list[Floats] = []
        self._rest: Floats = np.empty((n_stems, 0), dtype=np.float32)

    def push(self, block: Floats) -> None:
        """Take the next (n_stems, channels, n) samples."""
        levels = np.maximum(block.max(axis=1), -block.min(axis=1))
        levels = np.concatenate([self._rest, levels], axis=1)
        n_points = levels.shape[1] // POINT_SAMPLES
        whole = levels[:, : n_points * POINT_SAMPLES]
        self._points.append(whole.reshape(len(levels), n_points, POINT_SAMPLES).max(axis=2))
        self._rest = levels[:, n_points * POINT_SAMPLES :].copy()

    def finish(self) -> Floats:
        """Peaks (n_stems, n_points), linear; a last incomplete point counts."""
        last = [self._rest.max(axis=1, keepdims=True)] if self._rest.shape[1] else []
        return np.concatenate([*self._points, *last, self._rest[:, :0]], axis=1)


def hop_peaks(envelope: Floats) -> NDArray[np.float64]:
    """Sample peak of each stem per 100 ms hop, (n_hops, n_stems), from an envelope.

    A last incomplete hop counts, as in modeling.headroom.
    """
    n_stems, n_points = envelope.shape
    padded = np.pad(envelope, ((0, 0), (0, -n_points % POINTS_PER_HOP)))
    return np.asarray(
        padded.reshape(n_stems, -1, POINTS_PER_HOP).max(axis=2).T, dtype=np.float64, order="C"
    )


def waveform_bytes(envelope: Floats) -> NDArray[np.uint8]:
    """The envelope as bytes on a dB scale, same shape."""
    level_dbfs = 20.0 * np.log10(np.maximum(envelope, 1e-6))
    return np.asarray(np.rint(255.0 * np.clip(1.0 - level_dbfs / LOWEST_DBFS, 0.0, 1.0)), np.uint8)
