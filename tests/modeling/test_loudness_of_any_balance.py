"""One Gram gives the loudness of every balance, without touching the audio again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.loudness import (
    active_stems,
    activity,
    balance_loudness_lufs,
    gram_of_stems,
    loudness_lufs,
    matching_gain_db,
    momentary_lufs,
    stem_loudness_lufs,
)
from tests.modeling.loudness_audio import generated_stems, libebur128_lufs, mixed

RATE = 44_100
STEMS = generated_stems(seed=1, rate=RATE)
GRAM = gram_of_stems(STEMS, RATE)

fader_db = st.one_of(st.just(float("nan")), st.floats(-40, 12))
balances = st.lists(fader_db, min_size=4, max_size=4).map(np.array)


@settings(deadline=None)
@given(balances.filter(lambda gains_db: not np.isnan(gains_db).all()))
def test_any_balance_equals_measuring_the_mixed_audio(gains_db):
    direct = libebur128_lufs(mixed(STEMS, gains_db), RATE)
    assert balance_loudness_lufs(GRAM, gains_db) == pytest.approx(direct, abs=1e-6)


@settings(deadline=None)
@given(balances, st.floats(-30, -10))
def test_the_matching_gain_brings_every_balance_to_the_target(gains_db, target_lufs):
    gain_db = matching_gain_db(GRAM, gains_db, target_lufs)
    reached = loudness_lufs(GRAM, gains_db + gain_db)
    expected = np.nan if np.isnan(gains_db).all() else target_lufs
    assert reached == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_many_balances_at_once_read_as_one_by_one_in_any_shape():
    gains_db = np.random.default_rng(0).uniform(-40, 12, (3, 5, 4))
    gains_db[0, 0] = np.nan
    together = loudness_lufs(GRAM, gains_db)
    assert together.shape == (3, 5)
    for index in np.ndindex(3, 5):
        one = loudness_lufs(GRAM, gains_db[index])
        assert one == pytest.approx(together[index], abs=1e-12, nan_ok=True)


def test_slices_of_a_great_many_balances_join_without_a_seam(monkeypatch):
    gains_db = np.random.default_rng(0).uniform(-40, 12, (50, 4))
    whole = loudness_lufs(GRAM, gains_db)
    monkeypatch.setattr("modeling.loudness._POWERS_AT_ONCE", 7 * len(GRAM))
    assert loudness_lufs(GRAM, gains_db) == pytest.approx(whole, abs=1e-12)


def test_none_in_a_list_is_off():
    assert balance_loudness_lufs(GRAM, [None, 0.0, None, -3.0]) == balance_loudness_lufs(
        GRAM, [np.nan, 0.0, np.nan, -3.0]
    )


def test_the_stems_own_loudness_is_that_of_the_stem_alone():
    alone = [libebur128_lufs(stem, RATE) for stem in STEMS]
    assert stem_loudness_lufs(GRAM) == pytest.approx(alone, abs=1e-6)


def test_two_stems_that_cancel_leave_the_third():
    stems = np.stack([STEMS[0], -STEMS[0], STEMS[2], np.zeros_like(STEMS[0])])
    left = balance_loudness_lufs(gram_of_stems(stems, RATE), [6.0, 6.0, 0.0, 0.0])
    assert left == pytest.approx(libebur128_lufs(STEMS[2], RATE), abs=1e-6)


def test_momentary_loudness_follows_a_step_and_has_no_number_in_silence():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    signal = np.concatenate([np.zeros(RATE), 0.01 * tone, 0.1 * tone])
    gram = gram_of_stems(np.stack([signal, signal])[np.newaxis], RATE)
    momentary = momentary_lufs(gram, [0.0])
    assert momentary.shape == (27,)
    assert np.isnan(momentary[:7]).all()
    assert momentary[26] - momentary[14] == pytest.approx(20.0, abs=0.05)


def test_activity_is_the_share_of_time_and_does_not_tell_a_stems_gain():
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 10 * RATE))
    half = noise * (np.arange(10 * RATE) < 5 * RATE)
    gram = gram_of_stems(np.stack([noise, half, 0 * noise, half]), RATE)
    assert activity(gram) == pytest.approx([1.0, 0.5, 0.0, 0.5], abs=0.02)
    turned = np.diag([4.0, 0.25, 1.0, 0.25])
    assert activity(turned @ gram @ turned) == pytest.approx(activity(gram), abs=1e-12)


def test_a_stem_far_under_the_mix_is_inactive_only_where_asked():
    noise = np.random.default_rng(0).normal(0, 0.1, (2, RATE))
    gram = gram_of_stems(np.stack([noise, 0.01 * noise, noise, noise]), RATE)
    assert active_stems(gram).tolist() == [True, True, True, True]
    assert active_stems(gram, max_below_mix_lu=30).tolist() == [True, False, True, True]
