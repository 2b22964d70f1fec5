"""A Hessian as a sparse matrix and a few products of wide rows, K = S + Rᵀ M R, never written out.

A functional of a marginal, such as the entropy of q(z) = ∫ q(z|x) p(x) dx, has a curvature between all pairs of
values of q(z|x) that share z: dense, but of a rank that is only the number of values of z.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.linalg
import scipy.sparse as sp

Array = np.ndarray

_LARGEST = 1e280


@dataclasses.dataclass(frozen=True, eq=False)
class Curvature:
    """K = `plain` + `rows`ᵀ `middle` `rows`.

    **Arguments.** `inverse` is the inverse of `middle`, and `negative` the number of its negative eigenvalues.
    """

    plain: sp.csr_array
    rows: sp.csr_array
    middle: Array
    inverse: Array
    negative: int

    @staticmethod
    def of(plain: sp.csr_array) -> Curvature:
        """A sparse matrix and nothing else."""
        size = len(plain.indptr) - 1
        return Curvature(plain, sp.csr_array((0, size)), np.zeros((0, 0)), np.zeros((0, 0)), 0)

    @property
    def rank(self) -> int:
        """The number of wide rows."""
        return len(self.rows.indptr) - 1

    @property
    def is_separable(self) -> bool:
        """Whether the sparse part is diagonal."""
        diagonal = self.plain.diagonal()
        return self.plain.nnz <= len(diagonal) or (self.plain - sp.diags_array(diagonal)).count_nonzero() == 0

    @property
    def is_diagonal(self) -> bool:
        """Whether the sparse part is a diagonal of positive numbers."""
        return self.is_separable and bool((self.plain.diagonal() > 0).all())

    def plus(self, more: sp.csr_array) -> Curvature:
        """The sum with a sparse matrix."""
        return dataclasses.replace(self, plain=sp.csr_array(self.plain + more))

    def bordered(self, rows: sp.csr_array, weights: Array) -> Curvature:
        """The sum with rowsᵀ diag(weights) rows, for positive weights."""
        return Curvature(
            self.plain,
            sp.csr_array(sp.vstack([self.rows, rows])),
            np.asarray(scipy.linalg.block_diag(self.middle, np.diag(weights))),
            np.asarray(scipy.linalg.block_diag(self.inverse, np.diag(1 / weights))),
            self.negative,
        )

    def scaled(self, factors: Array) -> Curvature:
        """diag(factors) K diag(factors)."""
        by = sp.diags_array(factors)
        return dataclasses.replace(self, plain=sp.csr_array(by @ self.plain @ by), rows=sp.csr_array(self.rows @ by))

    def bounded(self) -> Curvature:
        """The same with an infinite curvature, that of an unknown which must not move, as a very large number."""
        if np.isfinite(self.plain.data).all():
            return self
        plain = self.plain.copy()
        plain.data = np.nan_to_num(plain.data, nan=_LARGEST, posinf=_LARGEST, neginf=-_LARGEST)
        return dataclasses.replace(self, plain=plain)

    def diagonal(self) -> Array:
        """The diagonal of K."""
        if not self.rank:
            return self.plain.diagonal()
        pulled = sp.csr_array(self.middle) @ self.rows
        return self.plain.diagonal() + np.asarray(self.rows.multiply(pulled).sum(axis=0)).ravel()

    def dense(self) -> Array:
        """K written out."""
        rows = self.rows.toarray()
        return self.plain.toarray() + rows.T @ (self.middle @ rows)

    def __matmul__(self, vector: Array) -> Array:
        product = self.plain @ vector
        return product + self.rows.T @ (self.middle @ (self.rows @ vector)) if self.rank else product
