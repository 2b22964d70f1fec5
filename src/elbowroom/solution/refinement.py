"""Better meshes from a solution: wider where integrands have not decayed, finer where they are not resolved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from elbowroom.solution.attempt import Attempt
from elbowroom.solution.axis import Axis, split_at
from elbowroom.solution.blocks import TableBlock
from elbowroom.solution.graph import Integrated
from elbowroom.solution.mesh import Mesh

Array = np.ndarray

_LEVELS = 8
_GROWTH = np.array([0.15, 0.35, 0.6, 1.0])
_NARROWEST = 1e-10
_LARGEST_ARTEFACT = 1e-5
_SLOWEST_FALL = 0.75


@dataclasses.dataclass(frozen=True, eq=False)
class Profile:
    """How the integrands along one variable are distributed over its panels.

    **Arguments.** `shares` is the largest share of any integral that each panel has, `unresolved` the part of it
    that the highest polynomial degrees carry; `escape` is the share that is estimated beyond the first and the last.
    """

    shares: Array
    unresolved: Array

    @property
    def escape(self) -> tuple[float, float]:
        """What lies beyond each end, if shares go on falling by the ratio r of the outermost two: s r / (1 - r)."""
        return _beyond(self.shares[:2]), _beyond(self.shares[:-3:-1])


def _beyond(shares: Array) -> float:
    if len(shares) < 2 or shares[0] == 0:
        return float(shares[0])
    ratio = min(shares[0] / max(shares[1], 1e-300), _SLOWEST_FALL)
    return float(shares[0] * ratio / (1 - ratio))


def profile(attempt: Attempt, role: str) -> Profile:
    """The profile of all integrals over the variables of a role."""
    discretised = attempt.discretised
    axis = discretised.axes[role]
    panels, order = len(axis.edges) - 1, axis.order
    dimensions = {
        place for name, place in discretised.scene.dimensions.items() if discretised.statement.names[name] == role
    }
    here = attempt.evaluation
    own = _own_shares(attempt, role)
    objective = discretised.program.outputs[0]
    seeds: list[Array | None] = [np.ones(objective.shape), *(None for _ in discretised.conditions)]
    adjoints = here.adjoints(seeds)
    found: list[tuple[Array, Array, float]] = []
    for node in discretised.program.order:
        if not isinstance(node, Integrated) or node.dimension not in dimensions:
            continue
        if node not in adjoints and node.size > 1:
            continue  # A condition for each value of another variable: rare values count as much as common ones.
        values = here.values[node.inputs[0]] * adjoints.get(node, 1.0)
        values = np.moveaxis(np.where(np.isfinite(values), values, 0.0), node.dimension, 0)
        values = np.broadcast_to(values, (axis.size, *values.shape[1:])).reshape(panels, order, -1)
        sizes = np.abs(values).sum(axis=2)
        total = float(sizes.sum())
        sizes = np.minimum(
            sizes, np.maximum(sizes * own, _LARGEST_ARTEFACT * total * (sizes > _LARGEST_ARTEFACT * total))
        )
        sizes = sizes.sum(axis=1)
        found.append((sizes, _unresolved(values, axis), total))
    largest = max((total for *_, total in found), default=1.0)
    shares, unresolved = np.zeros(panels), np.zeros(panels)
    for sizes, rough, total in found:
        total = max(total, 1e-2 * largest, 1e-300)
        shares = np.maximum(shares, sizes / total)
        unresolved = np.maximum(unresolved, rough / total)
    return Profile(shares, unresolved)


def _own_shares(attempt: Attempt, role: str) -> Array:
    """By node, how much of a density of one variable is due to the functional, and not to the barrier of q >= 0."""
    axis = attempt.discretised.axes[role]
    shares = np.ones(axis.size)
    start = 0
    for block in attempt.discretised.blocks.values():
        if not isinstance(block, TableBlock):
            continue
        part, bound = slice(block.start, block.start + block.count), slice(start, start + block.count)
        start += block.count
        if block.shape == (axis.size,) and block.alive.all() and block.density.of[0].role == role:
            bend = np.maximum(attempt.curvature[part], 0.0)
            shares = bend / (bend + attempt.point.bound_multipliers[bound] / attempt.point.x[part] + 1e-300)
    return shares.reshape(len(axis.edges) - 1, axis.order)


def widened(mesh: Mesh, seen: Profile, negligible: float) -> Mesh:
    """The mesh, further out at each open end where the integrands have not decayed."""
    below, above = (share > negligible for share in seen.escape)
    return reaching_further(mesh, below, above)


def reaching_further(mesh: Mesh, below: bool = True, above: bool = True) -> Mesh:
    """The mesh, as much further out at its open ends as it is wide."""
    edges, (open_below, open_above) = mesh.edges, mesh.open_ends
    reach = edges[-1] - edges[0]
    if below and open_below:
        edges = np.concatenate([edges[0] - reach * _GROWTH[::-1], edges])
    if above and open_above:
        edges = np.concatenate([edges, edges[-1] + reach * _GROWTH])
    return mesh if edges is mesh.edges else mesh.with_edges(edges)


def divided(mesh: Mesh, seen: Profile, tolerance: float) -> Mesh:
    """The mesh with those panels divided that are not resolved, those at closed ends many times towards the end."""
    poor = np.flatnonzero(seen.unresolved > tolerance)
    poor = poor[np.argsort(-seen.unresolved[poor])][:12]
    edges = mesh.edges
    scale = edges[-1] - edges[0]
    below, above = mesh.open_ends
    added: list[float] = []
    for panel in poor:
        left, right = edges[panel], edges[panel + 1]
        if right - left < _NARROWEST * scale and 0 < panel < len(edges) - 2:
            continue
        halves = 0.5 ** np.arange(1, _LEVELS + 1) * (right - left)
        if (panel == 0 and not below) or left in mesh.breaks:
            added.extend(left + halves)
        elif (panel == len(edges) - 2 and not above) or right in mesh.breaks:
            added.extend(right - halves)
        else:
            added.append(float(left + right) / 2)
    fresh = np.unique(np.concatenate([edges, added]))
    return mesh.with_edges(fresh) if len(fresh) > len(edges) else mesh


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
        if block.shape == (axis.size,) and block.alive.all() and block.density.of[0].role == role:
            places.extend(_crossings(axis, values, multipliers))
    return tuple(places)


def _crossings(axis: Axis, values: Array, multipliers: Array) -> list[float]:
    """The roots of the multiplier, as a function of the variable, next to where the density begins."""
    weighted = multipliers / axis.weights
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
        nodes, heights = axis.nodes[used], weighted[used]
        beyond = axis.nodes[first - 2 * side] if 0 <= first - 2 * side < len(values) else axis.nodes[first - side]
        root = _extrapolated_root(nodes, heights, axis.nodes[first], beyond)
        if root is not None:
            places.append(root)
    return places


def _extrapolated_root(nodes: Array, heights: Array, inside: float, beyond: float) -> float | None:
    """Where the polynomial through some points vanishes, between the last of them and a place beyond it."""
    middle, width = inside, abs(beyond - inside)
    if not np.isfinite(heights).all() or heights.max() <= 0:
        return None
    polynomial = np.polynomial.Polynomial.fit((nodes - middle) / width, heights / heights.max(), min(2, len(nodes) - 1))
    sign = np.sign(beyond - inside)
    roots = [root.real for root in polynomial.roots() if abs(root.imag) < 1e-9 and -0.5 <= root.real * sign <= 1.5]
    return middle + width * min(roots, key=abs) if roots else None


def split_at_boundaries(meshes: Mapping[str, Mesh], attempt: Attempt) -> dict[str, Mesh]:
    """The meshes with edges where densities begin."""
    result = dict(meshes)
    for role, mesh in meshes.items():
        if mesh.is_continuous and mesh.chart.position(mesh.edges[:1]) == mesh.edges[:1]:
            places = free_boundaries(attempt, role)
            if places:
                result[role] = mesh.with_edges(split_at(mesh.edges, places))
    return result


def _unresolved(values: Array, axis: Axis) -> Array:
    """The integral of the two highest Legendre coefficients of each panel, `values` holding the weights already."""
    panels, order = values.shape[:2]
    points, weights = np.polynomial.legendre.leggauss(order)
    heights = values / axis.weights.reshape(panels, order, 1)
    highest = np.polynomial.legendre.legvander(points, order - 1)[:, -2:] * weights[:, None]
    norms = (2 * np.arange(order - 2, order) + 1) / 2
    coefficients = np.abs(np.einsum("pno,nk->pko", heights, highest * norms)).sum(axis=(1, 2))
    widths = axis.weights.reshape(panels, order).sum(axis=1)
    return coefficients * widths
