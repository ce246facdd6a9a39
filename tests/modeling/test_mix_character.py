"""Features of a mix: known signals give known figures, and level changes none of them."""

import numpy as np
import pytest

from modeling.mix_character import CHARACTER, character_of

RATE_HZ = 44100


def _sine(hz: float, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(2 * RATE_HZ) / RATE_HZ)


def test_a_mono_sine_of_1_khz_has_the_figures_of_the_textbook() -> None:
    found = character_of(np.stack([_sine(1000.0)] * 2), RATE_HZ)
    assert found["crest_db"] == pytest.approx(3.01, abs=0.02)
    assert found["imbalance_db"] == pytest.approx(0.0, abs=1e-9)
    assert found["width_db"] < -100
    assert found["centroid_octaves"] == pytest.approx(0.0, abs=0.02)
    assert found["rolloff_octaves"] == pytest.approx(0.0, abs=0.03)
    assert found["dynamic_spread_db"] == pytest.approx(0.0, abs=0.01)


def test_left_and_right_are_told_apart() -> None:
    louder_left = character_of(np.stack([_sine(440.0), 0.5 * _sine(440.0)]), RATE_HZ)
    assert louder_left["imbalance_db"] == pytest.approx(6.02, abs=0.01)
    wide = character_of(np.stack([_sine(440.0), _sine(660.0)]), RATE_HZ)
    assert wide["width_db"] == pytest.approx(0.0, abs=0.1)


def test_level_changes_nothing() -> None:
    mix = np.random.default_rng(3).normal(0, 0.1, (2, RATE_HZ))
    one, other = character_of(mix, RATE_HZ), character_of(0.25 * mix, RATE_HZ)
    assert set(one) == set(CHARACTER)
    assert one == pytest.approx(other, abs=1e-4)


def test_a_mix_that_grows_is_spread() -> None:
    ramp = np.linspace(0.05, 1.0, 2 * RATE_HZ)
    assert character_of(np.stack([ramp * _sine(300.0)] * 2), RATE_HZ)["dynamic_spread_db"] > 4


@pytest.mark.parametrize("shape", [(1, 9000), (2, 100), (9000,)])
def test_what_is_no_mix_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        character_of(np.ones(shape), RATE_HZ)


def test_silence_has_no_character() -> None:
    with pytest.raises(ValueError, match="silent"):
        character_of(np.zeros((2, 9000)), RATE_HZ)
