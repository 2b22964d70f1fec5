"""Where a density ends at its bound q >= 0: found from a solution, so that panels end there too."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from elbowroom.solution.attempt import Attempt
from elbowroom.solution.axis import split_at
from elbowroom.solution.blocks import TableBlock
from elbowroom.solution.mesh import Mesh

Array = np.ndarray


def free_boundaries(attempt: Attempt, role: str) -> tuple[float, ...]:
    """Where a density of one variable ends at its bound q >= 0 with a kink: between an active and an inactive node.

    On the inactive side the multiplier of the bound is a smooth function that vanishes at the kink.
    """
    places: list[float] = []
    axis = attempt.discretised.axes[role]
    start = 0
    for block in attempt.discretised.blocks.values():
        if not isinstance(block, TableBlock):
            continue
        multipliers = attempt.point.bound_multipliers[start : start + block.count]
        values = attempt.point.x[block.start : block.start + block.count]
        start += block.count
        if block.shape == (axis.size,) and block.density.of[0].role == role:
            places.extend(_crossings(axis.nodes[block.alive], axis.weights[block.alive], values, multipliers))
    return tuple(places)


def _crossings(positions: Array, weights: Array, values: Array, multipliers: Array) -> list[float]:
    """The roots of the multiplier, as a function of the variable, next to where the density begins."""
    weighted = multipliers / weights
    scale = max(float(np.median(weighted)), 1e-300)
    active = values * scale < weighted * values.max() * 1e-3
    active &= values < 1e-6 * values.max()
    places: list[float] = []
    for place in np.flatnonzero(active[:-1] != active[1:]):
        side = -1 if active[place] else 1
        first = place if active[place] else place + 1
        used = first + side * np.arange(5)
        used = used[(used >= 0) & (used < len(values))]
        used = used[active[used]]
        if len(used) < 3:
            continue
        nodes, heights = positions[used], weighted[used]
        beyond = positions[first - 2 * side] if 0 <= first - 2 * side < len(values) else positions[first - side]
        root = _extrapolated_root(nodes, heights, positions[first], beyond)
        if root is not None:
            places.append(root)
    return places


def _extrapolated_root(nodes: Array, heights: Array, inside: float, beyond: float) -> float | None:
    """Where the polynomial through some points vanishes, between the last of them and a place beyond it."""
    middle, width = inside, abs(beyond - inside)
    if not np.isfinite(heights).all() or heights.max() <= 0 or len(np.unique(nodes)) < len(nodes):
        return None
    polynomial = np.polynomial.Polynomial.fit((nodes - middle) / width, heights / heights.max(), len(nodes) - 1)
    sign = np.sign(beyond - inside)
    roots = [root.real for root in polynomial.roots() if abs(root.imag) < 1e-9 and -0.5 <= root.real * sign <= 1.5]
    return middle + width * min(roots, key=abs) if roots else None


def split_at_boundaries(meshes: Mapping[str, Mesh], attempt: Attempt, anew: bool = False) -> dict[str, Mesh]:
    """The meshes with edges where densities begin; `anew` divides the panels beside these edges too."""
    result = dict(meshes)
    for role, mesh in meshes.items():
        if mesh.is_continuous and mesh.chart.position(mesh.edges[:1]) == mesh.edges[:1]:
            places = free_boundaries(attempt, role)
            if places:
                edges = split_at(mesh.edges, places)
                result[role] = mesh.with_edges(_divided_at(edges, places) if anew else edges)
    return result


def _divided_at(edges: Array, places: tuple[float, ...]) -> Array:
    """Edges with the panels that contain a place, or touch it, divided in two."""
    widths = np.diff(edges)
    near = np.zeros(len(widths), bool)
    for place in places:
        near |= (edges[:-1] - 0.1 * widths < place) & (place < edges[1:] + 0.1 * widths)
    return np.unique(np.concatenate([edges, ((edges[:-1] + edges[1:]) / 2)[near]]))
