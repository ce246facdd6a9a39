"""Mixes that are compared are equally loud and under one ceiling, by a static gain that is kept."""

import numpy as np
import pytest

from modeling.loudness import audio_loudness_lufs
from modeling.render import level_stem, match_mixes, mix_stems
from tests.modeling.loudness_audio import (
    generated_stems,
    libebur128_lufs,
    libebur128_true_peak_dbtp,
    mixed,
    real_stems,
)

RATE = 44_100
STEMS = generated_stems(seed=5, rate=RATE)


def test_a_mix_is_the_sum_of_its_stems_at_their_gains():
    expected = mixed(STEMS, np.array([6.0, 0.0, np.nan, -3.0]))
    assert np.allclose(mix_stems(STEMS, [6.0, 0.0, None, -3.0]), expected, atol=1e-12)
    assert np.allclose(level_stem(STEMS[0], -6.0), STEMS[0] * 10 ** (-6 / 20), atol=1e-12)
    assert not level_stem(STEMS[0], None).any()


def test_gains_for_another_number_of_stems_are_refused():
    with pytest.raises(ValueError, match=r"gains have shape \(3,\); expected \(4,\)"):
        mix_stems(STEMS, [0.0, 0.0, 0.0])


def test_versions_reach_the_target_as_another_meter_reads_it():
    versions = [mix_stems(STEMS, gains) for gains in ([0, 0, 0, 0], [-20, -30, -25, -9])]
    for version, match in zip(versions, match_mixes(versions, RATE), strict=True):
        assert match.target_lufs == -23.0
        assert libebur128_lufs(match.audio, RATE) == pytest.approx(-23.0, abs=0.01)
        assert match.loudness_lufs == pytest.approx(-23.0, abs=0.01)
        assert match.loudness_before_lufs == audio_loudness_lufs(version, RATE)
        assert np.allclose(match.audio, version * 10 ** (match.gain_db / 20), atol=1e-12)


def test_a_version_that_would_clip_lowers_all_versions_together():
    click = np.zeros_like(STEMS[0])
    click[:, RATE] = 3.0
    versions = [STEMS.sum(axis=0), STEMS.sum(axis=0) + click]
    plain, peaky = match_mixes(versions, RATE, target_lufs=-14.0)
    assert plain.target_lufs == peaky.target_lufs < -14.0
    assert plain.loudness_lufs == pytest.approx(peaky.loudness_lufs, abs=0.1)
    assert libebur128_true_peak_dbtp(peaky.audio, RATE) == pytest.approx(-1.0, abs=0.05)
    assert plain.true_peak_dbtp < peaky.true_peak_dbtp <= -1.0


@pytest.mark.parametrize("song", ["cc0/Sodium", "mono-band"])
def test_real_mixes_are_matched_under_the_ceiling(shared_dir, song):
    stems, rate = real_stems(shared_dir / "stems" / song)
    stems = stems[:, :, : 8 * rate]
    balances = np.array([[0, 0, 0, 0], [9, -6, 0, 3], [-12, 12, np.nan, 0.0]])
    matches = match_mixes([mix_stems(stems, row) for row in balances], rate, target_lufs=-18.0)
    loudness = [libebur128_lufs(match.audio, rate) for match in matches]
    assert max(loudness) - min(loudness) < 0.1
    assert max(libebur128_true_peak_dbtp(match.audio, rate) for match in matches) < -0.95


def test_a_silent_version_is_refused_by_number():
    with pytest.raises(ValueError, match=r"version 2 is silent or under 0\.4 s"):
        match_mixes([STEMS[0], 0 * STEMS[0]], RATE)


def test_no_versions_give_no_matches():
    assert match_mixes([], RATE) == []
