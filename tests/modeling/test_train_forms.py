"""The forms that are measured beside the shipped one learn from what they are given."""

from pathlib import Path

import numpy as np
import pytest
import torch

from modeling.models.trunk import TrunkConfig
from modeling.training.ablations import SHIPPED, Bench, forms, measure, prepare
from modeling.training.presets import TrainingConfig
from modeling.training.songs import Songs
from tests.modeling.training_songs import noise_excerpt

CONFIG = TrainingConfig(
    "test", 8, 2, 4.0, 1, 2, batch_songs=4, check_every=2, cases_per_song=2,
    trunk=TrunkConfig(width=16, token=16, heads=2, mixer_layers=1),
)  # fmt: skip


@pytest.fixture(scope="module")
def songs() -> Songs:
    excerpts = [noise_excerpt(seed) for seed in range(12)]
    return Songs(excerpts[:8], excerpts[8:10], excerpts[10:], [])


@pytest.fixture(scope="module")
def bench(songs: Songs) -> Bench:
    return prepare(songs, CONFIG, 5)


def test_every_form_gives_finite_figures_on_the_same_cases(
    songs: Songs, bench: Bench, tmp_path: Path
) -> None:
    lengths = set()
    for train in forms(bench, tmp_path).values():
        values, cases = measure(train(), bench, songs, 2)
        assert np.isfinite(values["centred_mae_db"]).all()
        assert np.isfinite(values["squared_db"]).all()
        lengths.add(len(cases))
    assert lengths == {4}


def test_the_shipped_form_is_one_of_them(bench: Bench, tmp_path: Path) -> None:
    assert SHIPPED in forms(bench, tmp_path)


def test_a_deaf_ear_leaves_the_fitted_one_as_it_was(bench: Bench, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in bench.start.advisor.state_dict().items()}
    forms(bench, tmp_path)["balance of the set: trunk alone"]()
    after = bench.start.advisor.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
