"""`solve`: the optimum of a variational problem in function space, by constrained optimisation on quadrature nodes."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from elbowroom.functional.problem import Problem
from elbowroom.solution.answer import answer
from elbowroom.solution.search import search
from elbowroom.solution.solution import Solution
from elbowroom.solution.statement import statement


def solve(problem: Problem) -> Solution:
    """The optimum of `problem` as numbers, found without any knowledge of its derivation.

    Densities are tables of their values at quadrature nodes (splines, where derivatives of them occur), functions
    are splines, integrals are weighted sums over the nodes; the discretised problem is solved by an interior point
    method in float64. Nodes of unbounded variables are placed where the integrands of the problem are, the box is
    widened until they have decayed at its ends, and everything is solved at two resolutions. Constraints need not be
    affine in the unknown; where the problem is not convex, the optimum is a local one, and the sentence says so.

    **Returns.** A `Solution`. Its `status` is "converged"; "infeasible" if no unknown meets the constraints;
    "unbounded" if the functional has no bound; "not-converged" otherwise, which includes a finite bound that is not
    reached. `sentence` says which of these it was.

    **Raises.** `InputError` for a problem that lacks a number, a function or a law, or has variables of several
    dimensions.

    >>> from elbowroom.functional.functionals import E, entropy
    >>> from elbowroom.functional.law import laws, variables
    >>> from elbowroom.functional.problem import Maximise
    >>> from elbowroom.functional.support import Positive
    >>> (z,), (q,) = variables("z", support=Positive()), laws("q")
    >>> solution = solve(Maximise(entropy(q(z)), over=q(z), subject_to=[E(q(z))[z] == 1]))
    >>> solution.status, round(solution.value, 9)
    ('converged', 1.0)
    """
    began = time.perf_counter()
    with np.errstate(all="ignore"):
        found = search(statement(problem))
        result = answer(found)
    return dataclasses.replace(result, seconds=time.perf_counter() - began)
