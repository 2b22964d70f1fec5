"""Curves under the constraint of one integral: the multiplier is found so that the curve of J + lambda*C meets it.

A curve that makes J + lambda*C least among all curves, and has the integral C that is asked for, makes J least among
the curves that have it.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from scipy import optimize

from elbowroom.derivation.curve_answer import Curve, Extremal
from elbowroom.derivation.curve_candidates import STARTS, linear_equation, over, shifted, times
from elbowroom.derivation.curve_ends import Ends, ends_of
from elbowroom.derivation.curve_extremals import checked, extremals, first_half, mentions_curve
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Array
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import Constant, Equation, Expression, sqrt
from elbowroom.functional.problem import Problem

MULTIPLIERS = tuple(float(size) for size in np.geomspace(0.02, 50.0, 18))
"""Sizes of multipliers between which a change of sign of the excess is looked for, on either side of zero."""


@dataclasses.dataclass(frozen=True)
class Constrained:
    """A curve that solves the equation of J + lambda*C and has the integral C that is asked for."""

    multiplier: float
    curve: Curve
    ends: Ends
    best: Extremal
    quadratic: bool
    eigenvalue: bool = False
    """Whether the curve is the first eigenfunction, of which the opposite is another."""


def multiplied(problem: Problem, constraint: Equation, multiplier: Expression) -> Problem:
    """The problem of J + lambda*C without the constraint."""
    rest = tuple(one for one in problem.subject_to if one is not constraint)
    functional = problem.functional + multiplier * constraint.left
    return Problem(problem.sense, functional, problem.over, rest, problem.given)


def constrained_curves(curve: Curve) -> Iterator[Constrained]:
    """The curves that meet the one integral constraint of a problem."""
    (constraint,) = curve.known.integrals
    target = number(constraint.right, curve.scene)
    eigen = _eigenfunction(curve, constraint, target)
    if eigen is not None:
        yield eigen
        return
    own = _equation(curve, constraint, 1.0)
    if linear_equation(own.equation, own.over, own.scene) is None:
        yield from _shaped(curve, constraint, target)
        return
    for sign in (1, -1):
        before: tuple[float, float] | None = None
        for size in MULTIPLIERS:
            found = _at(curve, constraint, sign * size)
            excess = None if found is None else _excess(found, constraint, target)
            if excess is None:
                before = None
                continue
            if before is not None and before[1] * excess <= 0:
                root = _root(curve, constraint, target, before[0], sign * size)
                if root is not None:
                    yield root
            before = (sign * size, excess)


def _equation(curve: Curve, constraint: Equation, multiplier: float) -> Curve:
    return first_half(multiplied(curve.problem, constraint, _number(multiplier)))


def _at(curve: Curve, constraint: Equation, multiplier: float) -> Constrained | None:
    """The curve of J + lambda*C for one multiplier, whatever integral it has."""
    own = _equation(curve, constraint, multiplier)
    if not own.equation or not mentions_curve(own):
        return None
    ends = ends_of(own.variable, own.known, own.at, own.left_over)
    found, quadratic = extremals(own, ends)
    if not found:
        return None
    return Constrained(multiplier, own, ends, min(found, key=lambda one: own.sense * one.value), quadratic)


def _excess(found: Constrained, constraint: Equation, target: float) -> float:
    return number(constraint.left, found.curve.at(found.best.curve)) - target


def _root(curve: Curve, constraint: Equation, target: float, low: float, high: float) -> Constrained | None:
    """The multiplier between two at which the constraint is met; None where the curve jumps there."""

    def excess(multiplier: float) -> float:
        found = _at(curve, constraint, multiplier)
        return math.nan if found is None else _excess(found, constraint, target)

    root = float(optimize.brentq(excess, low, high, xtol=1e-15, rtol=1e-14))  # pyright: ignore[reportArgumentType]
    found = _at(curve, constraint, root)
    return found if found is not None and abs(_excess(found, constraint, target)) < 1e-9 else None


def _eigenfunction(curve: Curve, constraint: Equation, target: float) -> Constrained | None:
    """The first eigenfunction, where both integrals are quadratic and the curve is zero at both ends.

    With J'' + lambda*C'' = a y'' + c y and c = c_0 + lambda*c_1, the wave sin(pi*(x - l)/L) solves the equation
    when c/a = (pi/L)**2.
    """
    slopes = []
    for multiplier in (0.0, 1.0):
        own = _equation(curve, constraint, multiplier)
        linear = linear_equation(own.equation, own.over, own.scene)
        if linear is None or linear.d or linear.b:
            return None
        slopes.append((linear.a, linear.c))
    (a, c), (a1, c1) = slopes
    ends = ends_of(curve.variable, curve.known, curve.at, curve.left_over)
    if ends.fixed != (0.0, 0.0) or a1 == c1 == 0:
        return None
    square = (math.pi / (ends.right - ends.left)) ** 2
    if (c1 - c) == square * (a1 - a):
        return None
    multiplier = (square * a - c) / ((c1 - c) - square * (a1 - a))
    own = _equation(curve, constraint, multiplier)
    wave = Elementary("sin", _number(math.sqrt(square)) * shifted(own.variable, ends.left))
    size = number(constraint.left, curve.at(wave))
    if size == 0 or target / size <= 0:
        return None
    candidate = _number(math.sqrt(target / size)) * wave
    ends = ends_of(own.variable, own.known, own.at, own.left_over)
    best = checked(own, ends, candidate, "both integrals are quadratic: the first eigenfunction")
    return None if best is None else Constrained(multiplier, own, ends, best, True, eigenvalue=True)


@dataclasses.dataclass(frozen=True)
class Bent:
    """A family of curves in two parameters and the multiplier, which the equation of J + lambda*C may have."""

    name: str
    value: Callable[[Array, Array], Array]
    member: Callable[[Array, Expression], Expression]


def _arc(side: int) -> Bent:
    return Bent(
        "an arc of a circle whose radius is the multiplier",
        lambda p, x: p[0] + side * np.sqrt(p[2] ** 2 - (x - p[1]) ** 2),
        lambda p, x: _number(p[0]) + times(side, sqrt(_number(p[2] ** 2) - shifted(x, p[1]) ** 2)),
    )


FAMILIES = (
    Bent(
        "a catenary that is shifted by the multiplier",
        lambda p, x: p[0] * np.cosh((x - p[1]) / p[0]) - p[2],
        lambda p, x: times(p[0], Elementary("cosh", over(shifted(x, p[1]), p[0]))) - _number(p[2]),
    ),
    _arc(1),
    _arc(-1),
)


def _shaped(curve: Curve, constraint: Equation, target: float) -> Iterator[Constrained]:
    """The members of families that go through both ends and have the integral, if they solve the equation."""
    ends = ends_of(curve.variable, curve.known, curve.at, curve.left_over)
    if not ends.both_fixed:
        return
    seen: list[Array] = []
    for family in FAMILIES:
        for sign in (1.0, -1.0):
            for start in STARTS:
                found = _met(family, curve, constraint, ends, target, np.array([sign * start, 0.0, sign * start]))
                if found is None or any(np.allclose(found, other, atol=1e-6) for other in seen):
                    continue
                seen.append(found)
                for multiplier in (found[2], -found[2]):
                    own = _equation(curve, constraint, float(multiplier))
                    own_ends = ends_of(own.variable, own.known, own.at, own.left_over)
                    best = checked(own, own_ends, family.member(found, own.variable), family.name)
                    if best is not None:
                        yield Constrained(float(multiplier), own, own_ends, best, False)


def _met(family: Bent, curve: Curve, constraint: Equation, ends: Ends, target: float, start: Array) -> Array | None:
    """The parameters with which a family meets both ends and the integral, looked for from `start`."""
    places, values = np.array([ends.left, ends.right]), np.array(ends.fixed, dtype=float)
    begun = start + np.array([0.0, (ends.left + ends.right) / 2, 0.0])

    def residuals(p: Array) -> Array:
        with np.errstate(all="ignore"):
            at_ends = family.value(p, places) - values
            if not np.all(np.isfinite(at_ends)):
                return np.full(3, 1e3)
            integral = number(constraint.left, curve.at(family.member(p, curve.variable))) - target
        return np.array([*at_ends, integral if math.isfinite(integral) else 1e3])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = optimize.root(residuals, begun, method="hybr", options={"xtol": 1e-13, "maxfev": 120})
    return np.asarray(found.x) if np.max(np.abs(residuals(found.x))) < 1e-10 else None


def _number(value: float) -> Constant:
    return Constant(Fraction(f"{value:.15g}"))
