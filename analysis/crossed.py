"""The crossed model of raters and items by its cross products: what REML needs, at any ratios.

With V = I + g_r ZZ' + g_i XX' (g: variances relative to the residual one), the larger factor is
eliminated as a diagonal; the smaller one costs a factorisation of its own size.
"""

import numpy as np

from analysis.annotations import IntArray
from analysis.clusters import numbered
from analysis.vectors import FloatArray

# scipy is imported where it is used: web processes load this module and start without it.


_DENSE = 100_000


class CrossedModel:
    """Cross products of the columns [design, values] with raters and items, and V by its ratios.

    Args:
        columns: shape (n, p + 1), the design's p columns and the values last.
        rater, item: shape (n,), any labels.
    """

    def __init__(self, columns: FloatArray, rater: IntArray, item: IntArray) -> None:
        from scipy import sparse

        raters, items = numbered(rater), numbered(item)
        # The larger factor is eliminated as a diagonal; the smaller one needs a factorisation.
        self.rater_is_large = raters[1] >= items[1]
        self.large, self.small = (raters, items) if self.rater_is_large else (items, raters)
        self.columns = columns
        self.n, self.n_fixed = len(columns), columns.shape[1] - 1
        self.of_large = group_sums(self.large, columns)
        self.of_small = group_sums(self.small, columns)
        self.squares = columns.T @ columns
        self.large_counts = np.bincount(self.large[0]).astype(np.float64)
        self.small_counts = np.bincount(self.small[0]).astype(np.float64)
        cells = np.ones(self.n), (self.large[0], self.small[0])
        counts = sparse.csr_array(cells, shape=(self.large[1], self.small[1]))
        # Raters times items can be far more than there are values; small tables are quicker dense.
        self.shared = counts.toarray() if counts.shape[0] * counts.shape[1] <= _DENSE else counts

    def products(self, ratios: FloatArray) -> tuple[FloatArray, float]:
        """columns' V^-1 columns, shape (p + 1, p + 1), and log det V, at ratios (rater, item)."""
        from scipy import linalg

        large, small = ratios if self.rater_is_large else ratios[::-1]
        shrink = large / (1 + large * self.large_counts)
        inner = np.diag(self.small_counts) - self._between(shrink)
        system = np.eye(self.small[1]) + small * inner
        factor = linalg.cholesky(system, lower=True)
        projected = self.of_small - self.shared.T @ (shrink[:, None] * self.of_large)
        solved = linalg.cho_solve((factor, True), small * projected)
        within = self.squares - self.of_large.T @ (shrink[:, None] * self.of_large)
        log_determinant = np.log1p(large * self.large_counts).sum()
        log_determinant += 2 * np.log(np.diag(factor)).sum()
        return np.asarray(within - projected.T @ solved), float(log_determinant)

    def weighted(self, ratios: FloatArray, columns: FloatArray) -> FloatArray:
        """V^-1 columns, for columns of shape (n, m)."""
        large, small = ratios if self.rater_is_large else ratios[::-1]
        shrink = large / (1 + large * self.large_counts)
        inner = np.diag(self.small_counts) - self._between(shrink)
        without = columns - (shrink[:, None] * group_sums(self.large, columns))[self.large[0]]
        solved = np.linalg.solve(
            np.eye(self.small[1]) + small * inner, small * group_sums(self.small, without)
        )
        spread = solved[self.small[0]]
        spread = spread - (shrink[:, None] * group_sums(self.large, spread))[self.large[0]]
        return np.asarray(without - spread, dtype=np.float64)

    def _between(self, shrink: FloatArray) -> FloatArray:
        """S' diag(shrink) S of the shared counts S, dense: of the smaller factor's size."""
        from scipy import sparse

        if isinstance(self.shared, np.ndarray):
            return np.asarray(self.shared.T @ (shrink[:, None] * self.shared), dtype=np.float64)
        weighted = sparse.diags_array(shrink) @ self.shared
        return np.asarray((self.shared.T @ weighted).toarray(), dtype=np.float64)

    def criterion(self, ratios: FloatArray) -> float:
        """-2 restricted log likelihood, profiled over the residual variance."""
        products, log_determinant = self.products(ratios)
        p, freedom = self.n_fixed, self.n - self.n_fixed
        information = products[:p, :p]
        residual = products[p, p] - products[:p, p] @ np.linalg.solve(information, products[:p, p])
        sign, log_information = np.linalg.slogdet(information)
        if sign <= 0 or residual <= 0:
            return float("inf")
        scale = residual / freedom
        return float(log_determinant + log_information + freedom * (1 + np.log(2 * np.pi * scale)))


def group_sums(cluster: tuple[IntArray, int], columns: FloatArray) -> FloatArray:
    """Sums of columns (n, m) over clusters, (n_clusters, m)."""
    number, n_clusters = cluster
    return np.stack(
        [np.bincount(number, column, n_clusters) for column in columns.T], axis=1
    ).astype(np.float64)
