"""What is like the training songs is trusted, what is foreign in any one respect is not."""

import pytest
import torch
from torch import Tensor

from modeling.models.ear import N_FEATURES
from modeling.models.familiarity import Familiarity, feature_groups

N_HIDDEN = 6


@pytest.fixture(scope="module")
def mixing() -> Tensor:
    return torch.randn(N_HIDDEN, N_FEATURES, generator=torch.Generator().manual_seed(1))


def songs(mixing: Tensor, seed: int, n: int) -> Tensor:
    """Features (n, f) that a few hidden qualities explain, and some noise."""
    draw = torch.Generator().manual_seed(seed)
    hidden = torch.randn(n, N_HIDDEN, generator=draw)
    return hidden @ mixing / N_HIDDEN**0.5 + 0.3 * torch.randn(n, N_FEATURES, generator=draw)


@pytest.fixture(scope="module")
def fitted(mixing: Tensor) -> Familiarity:
    familiarity = Familiarity()
    foreign = songs(mixing, 4, 50)
    foreign[:, feature_groups()[3]] += 3.0
    familiarity.fit(songs(mixing, 2, 200), songs(mixing, 3, 100), foreign)
    return familiarity


def test_the_groups_hold_every_feature_once() -> None:
    together = torch.cat(feature_groups())
    assert torch.equal(together.sort().values, torch.arange(N_FEATURES))


def test_nearly_all_fresh_songs_of_the_same_kind_are_fully_trusted(
    fitted: Familiarity, mixing: Tensor
) -> None:
    trust = fitted.trust(songs(mixing, 5, 200))
    assert (trust == 1.0).float().mean() > 0.93


@pytest.mark.parametrize("group", range(len(feature_groups())))
def test_a_song_that_is_foreign_in_one_group_alone_is_not_trusted(
    fitted: Familiarity, mixing: Tensor, group: int
) -> None:
    strange = songs(mixing, 5, 20)
    strange[:, feature_groups()[group]] += 6.0
    assert fitted.trust(strange).max() == 0.0


def test_trust_ends_where_the_usual_foreign_song_lies(fitted: Familiarity, mixing: Tensor) -> None:
    foreign = songs(mixing, 6, 100)
    foreign[:, feature_groups()[3]] += 3.0
    trust = fitted.trust(foreign)
    assert 0.3 < (trust == 0.0).float().mean() < 0.7


def test_a_variance_is_widened_only_beyond_the_trusted_distance(
    fitted: Familiarity, mixing: Tensor
) -> None:
    near = songs(mixing, 5, 50)
    assert fitted.widening(near).median() == 1.0
    steps = torch.stack([near[0] + step for step in (2.0, 4.0, 8.0)])
    widening = fitted.widening(steps)
    assert (widening[1:] > widening[:-1]).all()


def test_features_that_are_always_zero_do_no_harm(mixing: Tensor) -> None:
    mute = songs(mixing, 2, 60)
    mute[:, feature_groups()[2]] = 0.0
    familiarity = Familiarity()
    familiarity.fit(mute[:40], mute[40:])
    assert torch.isfinite(familiarity(mute)).all()
    assert familiarity.trust(mute[:40]).median() == 1.0
