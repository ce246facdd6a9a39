"""The closed-form part of what both advisors hear: adaptive ridge on scalars and products (torch).

For each role, ridge regression on all scalars of the set, its features scaled by how much they told
in the round before; then the same with the products of the role's most telling scalars beside them,
since what is heard together counts. It is fitted before the network, on the same songs, and the
network learns what is left. While the network trains, each song gets what was fitted without its
artist: what is left is then what is left on unseen songs, and the stated sigma is honest.

Songs that the others do not predict count less (by their left-out errors): a few
recorded songs among many generated ones would otherwise bend every weight towards themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from modeling.models.summaries import N_PAIR_SCALARS, N_SCALARS
from modeling.models.trunk import N_ROLES

N_FEATURES = N_ROLES * N_SCALARS + N_ROLES * N_ROLES * N_PAIR_SCALARS
N_TELLING = 16
N_PRODUCTS = N_TELLING * (N_TELLING + 1) // 2
STRENGTHS = (200.0, 400.0, 800.0, 1600.0, 3200.0)
N_REWEIGHTINGS = 4
_RELEVANCE_FLOOR = 0.05
_SMALLEST_SPREAD = 0.1
_WIDEST = 4.0
_USUAL_ERRORS = 2.0  # times the median left-out error, up to which a row counts in full


@dataclass(frozen=True)
class EarFit:
    """What fitting told.

    `left_out_db` (n, 4) is what each row gets from the fit without its fold, `rmse_db` (4,) the
    error of that over rows that count at least half, `linear` (f, 4) the weights of the fit without
    products, `strength` the ridge that did best on left-out folds, `counts` (n,) how much each row
    counted, at most 1.
    """

    left_out_db: Tensor
    rmse_db: tuple[float, ...]
    linear: Tensor
    strength: float
    counts: Tensor


class Ear(nn.Module):
    """Offset per role in dB from the scalars of all roles and pairs."""

    mean: Tensor
    spread: Tensor
    weight: Tensor
    telling: Tensor
    product_mean: Tensor
    product_spread: Tensor
    product_weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(N_FEATURES))
        self.register_buffer("spread", torch.ones(N_FEATURES))
        self.register_buffer("weight", torch.zeros(N_FEATURES, N_ROLES))
        self.register_buffer("telling", torch.zeros(N_ROLES, N_TELLING, dtype=torch.int64))
        self.register_buffer("product_mean", torch.zeros(N_ROLES, N_PRODUCTS))
        self.register_buffer("product_spread", torch.ones(N_ROLES, N_PRODUCTS))
        self.register_buffer("product_weight", torch.zeros(N_ROLES, N_PRODUCTS))

    def features(self, scalars: Tensor, pairs: Tensor, active: Tensor) -> Tensor:
        """(n, N_FEATURES) standardised; 0 for what belongs to a masked role."""
        scaled = (flat_features(scalars, pairs) - self.mean) / self.spread
        return scaled.clamp(-_WIDEST, _WIDEST) * _present(active).to(scaled.dtype)

    def forward(self, features: Tensor) -> Tensor:
        """(n, 4) from standardised features (n, f)."""
        offsets = [
            features @ self.weight[:, role]
            + self._products(features, role) @ self.product_weight[role]
            for role in range(N_ROLES)
        ]
        return torch.stack(offsets, dim=1)

    @torch.no_grad()
    def fit_scale(self, scalars: Tensor, pairs: Tensor) -> None:
        """Take mean and SD of the features from the training songs."""
        rows = flat_features(scalars, pairs).double()
        self.mean.copy_(rows.mean(dim=0))
        self.spread.copy_(rows.std(dim=0).clamp_min(1e-3))

    @torch.no_grad()
    def fit(
        self,
        features: Tensor,
        targets: Tensor,
        present: Tensor,
        folds: Tensor,
        *,
        strengths: Sequence[float] = STRENGTHS,
        repeats: int = 1,
    ) -> EarFit:
        """Fit targets (n, 4) where `present` (n, 4), on standardised features (n, f).

        Folds (n,) are numbered from 0 and hold whole artists. `repeats` says how many rows one song
        has: rows of one song are no new songs, so the ridge grows with them.
        """
        rows = _Rows(features, targets, present, torch.ones_like(targets[:, 0]))
        tried = []
        for strength in strengths:
            left_out = self._left_out(rows, folds, strength * repeats, 0)
            tried.append((float(_rmse(left_out, rows).sum()), strength, left_out))
        _, strength, left_out = min(tried, key=lambda one: one[:2])
        for stage in (0, 1):
            rows = replace(rows, counts=_counts(left_out, rows))
            left_out = self._left_out(rows, folds, strength * repeats, stage)
        self._solve(rows, strength * repeats, 0)
        linear = self.weight.clone()
        self._solve(rows, strength * repeats, 1)
        rmse = tuple(float(value) for value in _rmse(left_out, rows))
        return EarFit(left_out, rmse, linear, strength, rows.counts)

    def _left_out(self, rows: "_Rows", folds: Tensor, strength: float, stage: int) -> Tensor:
        predicted = torch.zeros_like(rows.targets)
        for fold in range(int(folds.max()) + 1):
            self._solve(rows[folds != fold], strength, stage)
            predicted[folds == fold] = self(rows.features[folds == fold])
        return predicted

    def _solve(self, rows: "_Rows", strength: float, stage: int) -> None:
        """Stage 0 fits without products; stage 1 fits both, and needs nothing from before."""
        self.product_weight.zero_()
        for role in range(N_ROLES):
            own = rows[rows.present[:, role].bool()]
            seen, wanted, counts = own.features, own.targets[:, role], own.counts
            self.weight[:, role] = adaptive_ridge(seen, wanted, strength, counts)
            if stage == 1:
                self.telling[role] = self.weight[:, role].abs().topk(N_TELLING).indices
                self.product_mean[role], self.product_spread[role] = 0.0, 1.0
                products = self._raw_products(seen, role)
                self.product_mean[role] = products.mean(dim=0)
                self.product_spread[role] = products.std(dim=0) + _SMALLEST_SPREAD
                both = torch.cat([seen, self._products(seen, role)], dim=1)
                weights = adaptive_ridge(both, wanted, strength, counts)
                self.weight[:, role] = weights[:N_FEATURES]
                self.product_weight[role] = weights[N_FEATURES:]

    def _products(self, features: Tensor, role: int) -> Tensor:
        raw = self._raw_products(features, role)
        scaled = (raw - self.product_mean[role]) / self.product_spread[role]
        return scaled.clamp(-_WIDEST, _WIDEST)

    def _raw_products(self, features: Tensor, role: int) -> Tensor:
        chosen = features[:, self.telling[role]]
        first, second = torch.triu_indices(N_TELLING, N_TELLING, device=features.device)
        return chosen[:, first] * chosen[:, second]


@dataclass(frozen=True)
class _Rows:
    """Features (n, f), targets and presence (n, 4), and how much each row counts (n,)."""

    features: Tensor
    targets: Tensor
    present: Tensor
    counts: Tensor

    def __getitem__(self, some: Tensor) -> "_Rows":
        return _Rows(self.features[some], self.targets[some], self.present[some], self.counts[some])


def flat_features(scalars: Tensor, pairs: Tensor) -> Tensor:
    """(n, N_FEATURES) of scalars (n, 4, s) and pairs (n, 4, 4, p)."""
    return torch.cat([scalars.flatten(1), pairs.flatten(1)], dim=1)


def _present(active: Tensor) -> Tensor:
    both = active.unsqueeze(1) & active.unsqueeze(2)
    return torch.cat(
        [
            active.unsqueeze(2).expand(-1, -1, N_SCALARS).flatten(1),
            both.unsqueeze(3).expand(-1, -1, -1, N_PAIR_SCALARS).flatten(1),
        ],
        dim=1,
    )


def _rmse(predicted: Tensor, rows: _Rows) -> Tensor:
    """Error (4,) of what is predicted, over the rows that count at least half."""
    weights = rows.present.to(predicted.dtype) * (rows.counts >= 0.5).unsqueeze(1)
    squares = ((predicted - rows.targets) ** 2 * weights).sum(dim=0)
    return (squares / weights.sum(dim=0).clamp_min(1.0)).sqrt()


def _counts(left_out: Tensor, rows: _Rows) -> Tensor:
    """Weights (n,): 1 up to `_USUAL_ERRORS` median errors, then falling with their square."""
    present = rows.present.to(left_out.dtype)
    squares = ((left_out - rows.targets) ** 2 * present).sum(dim=1)
    error = (squares / present.sum(dim=1).clamp_min(1.0)).sqrt()
    bound = _USUAL_ERRORS * error.median()
    return (bound / error.clamp_min(1e-9)).square().clamp_max(1.0)


def adaptive_ridge(
    rows: Tensor, wanted: Tensor, strength: float, counts: Tensor | None = None
) -> Tensor:
    """Weights (f,): each feature is scaled by how much it told in the round before.

    `counts` (n,) says how much each row counts, 1 where it is not given.
    """
    rows, wanted = rows.double(), wanted.double()
    if counts is not None:
        root = counts.double().sqrt()
        rows, wanted = rows * root[:, None], wanted * root
    solve = _ridge(rows, wanted, strength)
    weight = solve(torch.ones(rows.shape[1], dtype=torch.float64, device=rows.device))
    for _ in range(N_REWEIGHTINGS):
        size = weight.abs()
        weight = solve(size / size.mean().clamp_min(1e-12) + _RELEVANCE_FLOOR)
    return weight.float()


def _ridge(rows: Tensor, wanted: Tensor, strength: float) -> Callable[[Tensor], Tensor]:
    """A function from relevance (f,) to the weights (f,) that minimise the squared error plus
    strength times the sum of weight^2 / relevance; of the two equal forms the smaller is solved."""
    if len(rows) < rows.shape[1]:

        def by_songs(relevance: Tensor) -> Tensor:
            scaled = rows * relevance
            kernel = scaled @ rows.T
            return scaled.T @ _solved(kernel, strength, wanted)

        return by_songs
    moment, product = rows.T @ rows, rows.T @ wanted

    def by_features(relevance: Tensor) -> Tensor:
        root = torch.sqrt(relevance)
        scaled = moment * root[:, None] * root[None, :]
        return root * _solved(scaled, strength, root * product)

    return by_features


def _solved(matrix: Tensor, strength: float, right: Tensor) -> Tensor:
    """x (k,) of (matrix + strength I) x = right."""
    whole = matrix + strength * torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    return torch.cholesky_solve(right.unsqueeze(1), torch.linalg.cholesky(whole))[:, 0]
