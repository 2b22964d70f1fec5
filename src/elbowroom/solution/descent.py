"""Whether a functional with kinks falls on any side of a point, which its derivatives there do not tell.

At zero the derivative of -abs(m) is taken for zero, and that of abs(m) jumps: Newton's method stops at the first,
which is no minimum, and goes to and fro across the second, which is one.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.optimize

from elbowroom.solution.discretised import Discretised
from elbowroom.solution.point import Point

Array = np.ndarray

_SIZES = (1e-1, 1e-3, 1e-5)
_SHAPES = 4
_MOST_UNKNOWNS = 1500
_FALLS = 1e-9
_MOST_SEARCHED = 6
_ROUNDS = 6
_RESOLVED = 1e-12
KINK = "no direction descends"
"""How a point is said to have stopped where no derivative vanishes, but the values rise to all sides."""


def lower_beside(problem: Discretised, point: Point) -> Array | None:
    """A point beside where the Lagrangian is lower, along directions that keep the equations; None if there is none."""
    local = problem.at(point.x)
    if local is None or len(point.x) > _MOST_UNKNOWNS:
        return None
    direct = problem.positivity.direct
    scale = np.where(direct, point.x, max(float(np.abs(point.x[~direct]).max(initial=0.0)), 1.0))
    rows = local.jacobian.toarray() * scale
    before = local.value + float(point.multipliers @ local.residual) if len(local.residual) else local.value
    for shape in _shapes(len(point.x)):
        flat = shape - np.linalg.lstsq(rows, rows @ shape, rcond=None)[0] if len(rows) else shape
        for size in _SIZES:
            for sign in (1.0, -1.0):
                move = sign * size * flat
                x = np.where(direct, point.x * np.exp(np.clip(move, -20, 20)), point.x + scale * move)
                value, residual = problem.value_at(x)
                after = value + float(point.multipliers @ residual) if len(residual) else value
                allowed = (problem.positivity.matrix @ x + problem.positivity.offset >= 0).all()
                if allowed and after < before - _FALLS * (1 + abs(before)):
                    return x
    return None


def _shapes(count: int) -> list[Array]:
    """Directions: every unknown alone where they are few; hills over the unknowns in their order, and at random."""
    places = (np.arange(count) + 0.5) / count
    hills = [np.sin(np.pi * places), np.sin(2 * np.pi * places), np.ones(count)]
    noise = list(np.random.default_rng(1).standard_normal((_SHAPES, count)))
    alone = list(np.eye(count)) if count <= _MOST_SEARCHED else []
    return [shape / np.abs(shape).max() for shape in (*alone, *hills, *noise)]


def searched(problem: Discretised, point: Point) -> Point:
    """The minimum over few numbers, without equations, by the simplex method, which needs no derivatives.

    It is called one where the method, begun again from there, finds nothing lower in any direction.
    """
    direct = problem.positivity.direct
    if len(point.x) > _MOST_SEARCHED or len(point.multipliers):
        return point

    def unfolded(u: Array) -> Array:
        return np.where(direct, np.exp(np.clip(u, -600, 600)), u)

    def merit(u: Array) -> float:
        value, _ = problem.value_at(unfolded(u))
        return value if np.isfinite(value) and rows(u).min(initial=0.0) >= 0 else np.inf

    def rows(u: Array) -> Array:
        return problem.positivity.matrix @ unfolded(u) + problem.positivity.offset

    best = np.where(direct, np.log(np.maximum(point.x, 1e-290)), point.x)
    least = merit(best)
    for _ in range(_ROUNDS):
        simplex = np.vstack([best, best + 0.1 * (1 + np.abs(best)) * np.eye(len(best))])
        options = {"initial_simplex": simplex, "xatol": 1e-14, "fatol": 1e-15, "maxiter": 2000, "maxfev": 4000}
        found = scipy.optimize.minimize(merit, best, method="Nelder-Mead", options=options)
        gain, best = least - float(found.fun), found.x if found.fun < least else best
        least = min(least, float(found.fun))
        if gain <= _RESOLVED * (1 + abs(least)):
            break
    else:
        return point
    there = dataclasses.replace(
        point,
        x=unfolded(best),
        value=least,
        decrement=_RESOLVED * (1 + abs(least)),
        barrier=0.0,
        slacks=np.concatenate([unfolded(best)[direct], rows(best)]),
        bound_multipliers=np.zeros_like(point.bound_multipliers),
        residual=0.0,
        shifted_at_last=False,
        stopped=KINK,
    )
    return point if lower_beside(problem, there) is not None else there
