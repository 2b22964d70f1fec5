"""The search for unknown numbers: from several starts, each on meshes that follow the laws that depend on them."""

from __future__ import annotations

import dataclasses

import numpy as np

from elbowroom.functional.support import Interval, Positive
from elbowroom.solution.attempt import Attempt
from elbowroom.solution.meshing import attempt_on, first_meshes
from elbowroom.solution.number_starts import Numbers, directions, number_starts, placed, value_there
from elbowroom.solution.point import Effort
from elbowroom.solution.statement import Statement

Array = np.ndarray

_MOST_MOVES, _FEW_MOVES = 10, 3
_STILL = 1e-3
_FAR = (1e2, 1e4, 1e6, 1e8)
_LEAST_STEP = 1e-3
_SAME = 1e-9
_FLAT = 1e-100
_NEARLY_SAME = 1e-6
_AT_THE_END, _NEAR_THE_END = 1e-5, 1e-3


_EFFORT = Effort(tolerance=1e-11, smallest_barrier=1e-12, most_steps=40)
_NONE = Effort(most_steps=0)
_FARTHEST = 1e9

Placed = tuple[Statement, Attempt]


@dataclasses.dataclass(frozen=True, eq=False)
class Settled:
    """The best that was found: the problem placed there, and where the value goes if not to an optimum.

    **Arguments.** `is_unbounded` if it falls for ever in some direction, to `beyond` as far as that was followed;
    `beyond` is the least value far out otherwise. `several` if there are optima of different values.
    """

    statement: Statement
    attempt: Attempt
    is_unbounded: bool
    beyond: float
    several: bool


def settled(statement: Statement) -> Settled:
    """The best of the optima that are found from several starts."""
    far, unbounded = _horizon(statement)
    if unbounded:
        return Settled(statement, attempt_on(statement, first_meshes(statement), effort=_NONE), True, far, False)
    found: list[Placed] = []
    for numbers in number_starts(statement):
        _follow(statement, numbers, found)
    best = found[0]
    for pair in found[1:]:
        if _is_lower(pair[1], best[1]):
            best = pair
    values = [pair[1].point.value for pair in found if pair[1].is_feasible and pair[1].is_settled]
    several = bool(values) and max(values) - min(values) > _SAME * (1 + abs(min(values)))
    return Settled(*best, False, far, several)


def _is_lower(one: Attempt, other: Attempt) -> bool:
    """Whether one attempt ended lower, by more than what minimisation leaves open; where not, how it ended decides."""
    values = one.point.value, other.point.value
    if one.is_feasible and other.is_feasible and abs(values[0] - values[1]) > _SAME * (1 + abs(values[1])):
        return values[0] < values[1]
    return one.is_better_than(other)


def _follow(statement: Statement, numbers: Numbers, found: list[Placed]) -> None:
    """The minimisation from some numbers, on new meshes each time that the laws have moved.

    Nothing is added to what was `found` where that is come near to again.
    """
    settled_before = any(other.is_settled for _, other in found)
    for left in reversed(range(_FEW_MOVES if settled_before else _MOST_MOVES)):
        here = placed(statement, numbers)
        meshes = first_meshes(here)
        attempt = attempt_on(here, meshes, effort=_EFFORT)
        after = numbers_of(attempt)
        if any(_distance(after, numbers_of(other)) < _STILL for _, other in found):
            return
        usable = all(np.isfinite(value) and abs(value) < _FARTHEST for value in after.values())
        moves = any(mesh.is_continuous for mesh in meshes.values()) and _distance(after, numbers) > _STILL
        if not left or not usable or not moves:
            found.append((here, attempt))
            return
        numbers = after


def _distance(one: Numbers, other: Numbers) -> float:
    return max(abs(one[name] - other[name]) / (_STILL + abs(other[name])) for name in one)


def numbers_of(found: Attempt) -> dict[str, float]:
    """The unknown numbers where an attempt ended."""
    return {number.name: float(found.table(number.name).item()) for number in found.discretised.statement.numbers}


def _horizon(statement: Statement) -> tuple[float, bool]:
    """The least value far out in any direction, and whether it falls there for ever, by steps that do not shrink."""
    least = np.inf
    for direction in directions(statement):
        values = [_far_value(statement, direction, reach) for reach in _FAR]
        usable = [value for value in values if np.isfinite(value)]
        least = min([least, *usable])
        steps = -np.diff(values)
        if len(usable) == len(values) and (steps > _LEAST_STEP).all() and steps[-1] > 0.5 * steps[0]:
            return values[-1], True
    return least, False


def _far_value(statement: Statement, direction: tuple[float, ...], reach: float) -> float:
    numbers: dict[str, float] = {}
    for number, sign in zip(statement.numbers, direction, strict=True):
        support = number.support
        if isinstance(support, Interval):
            lower, upper = float(support.lower), float(support.upper)
            numbers[number.name] = (lower + upper) / 2 + sign * (upper - lower) / 2 * (1 - 1 / reach)
        elif isinstance(support, Positive):
            numbers[number.name] = reach**sign
        else:
            numbers[number.name] = sign * reach
    value, violation = value_there(statement, numbers)
    return value if violation <= 1e-9 else np.inf


def is_only_approached(found: Settled) -> bool:
    """Whether the value is no lower than far out, and the numbers themselves have gone far, or to an open end."""
    attempt = found.attempt
    if found.beyond > attempt.point.value + _NEARLY_SAME * (1 + abs(attempt.point.value)):
        return False
    numbers = numbers_of(attempt)
    for number in found.statement.numbers:
        value = numbers[number.name]
        if abs(value) > 1 / _AT_THE_END or (isinstance(number.support, Positive) and value < _AT_THE_END):
            return True
    if found.beyond > attempt.point.value + _SAME * (1 + abs(attempt.point.value)):
        return False
    if any(isinstance(one.support, Positive) and numbers[one.name] < _NEAR_THE_END for one in found.statement.numbers):
        return True
    return found.beyond < attempt.point.value - _SAME * (1 + abs(attempt.point.value)) or _still_moves(attempt)


def _still_moves(attempt: Attempt) -> bool:
    """Whether another Newton step would move the numbers by more than they are determined by any optimum."""
    local = attempt.discretised.at(attempt.point.x)
    if local is None or len(local.residual):
        return False
    bend = local.curvature(np.zeros(0)).dense()
    step = np.linalg.lstsq(bend, -local.gradient, rcond=None)[0]
    direct = attempt.discretised.positivity.direct
    sizes = np.abs(attempt.point.x) + np.where(direct, 0.0, 1.0)
    return bool((np.abs(step) > _STILL * sizes).any())


def is_flat(attempt: Attempt) -> bool:
    """Whether slope and curvature are nothing at all, as where a functional has underflowed: no sign of an optimum."""
    local = attempt.discretised.at(attempt.point.x)
    if local is None or len(local.residual) or attempt.discretised.is_kinked:
        return False
    size = 1 + np.abs(attempt.point.x)
    bends = np.abs(local.curvature(np.zeros(0)).dense()) * size[:, None] * size
    return float(bends.max()) <= _FLAT and float((np.abs(local.gradient) * size).max()) <= _FLAT
