"""The scale of sigma: right on average, and wide enough on fresh songs nine times in ten."""

import numpy as np

from modeling.errors import USUAL
from modeling.evaluation.cases import Cases
from modeling.models.posterior import Evidence
from modeling.training.calibration import SCALES, fit_sigma_scale

TRUE_SIGMA_DB = 1.5


def heard(seed: int, n_songs: int, per_song: int = 4) -> tuple[Evidence, Cases]:
    """Evidence that states a sigma of 1 dB and is off by `TRUE_SIGMA_DB`, once for each song."""
    rng = np.random.default_rng(seed)
    songs = np.repeat(np.arange(n_songs), per_song)
    errors_db = np.stack([USUAL.draw(rng, (True,) * 4) for _ in songs])
    off_db = rng.normal(0.0, TRUE_SIGMA_DB, (n_songs, 4))[songs]
    cases = Cases(USUAL, songs, errors_db, errors_db, (None,) * len(songs))
    return Evidence(errors_db + off_db, np.ones_like(errors_db)), cases


def test_it_is_wide_enough_nearly_always_and_not_by_much() -> None:
    scales = np.array([fit_sigma_scale(*heard(seed, 60)) for seed in range(30)])
    one_step = SCALES[1] / SCALES[0]
    assert np.mean(scales * one_step >= TRUE_SIGMA_DB) >= 0.8
    assert np.median(scales) < 1.25 * TRUE_SIGMA_DB


def test_more_songs_make_it_surer() -> None:
    few = np.mean([fit_sigma_scale(*heard(seed, 25)) for seed in range(12)])
    many = fit_sigma_scale(*heard(100, 400, per_song=2))
    assert abs(many - TRUE_SIGMA_DB) < abs(few - TRUE_SIGMA_DB)
