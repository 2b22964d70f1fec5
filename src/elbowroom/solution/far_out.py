"""Whether mass would be better far beyond the axes: a convex problem that is solved says no at every distance.

An optimum of a convex problem makes the Lagrangian least, whatever the density is moved to. A cubic loss is held by a
divergence near its law and wins against it far out, where no axis that follows the tails of the solution reaches.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from elbowroom.solution.attempt import Attempt
from elbowroom.solution.blocks import TableBlock
from elbowroom.solution.discretised import Discretised, discretise
from elbowroom.solution.mesh import Mesh
from elbowroom.solution.stages import Search

Array = np.ndarray

_DISTANCES = 10.0 ** np.arange(1, 8)
_SHARES = (1e-2, 1e-4, 1e-6)
_BETTER = 1e-6


def better_far_out(found: Search) -> float | None:
    """A place far out where a small share of the mass makes the Lagrangian less; None if there is none."""
    last = found.fine
    blocks = list(last.discretised.blocks.values())
    if len(blocks) != 1 or not isinstance(blocks[0], TableBlock) or len(blocks[0].shape) != 1:
        return None
    if last.point.shifted or found.has_several or not last.discretised.is_convexly_constrained:
        return None
    role = blocks[0].density.of[0].role
    mesh = found.meshes[role]
    if len(last.discretised.axes[role].nodes) != len(mesh.edges) * mesh.order - mesh.order:
        return None
    width = mesh.box[1] - mesh.box[0]
    for distance in _DISTANCES * width:
        for place in (mesh.box[1] + distance, mesh.box[0] - distance):
            if mesh.open_ends[0 if place < mesh.box[0] else 1] and _is_better(found, role, mesh, place):
                return float(place)
    return None


def _is_better(found: Search, role: str, mesh: Mesh, place: float) -> bool:
    """Whether the Lagrangian falls where a share of the mass goes to an interval of width one at a place."""
    last = found.fine
    far = np.array([place, place + 1.0])
    above = place > mesh.box[1]
    longer = mesh.with_edges(np.concatenate([mesh.edges, far] if above else [far, mesh.edges]))
    axes = {**last.discretised.axes, role: longer.axis()}
    wide = discretise(last.discretised.statement, axes, {})
    count, order = len(last.table(_key(last))), mesh.order
    # Between the end of the mesh and the interval is one panel that stays empty.
    body, blob = np.zeros(wide.size), np.zeros(wide.size)
    if wide.size != count + 2 * order:
        return False
    inside = slice(0, count) if above else slice(2 * order, None)
    body[inside] = last.table(_key(last))
    blob[slice(count + order, None) if above else slice(0, order)] = 1.0
    before = _lagrangian(last, wide, body)
    if not np.isfinite(before):
        return False
    for share in _SHARES:
        after = _lagrangian(last, wide, (1 - share) * body + share * blob)
        if after < before - _BETTER * (1 + abs(before)):
            return True
    return False


def _key(last: Attempt) -> Hashable:
    return next(iter(last.discretised.blocks))


def _lagrangian(last: Attempt, wide: Discretised, x: Array) -> float:
    value, residual = wide.value_at(x)
    rows = wide.positivity.matrix @ x + wide.positivity.offset
    bounds = last.point.bound_multipliers[len(last.point.x) :]
    return float(value + last.point.multipliers @ residual - bounds @ rows)
