"""The closed-form ear: the same weights whichever of the two equal forms is solved."""

import pytest
import torch

from modeling.models import ear


@pytest.mark.parametrize("n_rows", [30, 200])
def test_the_weights_minimise_the_penalised_error(n_rows: int) -> None:
    draw = torch.Generator().manual_seed(1)
    rows = torch.randn(n_rows, 60, generator=draw, dtype=torch.float64)
    wanted = rows[:, 3] * 2.0 + 0.1 * torch.randn(n_rows, generator=draw, dtype=torch.float64)
    relevance = torch.rand(60, generator=draw, dtype=torch.float64) + 0.1
    weight = ear._ridge(rows, wanted, 5.0)(relevance)
    slope = rows.T @ (rows @ weight - wanted) + 5.0 * weight / relevance
    assert slope.abs().max() < 1e-8


def test_the_feature_that_tells_gets_the_weight() -> None:
    draw = torch.Generator().manual_seed(2)
    rows = torch.randn(80, 60, generator=draw)
    weight = ear.adaptive_ridge(rows, 2.0 * rows[:, 3], 5.0)
    assert weight.abs().argmax() == 3
    assert weight[3] == pytest.approx(2.0, abs=0.1)


def _songs(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features (n, f), a few of which tell, and targets (n, 4)."""
    draw = torch.Generator().manual_seed(seed)
    rows = torch.randn(n, ear.N_FEATURES, generator=draw)
    told = rows[:, [3, 100, 200, 300]] * 2.0
    return rows, told + 0.3 * torch.randn(n, 4, generator=draw)


def _with_strangers() -> tuple[torch.Tensor, torch.Tensor]:
    """400 songs, of which the last six, by one artist, follow nothing."""
    rows, targets = _songs(400, 3)
    targets[-6:] = 8.0 * torch.randn(6, 4, generator=torch.Generator().manual_seed(4)).sign()
    return rows, targets


def test_songs_that_follow_nothing_hardly_bend_the_ear() -> None:
    rows, targets = _with_strangers()
    present = torch.ones_like(targets, dtype=torch.bool)
    robust = ear.Ear()
    fit = robust.fit(rows, targets, present, torch.arange(400) // 80, strengths=(50.0,))
    assert fit.counts[-6:].max() < 0.1
    assert fit.counts[:-6].median() == 1.0

    unseen, wanted = _songs(200, 5)
    plain, clean = ear.Ear(), ear.Ear()
    everyone = torch.ones(400)
    plain._solve(ear._Rows(rows, targets, present, everyone), 50.0, 1)
    known = ear._Rows(rows, targets, present, everyone)[torch.arange(394)]
    clean._solve(known, 50.0, 1)
    told, bent, best = (
        float(((model(unseen) - wanted) ** 2).mean().sqrt()) for model in (robust, plain, clean)
    )
    assert bent > 1.3 * best
    assert told < 1.15 * best
    # What is stated is the error on the songs that can be predicted.
    assert max(fit.rmse_db) < 1.2 * told


def test_counting_half_is_as_good_as_being_there_half_as_often() -> None:
    rows, targets = _songs(40, 6)
    twice = ear.adaptive_ridge(rows.repeat(2, 1), targets[:, 0].repeat(2), 5.0)
    half = ear.adaptive_ridge(
        rows.repeat(4, 1), targets[:, 0].repeat(4), 5.0, torch.full((160,), 0.5)
    )
    assert half == pytest.approx(twice, abs=1e-4)
