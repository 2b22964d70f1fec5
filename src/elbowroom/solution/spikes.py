"""Whether a functional falls for ever along densities that narrow, move out or spread: looked at before any search.

The densities are uniform ones, on intervals. Where constraints are affine and there are no bounds, narrow intervals
stand around atoms that meet the constraints.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from elbowroom.functional.law import DensityValue
from elbowroom.solution.discretised import Discretised, discretise
from elbowroom.solution.feasibility import nearest
from elbowroom.solution.mesh import Mesh
from elbowroom.solution.start import start
from elbowroom.solution.statement import Statement

Array = np.ndarray
Interval = tuple[float, float, float]
"""The ends of an interval, and the mass on it."""

_SHRINKING = 10.0 ** -np.arange(1, 7)
_GROWING = 10.0 ** np.arange(1, 7)
_LEAST_STEP = 1e-2
_MOST_ATOMS = 6
_SMALLEST_MASS = 1e-6


@dataclasses.dataclass(frozen=True)
class Fall:
    """How a functional falls for ever: in which way, and to which value as far as that was followed."""

    way: str
    value: float


def endless_fall(statement: Statement, meshes: Mapping[str, Mesh]) -> Fall | None:
    """The first way in which a functional of one density of one continuous variable falls for ever, if any does."""
    unknown = statement.problem.over[0]
    if len(statement.problem.over) > 1 or not isinstance(unknown, DensityValue) or len(unknown.of) != 1:
        return None
    if unknown.given or statement.is_smooth(unknown):
        return None
    role = unknown.of[0].role
    if not meshes[role].is_continuous:
        return None
    for way, family in _families(statement, meshes, role):
        values = [_value(statement, meshes, role, intervals) for intervals in family]
        steps = -np.diff(values)
        if not np.isfinite(values).all() or not (steps > _LEAST_STEP * (1 + abs(values[0]))).all():
            continue
        if steps[-1] > 0.5 * steps[0]:
            return Fall(way, statement.sign * values[-1])
    return None


def _families(
    statement: Statement, meshes: Mapping[str, Mesh], role: str
) -> Iterator[tuple[str, list[list[Interval]]]]:
    mesh = meshes[role]
    below, above = mesh.open_ends
    lower, upper = mesh.box
    if statement.constraints:
        atoms = _atoms(statement, meshes, role)
        if atoms:
            width = min(upper - lower, 1.0) / 10
            yield (
                "narrows",
                [[_around(place, mass, width * share, mesh) for place, mass in atoms] for share in _SHRINKING],
            )
        return
    middle, width = (lower + upper) / 2, (upper - lower) / 4
    yield "narrows", [[_around(middle, 1.0, width * share, mesh)] for share in _SHRINKING]
    if above:
        yield "moves out", [[(far, far + 1.0, 1.0)] for far in middle + width * _GROWING]
        start_of_wide = lower if not below else middle
        yield "spreads", [[(start_of_wide - (far if below else 0.0), middle + far, 1.0)] for far in width * _GROWING]
    if below:
        yield "moves out", [[(-far - 1.0, -far, 1.0)] for far in width * _GROWING - middle]
    if not below and above:
        yield "moves to its end", [[(lower + share, lower + 2 * share, 1.0)] for share in width * _SHRINKING]


def _around(place: float, mass: float, width: float, mesh: Mesh) -> Interval:
    """An interval of some width around a place, or beside it where the support ends there."""
    left = place - width / 2
    right = place + width / 2
    if not mesh.open_ends[0] and left < mesh.box[0]:
        left, right = mesh.box[0], mesh.box[0] + width
    if not mesh.open_ends[1] and right > mesh.box[1]:
        left, right = mesh.box[1] - width, mesh.box[1]
    return left, right, mass


def _value(statement: Statement, meshes: Mapping[str, Mesh], role: str, intervals: list[Interval]) -> float:
    """What is minimised at a density that is uniform on each of some intervals."""
    edges = {end for left, right, _ in intervals for end in (left, right)}
    inside = [edge for edge in meshes[role].edges if not any(left < edge < right for left, right, _ in intervals)]
    mesh = meshes[role].with_edges(np.unique(np.array([*inside, *edges])))
    problem = _discretised(statement, {**meshes, role: mesh})
    nodes = problem.axes[role].nodes
    density = np.zeros(len(nodes))
    for left, right, mass in intervals:
        density[(left < nodes) & (nodes < right)] += mass / (right - left)
    return problem.value_at(density)[0] if problem.size == len(density) else np.nan


def _discretised(statement: Statement, meshes: Mapping[str, Mesh]) -> Discretised:
    return discretise(statement, {role: mesh.axis() for role, mesh in meshes.items()}, {})


def _atoms(statement: Statement, meshes: Mapping[str, Mesh], role: str) -> list[tuple[float, float]]:
    """Few places with the masses there that meet the constraints, far enough apart; none where these are curved."""
    problem = _discretised(statement, meshes)
    if problem.bounds or not problem.is_affine or any(condition.node.size > 1 for condition in problem.conditions):
        return []
    closest = nearest(problem, start(problem))
    if closest is None or not closest.is_feasible or len(closest.x) != problem.axes[role].size:
        return []
    masses = closest.x * problem.axes[role].weights
    chosen = np.flatnonzero(masses > _SMALLEST_MASS)
    if not 0 < len(chosen) <= _MOST_ATOMS:
        return []
    return [(float(problem.axes[role].nodes[place]), float(masses[place])) for place in chosen]
