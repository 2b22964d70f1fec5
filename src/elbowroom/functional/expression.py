"""The expression tree: immutable nodes, compared by structure, printed as they were written.

Arithmetic on nodes builds nodes and simplifies nothing, so that what is printed is what was written.
`a == b` builds an `Equation`, as on paper; its truth value is structural equality, which is what
lets nodes be keys of dictionaries.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from functools import cache
from numbers import Rational
from typing import Any

from elbowroom.functional.printing import to_latex, to_text
from elbowroom.functional.support import REAL, Support


class Expression:
    """Any expression of the language. Subclasses are frozen dataclasses declared with `eq=False`."""

    def __add__(self, other: Any) -> Expression:
        return Sum((*_terms(self), *_terms(as_expression(other))))

    def __radd__(self, other: Any) -> Expression:
        return as_expression(other) + self

    def __neg__(self) -> Expression:
        if isinstance(self, Constant):
            return Constant(-self.value)
        return Product((MINUS_ONE, *_factors(self)))

    def __sub__(self, other: Any) -> Expression:
        return self + (-as_expression(other))

    def __rsub__(self, other: Any) -> Expression:
        return as_expression(other) - self

    def __mul__(self, other: Any) -> Expression:
        return Product((*_factors(self), *_factors(as_expression(other))))

    def __rmul__(self, other: Any) -> Expression:
        return as_expression(other) * self

    def __truediv__(self, other: Any) -> Expression:
        return Product((*_factors(self), Power(as_expression(other), MINUS_ONE)))

    def __rtruediv__(self, other: Any) -> Expression:
        return as_expression(other) / self

    def __pow__(self, other: Any) -> Expression:
        return Power(self, as_expression(other))

    def __rpow__(self, other: Any) -> Expression:
        return as_expression(other) ** self

    def __eq__(self, other: object) -> Equation:  # pyright: ignore[reportIncompatibleMethodOverride]
        return Equation(self, as_expression(other) if _is_number(other) else other)  # pyright: ignore

    def __ne__(self, other: object) -> bool:
        return not bool(self == other)

    def __ge__(self, other: Any) -> Inequality:
        return Inequality(self, as_expression(other))

    def __le__(self, other: Any) -> Inequality:
        return Inequality(as_expression(other), self)

    def __hash__(self) -> int:
        known = self.__dict__.get("_hash")
        if known is None:
            known = hash((type(self).__name__, *_fields(self)))
            object.__setattr__(self, "_hash", known)
        return known

    def __bool__(self) -> bool:
        raise TypeError("An expression has no truth value. To compare two of them ask elbowroom.check(left, right).")

    def __repr__(self) -> str:
        return to_text(self)

    def _repr_latex_(self) -> str:
        return f"${to_latex(self)}$"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Equation:
    """`left == right` as a statement: a constraint, or an identity to check.

    Its truth value is structural equality, not mathematical equality.
    """

    left: Expression
    right: Expression

    def __bool__(self) -> bool:
        left, right = self.left, self.right
        if left is right:
            return True
        if type(left) is not type(right) or hash(left) != hash(right):
            return False
        return _fields(left) == _fields(right)

    def __repr__(self) -> str:
        return to_text(self)

    def _repr_latex_(self) -> str:
        return f"${to_latex(self)}$"


@dataclasses.dataclass(frozen=True, repr=False)
class Inequality:
    """`left >= right` as a statement: a bound in a problem, or a claim to check."""

    left: Expression
    right: Expression

    def __bool__(self) -> bool:
        raise TypeError("An inequality has no truth value. To decide it ask elbowroom.check.")

    def __repr__(self) -> str:
        return to_text(self)

    def _repr_latex_(self) -> str:
        return f"${to_latex(self)}$"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Constant(Expression):
    """A rational number, kept exactly."""

    value: Fraction


MINUS_ONE = Constant(Fraction(-1))
HALF = Constant(Fraction(1, 2))


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Parameter(Expression):
    """A real number known by name, such as beta; its value is bound later, or it is the unknown of a problem."""

    name: str
    support: Support = REAL


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Multiplier(Expression):
    """A Lagrange multiplier: one number for each value of the variables it is `of`."""

    name: str
    of: tuple[Expression, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Function(Expression):
    """An opaque real function of its arguments, such as a loss l(x, z)."""

    name: str
    arguments: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Sum(Expression):
    """The sum of its terms."""

    terms: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Product(Expression):
    """The product of its factors; a quotient holds its denominator as a power of -1."""

    factors: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Power(Expression):
    """`base` to the power `exponent`."""

    base: Expression
    exponent: Expression


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Log(Expression):
    """The natural logarithm."""

    argument: Expression


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Exp(Expression):
    """The exponential function."""

    argument: Expression


def as_expression(value: Any) -> Expression:
    """`value` as a node: an expression is returned as it is, a number becomes a `Constant`.

    A decimal is read as the decimal it shows (0.1 is 1/10). Raises `TypeError` for anything else,
    `ValueError` for a number that is not finite.
    """
    if isinstance(value, Expression):
        return value
    if isinstance(value, Rational) and not isinstance(value, bool):
        return Constant(Fraction(value))
    if isinstance(value, float):
        return Constant(Fraction(repr(value)))
    raise TypeError(
        f"{value!r} is not an expression. Give a number, a variable, a density such as p(x | z), or a formula of these."
    )


def log(argument: Any) -> Expression:
    """The natural logarithm of an expression."""
    return Log(as_expression(argument))


def exp(argument: Any) -> Expression:
    """The exponential of an expression."""
    return Exp(as_expression(argument))


def sqrt(argument: Any) -> Expression:
    """The square root of an expression, a power of 1/2."""
    return Power(as_expression(argument), HALF)


def _is_number(value: object) -> bool:
    return isinstance(value, (Rational, float)) and not isinstance(value, bool)


def _terms(expression: Expression) -> tuple[Expression, ...]:
    return expression.terms if isinstance(expression, Sum) else (expression,)


def _factors(expression: Expression) -> tuple[Expression, ...]:
    return expression.factors if isinstance(expression, Product) else (expression,)


def _fields(expression: Expression) -> tuple[Any, ...]:
    return tuple([getattr(expression, name) for name in _names(type(expression))])


@cache
def _names(kind: type[Expression]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]
