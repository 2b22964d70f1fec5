"""What a problem is put on at first: the mesh of every variable, the spline of every smooth unknown."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from elbowroom.errors import InputError
from elbowroom.functional.functionals import Integral
from elbowroom.functional.support import Circle, Finite
from elbowroom.functional.traverse import walk
from elbowroom.solution.attempt import Attempt, attempt
from elbowroom.solution.extent import foci
from elbowroom.solution.kinks import kinks
from elbowroom.solution.layout import key_of
from elbowroom.solution.mesh import Mesh, first_mesh, observed_mesh
from elbowroom.solution.point import Effort
from elbowroom.solution.scene import Scene
from elbowroom.solution.spline import Spline
from elbowroom.solution.statement import Statement

_JOINT_EFFORT = Effort(tolerance=1e-14, smallest_barrier=1e-9, most_steps=200)


def first_meshes(statement: Statement) -> dict[str, Mesh]:
    """The first mesh of every variable."""
    places = foci(statement)
    observed = {variable.role: value for variable, value in statement.setting.observed.items()}
    wide = joint_roles(statement)
    several = has_double_integrals(statement)
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


def has_double_integrals(statement: Statement) -> bool:
    """Whether arrays have two dimensions or more: then nodes are dear."""
    bound = {node.variable.name for root in statement.expressions for node in walk(root) if isinstance(node, Integral)}
    return sum(not isinstance(statement.supports[statement.names[name]], Finite) for name in bound) > 1


def joint_roles(statement: Statement) -> set[str]:
    """The continuous variables of unknown densities of several continuous variables."""
    found: set[str] = set()
    for density in statement.densities:
        roles = [variable.role for variable in (*density.of, *density.given)]
        continuous = [role for role in roles if not isinstance(statement.supports[role], Finite)]
        if len(continuous) > 1:
            found.update(continuous)
    return found


def splines_of(statement: Statement, meshes: Mapping[str, Mesh]) -> dict[Hashable, Spline]:
    """The splines of the densities whose derivatives occur, and of the unknown functions; each of one variable.

    **Raises.** `InputError` for one of several variables.
    """
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


def attempt_on(
    statement: Statement, meshes: Mapping[str, Mesh], before: Attempt | None = None, effort: Effort | None = None
) -> Attempt:
    """The solution on `meshes`, from the solution `before` if there is one."""
    axes = {role: mesh.axis() for role, mesh in meshes.items()}
    effort = effort or (_JOINT_EFFORT if joint_roles(statement) else Effort())
    return attempt(statement, axes, splines_of(statement, meshes), before, effort)
