"""Two checks that a person wears headphones: Huggins pitch and antiphase tones.

Each trial is one FLAC of three one-second intervals; one of them is the answer. Over loudspeakers
the ears' signals mix in the air, which takes the cue away (Huggins) or makes the foil seem quietest
(antiphase).

Sources: Milne et al., "An online headphone screening test based on dichotic pitch", Behavior
Research Methods 53, 2021; Woods et al., "Headphone screening to facilitate web-based auditory
experiments", Attention, Perception & Psychophysics 79, 2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from modeling.flac import equal_length_flacs, flac_bytes

SAMPLE_RATE_HZ = 44_100
INTERVAL_S = 1.0
GAP_S = 0.5
N_INTERVALS = 3
N_TRIALS = 6

HUGGINS_HZ = 600.0
HUGGINS_HALF_WIDTH = 0.06
HUGGINS_LEVEL_DBFS = -20.0  # RMS: noise keeps some 7 dB to full scale
HUGGINS_RAMP_S = 0.02
HUGGINS_RIGHT_TO_PASS = 6

TONE_HZ = 200.0
TONE_AMPLITUDE = 0.25
TONE_RAMP_S = 0.1
TARGET_DB = -6.0
ANTIPHASE_RIGHT_TO_PASS = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeadphoneTrial:
    """`flac`: stereo, three intervals of 1 s with 0.5 s between;

    `answer`: the right one, 1 to 3.
    """

    flac: bytes
    answer: int


@dataclass(frozen=True)
class HeadphoneCheck:
    """Trials of one attempt. All FLACs are equally long in samples and in bytes."""

    kind: str
    trials: tuple[HeadphoneTrial, ...]
    right_to_pass: int

    def n_right(self, answers: Sequence[int]) -> int:
        """Number of right answers. Raises ValueError unless there is one answer per trial."""
        if len(answers) != len(self.trials):
            raise ValueError(f"{len(answers)} answers to {len(self.trials)} trials")
        return sum(given == trial.answer for given, trial in zip(answers, self.trials, strict=True))

    def passed(self, answers: Sequence[int]) -> bool:
        """Whether these answers pass."""
        return self.n_right(answers) >= self.right_to_pass


def huggins_check(rng: np.random.Generator) -> HeadphoneCheck:
    """Which of three noises holds a faint tone? Only two separate ears can hear it.

    In the answer one ear's noise is turned by 180 degrees between 564 and 636 Hz. Each ear alone
    hears plain noise, and all noises have the same level.
    """
    answers = rng.permutation(np.repeat(np.arange(N_INTERVALS), N_TRIALS // N_INTERVALS))
    audio = [_huggins_trial(int(answer), rng) for answer in answers]
    return _check("huggins", audio, answers, HUGGINS_RIGHT_TO_PASS)


def antiphase_check(rng: np.random.Generator) -> HeadphoneCheck:
    """Which of three tones is the quietest? Over loudspeakers the antiphase foil is.

    Of three 200 Hz tones one is 6 dB down (the answer) and one is in antiphase at full level. The
    six trials are the six orders of the three.
    """
    orders = rng.permutation(np.array(list(permutations(range(N_INTERVALS)))))
    audio = [_antiphase_trial(order, rng) for order in orders]
    return _check("antiphase", audio, orders[:, 0], ANTIPHASE_RIGHT_TO_PASS)


def _check(
    kind: str, audio: Sequence[Floats], answers: NDArray[np.int_], right_to_pass: int
) -> HeadphoneCheck:
    flacs = equal_length_flacs([flac_bytes(trial, SAMPLE_RATE_HZ) for trial in audio])
    trials = tuple(
        HeadphoneTrial(flac, int(answer) + 1) for flac, answer in zip(flacs, answers, strict=True)
    )
    return HeadphoneCheck(kind, trials, right_to_pass)


def _huggins_trial(answer: int, rng: np.random.Generator) -> Floats:
    intervals = []
    for interval in range(N_INTERVALS):
        noise = rng.normal(size=_n_samples(INTERVAL_S))
        # Which ear is turned makes no difference: a noise has no phase of its own.
        other_ear = _turned_in_band(noise) if interval == answer else noise
        ears = np.stack([noise, other_ear]) * _ramps(HUGGINS_RAMP_S)
        level = 10.0 ** (HUGGINS_LEVEL_DBFS / 20.0)
        intervals.append(ears * level / np.sqrt((ears**2).mean()))
    return _with_gaps(intervals)


def _turned_in_band(noise: Floats) -> Floats:
    """The noise with the phases of its Huggins band turned by 180 degrees."""
    spectrum = np.fft.rfft(noise)
    distance_hz = np.abs(np.fft.rfftfreq(len(noise), 1.0 / SAMPLE_RATE_HZ) - HUGGINS_HZ)
    spectrum[distance_hz <= HUGGINS_HALF_WIDTH * HUGGINS_HZ] *= -1.0
    return np.fft.irfft(spectrum, len(noise))


def _antiphase_trial(order: NDArray[np.int_], rng: np.random.Generator) -> Floats:
    """`order` holds the places of the quiet tone, the antiphase foil and the plain tone."""
    time_s = np.arange(_n_samples(INTERVAL_S)) / SAMPLE_RATE_HZ
    intervals = [np.zeros(0)] * N_INTERVALS
    ears_of_roles = ((10.0 ** (TARGET_DB / 20.0),) * 2, (1.0, -1.0), (1.0, 1.0))
    for place, ears in zip(order, ears_of_roles, strict=True):
        tone = np.sin(2.0 * np.pi * (TONE_HZ * time_s + rng.random()))
        intervals[place] = np.outer(ears, TONE_AMPLITUDE * tone * _ramps(TONE_RAMP_S))
    return _with_gaps(intervals)


def _ramps(ramp_s: float) -> Floats:
    """Raised-cosine onset and offset of one interval."""
    n_samples, n_ramp = _n_samples(INTERVAL_S), _n_samples(ramp_s)
    distance = np.minimum(np.arange(n_samples), np.arange(n_samples)[::-1])
    return np.sin(np.pi / 2.0 * np.minimum(1.0, distance / n_ramp)) ** 2


def _with_gaps(intervals: Sequence[Floats]) -> Floats:
    gap = np.zeros((2, _n_samples(GAP_S)))
    return np.concatenate([intervals[0], gap, intervals[1], gap, intervals[2]], axis=1)


def _n_samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)
