"""Where the minimisation starts: broad densities, the smoothest functions that meet the linear conditions."""

from __future__ import annotations

import dataclasses

import numpy as np

from elbowroom.functional.law import Variable
from elbowroom.solution.axis import Axis
from elbowroom.solution.blocks import CurveBlock, NumberBlock, SmoothBlock, TableBlock
from elbowroom.solution.discretised import Discretised
from elbowroom.solution.graph import Known
from elbowroom.solution.point import Local
from elbowroom.solution.spline import Straight
from elbowroom.solution.tabulate import tabulate

Array = np.ndarray

_LIFTS = (0.0, 1e-3, 1e-2, 0.1, 0.3, 1.0, -0.1, -0.3, -1.0)


def start(discretised: Discretised) -> Array:
    """The start of every unknown."""
    x = np.zeros(discretised.size)
    for block in discretised.blocks.values():
        part = slice(block.start, block.start + block.count)
        if isinstance(block, TableBlock):
            variables = (*block.density.of, *block.density.given)
            table = np.ones(())
            for place, variable in enumerate(variables):
                axis = discretised.axes[variable.role]
                own = _likely(variable, discretised) if place < len(block.density.of) else np.ones(axis.size)
                table = table[..., None] * own
                table = np.broadcast_to(table, (*table.shape[:-1], axis.size))
            table = table * block.alive
            x[part] = _normalised(table, block, discretised)[block.alive]
        elif isinstance(block, SmoothBlock):
            axis = discretised.axes[block.role]
            coefficients = np.sqrt(_broad(axis, block.spline.centres))
            x[part] = coefficients / np.sqrt(axis.weights @ (block.spline.matrix(axis.times) @ coefficients) ** 2)
        elif isinstance(block, NumberBlock):
            x[part] = discretised.statement.guesses.get(block.name, 1.0 if block.is_positive else 0.0)
    for block in discretised.blocks.values():
        if isinstance(block, CurveBlock):
            part = slice(block.start, block.start + block.count)
            x[part] = _smoothest(block, discretised, x)
            x = _lifted(block, discretised, x)
    return discretised.with_slacks(x)


def _normalised(table: Array, block: TableBlock, discretised: Discretised) -> Array:
    """A density of mass one at each value of what is given, in proportion to a table."""
    mass = table
    for place, variable in enumerate(block.density.of):
        weights = discretised.axes[variable.role].weights
        shape = [1] * table.ndim
        shape[place] = -1
        mass = (mass * weights.reshape(shape)).sum(axis=place, keepdims=True)
    return table / np.where(mass > 0, mass, 1.0)


def _likely(variable: Variable, discretised: Discretised) -> Array:
    """The known laws of a variable together, or a broad density where there are none."""
    axis = discretised.axes[variable.role]
    laws = np.zeros(axis.size)
    for part in discretised.statement.setting.laws:
        if len(part.of) == 1 and part.of[0].role == variable.role and not part.given:
            values = tabulate(part, discretised.scene)
            if isinstance(values, Known) and values.size == axis.size and np.isfinite(values.array).all():
                laws += values.array.ravel()
    laws = laws if axis.is_continuous else np.zeros(axis.size)
    return np.maximum(laws, 1e-250) if laws.max() > 0 else _broad(axis, axis.nodes)


def _broad(axis: Axis, points: Array) -> Array:
    """A density with heavy tails where the axis is finest, uniform where it is finite or evenly divided."""
    if not axis.is_continuous:
        return np.ones(len(points))
    spacing = np.diff(axis.edges)
    if spacing.max() < 1.9 * np.median(spacing) and spacing.max() < 4 * spacing.min():
        return np.ones(len(points))
    first, last = _between_gradings(spacing)
    edges, spacing = axis.edges[first : last + 1], spacing[first:last]
    smallest = int(np.argmin(spacing + 1e-9 * np.abs(np.arange(len(spacing)) - len(spacing) / 2) * spacing.min()))
    middle = np.flatnonzero(spacing < 1.5 * spacing[smallest])
    left, right = edges[middle[0]], edges[middle[-1] + 1]
    centre, scale = (left + right) / 2, (right - left) / 4
    return (1 + ((points - centre) / scale) ** 2) ** -1.5


def _between_gradings(spacing: Array) -> tuple[int, int]:
    """The panels that are not of those that halve towards an end, from the first one to behind the last one."""
    first, last = 0, len(spacing)
    while first + 2 < last and _doubles(spacing, first):
        first += 1
    while last - 2 > first and _doubles(spacing[::-1], len(spacing) - last):
        last -= 1
    return first, last


def _doubles(spacing: Array, place: int) -> bool:
    return bool(spacing[place + 1] > 1.8 * spacing[place] or abs(spacing[place + 1] / spacing[place] - 1) < 1e-6)


def _lifted(block: CurveBlock, discretised: Discretised, x: Array) -> Array:
    """The start, or, where nothing is finite or a condition cannot be seen there, moved up or down between its ends.

    Of the places to which it can be moved that is taken where the conditions fail least.
    """
    part = slice(block.start, block.start + block.count)
    times = np.linspace(0.0, 1.0, block.count)
    size = float(np.abs(x[part]).max()) or 1.0
    bounds = discretised.positivity
    usable: list[tuple[float, float, Array]] = []
    for height in _LIFTS:
        moved = x.copy()
        moved[part] += height * size * 4 * times * (1 - times)
        rows = bounds.matrix @ moved + bounds.offset
        local = discretised.at(discretised.with_slacks(moved))
        if rows.min(initial=1.0) > 0 and local is not None and not _is_stuck(local):
            if height == 0.0:
                return moved
            usable.append((round(float(np.abs(local.residual).sum()), 9), local.value, moved))
    return min(usable, key=lambda found: found[:2])[2] if usable else x


def _is_stuck(local: Local) -> bool:
    """Whether a condition fails that cannot be seen to depend on anything here."""
    slopes = np.abs(local.jacobian.toarray()).sum(axis=1)
    return bool((np.abs(local.residual)[slopes < 1e-12] > 1e-9).any())


def _smoothest(block: CurveBlock, discretised: Discretised, x: Array) -> Array:
    """The coefficients of the function of least slope that meets the conditions, as linearised at zero."""
    times = discretised.axes[block.role].times
    straight = dataclasses.replace(block.spline, chart=Straight())
    slopes = np.sqrt(np.gradient(times))[:, None] * straight.matrix(times, 1).toarray()
    here = discretised.program.at(x)
    rows, targets = [], []
    for condition in discretised.conditions:
        jacobian = here.jacobian(condition.node).toarray()[:, block.start : block.start + block.count]
        residual = here.values[condition.node].ravel()
        if np.isfinite(jacobian).all() and np.isfinite(residual).all() and jacobian.any():
            rows.append(jacobian)
            targets.append(-residual)
    normal = slopes.T @ slopes
    normal += 1e-10 * np.trace(normal) / len(normal) * np.eye(len(normal))
    if not rows:
        return np.ones(block.count)
    jacobian = np.vstack(rows)
    system = np.block([[normal, jacobian.T], [jacobian, np.zeros((len(jacobian), len(jacobian)))]])
    right = np.concatenate([np.zeros(block.count), *targets])
    return np.linalg.lstsq(system, right, rcond=None)[0][: block.count]
