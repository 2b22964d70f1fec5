"""What first meshes do not see of known functions of one variable: needles between nodes, found on a dense grid.

A needle narrower than the distance of the nodes leaves no trace in any integral over them, however well two
resolutions agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.expression import Constant, Exp, Expression, Function, Parameter
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.traverse import children, free_variables
from elbowroom.solution.axis import Axis
from elbowroom.solution.graph import Known
from elbowroom.solution.layout import key_of
from elbowroom.solution.mesh import Mesh
from elbowroom.solution.scene import Scene
from elbowroom.solution.statement import Statement
from elbowroom.solution.tabulate import tabulate, tabulate_log

Array = np.ndarray

_POINTS = 50_000
_ROUNDS = 5
_MOST_NEEDLES = 8
_SURPRISING = 0.2
_FLANK = 0.1
_LARGEST_SHARE = 0.05
_GRADES = 0.5 * 2.0 ** np.arange(-1, 8)


def with_needles(statement: Statement, meshes: Mapping[str, Mesh]) -> dict[str, Mesh]:
    """The meshes, finer where something known of one variable stands out between the nodes."""
    result = dict(meshes)
    for role, mesh in meshes.items():
        if mesh.is_continuous and mesh.chart.position(mesh.edges[:1]) == mesh.edges[:1]:
            for expression in _known_of(role, statement, meshes):
                result[role] = _refined(result[role], expression, role, statement)
    return result


def _known_of(role: str, statement: Statement, meshes: Mapping[str, Mesh]) -> list[Expression]:
    found: dict[str, Expression] = {}
    for root in statement.expressions:
        for expression in _maximal(root, role, statement):
            found.setdefault(str(expression), expression)
    for law in statement.setting.laws:
        if [variable.role for variable in (*law.of, *law.given)] == [role]:
            found.setdefault(str(law), law)
    return list(found.values())[:6]


def _maximal(node: Expression, role: str, statement: Statement) -> Iterator[Expression]:
    """The largest parts that are known functions of a variable and nothing else; more than the variable itself."""
    if isinstance(node, Variable | Constant | Parameter):
        return
    variables = free_variables(node)
    if not variables:
        roots = children(node)
    elif [variable.role for variable in variables] == [role] and not _has_unknown(node, statement):
        yield node
        return
    else:
        roots = children(node)
    for child in roots:
        yield from _maximal(child, role, statement)


def _has_unknown(node: Expression, statement: Statement) -> bool:
    unknown = {key_of(one) for one in statement.problem.over}
    if isinstance(node, DensityValue):
        return not any(key_of(law) == key_of(node) for law in statement.setting.laws)
    if isinstance(node, Function | Parameter) and key_of(node) in unknown:
        return True
    return any(_has_unknown(child, statement) for child in children(node))


def _refined(mesh: Mesh, expression: Expression, role: str, statement: Statement) -> Mesh:
    """The mesh with graded edges about the needles of one expression."""
    lower, upper = mesh.box
    places = np.linspace(lower, upper, _POINTS + 2)[1:-1]
    dense = _values(expression, places, role, statement)
    if dense is None:
        return mesh
    for _ in range(_ROUNDS):
        axis = mesh.axis()
        seen = _values(expression, axis.nodes, role, statement)
        if seen is None:
            return mesh
        surprise = np.abs(dense - _interpolated(axis, seen, places))
        allowed = _SURPRISING * (1 + _range_by_panel(axis, seen, places))
        surprise = np.where(np.isfinite(surprise) & (surprise > allowed), surprise, 0.0)
        share = np.count_nonzero(surprise) / len(places)
        if share == 0 or share > _LARGEST_SHARE:
            return mesh  # What is nowhere resolved, such as fast waves, shows in the integrals over the nodes.
        edges = np.unique(np.concatenate([mesh.edges, *_grades_about(places, surprise, lower, upper)]))
        if len(edges) == len(mesh.edges):
            return mesh
        mesh = mesh.with_edges(edges)
    return mesh


def _values(expression: Expression, places: Array, role: str, statement: Statement) -> Array | None:
    """The values of an expression at places of its variable, the logarithm of what is a density."""
    axes = {other: Axis(places, np.ones(len(places))) for other in (*statement.supports, role)}
    dimensions = {name: place for place, name in enumerate(statement.names)}
    scene = Scene(statement.setting, dimensions, axes, {})
    (variable,) = free_variables(expression)
    alone = {name: scene.number(0.5) for name in statement.names if name != variable.name}
    scene = scene.binding(**alone)
    is_density = isinstance(expression, DensityValue | Exp)
    try:
        values = (tabulate_log if is_density else tabulate)(expression, scene)
    except (InputError, MissingRule):
        return None
    return values.array.ravel() if isinstance(values, Known) and values.size == len(places) else None


def _interpolated(axis: Axis, values: Array, places: Array) -> Array:
    """The polynomial through the nodes of each panel, at other places."""
    panels, order = len(axis.edges) - 1, axis.order
    points, weights = np.polynomial.legendre.leggauss(order)
    scale = (2 * np.arange(order) + 1) / 2
    to_coefficients = np.polynomial.legendre.legvander(points, order - 1) * weights[:, None] * scale
    coefficients = np.where(np.isfinite(values), values, 0.0).reshape(panels, order) @ to_coefficients
    panel = np.clip(np.searchsorted(axis.edges, places) - 1, 0, panels - 1)
    left, right = axis.edges[panel], axis.edges[panel + 1]
    inside = np.polynomial.legendre.legvander(2 * (places - left) / (right - left) - 1, order - 1)
    return np.einsum("pk,pk->p", inside, coefficients[panel])


def _range_by_panel(axis: Axis, values: Array, places: Array) -> Array:
    panels = len(axis.edges) - 1
    heights = np.ptp(np.where(np.isfinite(values), values, 0.0).reshape(panels, axis.order), axis=1)
    return heights[np.clip(np.searchsorted(axis.edges, places) - 1, 0, panels - 1)]


def _grades_about(places: Array, surprise: Array, lower: float, upper: float) -> Iterator[Array]:
    """Edges about the highest surprises, from as close as these are wide to far from them."""
    spacing = places[1] - places[0]
    for _ in range(_MOST_NEEDLES):
        top = int(surprise.argmax())
        height = surprise[top]
        if height == 0:
            return
        low = surprise <= _FLANK * height
        before, behind = np.flatnonzero(low[:top]), np.flatnonzero(low[top:])
        first = int(before[-1]) + 1 if len(before) else 0
        last = top + int(behind[0]) - 1 if len(behind) else len(places) - 1
        width = (last - first + 1) * spacing
        about = np.concatenate([places[top] - width * _GRADES, places[top] + width * _GRADES])
        yield about[(about > lower) & (about < upper)]
        surprise = np.where(np.abs(places - places[top]) <= width * _GRADES[2], 0.0, surprise)
