"""Better meshes from a solution: wider where integrands have not decayed, finer where they are not resolved."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
from scipy.optimize import brentq

from elbowroom.solution.attempt import Attempt
from elbowroom.solution.axis import Axis
from elbowroom.solution.blocks import TableBlock
from elbowroom.solution.graph import Integrated, Node
from elbowroom.solution.mesh import Mesh
from elbowroom.solution.program import Evaluation

Array = np.ndarray

_LEVELS = 8
_GROWTH = np.array([0.15, 0.35, 0.6, 1.0])
_LEAPS = np.array([1.0, 4.0, 14.0])
"""In units of the width so far: where tails fall like a power, a few panels of growing width suffice."""
_SLOW = 0.1
_NOISE = 1e-10
_OUTERMOST = 0.05
_NARROWEST = 1e-10
_LARGEST_ARTEFACT = 1e-5
_SLOWEST_FALL = 0.75
_OUTER, _FURTHER = 6, 12
_BOUNDED, _SAME_POWER = 0.9, 0.1


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
    ratio = min(_fall(shares), _SLOWEST_FALL)
    return float(shares[0] * ratio / (1 - ratio))


def _fall(shares: Array) -> float:
    """The ratio of the first share, the outermost, to the second."""
    return float(shares[0] / max(shares[1], 1e-300)) if len(shares) > 1 else 1.0


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
    largest = max([*(total for *_, total in found), *_whole(here, adjoints)], default=1.0)
    for owner, contributions in discretised.scene.known_integrals:
        if owner == role and contributions.size == axis.size and np.isfinite(contributions).all():
            sizes = contributions.reshape(panels, order)
            total = max(float(sizes.sum()), 1e-300)
            scale = largest / total
            found.append((sizes.sum(axis=1) * scale, _unresolved(sizes[:, :, None], axis) * scale, largest))
    shares, unresolved = np.zeros(panels), np.zeros(panels)
    for sizes, rough, total in found:
        total = max(total, 1e-2 * largest, 1e-300)
        shares = np.maximum(shares, sizes / total)
        unresolved = np.maximum(unresolved, rough / total)
    return Profile(shares, unresolved)


def _whole(here: Evaluation, adjoints: Mapping[Node, Array]) -> Iterator[float]:
    """What is added in the integrals that are numbers, the masses of densities among them."""
    for node in here.program.order:
        if isinstance(node, Integrated) and node.size == 1:
            parts = np.abs(here.values[node.inputs[0]] * adjoints.get(node, 1.0))
            yield float(parts[np.isfinite(parts)].sum())


def magnitude(attempt: Attempt) -> float:
    """The largest sum of what is added and subtracted in an integral of the functional: rounding is in proportion."""
    discretised, here = attempt.discretised, attempt.evaluation
    objective = discretised.program.outputs[0]
    adjoints = here.adjoints([np.ones(objective.shape), *(None for _ in discretised.conditions)])
    largest = abs(attempt.value)
    for node in discretised.program.order:
        if isinstance(node, Integrated) and node in adjoints:
            parts = np.abs(here.values[node.inputs[0]] * adjoints[node])
            largest = max(largest, float(parts[np.isfinite(parts)].sum()))
    return largest


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
        if block.shape == (axis.size,) and block.density.of[0].role == role:
            bend = np.maximum(attempt.curvature[part], 0.0)
            shares[block.alive] = bend / (
                bend + attempt.point.bound_multipliers[bound] / attempt.point.x[part] + 1e-300
            )
    return shares.reshape(len(axis.edges) - 1, axis.order)


def widened(mesh: Mesh, seen: Profile, negligible: float) -> Mesh:
    """The mesh, further out at each open end where the integrands have not decayed."""
    below, above = (share > negligible for share in seen.escape)
    slow_below, slow_above = _falls_slowly(seen)
    wider = reaching_further(mesh, below and not slow_below, above and not slow_above)
    return reaching_further(wider, below and slow_below, above and slow_above, _LEAPS)


def leaping(mesh: Mesh, seen: Profile) -> Mesh:
    """The mesh, further out at each open end where integrands fall slowly."""
    return reaching_further(mesh, *_falls_slowly(seen), _LEAPS)


def _falls_slowly(seen: Profile) -> tuple[bool, bool]:
    below, above = seen.shares[:2], seen.shares[:-3:-1]
    return _fall(below) > _SLOW and below[0] > _NOISE, _fall(above) > _SLOW and above[0] > _NOISE


def reaching_further(mesh: Mesh, below: bool = True, above: bool = True, growth: Array = _GROWTH) -> Mesh:
    """The mesh, as much further out at its open ends as it is wide."""
    edges, (open_below, open_above) = mesh.edges, mesh.open_ends
    reach = edges[-1] - edges[0]
    if below and open_below:
        edges = np.concatenate([edges[0] - reach * growth[::-1], edges])
    if above and open_above:
        edges = np.concatenate([edges, edges[-1] + reach * growth])
    return mesh if edges is mesh.edges else mesh.with_edges(edges)


def divided(mesh: Mesh, seen: Profile, tolerance: float) -> Mesh:
    """The mesh with those panels divided that are not resolved, those at closed ends many times towards the end."""
    poor = np.flatnonzero(seen.unresolved > tolerance)
    poor = poor[np.argsort(-seen.unresolved[poor])][:12]
    edges = mesh.edges
    scale = _width_of_most(edges, seen.shares)
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


def missed_at_ends(mesh: Mesh, seen: Profile) -> float:
    """The share that is missed in the outermost panels at closed ends, where panels halve towards an integrable pole.

    What is within the distance d of a pole of z**(a - 1) is in proportion to d**a: its power and its size are those
    of panels a little further off, and what the outermost panels hold of that is seen.
    """
    if len(seen.shares) <= 2 * _FURTHER:
        return 0.0
    missed = 0.0
    outwards = (np.abs(mesh.edges - mesh.edges[0]), np.abs(mesh.edges - mesh.edges[-1])[::-1])
    for is_open, shares, reach in zip(mesh.open_ends, (seen.shares, seen.shares[::-1]), outwards, strict=True):
        if is_open or reach[_FURTHER] < 2.0 ** (_FURTHER - _OUTER - 1) * reach[_OUTER]:
            continue
        totals = np.cumsum(shares[_OUTER:_FURTHER])
        places = np.linspace(_OUTER, _FURTHER, 4).astype(int)
        first, second = (_power(shares, reach, places[start : start + 3]) for start in (0, 1))
        if first < _BOUNDED and abs(first - second) < _SAME_POWER * first:
            inner, outer = reach[[_OUTER, _FURTHER]] ** first
            missed += abs(float(totals[-1] * inner / (outer - inner)) - float(shares[:_OUTER].sum()))
    return missed


def _power(shares: Array, reach: Array, places: Array) -> float:
    """The power a for which reach**a grows as the shares add up, between three places; infinite where there is none."""
    near, far = (float(shares[places[0] : place].sum()) for place in places[1:])
    if not 0 < near < far:
        return np.inf
    first, second = np.log(reach[places[1:]] / reach[places[0]])

    def gap(power: float) -> float:
        return float(np.expm1(power * first) / np.expm1(power * second)) - near / far

    return float(brentq(gap, 1e-6, 50.0)) if gap(1e-6) * gap(50.0) < 0 else np.inf  # pyright: ignore


def conditioning(mesh: Mesh, seen: Profile) -> float:
    """How many times larger values of the variable are than the width in which things happen: digits that it costs."""
    if not seen.shares.any():
        return 0.0
    width = _width_of_most(mesh.edges, seen.shares)
    middle = float(mesh.edges[int(np.argmax(seen.shares))])
    return abs(middle) / max(width, 1e-300)


def _width_of_most(edges: Array, shares: Array) -> float:
    """The width of the panels that hold all but the outermost shares: tails may reach very much further."""
    total = np.cumsum(shares) / max(float(shares.sum()), 1e-300)
    first, last = np.searchsorted(total, [_OUTERMOST, 1 - _OUTERMOST])
    return float(edges[min(int(last), len(shares) - 1) + 1] - edges[int(first)])


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
