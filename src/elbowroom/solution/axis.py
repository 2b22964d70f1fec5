"""The values of one variable: nodes and weights, so that a weighted sum over the nodes is an integral over the support.

A continuous axis is cut into panels, each with the nodes of Gauss and Legendre: exact for polynomials of degree
2n - 1 on every panel, and of no less order where the integrand has kinks at the edges of panels. Panels grow in
proportion to their distance from the centre, so that few of them reach very far.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from functools import cache

import numpy as np

from elbowroom.functional.support import Circle, Interval, Positive, Real, Support
from elbowroom.solution.spline import Chart, Straight

Array = np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Axis:
    """Nodes and weights of one variable.

    `edges` are those of its panels, none where it is finite or observed. `chart` is the coordinate that the panels
    divide, and `times` are the values of the nodes in it.
    """

    nodes: Array
    weights: Array
    edges: Array = dataclasses.field(default_factory=lambda: np.empty(0))
    times: Array = dataclasses.field(default_factory=lambda: np.empty(0))
    chart: Chart = Straight()  # noqa: RUF009

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self.nodes)

    @property
    def is_continuous(self) -> bool:
        """Whether a sum over the axis stands for an integral."""
        return len(self.edges) > 0

    @property
    def order(self) -> int:
        """The number of nodes in each panel."""
        return self.size // (len(self.edges) - 1)


@dataclasses.dataclass(frozen=True)
class Focus:
    """A place where something of the width `scale` is expected."""

    centre: float
    scale: float


MOST_PANELS = 400


def finite_axis(size: int) -> Axis:
    """The values 0, 1, ..., size - 1, each with weight one."""
    return Axis(np.arange(float(size)), np.ones(size))


def single_axis(value: float) -> Axis:
    """One value: that of a variable that was observed."""
    return Axis(np.array([value]), np.ones(1))


def panel_axis(edges: Array, order: int, chart: Chart = Straight()) -> Axis:  # noqa: B008
    """Gauss and Legendre's nodes, `order` of them in each panel of the coordinate of `chart`."""
    points, weights = _gauss_legendre(order)
    half = np.diff(edges)[:, None] / 2
    middle = (edges[:-1] + edges[1:])[:, None] / 2
    times = (middle + half * points).ravel()
    stretch, _ = chart.slopes(times)
    return Axis(chart.position(times), (half * weights).ravel() * stretch, edges, times, chart)


def graded_edges(foci: Iterable[Focus], lower: float, upper: float, fineness: float = 1.0) -> Array:
    """Edges from `lower` to `upper`: at every focus spaced by its scale, far from it in proportion to the distance."""
    places = np.array([[focus.centre, focus.scale] for focus in foci])
    edges = [lower]
    while edges[-1] < upper and len(edges) < MOST_PANELS:
        here = edges[-1]
        ahead = here + _spacing(places, here, fineness)
        edges.append(here + min(_spacing(places, here, fineness), 1.3 * _spacing(places, ahead, fineness)))
    edges[-1] = upper
    return _without_slivers(np.array(edges))


def graded_to_end(edges: Array, levels: int, at_lower: bool) -> Array:
    """`edges` with the panel at one end divided in halves towards that end, `levels` times."""
    end, neighbour = (edges[0], edges[1]) if at_lower else (edges[-1], edges[-2])
    added = end + (neighbour - end) * 0.5 ** np.arange(1, levels + 1)
    return np.unique(np.concatenate([edges, added]))


def uniform_edges(lower: float, upper: float, count: int) -> Array:
    """Edges of `count` panels of equal width."""
    return np.linspace(lower, upper, count + 1)


def split_at(edges: Array, points: Iterable[float]) -> Array:
    """`edges` with those of `points` that lie between them, each neighbour too close to one taken out."""
    added = np.array(sorted({point for point in points if edges[0] < point < edges[-1]}))
    if not len(added):
        return edges
    spacing = np.diff(edges)
    keep = np.ones(len(edges), bool)
    for point in added:
        place = int(np.searchsorted(edges, point)) - 1
        near = np.abs(edges - point) < 0.2 * spacing[place]
        near[[0, -1]] = False
        keep &= ~near
    return np.unique(np.concatenate([edges[keep], added]))


def limits(support: Support) -> tuple[float, float]:
    """The ends of a one-dimensional continuous support."""
    match support:
        case Interval(lower, upper):
            return float(lower), float(upper)
        case Circle():
            return -math.pi, math.pi
        case Positive():
            return 0.0, math.inf
        case Real(1):
            return -math.inf, math.inf
    raise TypeError(f"{support} is not a continuous support of one dimension")


def _spacing(places: Array, here: float, fineness: float) -> float:
    return float(np.maximum(places[:, 1], 0.4 * np.abs(here - places[:, 0])).min()) / fineness


def _without_slivers(edges: Array) -> Array:
    spacing = np.diff(edges)
    keep = np.ones(len(edges), bool)
    if len(edges) > 3:
        keep[1] = spacing[0] > 0.25 * spacing[1]
        keep[-2] = keep[-2] and spacing[-1] > 0.25 * spacing[-2]
    return edges[keep]


@cache
def _gauss_legendre(order: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(order)
