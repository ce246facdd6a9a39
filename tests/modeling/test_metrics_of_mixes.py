"""Features of a mix as sound: each moves with what it is named after, none with the level."""

import numpy as np
import pytest

from modeling.evaluation.mix_features import feature_distances, mix_features
from tests.modeling.training_songs import RATE_HZ, noise_stems, with_gains


def _tone(hz: float, left: float = 1.0, right: float = 1.0) -> np.ndarray:
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    return 0.1 * np.sin(2.0 * np.pi * hz * time_s) * np.array([[left], [right]])


def test_the_same_mix_louder_is_the_same_mix() -> None:
    mix = noise_stems(1).sum(axis=0)
    distances = feature_distances(2.0 * mix, mix)
    assert distances == pytest.approx(dict.fromkeys(distances, 0.0), abs=1e-4)


def test_a_pure_tone_has_its_crest_centroid_and_no_width() -> None:
    features = mix_features(_tone(1000.0))
    assert features.crest_db == pytest.approx(3.01, abs=0.02)
    assert features.centroid_hz == pytest.approx(1000.0, rel=0.01)
    assert features.width == pytest.approx(0.0, abs=1e-9)
    assert features.panning == pytest.approx(0.0, abs=1e-6)
    assert int(np.argmax(features.bark_db)) == 8


def test_a_tone_on_the_right_is_imbalanced_and_panned() -> None:
    features = mix_features(_tone(1000.0, left=0.0))
    assert features.imbalance == pytest.approx(1.0)
    assert features.panning == pytest.approx(1.0, abs=1e-3)
    assert features.width == pytest.approx(1.0)


def test_mending_the_balance_brings_the_mix_nearer_to_the_reference() -> None:
    stems = noise_stems(2)
    reference = stems.sum(axis=0)
    far = feature_distances(with_gains(stems, [0.0, 9.0, 0.0, 0.0]).sum(axis=0), reference)
    near = feature_distances(with_gains(stems, [0.0, 2.0, 0.0, 0.0]).sum(axis=0), reference)
    assert near["bark_db"] < far["bark_db"]
    assert near["centroid_hz"] < far["centroid_hz"]


def test_a_silent_mix_has_no_features() -> None:
    with pytest.raises(ValueError, match="the mix has no loudness"):
        mix_features(np.zeros((2, RATE_HZ)))
