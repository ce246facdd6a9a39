"""Band products: the mix of any balance, heard without its audio."""

import numpy as np
import pytest

from modeling.features import (
    band_powers,
    band_products,
    remix,
    stem_loudness_at_reference_lufs,
)
from modeling.loudness import gram_of_stems, stem_loudness_lufs
from tests.modeling.training_songs import RATE_HZ, noise_stems, with_gains


def _db(power: np.ndarray) -> np.ndarray:
    return 10.0 * np.log10(power + 1e-7)


@pytest.mark.parametrize("gains_db", [[0.0, 0.0, 0.0, 0.0], [-9.0, 6.0, 3.5, -1.0]])
def test_the_remix_equals_the_band_powers_of_the_mixed_audio(gains_db: list[float]) -> None:
    stems = noise_stems(1)
    bands, steps = remix(band_products(stems), np.array(gains_db))
    heard_bands, heard_steps = band_powers(with_gains(stems, gains_db).sum(axis=0))
    assert _db(bands) == pytest.approx(_db(heard_bands), abs=0.01)
    assert _db(steps) == pytest.approx(_db(heard_steps), abs=0.01)


def test_a_stem_that_is_off_is_not_in_the_remix() -> None:
    stems = noise_stems(2)
    bands, _ = remix(band_products(stems), np.array([0.0, np.nan, 0.0, 0.0]))
    heard, _ = band_powers(stems[[0, 2, 3]].sum(axis=0))
    assert _db(bands) == pytest.approx(_db(heard), abs=0.01)


def test_a_silent_stem_is_masked_and_the_others_are_heard() -> None:
    stems = noise_stems(3)
    stems[2] = 0.0
    products = band_products(stems)
    assert np.isnan(products.level_db).tolist() == [False, False, True, False]
    assert np.isfinite(products.bands).all()


def test_a_silent_mix_is_refused() -> None:
    with pytest.raises(ValueError, match="the mix is silent"):
        band_powers(np.zeros((2, 4 * RATE_HZ)))


def test_audio_of_two_seconds_is_too_short() -> None:
    with pytest.raises(ValueError, match=r"audio lasts 2\.0 s; at least 3 s are needed"):
        band_products(np.zeros((4, 2, 2 * RATE_HZ)))


def test_the_reference_loudness_is_that_of_the_standard_at_usual_levels() -> None:
    gram = gram_of_stems(noise_stems(4), RATE_HZ)
    assert stem_loudness_at_reference_lufs(gram) == pytest.approx(
        stem_loudness_lufs(gram), abs=0.01
    )


def test_the_reference_loudness_moves_by_exactly_the_gain_even_below_the_absolute_gate() -> None:
    stems = noise_stems(5)
    quiet = with_gains(stems, [-45.0, 0.0, -30.0, 12.0])
    before, after = (
        stem_loudness_at_reference_lufs(gram_of_stems(audio, RATE_HZ)) for audio in (stems, quiet)
    )
    assert after - before == pytest.approx([-45.0, 0.0, -30.0, 12.0], abs=1e-4)
