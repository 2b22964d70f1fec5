"""The search for the numbers at which the functional of a family is least, in coordinates without bounds."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import optimize

from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Array, Scene
from elbowroom.derivation.valuation import with_points
from elbowroom.functional.expression import Expression, Parameter
from elbowroom.functional.support import Interval, Positive, Support
from elbowroom.functional.traverse import walk

STARTS = (0.0, 1.0, -1.0, 3.0, -3.0)
FAR = 25.0
"""A search that leaves this range, in the parameter or in its logarithm, is taken to run away."""


class RunsAwayError(Exception):
    """The functional keeps improving while a parameter leaves every bound; the message says which way."""


@dataclasses.dataclass(frozen=True)
class Parametric:
    """The functional of a family as a function of its numbers: value, gradient and search coordinates."""

    unknowns: tuple[Parameter, ...]
    functional: Expression
    gradient: tuple[Expression, ...]
    scene: Scene
    sign: int

    def at(self, u: Array) -> Scene:
        """The scene with the unknown numbers put in; u are search coordinates, the logarithm of a positive number."""
        told = {
            unknown.name: number_of(value, unknown.support) for unknown, value in zip(self.unknowns, u, strict=True)
        }
        scene = self.scene.with_(numbers={**self.scene.numbers, **told})
        for law in scene.setting.laws:
            if _holds(scene.meaning(law), self.unknowns):
                scene = with_points(scene, law, law)
        return scene

    def value(self, u: Array) -> float:
        """The functional, with the sign of a minimisation; large where it does not exist."""
        found = self.sign * number(self.functional, self.at(u))
        return found if np.isfinite(found) else 1e10

    def slope(self, u: Array) -> Array:
        """The gradient by the numbers themselves, with the sign of a minimisation."""
        scene = self.at(u)
        return np.array([self.sign * number(one, scene) for one in self.gradient])


def search(family: Parametric) -> Array:
    """The best of a few descents, polished by Newton's method on the gradient."""
    best: Array | None = None
    for start in STARTS:
        u = np.array([0.0 if isinstance(x.support, Positive) else _start(start, x.support) for x in family.unknowns])
        if not family.value(u) < 1e9:
            continue
        found = optimize.minimize(family.value, u, method="BFGS", options={"gtol": 1e-3, "maxiter": 60})
        if best is None or found.fun < family.value(best) - 1e-9:
            best = np.asarray(found.x)
        if best is not None and np.max(np.abs(family.slope(best))) < 1e-2 and least_curvature(family, best) > 0:
            break  # a start where the slope vanishes may be a maximum
    if best is None:
        raise RunsAwayError("The functional has no finite value at any of the numbers tried.")
    if np.max(np.abs(best)) > FAR:
        which = family.unknowns[int(np.argmax(np.abs(best)))]
        raise RunsAwayError(
            f"No optimum is reached: the functional keeps improving as {which} grows or shrinks without bound (it is "
            "unbounded, or its bound is not attained). This usually means that a second derivative vanishes where "
            "curvature was expected. Add a term that holds the numbers together."
        )
    return _polished(family, best)


def least_curvature(family: Parametric, u: Array) -> float:
    """The least eigenvalue of the Hessian in search coordinates, with the sign of a minimisation.

    Where the gradient vanishes it has the sign of that in the numbers themselves.
    """
    scales = np.array(
        [_scale(x.support, number_of(value, x.support)) for x, value in zip(family.unknowns, u, strict=True)]
    )
    hessian = _jacobian(family, u) * scales[:, None]
    return float(np.min(np.linalg.eigvalsh((hessian + hessian.T) / 2)))


def _polished(family: Parametric, u: Array) -> Array:
    """Newton's method on the gradient, with a Jacobian by differences that is kept while it serves."""
    slope = family.slope(u)
    for _ in range(4):
        jacobian = _jacobian(family, u)
        for _ in range(6):
            if np.max(np.abs(slope)) < 1e-14:
                return u
            moved = u - np.linalg.lstsq(jacobian, slope, rcond=None)[0]
            beyond = family.slope(moved)
            if not np.linalg.norm(beyond) < 0.5 * np.linalg.norm(slope):
                break
            u, slope = moved, beyond
        if np.max(np.abs(slope)) < 1e-11:
            break
    return u


def _jacobian(family: Parametric, u: Array, step: float = 1e-5) -> Array:
    columns: list[Array] = []
    for index in range(len(u)):
        shift = np.zeros_like(u)
        shift[index] = step
        columns.append((family.slope(u + shift) - family.slope(u - shift)) / (2 * step))
    return np.stack(columns, axis=-1)


def _holds(meaning: Expression | None, unknowns: tuple[Parameter, ...]) -> bool:
    return meaning is not None and any(isinstance(node, Parameter) and node in unknowns for node in walk(meaning))


def number_of(u: float, support: Support) -> float:
    """The number itself at a search coordinate."""
    match support:
        case Positive():
            return float(np.exp(np.clip(u, -60, 60)))
        case Interval(lower, upper):
            return float(lower) + float(upper - lower) / (1 + float(np.exp(-u)))
    return float(u)


def _scale(support: Support, value: float) -> float:
    match support:
        case Positive():
            return value
        case Interval(lower, upper):
            return (value - float(lower)) * (float(upper) - value) / float(upper - lower)
    return 1.0


def _start(start: float, support: Support) -> float:
    return 0.0 if isinstance(support, Interval) and start == 0.0 else start
