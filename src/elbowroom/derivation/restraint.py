"""The constraints of a problem made ready: each with its multiplier, its statistic and its target.

One convention everywhere: S = J + sum_i lambda_i (C_i - c_i). A multiplier carries exactly the variables that are
free in its constraint.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.polynomial import ZERO, Polynomial
from elbowroom.derivation.strong_form import strong_form
from elbowroom.derivation.through_unknown import through_unknown
from elbowroom.derivation.variation import NOTHING, variation
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Constant, Equation, Expression, Inequality, Multiplier
from elbowroom.functional.law import Variable
from elbowroom.functional.problem import Constraint, Problem
from elbowroom.functional.substitute import substitute
from elbowroom.functional.traverse import free_variables


@dataclasses.dataclass(frozen=True)
class Restraint:
    """A constraint C[q] = c, or C[q] >= c.

    **Arguments.** `statistic` is the derivative of C at the variables of q; for a linear constraint C[q] is the
    integral of it times q. `target` is c.
    """

    stated: Constraint
    multiplier: Multiplier
    statistic: Polynomial
    target: Expression

    @property
    def free(self) -> tuple[Variable, ...]:
        """The variables for each of whose values the constraint holds."""
        return tuple(v for v in self.multiplier.of if isinstance(v, Variable))

    @property
    def is_inequality(self) -> bool:
        """Whether it is a bound and no equation."""
        return isinstance(self.stated, Inequality)

    @property
    def excess(self) -> Expression:
        """C[q] - c as it was stated."""
        right = self.stated.right
        if isinstance(right, Constant) and right.value == 0:
            return self.stated.left
        return self.stated.left - right


def restraint(stated: Equation | Inequality, problem: Problem, number: int, rules: NormalForm) -> Restraint:
    """The constraint with the multiplier lambda<number>."""
    unknown = problem.density
    difference = through_unknown(expand(stated.left - stated.right), problem)
    first = variation(difference, unknown, problem.given.laws)
    form = ZERO if first is NOTHING else rules.of(first)
    free = (free_variables(stated.left) | free_variables(stated.right)).difference(problem.given.observed)
    multiplier = Multiplier(f"lambda{number}", _by_name(free))
    statistic = strong_form(form, unknown) if form else ZERO
    target = -substitute(difference, {unknown: 0})
    return Restraint(stated, multiplier, statistic, target)


def _by_name(variables: Collection[Variable]) -> tuple[Variable, ...]:
    return tuple(sorted(variables, key=lambda variable: variable.name))
