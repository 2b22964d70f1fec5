"""What minimisation works with: a program at one point, what has to stay positive, and where it ended."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from elbowroom.solution.curvature import Curvature

Array = np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Local:
    """The functions of a program at one point: values, gradient, and the Jacobian of the equations."""

    value: float
    gradient: Array
    residual: Array
    jacobian: sp.csr_array
    curvature: Callable[[Array], Curvature]


@dataclasses.dataclass(frozen=True, eq=False)
class Positivity:
    """What has to stay positive: the unknowns where `direct`, and the rows of `matrix @ x + offset`.

    `weights` says how much of the barrier each has, first those of the unknowns, then those of the rows.
    """

    direct: Array
    matrix: sp.csr_array
    offset: Array
    weights: Array


@dataclasses.dataclass(frozen=True)
class Effort:
    """How far minimisation goes: to a barrier μ, and there until a step promises less than `tolerance`.

    Where a functional hardly sees the fine structure of an unknown, that is determined by the barrier, and only if
    the tolerance is much below it.
    """

    tolerance: float = 1e-13
    smallest_barrier: float = 1e-14
    most_steps: int = 120


@dataclasses.dataclass(frozen=True, eq=False)
class Point:
    """Where the method ended.

    **Arguments.** `decrement` is the improvement that another Newton step promises, `barrier` the last μ,
    `shifted` whether the Lagrangian had directions of negative curvature on the way, `at_last` the same at the end.
    """

    x: Array
    slacks: Array
    multipliers: Array
    bound_multipliers: Array
    value: float
    residual: float
    relative_residual: float
    decrement: float
    barrier: float
    steps: int
    shifted: bool
    shifted_at_last: bool
    stopped: str
