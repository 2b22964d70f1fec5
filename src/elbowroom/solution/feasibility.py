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


def typical_sizes(rows: Array) -> Array:
    """The median of what is not zero in each row: that of z**2 on a very long axis is not a size to be met."""
    sizes = np.abs(rows)
    found = np.ones(len(rows))
    for place, row in enumerate(sizes):
        if row.any():
            found[place] = max(float(np.median(row[row > 0])), 1e-12 * float(row.max()))
    return found


def contradiction(discretised: Discretised) -> str | None:
    """The text of a constraint without any unknown that does not hold."""
    for condition in discretised.stated:
        if isinstance(condition.node, Known):
            values = condition.node.array
            if not np.isfinite(values).all() or np.abs(values).max() > 1e-9 * (1 + np.abs(values).max()):
                return condition.text
    return None


def nearest(discretised: Discretised, x: Array) -> Nearest | None:
    """The nearest point, `x` being only a scale of the unknowns; None where constraints are curved, or too many.

    Unknowns that may be negative are differences of two that may not, and so is what an inequality leaves over.
    """
    positivity = discretised.positivity
    x = np.where(positivity.direct, x, 1.0)
    local = discretised.at(x)
    if local is None or len(x) > _MOST_NUMBERS or not discretised.is_affine or not len(local.residual):
        return None
    direct, count = positivity.direct, len(positivity.offset)
    rows = np.vstack([local.jacobian.toarray(), positivity.matrix.toarray()]) * x
    left_over = np.vstack([np.zeros((len(local.residual), count)), -np.eye(count)])
    target = rows.sum(axis=1) - np.concatenate([local.residual, positivity.matrix @ x + positivity.offset])
    lengths = typical_sizes(rows)
    columns = np.hstack([rows, -rows[:, ~direct], left_over]) / lengths[:, None]
    target = target / lengths
    try:
        found, _ = scipy.optimize.nnls(columns, target)
    except RuntimeError:
        return None
    left = np.abs(columns @ found - target) / (1 + np.abs(target))
    texts = [condition.text for condition in discretised.conditions for _ in range(condition.node.size)]
    texts += [bound.text for bound in discretised.bounds for _ in range(bound.node.size)]
    relative = found[: len(x)]
    relative[~direct] -= found[len(x) : len(x) + int((~direct).sum())]
    return Nearest(relative * x, float(left.max()), texts[int(left.argmax())])
