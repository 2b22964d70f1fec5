"""A picture of a solution: a curve for an unknown of one variable, a map for one of two."""

import os

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from elbowroom.errors import InputError
from elbowroom.functional.expression import Function
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.support import Finite
from elbowroom.solution.solution import Solution

_VISIBLE = 3e-3
_MOST_TICKS = 12


def plot(solution: Solution, path: str) -> str:
    """Draw each unknown density or function of one or two variables into the file `path`, which is returned.

    **Raises.** `InputError` if no unknown has one or two variables.
    """
    drawn = [(unknown, _variables(unknown)) for unknown in solution.problem.over]
    drawn = [(unknown, variables) for unknown, variables in drawn if 1 <= len(variables) <= 2]
    if not drawn:
        raise InputError("There is no unknown of one or two variables to draw. Leave out --plot.")
    mpl.use("Agg")
    figure = Figure(figsize=(6 * len(drawn), 4), layout="constrained")
    axes = figure.subplots(1, len(drawn), squeeze=False)[0]
    for axis, (unknown, variables) in zip(axes, drawn, strict=True):
        name = to_text(unknown)
        nodes = [solution.grid[variable.role] for variable in variables]
        table = np.asarray(solution.density[name])
        axis.set_xlabel(variables[0].name)
        if len(variables) == 1:
            _curve(axis, variables[0], nodes[0], table, whole=isinstance(unknown, Function))
            axis.set_ylabel(name)
        else:
            importance = solution.importance.get(name, np.ones_like(table))
            _map(figure, axis, variables, nodes, table, importance, name)
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise InputError(f"The picture {os.fspath(path)} cannot be written: {error.strerror or error}.") from error
    return path


def _curve(axis, variable: Variable, nodes: np.ndarray, table: np.ndarray, whole: bool) -> None:
    if isinstance(variable.support, Finite):
        axis.bar(nodes, table, width=0.6)
        axis.set_xticks(nodes if len(nodes) <= _MOST_TICKS else nodes[:: len(nodes) // _MOST_TICKS])
        return
    places = slice(None) if whole else _seen(table, variable)
    axis.plot(nodes[places], table[places])
    axis.grid(alpha=0.3)


def _map(
    figure: Figure,
    axis,
    variables: tuple[Variable, ...],
    nodes: list[np.ndarray],
    table: np.ndarray,
    importance: np.ndarray,
    name: str,
) -> None:
    heights = np.abs(table * importance)
    across, up = (_seen(heights.max(axis=1 - place), variable) for place, variable in enumerate(variables))
    image = axis.pcolormesh(
        nodes[0][across], nodes[1][up], table[across, up].T, shading="nearest", cmap="viridis", vmin=0.0
    )
    axis.set_ylabel(variables[1].name)
    for variable, values, show in zip(variables, nodes, (axis.set_xticks, axis.set_yticks), strict=True):
        if isinstance(variable.support, Finite) and len(values) <= _MOST_TICKS:
            show(values)
    figure.colorbar(image, ax=axis, label=name)


def _seen(heights: np.ndarray, variable: Variable) -> slice:
    """The nodes where a density is not all but zero: those of an unbounded variable reach far out."""
    if isinstance(variable.support, Finite):
        return slice(None)
    seen = np.flatnonzero(np.abs(heights) > _VISIBLE * np.abs(heights).max())
    return slice(max(0, int(seen[0]) - 2), int(seen[-1]) + 3) if len(seen) else slice(None)


def _variables(unknown: object) -> tuple[Variable, ...]:
    if isinstance(unknown, DensityValue):
        return (*unknown.of, *unknown.given)
    if isinstance(unknown, Function):
        return tuple(argument for argument in unknown.arguments if isinstance(argument, Variable))
    return ()
