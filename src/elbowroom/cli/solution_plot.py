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
            _curve(axis, variables[0], nodes[0], table)
            axis.set_ylabel(name)
        else:
            image = axis.pcolormesh(*nodes, table.T, shading="nearest", cmap="viridis")
            axis.set_ylabel(variables[1].name)
            figure.colorbar(image, ax=axis, label=name)
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise InputError(f"The picture {os.fspath(path)} cannot be written: {error.strerror or error}.") from error
    return path


def _curve(axis, variable: Variable, nodes: np.ndarray, table: np.ndarray) -> None:
    if isinstance(variable.support, Finite):
        axis.bar(nodes, table, width=0.6)
        return
    # The nodes of an unbounded variable reach far out; the picture shows where the density is.
    order = np.argsort(nodes)
    seen = np.abs(table[order]) > 1e-4 * np.abs(table).max()
    places = order[max(0, int(np.argmax(seen)) - 5) : len(seen) - int(np.argmax(seen[::-1])) + 5]
    axis.plot(nodes[places], table[places])
    axis.grid(alpha=0.3)


def _variables(unknown: object) -> tuple[Variable, ...]:
    if isinstance(unknown, DensityValue):
        return (*unknown.of, *unknown.given)
    if isinstance(unknown, Function):
        return tuple(argument for argument in unknown.arguments if isinstance(argument, Variable))
    return ()
