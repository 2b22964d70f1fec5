"""The panels of a variable, from which its axis is made: coarser or finer, wider, and divided where that is needed."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from elbowroom.functional.support import Circle, Finite, Interval, Positive, Support
from elbowroom.solution.axis import (
    Axis,
    Focus,
    finite_axis,
    graded_edges,
    graded_to_end,
    limits,
    panel_axis,
    single_axis,
    split_at,
    uniform_edges,
)
from elbowroom.solution.spline import Chart, Graded, Straight

Array = np.ndarray

_HALF_WIDTHS = 12.0
_LEVELS_TOWARDS_ZERO = 6


@dataclasses.dataclass(frozen=True, eq=False)
class Mesh:
    """Edges of panels in the coordinate of `chart`, with `order` nodes in each; at an open end the support goes on."""

    support: Support
    edges: Array
    order: int = 12
    chart: Chart = Straight()  # noqa: RUF009
    breaks: tuple[float, ...] = ()
    fixed: Axis | None = None

    @property
    def is_continuous(self) -> bool:
        """Whether there are panels at all."""
        return self.fixed is None

    @property
    def open_ends(self) -> tuple[bool, bool]:
        """Whether the support goes on below and above the edges."""
        if not self.is_continuous:
            return False, False
        lower, upper = limits(self.support)
        return math.isinf(lower), math.isinf(upper)

    @property
    def box(self) -> tuple[float, float]:
        """The least and the greatest value that is covered."""
        ends = self.chart.position(np.array([self.edges[0], self.edges[-1]]))
        return float(ends[0]), float(ends[1])

    def axis(self) -> Axis:
        """The nodes and weights."""
        return self.fixed if self.fixed is not None else panel_axis(self.edges, self.order, self.chart)

    def with_edges(self, edges: Array) -> Mesh:
        """The same mesh with other edges."""
        return dataclasses.replace(self, edges=edges)

    def finer(self, added: int | None = None) -> Mesh:
        """The same panels with more nodes: half as many again, or so many `added` to each."""
        half = max(1, self.order // 2 if self.order > 7 else 0)
        return dataclasses.replace(self, order=self.order + (half if added is None else added))

    def halved(self) -> Mesh:
        """Every panel divided in two."""
        middles = (self.edges[:-1] + self.edges[1:]) / 2
        return self.with_edges(np.sort(np.concatenate([self.edges, middles])))

    def split_at(self, points: tuple[float, ...]) -> Mesh:
        """The same mesh with edges at some values of the variable, where something has a kink."""
        times = self.chart.times(np.array(points, dtype=float))
        edges = split_at(self.edges, [float(time) for time in times])
        return dataclasses.replace(self, edges=edges, breaks=(*self.breaks, *points))


def observed_mesh(support: Support, value: float) -> Mesh:
    """A variable that has one value."""
    return Mesh(support, np.empty(0), fixed=single_axis(value))


def first_mesh(
    support: Support, foci: tuple[Focus, ...], order: int, fineness: float, widths: float = _HALF_WIDTHS
) -> Mesh:
    """The first mesh of a variable: where something is expected, and `widths` times its width to both sides."""
    if isinstance(support, Finite):
        return Mesh(support, np.empty(0), fixed=finite_axis(support.size))
    lower, upper = limits(support)
    if isinstance(support, Interval | Circle):
        return Mesh(support, uniform_edges(lower, upper, max(2, round(8 * fineness))), order)
    low = max(lower, min(focus.centre - widths * focus.scale for focus in foci))
    high = max(focus.centre + widths * focus.scale for focus in foci)
    edges = graded_edges(foci, low, high, fineness)
    if isinstance(support, Positive) and low == 0.0:
        edges = graded_to_end(edges, _LEVELS_TOWARDS_ZERO, at_lower=True)
    return Mesh(support, edges, order)


def curve_mesh(support: Support, panels: int, power: int) -> Mesh:
    """The mesh of the variable of an unknown function on an interval, graded to its ends if `power` is above one."""
    lower, upper = limits(support)
    if power > 1:
        return Mesh(support, uniform_edges(0.0, 1.0, panels), 10, Graded(lower, upper, power))
    return Mesh(support, uniform_edges(lower, upper, panels), 10)
