"""Integrals between bounds: the weights of the nodes of an axis for the integral from `lower` to `upper`."""

from __future__ import annotations

import numpy as np

from elbowroom.errors import InputError
from elbowroom.solution.axis import Axis
from elbowroom.solution.graph import Known, Node

Array = np.ndarray


def weights_between(axis: Axis, dimension: int, lower: Node, upper: Node) -> Array:
    """Weights along `dimension`, one set for every value of the bounds: exact for polynomials on every panel."""
    if not isinstance(lower, Known) or not isinstance(upper, Known):
        raise InputError("The bounds of an integral depend on the unknown; solve needs bounds that are given.")
    shape = np.broadcast_shapes(lower.shape, upper.shape)
    ends = [np.broadcast_to(end.array, shape).ravel() for end in (lower, upper)]
    table = _weights_up_to(axis, ends[1]) - _weights_up_to(axis, ends[0])
    return np.swapaxes(table.reshape(*shape, axis.size), dimension, -1)[..., 0]


def _weights_up_to(axis: Axis, ends: Array) -> Array:
    """For each end the weights of the integral from the beginning of the axis up to it."""
    if not axis.is_continuous:
        return np.where(axis.nodes <= ends[:, None], axis.weights, 0.0)
    order, edges = axis.order, axis.edges
    result = np.zeros((len(ends), axis.size))
    times = axis.chart.times(np.clip(ends, axis.chart.position(edges[:1]), axis.chart.position(edges[-1:])))
    panels = np.clip(np.searchsorted(edges, times, side="left") - 1, 0, len(edges) - 2)
    points, _ = np.polynomial.legendre.leggauss(order)
    vandermonde = np.linalg.inv(np.polynomial.legendre.legvander(points, order - 1))
    for row, (time, panel) in enumerate(zip(times, panels, strict=True)):
        result[row, : panel * order] = axis.weights[: panel * order]
        left, right = edges[panel], edges[panel + 1]
        place = np.clip(2 * (time - left) / (right - left) - 1, -1.0, 1.0)
        partial = _legendre_integrals(order, place) @ vandermonde * (right - left) / 2
        chosen = slice(panel * order, (panel + 1) * order)
        result[row, chosen] = partial * axis.chart.slopes(axis.times[chosen])[0]
    return result


def _legendre_integrals(order: int, place: float) -> Array:
    """The integrals from -1 to `place` of the first Legendre polynomials."""
    values = np.polynomial.legendre.legvander(np.array([place]), order)[0]
    integrals = np.empty(order)
    integrals[0] = place + 1
    for degree in range(1, order):
        integrals[degree] = (values[degree + 1] - values[degree - 1]) / (2 * degree + 1)
    return integrals
