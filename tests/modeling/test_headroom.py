"""No setting of the faders clips: peak bounds, the gain that keeps the loudness, true peaks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.headroom import (
    compensation_db,
    peak_bound_db,
    peaks_of_stems,
    safe_stem_level_lufs,
    safe_target_lufs,
    true_peak_dbtp,
)
from modeling.loudness import (
    balance_loudness_lufs,
    gram_of_stems,
    matching_gain_db,
    stem_loudness_lufs,
)
from tests.modeling.loudness_audio import (
    REAL_SONGS,
    generated_stems,
    libebur128_true_peak_dbtp,
    mixed,
    real_stems,
)

RATE = 44_100
STEMS = generated_stems(seed=4, rate=RATE, duration_s=3.05)
GRAM = gram_of_stems(STEMS, RATE)
PEAKS = peaks_of_stems(STEMS, RATE)

fader_db = st.one_of(st.just(float("nan")), st.floats(-40, 12))
balances = st.lists(fader_db, min_size=4, max_size=4).map(np.array)


@settings(deadline=None)
@given(balances.filter(lambda gains_db: not np.isnan(gains_db).all()))
def test_a_mix_never_passes_its_peak_bound(gains_db):
    peak = np.abs(mixed(STEMS, gains_db)).max()
    assert 20 * np.log10(peak) <= peak_bound_db(PEAKS, gains_db) + 1e-9


def test_the_bound_of_one_stem_is_its_own_peak():
    for stem in range(4):
        alone = np.where(np.arange(4) == stem, 3.0, np.nan)
        expected = 20 * np.log10(np.abs(STEMS[stem]).max()) + 3.0
        assert peak_bound_db(PEAKS, alone) == pytest.approx(expected)


def test_the_bound_counts_peaks_of_one_hop_only():
    stems = np.zeros((4, 2, 2 * 4410))
    stems[0, 0, 100] = stems[1, 1, 5000] = 0.5
    assert peak_bound_db(peaks_of_stems(stems, RATE), [0.0] * 4) == pytest.approx(-6.0206, abs=1e-4)


def test_silence_has_no_peak():
    assert np.isnan(peak_bound_db(PEAKS, [None] * 4))
    assert np.isnan(peak_bound_db(0 * PEAKS, [0.0] * 4))
    assert np.isnan(peak_bound_db(np.empty((0, 4)), [0.0] * 4))
    assert true_peak_dbtp(np.zeros((2, 100))) is None
    assert true_peak_dbtp(np.zeros((2, 0))) is None


@settings(deadline=None)
@given(balances.filter(lambda gains_db: not np.isnan(gains_db).all()))
def test_compensation_brings_the_mix_to_the_target_and_never_over_the_ceiling(gains_db):
    gain_db = compensation_db(GRAM, PEAKS, gains_db, target_lufs=-23.0, ceiling_dbfs=-6.0)
    mix = mixed(STEMS, gains_db + gain_db)
    assert 20 * np.log10(np.abs(mix).max()) <= -6.0 + 1e-9
    reached = balance_loudness_lufs(GRAM, gains_db + gain_db)
    if peak_bound_db(PEAKS, gains_db + gain_db) < -6.0 - 1e-6:
        assert reached == pytest.approx(-23.0, abs=1e-6)
    else:
        assert reached <= -23.0 + 1e-6


def test_compensation_is_0_db_with_every_fader_off():
    assert compensation_db(GRAM, PEAKS, [None] * 4, target_lufs=-23.0) == 0.0


def test_a_mix_without_a_loudness_keeps_its_level_unless_it_could_clip():
    short_gram = GRAM[:2]
    quiet, loud = [-20.0] * 4, [20.0] * 4
    assert compensation_db(short_gram, PEAKS, quiet, target_lufs=-23.0) == 0.0
    limited = compensation_db(short_gram, PEAKS, loud, target_lufs=-23.0)
    assert limited + peak_bound_db(PEAKS, loud) == pytest.approx(-1.0)


def test_at_the_safe_target_no_balance_needs_the_ceiling():
    target = safe_target_lufs(GRAM, PEAKS, rng=np.random.default_rng(0))
    assert target is not None
    gains_db = np.random.default_rng(99).uniform(-40, 12, (5_000, 4))
    after = peak_bound_db(PEAKS, gains_db) + matching_gain_db(GRAM, gains_db, target)
    assert after.max() <= -1.0 + 0.01
    assert after.max() >= -1.5  # and no headroom is given away


def test_the_safe_target_is_repeatable_and_moves_with_the_ceiling():
    first, again, lower = (
        safe_target_lufs(GRAM, PEAKS, rng=np.random.default_rng(0), ceiling_dbfs=ceiling_dbfs)
        for ceiling_dbfs in (-1.0, -1.0, -3.0)
    )
    assert first == again
    assert first - lower == pytest.approx(2.0, abs=0.1)


def test_the_safe_target_hardly_depends_on_the_seed():
    targets = [safe_target_lufs(GRAM, PEAKS, rng=np.random.default_rng(seed)) for seed in range(5)]
    assert max(targets) - min(targets) < 0.01


def test_silence_has_no_safe_target():
    assert safe_target_lufs(0 * GRAM, 0 * PEAKS, rng=np.random.default_rng(0)) is None


def test_the_true_peak_between_the_samples_is_found():
    # A sine at a quarter of the rate, 45 degrees off: every sample is 3 dB under its crest.
    sine = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4)
    fade = np.minimum(1.0, np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 4000)
    assert 20 * np.log10(np.abs(sine).max()) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_dbtp(np.stack([sine * fade] * 2)) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("song", REAL_SONGS)
def test_real_true_peaks_read_as_libebur128_reads_them(shared_dir, song):
    stems, rate = real_stems(shared_dir / "stems" / song)
    mix = stems.sum(axis=0)[:, : 4 * rate]
    assert true_peak_dbtp(mix) == pytest.approx(libebur128_true_peak_dbtp(mix, rate), abs=0.05)


def test_stems_at_the_safe_level_do_not_clip_with_the_largest_trim():
    level_lufs = safe_stem_level_lufs(GRAM, PEAKS, max_trim_db=6.0)
    trimmed_db = level_lufs - stem_loudness_lufs(GRAM) + 6.0
    peaks_db = 20 * np.log10(np.abs(STEMS).max(axis=(1, 2))) + trimmed_db
    assert peaks_db.max() == pytest.approx(-1.0)
    assert safe_stem_level_lufs(0 * GRAM, 0 * PEAKS, max_trim_db=6.0) is None


def test_stems_of_a_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"stems have shape \(4, 100\)"):
        peaks_of_stems(np.zeros((4, 100)), RATE)
