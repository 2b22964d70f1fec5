"""Whether anything meets the constraints: the non-negative unknowns that come nearest to them.

Affine constraints A x = b with x >= 0 are met as nearly as possible by few atoms, found by non-negative least
squares (Lawson and Hanson 1974); what remains says that they contradict one another, and which does most.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.optimize

from elbowroom.solution.discretised import Discretised
from elbowroom.solution.graph import Known

Array = np.ndarray

_MOST_NUMBERS = 3000


@dataclasses.dataclass(frozen=True, eq=False)
class Nearest:
    """The unknowns that come nearest to the constraints: what is left of each, relative to its size."""

    x: Array
    left: float
    worst: str

    @property
    def is_feasible(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 1e-8


def contradiction(discretised: Discretised) -> str | None:
    """The text of a constraint without any unknown that does not hold."""
    for condition in discretised.stated:
        if isinstance(condition.node, Known):
            values = condition.node.array
            if not np.isfinite(values).all() or np.abs(values).max() > 1e-9 * (1 + np.abs(values).max()):
                return condition.text
    return None


def nearest(discretised: Discretised, x: Array) -> Nearest | None:
    """The nearest point, the constraints being linearised at `x`; None where that says nothing."""
    direct = discretised.positivity.direct
    local = discretised.at(x)
    if local is None or not direct.all() or discretised.bounds or len(x) > _MOST_NUMBERS or not len(local.residual):
        return None
    rows = local.jacobian.toarray() * x
    lengths = np.maximum(np.median(np.abs(rows), axis=1), 1e-12 * np.abs(rows).max(axis=1))
    lengths[lengths == 0] = 1.0
    target = (rows.sum(axis=1) - local.residual) / lengths
    try:
        relative, _ = scipy.optimize.nnls(rows / lengths[:, None], target)
    except RuntimeError:
        return None
    left = np.abs(rows @ relative / lengths - target) / (1 + np.abs(target))
    texts = [condition.text for condition in discretised.conditions for _ in range(condition.node.size)]
    return Nearest(relative * x, float(left.max()), texts[int(left.argmax())])
