"""No advisor may depend on the order in which stems are listed, only on their roles."""

import numpy as np
import pytest
import torch

from modeling.models.trunk import MixerLayer, TrunkConfig
from modeling.rules import neighbour_balance_db, template
from tests.modeling.rules_data import fitted_rules

CONFIG = TrunkConfig(width=16, token=16, heads=2, mixer_layers=1)


def test_the_mixer_treats_a_set_as_a_set() -> None:
    torch.manual_seed(2)
    layer = MixerLayer(CONFIG).eval()
    tokens = torch.randn(3, 4, 16)
    asleep = torch.zeros(3, 4, dtype=torch.bool)
    order = torch.tensor([2, 0, 3, 1])
    with torch.no_grad():
        straight = layer(tokens, asleep)
        permuted = layer(tokens[:, order], asleep[:, order])
    assert permuted.numpy() == pytest.approx(straight[:, order].numpy(), abs=1e-5)


def test_the_mixer_takes_any_number_of_stems() -> None:
    torch.manual_seed(3)
    layer = MixerLayer(CONFIG).eval()
    tokens = torch.randn(1, 4, 16)
    asleep = torch.tensor([[False, False, False, True]])
    with torch.no_grad():
        masked = layer(tokens, asleep)[:, :3]
        alone = layer(tokens[:, :3], asleep[:, :3])
    assert masked.numpy() == pytest.approx(alone.numpy(), abs=1e-5)


def test_permuting_the_stems_permutes_the_templates_correction() -> None:
    relative_db = np.array([3.0, -1.0, -4.0, 2.0])
    template_db = np.array([4.5, -1.8, -5.3, 2.7])
    order = [3, 1, 0, 2]
    straight = template(relative_db, template_db)
    assert template(relative_db[order], template_db[order]) == pytest.approx(straight[order])


def test_the_order_of_the_library_does_not_matter_to_the_neighbours() -> None:
    fitted = fitted_rules(40)
    order = np.random.default_rng(1).permutation(40)
    shuffled = fitted_rules(40, order)
    features = fitted.library_features[5] + 0.01
    assert neighbour_balance_db(features, shuffled) == pytest.approx(
        neighbour_balance_db(features, fitted)
    )
