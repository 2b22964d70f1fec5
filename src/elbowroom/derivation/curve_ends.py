"""What is known at the ends of a curve: fixed values, and natural conditions where nothing is fixed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.errors import InputError
from elbowroom.functional.differential import PointValue
from elbowroom.functional.expression import Equation, Expression, Function, Inequality
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.support import Circle, Interval
from elbowroom.functional.traverse import walk

Candidate = Expression
"""A curve y(x) as an expression in x."""


@dataclasses.dataclass(frozen=True)
class Ends:
    """The interval of a curve and its conditions: each a function from a candidate to a residual, and its text."""

    left: float
    right: float
    conditions: tuple[tuple[str, Callable[[Candidate], float]], ...]
    fixed: tuple[float | None, float | None]

    @property
    def both_fixed(self) -> bool:
        """Whether the value of the curve is given at both ends."""
        return self.fixed[0] is not None and self.fixed[1] is not None


@dataclasses.dataclass(frozen=True)
class Sorted:
    """The constraints of a problem over a curve: values at points, integrals, and bounds on values and on integrals."""

    values: tuple[tuple[float, float], ...]
    integrals: tuple[Equation, ...]
    bounds: tuple[Inequality, ...]
    integral_bounds: tuple[Inequality, ...] = ()

    def contradiction(self) -> str | None:
        """Why no curve has all the values, where two of them are given at one point; None where none is."""
        known: dict[float, float] = {}
        for place, value in self.values:
            before = known.setdefault(place, value)
            if abs(before - value) > 1e-12 * (1 + abs(value)):
                return (
                    f"No curve is {before:g} and {value:g} at {place:g}: the two values contradict each other, so the "
                    "problem is infeasible. Leave one of them out."
                )
        return None


def sorted_constraints(problem: Problem, scene: Scene) -> Sorted:
    """The constraints by kind. Raises `InputError` for one that is of none of them."""
    curve = problem.over[0]
    assert isinstance(curve, Function)
    found: list[tuple[float, float]] = []
    integrals: list[Equation] = []
    bounds: list[Inequality] = []
    integral_bounds: list[Inequality] = []
    for one in problem.subject_to:
        if isinstance(one, Inequality) and any(isinstance(node, Integral) for node in walk(one.left - one.right)):
            integral_bounds.append(one)
        elif isinstance(one, Inequality):
            bounds.append(one)
        elif _is_value(one.left, curve):
            found.append((_point(one.left, scene), number(one.right, scene)))
        elif any(isinstance(node, Function) and node.name == curve.name for node in walk(one.left)):
            integrals.append(one)
        else:
            raise InputError(f"The constraint {to_text(one)} does not contain {curve}. Leave it out.")
    return Sorted(tuple(found), tuple(integrals), tuple(bounds), tuple(integral_bounds))


def ends_of(
    variable: Variable, known: Sorted, scene_of: Callable[[Candidate], Scene], natural: Expression | None
) -> Ends:
    """The conditions at both ends; `natural` is the factor of eta there, which vanishes where nothing is fixed."""
    left, right = interval(variable)
    for place, _ in known.values:
        if not left - 1e-9 * (1 + abs(left)) <= place <= right + 1e-9 * (1 + abs(right)):
            raise InputError(
                f"A value of the curve is given at {variable} = {place:g}, outside [{left:g}, {right:g}], where the "
                "curve is sought. Widen the interval, or leave the value out."
            )
    conditions: list[tuple[str, Callable[[Candidate], float]]] = []
    fixed: list[float | None] = []
    for place in (left, right):
        value = next((v for at, v in known.values if abs(at - place) < 1e-9 * (1 + abs(place))), None)
        fixed.append(value)
        if value is not None:
            conditions.append((f"eta({place:g}) = 0", _at(variable, place, value, scene_of)))
        elif natural is not None:
            told = f"{to_text(natural)} = 0 at {variable} = {place:g}"
            conditions.append((told, _natural(natural, variable, place, scene_of)))
    return Ends(left, right, tuple(conditions), (fixed[0], fixed[1]))


def interval(variable: Variable) -> tuple[float, float]:
    """The ends of the interval of a variable."""
    match variable.support:
        case Interval(lower, upper):
            return float(lower), float(upper)
        case Circle():
            return -float(np.pi), float(np.pi)
    raise InputError(
        f"A curve is sought over {variable.name}, whose support is {variable.support}; give it an interval [a, b]."
    )


def _at(variable: Variable, place: float, value: float, scene_of: Callable[[Candidate], Scene]):
    def residual(candidate: Candidate) -> float:
        return number(candidate, scene_of(candidate), {variable.name: place}) - value

    return residual


def _natural(natural: Expression, variable: Variable, place: float, scene_of: Callable[[Candidate], Scene]):
    def residual(candidate: Candidate) -> float:
        return number(natural, scene_of(candidate), {variable.name: place})

    return residual


def _is_value(left: Expression, curve: Function) -> bool:
    if isinstance(left, PointValue):
        return isinstance(left.expression, Function) and left.expression.name == curve.name
    return isinstance(left, Function) and left.name == curve.name and not isinstance(left.arguments[0], Variable)


def _point(left: Expression, scene: Scene) -> float:
    if isinstance(left, PointValue):
        return number(left.point, scene)
    assert isinstance(left, Function)
    return number(left.arguments[0], scene)
