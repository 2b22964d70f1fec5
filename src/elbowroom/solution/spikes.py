"""Whether a functional falls for ever along densities that narrow, move out or spread: looked at before any search.

The densities are uniform ones, on intervals, or on boxes that narrow where there are several variables. Where
constraints on one variable are affine and there are no bounds, narrow intervals stand around atoms that meet them.
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
_GROWING = 10.0 ** np.arange(1, 10)
_LAST = 5
_HUGE = 1e300
_LEAST_STEP = 1e-2
_MOST_ATOMS = 6
_SMALLEST_MASS = 1e-6


@dataclasses.dataclass(frozen=True)
class Fall:
    """How a functional falls for ever: in which way, and to which value as far as that was followed."""

    way: str
    value: float


def endless_fall(statement: Statement, meshes: Mapping[str, Mesh]) -> Fall | None:
    """The first way in which a functional of one density falls for ever, if any does."""
    unknown = statement.problem.over[0]
    if len(statement.problem.over) > 1 or not isinstance(unknown, DensityValue) or statement.is_smooth(unknown):
        return None
    continuous = [variable.role for variable in unknown.of if meshes[variable.role].is_continuous]
    if not continuous or (len(unknown.of) + len(unknown.given) > 1 and statement.constraints):
        return None
    families = (
        _families(statement, meshes, continuous[0])
        if len(unknown.of) + len(unknown.given) == 1
        else [("narrows", [{role: [_narrow(meshes[role], share)] for role in continuous} for share in _SHRINKING])]
    )
    for way, family in families:
        values = [_value(statement, meshes, unknown, intervals) for intervals in family]
        values = np.maximum(values, -_HUGE)  # What overflows has fallen far enough.
        last = values if way == "narrows" else values[-_LAST:]
        if np.isfinite(values).all() and values[-1] < values[0] and _falls(last):
            return Fall(way, statement.sign * float(values[-1]))
    return None


def _falls(values: Array) -> bool:
    """Whether values fall, and by steps that do not shrink; the first that has overflowed ends them."""
    steps = -np.diff(values[: int(np.argmin(values)) + 1])
    if not len(steps) or not (steps > _LEAST_STEP * (1 + abs(values[0]))).all():
        return False
    return values.min() == -_HUGE or (len(steps) == len(values) - 1 and bool(steps[-1] > 0.5 * steps[0]))


def _families(
    statement: Statement, meshes: Mapping[str, Mesh], role: str
) -> Iterator[tuple[str, list[dict[str, list[Interval]]]]]:
    mesh = meshes[role]
    below, above = mesh.open_ends
    lower, upper = mesh.box
    if statement.constraints:
        atoms = _atoms(statement, meshes, role)
        if atoms:
            width = min(upper - lower, 1.0) / 10
            around = ([_around(place, mass, width * share, mesh) for place, mass in atoms] for share in _SHRINKING)
            yield "narrows", [{role: intervals} for intervals in around]
        return
    middle, width = (lower + upper) / 2, (upper - lower) / 4
    yield "narrows", [{role: [_narrow(mesh, share)]} for share in _SHRINKING]
    if above:
        yield "moves out", [{role: [(far, far + 1.0, 1.0)]} for far in middle + width * _GROWING]
        first = lower if not below else middle
        spreading = ((first - (far if below else 0.0), middle + far, 1.0) for far in width * _GROWING)
        yield "spreads", [{role: [interval]} for interval in spreading]
    if below:
        yield "moves out", [{role: [(-far - 1.0, -far, 1.0)]} for far in width * _GROWING - middle]
    if not below and above:
        yield "moves to its end", [{role: [(lower + share, lower + 2 * share, 1.0)]} for share in width * _SHRINKING]


def _narrow(mesh: Mesh, share: float) -> Interval:
    lower, upper = mesh.box
    return _around((lower + upper) / 2, 1.0, (upper - lower) / 4 * share, mesh)


def _around(place: float, mass: float, width: float, mesh: Mesh) -> Interval:
    """An interval of some width around a place, or beside it where the support ends there."""
    left = place - width / 2
    right = place + width / 2
    if not mesh.open_ends[0] and left < mesh.box[0]:
        left, right = mesh.box[0], mesh.box[0] + width
    if not mesh.open_ends[1] and right > mesh.box[1]:
        left, right = mesh.box[1] - width, mesh.box[1]
    return left, right, mass


def _value(
    statement: Statement, meshes: Mapping[str, Mesh], unknown: DensityValue, boxes: Mapping[str, list[Interval]]
) -> float:
    """What is minimised at a density that is uniform on some intervals of each continuous variable, and independent."""
    finer = dict(meshes)
    for role, intervals in boxes.items():
        ends = {end for left, right, _ in intervals for end in (left, right)}
        outside = [edge for edge in meshes[role].edges if not any(left < edge < right for left, right, _ in intervals)]
        finer[role] = meshes[role].with_edges(np.unique(np.array([*outside, *ends])))
    problem = _discretised(statement, finer)
    density = np.ones(())
    for place, variable in enumerate((*unknown.of, *unknown.given)):
        axis = problem.axes[variable.role]
        own = np.ones(axis.size)
        if variable.role in boxes:
            own = np.zeros(axis.size)
            for left, right, mass in boxes[variable.role]:
                own[(left < axis.nodes) & (axis.nodes < right)] += mass / (right - left)
        elif place < len(unknown.of):
            own /= axis.weights.sum()
        density = density[..., None] * own
    return problem.value_at(density.ravel())[0] if problem.size == density.size else np.nan


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
