"""The search for axes on which the problem is solved: wider, finer, until two resolutions agree."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping

import numpy as np

from elbowroom.errors import InputError
from elbowroom.functional.functionals import Integral
from elbowroom.functional.support import Circle, Finite, Interval
from elbowroom.functional.traverse import walk
from elbowroom.solution.attempt import Attempt, attempt
from elbowroom.solution.discretised import discretise, key_of
from elbowroom.solution.extent import foci
from elbowroom.solution.feasibility import nearest
from elbowroom.solution.interior import MOST_STEPS
from elbowroom.solution.kinks import kinks
from elbowroom.solution.mesh import Mesh, curve_mesh, first_mesh, observed_mesh
from elbowroom.solution.refinement import divided, profile, reaching_further, split_at_boundaries, widened
from elbowroom.solution.scene import Scene
from elbowroom.solution.spline import Spline
from elbowroom.solution.start import start
from elbowroom.solution.statement import Statement

Array = np.ndarray

_MOST_ROUNDS = 14
_MOST_NODES = 700
_NEGLIGIBLE = 1e-13
_RESOLVED = 1e-10
_FAR_OUT = 6
_END_POWERS = (1, 3, 2)
"""Near an end the axis is graded like t to this power: evenly, for roots of third order, for square roots."""

_TOLERANCE = 1e-13
_JOINT_TOLERANCE = 1e-11


@dataclasses.dataclass(frozen=True)
class Stage:
    """What one round of the search found: its reach, the value, and what share of an integral is at the ends."""

    reach: float
    value: float
    escape: float
    feasible: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Search:
    """How the search went: its stages, and the last two attempts, the finer one last."""

    statement: Statement
    stages: tuple[Stage, ...]
    meshes: Mapping[str, Mesh]
    coarse: Attempt
    fine: Attempt

    @property
    def difference(self) -> float:
        """By how much the values of the two resolutions differ."""
        return abs(self.fine.value - self.coarse.value)


def search(statement: Statement) -> Search:
    """Find axes and solve on them."""
    if statement.functions:
        return _search_curve(statement)
    return _search(statement, first_meshes(statement))


def first_meshes(statement: Statement) -> dict[str, Mesh]:
    """The first mesh of every variable."""
    places = foci(statement)
    observed = {variable.role: value for variable, value in statement.setting.observed.items()}
    wide = _joint_roles(statement)
    several = _has_double_integrals(statement)
    meshes: dict[str, Mesh] = {}
    for role, support in statement.supports.items():
        if role in observed:
            meshes[role] = observed_mesh(support, observed[role])
            continue
        smooth = any(statement.is_smooth(density) for density in statement.densities if density.of[0].role == role)
        order, fineness = (8, 0.7) if role in wide else (8, 0.8) if several else (10, 2.5) if smooth else (12, 1.0)
        widths = 8.0 if role in wide else 12.0
        meshes[role] = first_mesh(support, places.get(role, ()), order, fineness, widths)
    scene = Scene(
        statement.setting,
        {name: place for place, name in enumerate(statement.names)},
        {role: mesh.axis() for role, mesh in meshes.items()},
        {},
    )
    for role, points in kinks(statement, scene).items():
        if meshes[role].is_continuous:
            meshes[role] = meshes[role].split_at(points)
    return meshes


def _has_double_integrals(statement: Statement) -> bool:
    """Whether arrays have two dimensions or more: then nodes are dear."""
    bound = {node.variable.name for root in statement.expressions for node in walk(root) if isinstance(node, Integral)}
    return sum(not isinstance(statement.supports[statement.names[name]], Finite) for name in bound) > 1


def _joint_roles(statement: Statement) -> set[str]:
    """The continuous variables of unknown densities of several continuous variables."""
    found: set[str] = set()
    for density in statement.densities:
        roles = [variable.role for variable in (*density.of, *density.given)]
        continuous = [role for role in roles if not isinstance(statement.supports[role], Finite)]
        if len(continuous) > 1:
            found.update(continuous)
    return found


def _splines(statement: Statement, meshes: Mapping[str, Mesh]) -> dict[Hashable, Spline]:
    splines: dict[Hashable, Spline] = {}
    for density in statement.densities:
        if statement.is_smooth(density):
            if len(density.of) + len(density.given) > 1:
                raise InputError(
                    f"solve computes with derivatives of densities of one variable only, and {density} has several."
                )
            splines[density] = _spline(statement, density.of[0].role, meshes)
    for function in statement.functions:
        if len(function.arguments) != 1:
            raise InputError(f"solve works with unknown functions of one variable, and {function} has several.")
        role = function.arguments[0].role  # pyright: ignore[reportAttributeAccessIssue]
        splines[key_of(function)] = _spline(statement, role, meshes)
    return splines


def _spline(statement: Statement, role: str, meshes: Mapping[str, Mesh]) -> Spline:
    mesh = meshes[role]
    if not mesh.is_continuous:
        raise InputError(f"The derivative by {role} needs a variable of a continuous support.")
    periodic = isinstance(statement.supports[role], Circle)
    return Spline(mesh.edges, mesh.chart, periodic=periodic)


def _attempt(
    statement: Statement, meshes: Mapping[str, Mesh], before: Attempt | None = None, most_steps: int = MOST_STEPS
) -> Attempt:
    axes = {role: mesh.axis() for role, mesh in meshes.items()}
    tolerance = _JOINT_TOLERANCE if _joint_roles(statement) else _TOLERANCE
    return attempt(statement, axes, _splines(statement, meshes), before, tolerance, most_steps)


def _search(statement: Statement, meshes: dict[str, Mesh]) -> Search:
    joint = bool(_joint_roles(statement))
    negligible, resolved = (1e-9, 1e-5) if joint else (_NEGLIGIBLE, _RESOLVED)
    if _has_double_integrals(statement) and not joint:
        negligible, resolved = 1e-11, 1e-9
    if any(statement.is_smooth(density) for density in statement.densities):
        negligible, resolved = 1e-9, 1e-9
    stages: list[Stage] = []
    if statement.constraints and _hopeless(statement, meshes):
        now = _attempt(statement, meshes, most_steps=0)
        return Search(statement, (), meshes, now, now)
    now = _attempt(statement, meshes)
    for _ in range(_MOST_ROUNDS):
        seen = {role: profile(now, role) for role, mesh in meshes.items() if mesh.is_continuous}
        stages.append(_stage(now, meshes, seen))
        better = {
            role: widened(mesh, seen[role], negligible) if role in seen else mesh for role, mesh in meshes.items()
        }
        if all(better[role] is meshes[role] for role in meshes):
            if len(stages) > 1 and stages[-2].reach == stages[-1].reach and _agree(stages[-2].value, stages[-1].value):
                break
            if joint:
                break
            better = {
                role: divided(mesh, seen[role], resolved) if role in seen else mesh for role, mesh in meshes.items()
            }
            better = split_at_boundaries(better, now)
        if all(np.array_equal(better[role].edges, meshes[role].edges) for role in meshes):
            break
        if now.point.stopped == "unbounded" or _nodes(better) > _MOST_NODES or (joint and len(stages) > 2):
            break
        further = _attempt(statement, better, now if now.is_feasible else None)
        if now.is_feasible and not further.is_feasible and further.point.stopped != "unbounded":
            break
        meshes, now = better, further
    if not any(mesh.is_continuous for mesh in meshes.values()):
        return Search(statement, tuple(stages), meshes, now, now)
    fine = {role: mesh.finer() if mesh.is_continuous else mesh for role, mesh in meshes.items()}
    if any(statement.is_smooth(density) for density in statement.densities):
        fine = {role: mesh.halved() if mesh.is_continuous else mesh for role, mesh in meshes.items()}
    finest = _attempt(statement, fine, now if now.is_feasible else None)
    return Search(statement, tuple(stages), fine, now, finest)


def _agree(first: float, second: float) -> bool:
    return abs(first - second) <= 1e-12 * (1 + abs(second))


def _hopeless(statement: Statement, meshes: Mapping[str, Mesh]) -> bool:
    """Whether nothing meets the constraints, however far out one looks."""
    wide = dict(meshes)
    for _ in range(_FAR_OUT):
        wide = {role: reaching_further(mesh) if mesh.is_continuous else mesh for role, mesh in wide.items()}
    axes = {role: mesh.axis() for role, mesh in wide.items()}
    discretised = discretise(statement, axes, _splines(statement, wide))
    closest = nearest(discretised, start(discretised))
    return closest is not None and not closest.is_feasible


def _stage(now: Attempt, meshes: Mapping[str, Mesh], seen: Mapping) -> Stage:
    reach, escape = 0.0, 0.0
    for role, found in seen.items():
        mesh = meshes[role]
        for is_open, share in zip(mesh.open_ends, found.escape, strict=True):
            if is_open:
                reach = max(reach, mesh.box[1] - mesh.box[0])
                escape = max(escape, share)
    return Stage(reach, now.value, escape, now.is_feasible)


def _nodes(meshes: Mapping[str, Mesh]) -> int:
    return max((len(mesh.edges) * mesh.order for mesh in meshes.values() if mesh.is_continuous), default=0)


def _search_curve(statement: Statement) -> Search:
    """An unknown function: evenly spaced panels, or graded ones where the two resolutions agree better."""
    best: Search | None = None
    for power in _END_POWERS:
        coarse, fine = (_curve_meshes(statement, panels, power) for panels in (16, 24))
        first = _attempt(statement, coarse, best.fine if best is not None and best.fine.is_feasible else None)
        second = _attempt(statement, fine, first)
        found = Search(statement, (), fine, first, second)
        if best is None or (found.fine.is_feasible and not best.difference <= found.difference):
            best = found
        if best.difference <= 1e-9 * (1 + abs(best.fine.value)):
            break
    assert best is not None
    return best


def _curve_meshes(statement: Statement, panels: int, power: int) -> dict[str, Mesh]:
    roles = {function.arguments[0].role for function in statement.functions}  # pyright: ignore
    meshes = first_meshes(statement)
    for role in roles:
        if not isinstance(statement.supports[role], Interval | Circle):
            raise InputError(
                f"solve finds functions on an interval, and {role} ranges over {statement.supports[role]}."
            )
        meshes[role] = curve_mesh(statement.supports[role], panels, power)
    return meshes
