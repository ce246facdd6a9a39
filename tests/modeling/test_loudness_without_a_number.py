"""Silent, short or broken input gives no number that pretends to be one."""

import numpy as np
import pytest

from modeling.loudness import (
    GramMeter,
    active_stems,
    activity,
    audio_loudness_lufs,
    balance_loudness_lufs,
    gram_of_stems,
    loudness_lufs,
    momentary_lufs,
    stem_loudness_lufs,
)
from tests.modeling.loudness_audio import generated_stems

RATE = 44_100


@pytest.fixture
def stems():
    return generated_stems(seed=2, rate=RATE, duration_s=1.0)


def test_a_silent_stem_is_masked_never_minus_70(stems):
    stems[1] = 0.0
    gram = gram_of_stems(stems, RATE)
    assert np.isnan(stem_loudness_lufs(gram)).tolist() == [False, True, False, False]
    assert active_stems(gram).tolist() == [True, False, True, True]
    assert activity(gram)[1] == 0.0


def test_a_stem_under_the_absolute_gate_has_no_loudness(stems):
    assert audio_loudness_lufs(1e-5 * stems[0], RATE) is None


def test_silence_and_all_faders_off_have_no_loudness(stems):
    assert audio_loudness_lufs(np.zeros((2, RATE)), RATE) is None
    assert balance_loudness_lufs(gram_of_stems(stems, RATE), [None] * 4) is None
    assert not active_stems(gram_of_stems(0 * stems, RATE)).any()
    assert activity(gram_of_stems(0 * stems, RATE)).tolist() == [0, 0, 0, 0]


def test_less_than_400_ms_has_no_loudness_and_400_ms_has_one(stems):
    block = round(0.4 * RATE)
    late = stems[0][:, -block:]
    assert audio_loudness_lufs(late[:, 1:], RATE) is None
    assert audio_loudness_lufs(late, RATE) is not None
    assert audio_loudness_lufs(late[:, :0], RATE) is None


def test_a_short_gram_keeps_its_shapes(stems):
    short = gram_of_stems(stems[:, :, : RATE // 5], RATE)
    assert short.shape == (2, 4, 4)
    assert np.isnan(loudness_lufs(short, np.zeros((6, 4)))).tolist() == [True] * 6
    assert momentary_lufs(short, np.zeros((6, 4))).shape == (6, 0)
    assert GramMeter(RATE).finish().shape == (0, 4, 4)


def test_no_balances_give_no_numbers(stems):
    assert loudness_lufs(gram_of_stems(stems, RATE), np.empty((0, 4))).shape == (0,)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_refused_with_its_place(stems, value):
    stems[2, 1, RATE // 2] = value
    with pytest.raises(ValueError, match=r"stem 3 has a NaN or infinite sample at 0\.500 s"):
        gram_of_stems(stems, RATE)


def test_the_place_of_a_broken_sample_counts_the_blocks_before_it(stems):
    meter = GramMeter(RATE)
    meter.push(stems)
    stems[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"stem 1 .* at 1\.000 s"):
        meter.push(stems)


def test_an_infinite_gain_is_refused(stems):
    with pytest.raises(ValueError, match="write an off stem as NaN or null"):
        loudness_lufs(gram_of_stems(stems, RATE), [0.0, -np.inf, 0.0, 0.0])


def test_wrong_shapes_are_refused_by_name(stems):
    gram = gram_of_stems(stems, RATE)
    with pytest.raises(ValueError, match=r"gains have shape \(3,\); expected \(..., 4\)"):
        loudness_lufs(gram, [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"Gram has shape"):
        loudness_lufs(gram[0], np.zeros(4))
    with pytest.raises(ValueError, match=r"stems have shape \(3, 2, 44100\)"):
        GramMeter(RATE).push(stems[:3])
    with pytest.raises(ValueError, match=r"stems have shape \(4, 44100\)"):
        gram_of_stems(stems[:, 0], RATE)
    with pytest.raises(ValueError, match=r"audio has shape \(44100,\)"):
        audio_loudness_lufs(stems[0, 0], RATE)
    meter = GramMeter(RATE)
    meter.push(stems)
    with pytest.raises(ValueError, match=r"expected \(4, 2\) and samples"):
        meter.push(stems[:, :1])
