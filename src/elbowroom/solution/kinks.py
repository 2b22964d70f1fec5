"""Where known functions have kinks or jumps: panels end there, so that quadrature keeps its order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import brentq

from elbowroom.errors import InputError
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import Expression, Function
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.traverse import free_variables, walk
from elbowroom.solution.graph import Known
from elbowroom.solution.layout import key_of
from elbowroom.solution.pointwise import KINKED
from elbowroom.solution.scene import Scene
from elbowroom.solution.statement import Statement
from elbowroom.solution.tabulate import tabulate


def kinks(statement: Statement, scene: Scene) -> dict[str, tuple[float, ...]]:
    """For each role the values where something known of that variable alone is not smooth."""
    found: dict[str, set[float]] = {}
    for root in _roots(statement):
        for node in walk(root):
            if isinstance(node, Elementary) and node.name in KINKED and not _is_unknown(node.argument, statement):
                for role, place in _sign_changes(node.argument, scene):
                    found.setdefault(role, set()).add(place)
            elif isinstance(node, Integral) and node.lower is not None and node.upper is not None:
                for end in (node.lower, node.upper):
                    place = _number(end, scene)
                    if place is not None:
                        found.setdefault(node.variable.role, set()).add(place)
    return {role: tuple(sorted(places)) for role, places in found.items()}


def _roots(statement: Statement) -> Iterator[Expression]:
    yield from statement.expressions
    for meaning in (*statement.setting.laws.values(), *statement.setting.functions.values()):
        if isinstance(meaning, Expression):
            yield meaning


def _is_unknown(argument: Expression, statement: Statement) -> bool:
    unknown = {key_of(density) for density in statement.densities} | {key_of(one) for one in statement.functions}
    return any(isinstance(node, DensityValue | Function) and key_of(node) in unknown for node in walk(argument))


def _sign_changes(argument: Expression, scene: Scene) -> Iterator[tuple[str, float]]:
    variables = tuple(free_variables(argument))
    if len(variables) != 1 or not scene.axis(variables[0]).is_continuous:
        return
    variable: Variable = variables[0]
    try:
        values = tabulate(argument, scene)
    except InputError:
        return
    if not isinstance(values, Known):
        return
    nodes, flat = scene.axis(variable).nodes, values.array.ravel()
    if len(flat) != len(nodes):
        return

    def at(place: float) -> float:
        value = tabulate(argument, scene.binding(**{variable.name: scene.number(place)}))
        return float(value.array.item()) if isinstance(value, Known) else np.nan

    for place in np.flatnonzero((flat[:-1] * flat[1:] <= 0) & (flat[:-1] != flat[1:]))[:20]:
        yield variable.role, float(brentq(at, nodes[place], nodes[place + 1], xtol=1e-15))  # pyright: ignore


def _number(expression: Expression, scene: Scene) -> float | None:
    if free_variables(expression):
        return None
    value = tabulate(expression, scene)
    return float(value.array.item()) if isinstance(value, Known) else None
