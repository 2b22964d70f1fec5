"""The linear system of a Newton step under linearised constraints:

    K d + Aᵀ λ = -g ,    A d = -c .

K is scaled to a unit diagonal, and made positive definite on the null space of A by adding to its diagonal where it
is not, so that d descends. Constraints that depend on one another are allowed: the multiplier of least norm is taken.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from scipy.sparse.linalg import splu

Array = np.ndarray

LARGEST_DENSE = 2600
"""Up to this many unknowns the system is solved with a dense Cholesky factor."""

_RANK_TOLERANCE = 1e-13
_STIFFNESS = 1e3
_LARGEST_SHIFT = 1e8


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """A Newton step, the multipliers after it, and what was added to the diagonal of K, relative to it."""

    direction: Array
    multipliers: Array
    shift: float


def newton_step(
    curvature: sp.csr_array, gradient: Array, jacobian: sp.csr_array, residual: Array, shift: float
) -> Step:
    """Solve the system; `shift` is where to begin with the diagonal (0 where none was needed before)."""
    scale = np.sqrt(np.abs(curvature.diagonal()))
    scale = np.maximum(scale, 1e-12 * max(scale.max(initial=0.0), 1e-300))
    inverse = sp.diags_array(1 / scale)
    curvature = sp.csr_array(inverse @ curvature @ inverse)
    jacobian = sp.csr_array(jacobian @ inverse)
    lengths = np.sqrt(np.asarray(jacobian.multiply(jacobian).sum(axis=1)).ravel())
    lengths[lengths == 0] = 1.0
    jacobian = sp.csr_array(sp.diags_array(1 / lengths) @ jacobian)
    solve = _dense if len(gradient) <= LARGEST_DENSE else _sparse
    if curvature.nnz == len(gradient) and (curvature.diagonal() > 0).all():
        solve = _diagonal
    direction, multipliers, shift = solve(curvature, gradient / scale, jacobian, residual / lengths, shift)
    return Step(direction / scale, multipliers / lengths, shift)


def _diagonal(
    curvature: sp.csr_array, gradient: Array, jacobian: sp.csr_array, residual: Array, shift: float
) -> tuple[Array, Array, float]:
    """A separable functional: only the multipliers need a system of equations."""
    values = curvature.diagonal()
    reach = sp.diags_array(1 / values) @ jacobian.T
    system = (jacobian @ reach).toarray()
    multipliers = _least(system, residual - reach.T @ gradient)
    direction = -gradient / values - reach @ multipliers
    more = _least(system, residual + jacobian @ direction)
    return direction - reach @ more, multipliers + more, 0.0


def _dense(
    curvature: sp.csr_array, gradient: Array, jacobian: sp.csr_array, residual: Array, shift: float
) -> tuple[Array, Array, float]:
    rows = jacobian.toarray()
    plain = curvature.toarray()
    factor = _cholesky(plain) if shift == 0 else None
    pull, stiffness = np.zeros_like(gradient), 0.0
    if factor is None:
        stiffness = _STIFFNESS
        pull = _STIFFNESS * rows.T @ residual
        stiff = plain + _STIFFNESS * rows.T @ rows
        factor = _cholesky(stiff) if shift == 0 else None
        shift = max(shift / 10, 1e-9) if factor is None else 0.0
        while factor is None and shift < _LARGEST_SHIFT:
            factor = _cholesky(stiff + shift * np.eye(len(stiff)))
            shift = shift if factor is not None else shift * 10
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


def _least(matrix: Array, right: Array) -> Array:
    """The solution of least norm of a symmetric system that may be singular."""
    if not len(right):
        return right
    values, vectors = scipy.linalg.eigh((matrix + matrix.T) / 2, check_finite=False)
    keep = values > _RANK_TOLERANCE * max(values[-1], 1e-300)
    return vectors[:, keep] @ ((vectors[:, keep].T @ right) / values[keep])


def _sparse(
    curvature: sp.csr_array, gradient: Array, jacobian: sp.csr_array, residual: Array, shift: float
) -> tuple[Array, Array, float]:
    size, count = len(gradient), len(residual)
    while True:
        bent = curvature + shift * sp.eye_array(size)
        slack = -1e-12 * sp.eye_array(count)
        system = sp.csc_array(sp.block_array([[bent, jacobian.T], [jacobian, slack]]))
        right = np.concatenate([-gradient, -residual])
        solver = splu(system, permc_spec="COLAMD")
        both = solver.solve(right)
        both = both + solver.solve(right - system @ both)
        direction = both[:size]
        if direction @ (bent @ direction) >= 0 or shift > 1e6:
            return direction, both[size:], shift
        shift = max(10 * shift, 1e-8)
