"""The linear system of a Newton step under linearised constraints:

    K d + Aᵀ λ = -g ,    A d = -c .

K is scaled to a unit diagonal, and made positive definite on the null space of A by adding to its diagonal where it
is not, so that d descends. Where K is a diagonal and a few wide rows, only these and the constraints make a dense
system. Constraints that depend on one another are allowed: the multiplier of least norm is taken.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from elbowroom.solution.curvature import Curvature

Array = np.ndarray

LARGEST_DENSE = 2600
"""Up to this many unknowns the system is solved with a dense Cholesky factor."""

_RANK_TOLERANCE = 1e-13
_STIFFNESS = 1e3
_SMALLEST_SHIFT = 1e-9
_LARGEST_SHIFT = 1e8
_REFINEMENTS = 2
_SMALL_PIVOT = 1e-6
_SHARE_OF_SHIFT = 0.03


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """A Newton step, the multipliers after it, and what was added to the diagonal of K, relative to it."""

    direction: Array
    multipliers: Array
    shift: float


def newton_step(curvature: Curvature, gradient: Array, jacobian: sp.csr_array, residual: Array, shift: float) -> Step:
    """Solve the system; `shift` is where to begin with the diagonal (0 where none was needed before)."""
    separable = curvature.is_diagonal and 2 * (curvature.rank + len(residual)) <= len(gradient) + 2
    scale = np.sqrt(np.abs(curvature.plain.diagonal() if separable else curvature.diagonal()))
    if not separable:
        largest = scale.max(initial=0.0)
        scale = np.maximum(scale, 1e-12 * largest if largest > 0 else 1.0)
    inverse = sp.diags_array(1 / scale)
    curvature = curvature.scaled(1 / scale)
    jacobian = sp.csr_array(jacobian @ inverse)
    lengths = np.sqrt(np.asarray(jacobian.multiply(jacobian).sum(axis=1)).ravel())
    lengths[lengths == 0] = 1.0
    jacobian = sp.csr_array(sp.diags_array(1 / lengths) @ jacobian)
    solve = _eliminated if separable else _dense if len(gradient) <= LARGEST_DENSE else _sparse
    direction, multipliers, shift = solve(curvature, gradient / scale, jacobian, residual / lengths, shift)
    return Step(direction / scale, multipliers / lengths, shift)


def _eliminated(
    curvature: Curvature, gradient: Array, jacobian: sp.csr_array, residual: Array, shift: float
) -> tuple[Array, Array, float]:
    """K = 1 + Rᵀ M R, its diagonal scaled to one: only the multipliers and w = M R d need a system of equations,

        [ M⁻¹ + R Rᵀ   R Aᵀ ] [ w ]   [  -R g  ]
        [   A Rᵀ       A Aᵀ ] [ λ ] = [ c - A g ] ,      d = -g - Rᵀ w - Aᵀ λ .

    K is positive definite where A d = 0 exactly if this has as many negative eigenvalues as M.
    """
    rank = curvature.rank
    both = sp.csr_array(sp.vstack([curvature.rows, jacobian])) if rank else jacobian
    products = (both @ both.T).toarray()
    wide = np.zeros_like(products)
    wide[:rank, :rank] = curvature.inverse
    shift = max(shift / 10, _SMALLEST_SHIFT) if shift > 0 else 0.0
    while True:
        system = _Symmetric(wide + products / (1 + shift))
        if system.negative >= curvature.negative or shift > _LARGEST_SHIFT:
            break
        shift = max(10 * shift, _SMALLEST_SHIFT)
    direction, found = np.zeros_like(gradient), np.zeros(len(products))
    first, second = -gradient, -residual
    for _ in range(_REFINEMENTS):
        # What is left of both equations is solved for once more.
        right = both @ first / (1 + shift)
        right[rank:] -= second
        more = system.solve(right)
        move = (first - both.T @ more) / (1 + shift)
        direction, found = direction + move, found + more
        first = -gradient - (curvature @ direction + shift * direction) - jacobian.T @ found[rank:]
        second = -residual - jacobian @ direction
    return direction, found[rank:], shift


class _Symmetric:
    """A symmetric system that may be singular, its rows scaled: the solution of least norm."""

    def __init__(self, matrix: Array):
        size = np.sqrt(np.maximum(np.abs(matrix).max(axis=1, initial=0.0), 1e-300))
        self.scale = 1 / size
        balanced = (matrix + matrix.T) / 2 * self.scale[:, None] * self.scale
        self.values, self.vectors = scipy.linalg.eigh(balanced, check_finite=False, driver="evd")
        largest = np.abs(self.values).max(initial=0.0)
        self.keep = np.abs(self.values) > _RANK_TOLERANCE * max(largest, 1e-300)

    @property
    def negative(self) -> int:
        """The number of negative eigenvalues."""
        return int((self.values[self.keep] < 0).sum())

    def solve(self, right: Array) -> Array:
        """The solution."""
        vectors = self.vectors[:, self.keep]
        return self.scale * (vectors @ ((vectors.T @ (self.scale * right)) / self.values[self.keep]))


def _dense(
    curvature: Curvature, gradient: Array, jacobian: sp.csr_array, residual: Array, shift: float
) -> tuple[Array, Array, float]:
    rows = jacobian.toarray()
    plain = curvature.dense()
    factor = _cholesky(plain) if shift == 0 else None
    pull, stiffness = np.zeros_like(gradient), 0.0
    if _smallest_pivot(factor) < _SMALL_PIVOT:
        # Not positive definite, or hardly so: the constraints may hold what K leaves free.
        stiff = plain + _STIFFNESS * rows.T @ rows
        stiffened = _cholesky(stiff) if shift == 0 else None
        if factor is None or _smallest_pivot(stiffened) > 10 * _smallest_pivot(factor):
            factor, stiffness, pull = stiffened, _STIFFNESS, _STIFFNESS * rows.T @ residual
            shift = max(shift / 10, _SMALLEST_SHIFT) if factor is None else 0.0
        while factor is None and shift < _LARGEST_SHIFT:
            factor = _cholesky(stiff + shift * np.eye(len(stiff)))
            if _smallest_pivot(factor) < _SHARE_OF_SHIFT * np.sqrt(shift):
                # Next to nothing is left of a direction of negative curvature: a step along it would have no bounds.
                factor, shift = None, shift * 10
    if factor is None:
        return np.zeros_like(gradient), np.zeros_like(residual), shift
    free = scipy.linalg.cho_solve(factor, -gradient - pull, check_finite=False)
    reach = scipy.linalg.cho_solve(factor, rows.T, check_finite=False)
    multipliers = _least(rows @ reach, rows @ free + residual)
    direction = free - reach @ multipliers
    # One step of refinement: what is left of both equations.
    first = -gradient - pull - _apply(plain, rows, stiffness, direction, shift) - rows.T @ multipliers
    second = -residual - rows @ direction
    free = scipy.linalg.cho_solve(factor, first, check_finite=False)
    more = _least(rows @ reach, rows @ free - second)
    return direction + free - reach @ more, multipliers + more, shift


def _apply(plain: Array, rows: Array, stiffness: float, direction: Array, shift: float) -> Array:
    return plain @ direction + shift * direction + stiffness * rows.T @ (rows @ direction)


def _cholesky(matrix: Array) -> tuple[Array, bool] | None:
    try:
        return scipy.linalg.cho_factor(matrix, lower=True, check_finite=False)
    except scipy.linalg.LinAlgError:
        return None


def _smallest_pivot(factor: tuple[Array, bool] | None) -> float:
    return -1.0 if factor is None else float(np.diagonal(factor[0]).min(initial=1.0))


def _least(matrix: Array, right: Array) -> Array:
    """The solution of least norm of a symmetric system that may be singular."""
    if not len(right):
        return right
    values, vectors = scipy.linalg.eigh((matrix + matrix.T) / 2, check_finite=False)
    keep = values > _RANK_TOLERANCE * max(values[-1], 1e-300)
    return vectors[:, keep] @ ((vectors[:, keep].T @ right) / values[keep])


def _sparse(
    curvature: Curvature, gradient: Array, jacobian: sp.csr_array, residual: Array, shift: float
) -> tuple[Array, Array, float]:
    size, count = len(gradient), len(residual)
    whole = curvature.plain + curvature.rows.T @ sp.csr_array(curvature.middle) @ curvature.rows
    while True:
        bent = whole + shift * sp.eye_array(size)
        slack = -1e-12 * sp.eye_array(count)
        system = sp.csc_array(sp.block_array([[bent, jacobian.T], [jacobian, slack]]))
        right = np.concatenate([-gradient, -residual])
        try:
            solver = splu(system, permc_spec="COLAMD")
        except RuntimeError:
            if shift > _LARGEST_SHIFT:
                return np.zeros(size), np.zeros(len(residual)), shift
            shift = max(10 * shift, 1e-8)
            continue
        both = solver.solve(right)
        both = both + solver.solve(right - system @ both)
        direction = both[:size]
        if direction @ (bent @ direction) >= 0 or shift > 1e6:
            return direction, both[size:], shift
        shift = max(10 * shift, 1e-8)
