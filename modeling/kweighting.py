"""The K-weighting filter of ITU-R BS.1770-4, for any sample rate.

The standard tabulates the filter at 48 kHz only. Its coefficients come from two analogue
prototypes, which the bilinear transform carries to any rate (parameters: De Man, "Evaluation of
implementations of the EBU R128 loudness measurement", AES 145, 2018); at 48 kHz the result equals
the standard's table.
"""

import math

import numpy as np
from numpy.typing import NDArray

SHELF_HZ = 1681.974450955533
SHELF_GAIN_DB = 3.999843853973347
SHELF_Q = 0.7071752369554196
# Gain at the shelf's centre as a power of its full gain: not exactly one half in the standard's
# filter.
SHELF_MIDPOINT = 0.4996667741545416
HIGH_PASS_HZ = 38.13547087602444
HIGH_PASS_Q = 0.5003270373238773
LOWEST_RATE_HZ = 8000


def k_weighting_sos(sample_rate_hz: int) -> NDArray[np.float64]:
    """Second-order sections of the K-weighting, shape (2, 6): high shelf, then high pass.

    Raises ValueError below 8 kHz, where the shelf has no room left.
    """
    if sample_rate_hz < LOWEST_RATE_HZ:
        raise ValueError(
            f"sample rate {sample_rate_hz} Hz is too low to measure loudness; "
            f"use {LOWEST_RATE_HZ} Hz or more"
        )
    return np.array([_high_shelf(sample_rate_hz), _high_pass(sample_rate_hz)])


def _high_shelf(sample_rate_hz: int) -> list[float]:
    k = math.tan(math.pi * SHELF_HZ / sample_rate_hz)
    top = 10.0 ** (SHELF_GAIN_DB / 20.0)
    middle = top**SHELF_MIDPOINT
    a0 = 1.0 + k / SHELF_Q + k * k
    return [
        (top + middle * k / SHELF_Q + k * k) / a0,
        2.0 * (k * k - top) / a0,
        (top - middle * k / SHELF_Q + k * k) / a0,
        1.0,
        2.0 * (k * k - 1.0) / a0,
        (1.0 - k / SHELF_Q + k * k) / a0,
    ]


def _high_pass(sample_rate_hz: int) -> list[float]:
    k = math.tan(math.pi * HIGH_PASS_HZ / sample_rate_hz)
    a0 = 1.0 + k / HIGH_PASS_Q + k * k
    # The standard's numerator is 1, -2, 1 without the division by a0.
    return [1.0, -2.0, 1.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / HIGH_PASS_Q + k * k) / a0]
