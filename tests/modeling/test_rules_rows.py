"""The simple rows: each says what its name promises."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.vectors import centre
from modeling.errors import USUAL
from modeling.models.posterior import posterior
from modeling.rules import (
    RulesError,
    equal_loudness,
    load_rules,
    nearest_songs,
    neighbours,
    oracle,
    random_corrections,
    ridge,
    save_rules,
    template,
    template_shrinkage,
    zero,
)
from tests.modeling.rules_data import fitted_rules

PRESENT_DB = np.array([[6.0, -2.0, -5.0, 1.0], [2.0, np.nan, -3.0, 1.0]])


def test_zero_leaves_every_stem_and_masks_what_is_masked() -> None:
    assert zero(PRESENT_DB[0]).tolist() == [0.0] * 4
    assert np.isnan(zero(PRESENT_DB[1])).tolist() == [False, True, False, False]


def test_equal_loudness_makes_every_stem_equally_loud() -> None:
    after_db = PRESENT_DB + equal_loudness(PRESENT_DB)
    assert np.nanstd(after_db, axis=1) == pytest.approx([0.0, 0.0])


def test_the_template_ends_at_the_template() -> None:
    template_db = np.array([4.5, -1.8, -5.3, 2.6])
    after_db = centre(PRESENT_DB[0]) + template(PRESENT_DB[0], template_db)
    assert after_db == pytest.approx(template_db)


def test_the_shrunk_template_moves_less_than_the_template() -> None:
    fitted = fitted_rules(60)
    bare_db = template(PRESENT_DB[:1], fitted.template_db)[0]
    found = posterior(template_shrinkage(PRESENT_DB[:1], fitted)[0], USUAL)
    assert np.abs(found.mean_error_db()).sum() < np.abs(bare_db).sum()


def test_the_oracle_undoes_the_error() -> None:
    error_db = np.array([0.0, 4.0, 0.0, -2.0])
    assert (error_db + oracle(error_db)).tolist() == [0.0] * 4


def test_random_corrections_repeat_with_their_seed_and_keep_the_mask() -> None:
    masks = np.isfinite(PRESENT_DB)
    first, again = (random_corrections(masks, USUAL, np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(first, again, equal_nan=True)
    assert np.array_equal(np.isnan(first), ~masks)


def test_ridge_and_neighbours_hear_what_the_template_cannot() -> None:
    fitted = fitted_rules(60)
    features, balanced_db = fitted.library_features, fitted.library_db
    left = {
        "template": balanced_db - fitted.template_db,
        "ridge": ridge(balanced_db, features, fitted).offset_db,
        "neighbours": neighbours(balanced_db, features, fitted).offset_db,
    }
    size = {name: np.sqrt(np.mean(centre(values) ** 2)) for name, values in left.items()}
    assert size["ridge"] < 0.5 * size["template"]
    assert size["neighbours"] < 0.8 * size["template"]


def test_the_nearest_song_to_a_known_one_is_itself() -> None:
    fitted = fitted_rules(30)
    assert nearest_songs(fitted.library_features[7], fitted, 3)[0] == 7


def test_rules_come_back_from_disk(tmp_path: Path) -> None:
    fitted = fitted_rules(30)
    save_rules(tmp_path, fitted)
    loaded = load_rules(tmp_path)
    assert loaded.template_db == pytest.approx(fitted.template_db, abs=1e-6)
    assert loaded.library_features == pytest.approx(fitted.library_features, abs=5e-3)


def test_damaged_rules_and_rules_with_nan_are_refused_with_one_line(tmp_path: Path) -> None:
    fitted = fitted_rules(30)
    save_rules(tmp_path, replace(fitted, ridge_weights=np.full((6, 4), np.nan)))
    with pytest.raises(RulesError, match="the ridge weights hold NaN"):
        load_rules(tmp_path)
    path = tmp_path / "rules.safetensors"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RulesError, match=r"rules\.safetensors is missing or damaged"):
        load_rules(tmp_path)
