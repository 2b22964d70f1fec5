"""Derivatives with respect to a variable, and values at a point: `diff(q(z), z)` and `q(-1)`."""

from __future__ import annotations

import dataclasses
from typing import Any

from elbowroom.functional.expression import Expression, as_expression
from elbowroom.functional.law import Variable


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Derivative(Expression):
    """The derivative of `expression` by `variable`, at the value that the variable has."""

    expression: Expression
    variable: Variable

    def __post_init__(self) -> None:
        if not isinstance(self.variable, Variable):
            raise TypeError(f"A derivative is taken by a variable, and {self.variable!r} is not one.")
        object.__setattr__(self, "expression", as_expression(self.expression))


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PointValue(Expression):
    """`expression` where `variable` has the value `point`: q(-1) is `PointValue(q(z), z, -1)`.

    The variable is bound here, and `point` does not contain it; `substitute` renames it where that is needed.
    A value at another variable needs no such node: it is the same expression in that variable.
    """

    expression: Expression
    variable: Variable
    point: Expression

    def __post_init__(self) -> None:
        if not isinstance(self.variable, Variable):
            raise TypeError(f"A value is taken at a point of a variable, and {self.variable!r} is not one.")
        object.__setattr__(self, "expression", as_expression(self.expression))
        object.__setattr__(self, "point", as_expression(self.point))


def at_points(node: PointValue) -> tuple[Expression, dict[Variable, Expression]]:
    """The expression that a value, or a value of a value, is taken of, and where."""
    inner: Expression = node
    points: dict[Variable, Expression] = {}
    while isinstance(inner, PointValue):
        points.setdefault(inner.variable, inner.point)
        inner = inner.expression
    return inner, points


def diff(expression: Any, variable: Variable) -> Derivative:
    """The derivative of `expression` by `variable`.

    >>> from elbowroom.functional.law import laws, variables
    >>> (z,), (q,) = variables("z"), laws("q")
    >>> diff(q(z), z) ** 2 / q(z)
    diff(q(z), z)**2/q(z)
    """
    return Derivative(expression, variable)
