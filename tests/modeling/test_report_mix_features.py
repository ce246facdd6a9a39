"""Features of a mix from the stems' products, against the same taken from the mixed audio."""

import numpy as np
import pytest

from modeling.audio import SAMPLE_RATE_HZ
from modeling.loudness import gram_of_stems
from modeling.render import DEFAULT_TARGET_LUFS, match_mixes, mix_stems
from modeling.report.mix_features import FEATURES, MixMeter
from tests.modeling.training_songs import noise_stems

REFERENCE_DB = np.zeros(4)


@pytest.fixture(scope="module")
def meter() -> MixMeter:
    stems = noise_stems(1)
    return MixMeter.of(stems, gram_of_stems(stems, SAMPLE_RATE_HZ))


def test_the_reference_is_at_no_distance_from_itself_at_any_common_level(meter: MixMeter) -> None:
    same = np.stack([REFERENCE_DB, REFERENCE_DB + 7.0])
    for values in meter.distances(same, REFERENCE_DB).values():
        assert values == pytest.approx([0.0, 0.0], abs=1e-6)


def test_a_larger_error_is_farther_in_spectrum(meter: MixMeter) -> None:
    errors_db = np.array([[0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 6.0, 0.0], [0.0, 0.0, 12.0, 0.0]])
    for name in ("bark_spectrum_db", "centroid_octaves"):
        near, far, farthest = meter.distances(errors_db, REFERENCE_DB)[name]
        assert 0.0 < near < far < farthest


def test_stereo_peak_and_level_are_those_of_the_mixed_audio(meter: MixMeter) -> None:
    gains_db = np.array([2.0, -6.0, 3.0, np.nan])
    stems = noise_stems(1)
    stems[0, 1] *= 0.5
    measured = MixMeter.of(stems, gram_of_stems(stems, SAMPLE_RATE_HZ)).measure(gains_db[None])
    (left, right) = match_mixes(
        [mix_stems(stems, gains_db)], SAMPLE_RATE_HZ, target_lufs=DEFAULT_TARGET_LUFS
    )[0].audio
    power = np.mean(left**2 + right**2) / 2.0
    width_db = 10.0 * np.log10(np.mean((left - right) ** 2) / np.mean((left + right) ** 2))
    balance_db = 10.0 * np.log10(np.mean(right**2) / np.mean(left**2))
    peak_db = 20.0 * np.log10(max(np.abs(left).max(), np.abs(right).max()))
    # Frames do not weigh every sample alike, so these are near and not the same.
    assert measured["width_db"][0] == pytest.approx(width_db, abs=0.3)
    assert measured["imbalance_db"][0] == pytest.approx(balance_db, abs=0.3)
    assert measured["crest_db"][0] + measured["rms_db"][0] == pytest.approx(peak_db, abs=0.02)
    assert measured["crest_db"][0] == pytest.approx(peak_db - 10.0 * np.log10(power), abs=0.6)


def test_every_feature_is_measured_and_has_a_unit(meter: MixMeter) -> None:
    assert set(meter.measure(REFERENCE_DB[None])) == set(FEATURES)
