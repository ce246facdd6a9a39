"""Rules fitted on made-up features, for tests."""

from collections.abc import Sequence

import numpy as np

from modeling.rules import FittedRules, fit_rules

TEMPLATE_DB = np.array([4.5, -1.8, -5.3, 2.6])


def fitted_rules(n: int, order: Sequence[int] | np.ndarray | None = None) -> FittedRules:
    """Songs whose balance follows from their first feature, in the given order."""
    rng = np.random.default_rng(9)
    features = rng.normal(size=(n, 6))
    slope_db = np.array([1.5, -1.5, 0.5, -0.5])
    balance_db = TEMPLATE_DB + features[:, :1] * slope_db + rng.normal(0.0, 0.3, (n, 4))
    balance_db -= balance_db.mean(axis=1, keepdims=True)
    weights = np.zeros((6, 4))
    weights[0] = slope_db
    rows = np.arange(n) if order is None else np.asarray(order)
    held_out = features[:10] + 0.1
    return fit_rules(features[rows], balance_db[rows], held_out, balance_db[:10], weights)
