"""The search for an unknown function: panels evenly spaced, or graded where the function is singular at an end."""

from __future__ import annotations

from elbowroom.errors import InputError
from elbowroom.functional.support import Circle, Interval
from elbowroom.solution.mesh import Mesh, curve_mesh
from elbowroom.solution.meshing import attempt_on, first_meshes
from elbowroom.solution.stages import Search
from elbowroom.solution.statement import Statement

_AGREEMENT = 1e-9
_END_POWERS = (1, 3, 2)
"""Near an end the axis is graded like t to this power: evenly, for roots of third order, for square roots."""


def search_curve(statement: Statement) -> Search:
    """An unknown function: evenly spaced panels, or graded ones where the two resolutions agree better."""
    best: Search | None = None
    for power in _END_POWERS:
        coarse, fine = (_curve_meshes(statement, panels, power) for panels in (16, 24))
        first = attempt_on(statement, coarse, best.fine if best is not None and best.fine.is_feasible else None)
        second = attempt_on(statement, fine, first)
        found = Search(statement, (), fine, first, second)
        if best is None or (found.fine.is_feasible and not best.difference <= found.difference):
            best = found
        if best.difference <= _AGREEMENT * (1 + abs(best.fine.value)):
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
