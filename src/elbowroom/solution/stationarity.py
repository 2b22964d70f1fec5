"""How nearly the condition of stationarity holds at the end of an attempt."""

from __future__ import annotations

import math

import numpy as np

from elbowroom.solution.attempt import Attempt
from elbowroom.solution.blocks import TableBlock

_SUPPORT = 1e-12
"""Where a density is below this share of its largest value, its stationarity is that of a bound."""


def stationarity(last: Attempt) -> float:
    """The root mean square of δL/δq under q, over all densities; of the gradient by the other unknowns."""
    discretised, point = last.discretised, last.point
    local = discretised.at(point.x)
    if local is None:
        return math.nan
    total = local.gradient + local.jacobian.T @ point.multipliers
    direct = int(discretised.positivity.direct.sum())
    total = total - discretised.positivity.matrix.T @ point.bound_multipliers[direct:]
    squares = 0.0
    duals = np.zeros(discretised.size)
    duals[discretised.positivity.direct] = point.bound_multipliers[:direct]
    for block in discretised.blocks.values():
        part = slice(block.start, block.start + block.count)
        if isinstance(block, TableBlock):
            weights = np.ones(())
            for variable in (*block.density.of, *block.density.given):
                weights = weights[..., None] * discretised.axes[variable.role].weights
            weights = weights[block.alive]
            slope = (total[part] - duals[part]) / weights
            support = point.x[part] > _SUPPORT * point.x[part].max(initial=0.0)
            squares += float((weights * point.x[part])[support] @ slope[support] ** 2)
        else:
            squares += float(((total[part] - duals[part]) ** 2).sum())
    return math.sqrt(squares)
