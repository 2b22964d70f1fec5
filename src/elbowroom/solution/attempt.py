"""One solution on given axes: from a start of full support, or from the solution on other axes."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping
from functools import cached_property

import numpy as np
from scipy.interpolate import PchipInterpolator

from elbowroom.solution.axis import Axis
from elbowroom.solution.blocks import NumberBlock, SplineBlock, TableBlock
from elbowroom.solution.curvature import Curvature
from elbowroom.solution.descent import KINK, lower_beside, searched
from elbowroom.solution.discretised import Discretised, discretise
from elbowroom.solution.interior import minimise
from elbowroom.solution.point import Effort, Point
from elbowroom.solution.program import Evaluation
from elbowroom.solution.spline import Spline
from elbowroom.solution.start import start
from elbowroom.solution.statement import Statement

Array = np.ndarray

_MET = 3e-7
_MET_RELATIVELY = 1e-11
_MET_AT_ALL = 1e-3
_SAME = 1e-10
_MOST_DESCENTS = 4
_AT_REST = ("converged", "no further progress")
"""A constraint holds to this; it may fail by more where what is added in it is so large that rounding is."""


@dataclasses.dataclass(frozen=True, eq=False)
class Attempt:
    """A discretised problem and where the minimisation of it ended."""

    discretised: Discretised
    point: Point

    @property
    def value(self) -> float:
        """The value of the functional as it is stated."""
        return self.discretised.statement.sign * self.point.value

    @cached_property
    def evaluation(self) -> Evaluation:
        """All arrays at the end."""
        return self.discretised.program.at(self.point.x)

    @cached_property
    def hessian(self) -> Curvature | None:
        """The Hessian of the Lagrangian, where it is finite."""
        local = self.discretised.at(self.point.x)
        return None if local is None else local.curvature(self.point.multipliers)

    @property
    def curvature(self) -> Array:
        """The diagonal of the Hessian of the Lagrangian."""
        return np.zeros(self.discretised.size) if self.hessian is None else self.hessian.diagonal()

    @property
    def is_separable(self) -> bool:
        """Whether the unknown numbers meet in few integrals only, so that many of them are no burden."""
        hessian = self.hessian
        return hessian is not None and hessian.is_separable and 8 * hessian.rank < self.discretised.size

    @property
    def is_feasible(self) -> bool:
        """Whether all constraints hold at the end."""
        point = self.point
        return point.residual <= _MET or (point.relative_residual <= _MET_RELATIVELY and point.residual <= _MET_AT_ALL)

    @property
    def is_settled(self) -> bool:
        """Whether the minimisation ended at what it looks for."""
        return self.point.stopped in ("converged", KINK)

    def is_better_than(self, other: Attempt) -> bool:
        """Whether this ended where the constraints hold better, or equally well with another step promising less."""
        if self.is_feasible != other.is_feasible:
            return self.is_feasible
        if self.is_settled != other.is_settled:
            return self.is_settled
        same = abs(self.point.value - other.point.value) <= _SAME * (1 + abs(other.point.value))
        if same and self.point.shifted_at_last != other.point.shifted_at_last:
            return other.point.shifted_at_last
        return self.point.value < other.point.value

    def remembering(self, before: Attempt) -> Attempt:
        """The same, with the directions of negative curvature that were met before."""
        shifted = self.point.shifted or before.point.shifted
        return dataclasses.replace(self, point=dataclasses.replace(self.point, shifted=shifted))

    def table(self, unknown: Hashable) -> Array:
        """The values of an unknown at the nodes."""
        return self.discretised.table(unknown, self.point.x)


def attempt(
    statement: Statement,
    axes: Mapping[str, Axis],
    splines: Mapping[Hashable, Spline],
    before: Attempt | None = None,
    effort: Effort = Effort(),  # noqa: B008
) -> Attempt:
    """Solve on `axes`; from the solution `before`, if there is one."""
    discretised = discretise(statement, axes, splines)
    alive = discretised.livable(start(discretised))
    if alive is not None:
        discretised = discretise(statement, axes, splines, alive)
    if discretised.coverage is not None:
        watched = discretised.coverage.normalised(start(discretised))
        discretised = dataclasses.replace(discretised, coverage=watched)
    carried = None
    if before is not None:
        carried = _minimised(discretised, _carried_over(discretised, before), 1e-6, effort)
        carried = carried.remembering(before)
        if carried.is_settled or carried.point.stopped == "unbounded":
            return carried
    fresh = _minimised(discretised, start(discretised), None, effort)
    fresh = fresh if before is None else fresh.remembering(before)
    return fresh if carried is None or fresh.is_better_than(carried) else carried


def _minimised(discretised: Discretised, x: Array, barrier: float | None, effort: Effort) -> Attempt:
    """The minimisation from `x`, and once more from beside a point where it stops at something else than a minimum."""
    at, value_at, positivity = discretised.at, discretised.value_at, discretised.positivity
    found = Attempt(discretised, minimise(at, value_at, positivity, x, barrier, effort))
    if discretised.is_kinked and not discretised.has_only_integrated_kinks:
        return _at_kinks(found, effort)
    if not found.point.shifted_at_last or found.point.stopped == "unbounded":
        return found
    beside = _beside(found.point.x, positivity.direct)
    other = Attempt(discretised, minimise(at, value_at, positivity, beside, 1e-3, effort))
    return other if other.point.stopped == "unbounded" or other.is_better_than(found) else found


def _at_kinks(found: Attempt, effort: Effort) -> Attempt:
    """The same where derivatives jump: from beside as long as it is lower there; few numbers by values alone."""
    discretised = found.discretised
    at, value_at, positivity = discretised.at, discretised.value_at, discretised.positivity
    beside = None
    for _ in range(_MOST_DESCENTS):
        beside = lower_beside(discretised, found.point) if found.point.stopped in _AT_REST else None
        if beside is None:
            break
        point = minimise(at, value_at, positivity, beside, 1e-3, effort)
        found = Attempt(discretised, dataclasses.replace(point, shifted=True))
    if found.point.stopped == "unbounded" or (found.is_settled and beside is None):
        return found
    point = searched(discretised, found.point)
    bent = point.stopped != KINK and (found.point.shifted_at_last or beside is not None)
    return Attempt(discretised, dataclasses.replace(point, shifted_at_last=bent))


def _beside(x: Array, direct: Array) -> Array:
    noise = np.random.default_rng(0).standard_normal(len(x))
    size = max(float(np.abs(x[~direct]).max(initial=0.0)), 1.0)
    return np.where(direct, x * np.exp(0.3 * noise), x + 0.1 * size * noise)


def _carried_over(discretised: Discretised, before: Attempt) -> Array:
    """The solution on other axes, interpolated: the logarithm of a density, the value of a function."""
    x = np.zeros(discretised.size)
    for key, block in discretised.blocks.items():
        part = slice(block.start, block.start + block.count)
        old = before.discretised.blocks.get(key)
        if isinstance(block, TableBlock):
            roles = [variable.role for variable in (*block.density.of, *block.density.given)]
            table = np.log(np.maximum(before.table(key), 1e-280))
            for place, role in enumerate(roles):
                table = _interpolated(table, place, before.discretised.axes[role], discretised.axes[role])
            x[part] = np.exp(table)[block.alive]
        elif isinstance(block, SplineBlock) and isinstance(old, SplineBlock):
            coefficients = before.point.x[old.start : old.start + old.count]
            times = block.spline.chart.times(block.spline.centres)
            x[part] = old.spline.matrix(old.spline.chart.times(block.spline.chart.position(times))) @ coefficients
        elif isinstance(block, NumberBlock) and old is not None:
            x[part] = before.point.x[old.start : old.start + old.count]
    return discretised.with_slacks(x)


def _interpolated(table: Array, place: int, old: Axis, new: Axis) -> Array:
    if old.size == new.size and np.array_equal(old.nodes, new.nodes):
        return table
    moved = np.moveaxis(table, place, -1)
    flat = moved.reshape(-1, old.size)
    result = np.stack([_line(new.nodes, old.nodes, row) for row in flat])
    return np.moveaxis(result.reshape(*moved.shape[:-1], new.size), -1, place)


def _line(points: Array, nodes: Array, values: Array) -> Array:
    """Monotone cubic interpolation, and beyond the nodes a fall by the same power of the distance."""
    if len(nodes) < 2:
        return np.full(len(points), values[0])
    between = np.clip(points, nodes[0], nodes[-1])
    distinct = bool((np.diff(nodes) > 0).all())
    inside = PchipInterpolator(nodes, values)(between) if distinct else np.interp(between, nodes, values)
    centre = nodes[len(nodes) // 2]
    for end, neighbour, beyond in ((0, 1, points < nodes[0]), (-1, -2, points > nodes[-1])):
        if beyond.any():
            near, far = abs(nodes[neighbour] - centre), abs(nodes[end] - centre)
            power = min((values[end] - values[neighbour]) / np.log(far / near), 0.0) if far > near > 0 else 0.0
            inside[beyond] = values[end] + power * np.log(np.abs(points[beyond] - centre) / far)
    return np.maximum(inside, -600.0)
