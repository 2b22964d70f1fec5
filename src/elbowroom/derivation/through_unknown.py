"""Other densities of the law of an unknown, such as the marginal q(z) beside q(z|x), written through the unknown."""

from __future__ import annotations

from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression
from elbowroom.functional.joint import in_parts, is_same_density
from elbowroom.functional.law import DensityValue
from elbowroom.functional.problem import Problem
from elbowroom.functional.traverse import children, rebuild


def through_unknown(expression: Expression, problem: Problem) -> Expression:
    """An expanded expression in which the law of an unknown occurs through the unknown and the parts that are given."""
    if isinstance(expression, DensityValue):
        for unknown in problem.over:
            if isinstance(unknown, DensityValue) and unknown.letter == expression.letter:
                known = [law for law in problem.given.laws if law.letter == unknown.letter]
                given = any(is_same_density(expression, law) for law in known)
                if known and not given and not is_same_density(expression, unknown):
                    return expand(in_parts(expression, [unknown, *known]))
        return expression
    return rebuild(expression, [through_unknown(child, problem) for child in children(expression)])
