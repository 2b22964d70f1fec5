"""Constraints that repeat or contradict one another, as far as their form shows it."""

from __future__ import annotations

from elbowroom.errors import InputError
from elbowroom.functional.expression import Constant, Equation, Expression, Parameter
from elbowroom.functional.problem import Problem
from elbowroom.functional.setting import Setting


def check_constraints(problem: Problem) -> None:
    """Refuse two equations with the same left side. Raises `InputError` that names both."""
    seen: dict[Expression, Equation] = {}
    for constraint in problem.subject_to:
        if not isinstance(constraint, Equation):
            continue
        other = seen.setdefault(constraint.left, constraint)
        if other is constraint:
            continue
        first, second = (_number(side.right, problem.given) for side in (other, constraint))
        if first is not None and second is not None and first != second:
            raise InputError(f"The constraints {other} and {constraint} contradict each other. Take one of them out.")
        raise InputError(f"The constraints {other} and {constraint} say the same twice. Take one of them out.")


def _number(expression: Expression, given: Setting) -> float | None:
    if isinstance(expression, Constant):
        return float(expression.value)
    if isinstance(expression, Parameter):
        return given.parameters.get(expression.name)
    return None
