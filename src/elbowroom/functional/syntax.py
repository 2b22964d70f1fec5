"""A formula as it is written, before it is known which names are variables, laws or parameters.

Every notation is read into these few forms, each with the index in the text at which it begins, and
`parse` gives them their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    value: Fraction
    position: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name that is not called."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`, `name(arguments | given)` or `name(before; arguments)`."""

    name: str
    arguments: tuple[Syntax, ...]
    given: tuple[Syntax, ...]
    position: int
    before: tuple[Syntax, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """Terms added and subtracted, or factors multiplied and divided; `inverse` marks the second kind."""

    operation: str
    first: Syntax
    rest: tuple[tuple[bool, Syntax], ...]
    position: int


@dataclass(frozen=True, slots=True)
class Minus:
    """A minus sign before an operand."""

    operand: Syntax
    position: int


@dataclass(frozen=True, slots=True)
class Raised:
    """`base ** exponent`."""

    base: Syntax
    exponent: Syntax
    position: int


@dataclass(frozen=True, slots=True)
class Mean:
    """`E_measure[body]`."""

    measure: Syntax
    body: Syntax
    position: int


@dataclass(frozen=True, slots=True)
class Divergence:
    """`name(left || right)` or `name(order; left || right)`."""

    left: Syntax
    right: Syntax
    position: int
    name: str = "KL"
    order: Syntax | None = None


@dataclass(frozen=True, slots=True)
class Integration:
    """`integral(body, variable)`, perhaps with bounds, or the body between an integral sign and `dz`."""

    body: Syntax
    variable: Name
    position: int
    bounds: tuple[Syntax, Syntax] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """`left = right` or `left >= right`, as `relation` says."""

    left: Syntax
    right: Syntax
    relation: str


Syntax = Number | Name | Call | Chain | Minus | Raised | Mean | Divergence | Integration


def parts(syntax: Syntax) -> tuple[Syntax, ...]:
    """The forms that a form is made of."""
    match syntax:
        case Call(_, arguments, given, _, before):
            return (*before, *arguments, *given)
        case Chain(_, first, rest, _):
            return (first, *(part for _, part in rest))
        case Minus(operand, _):
            return (operand,)
        case Raised(base, exponent, _):
            return (base, exponent)
        case Mean(measure, body, _):
            return (measure, body)
        case Divergence(left, right, _, _, order):
            return (left, right) if order is None else (order, left, right)
        case Integration(body, variable, _, bounds):
            return (body, variable, *(bounds or ()))
        case _:
            return ()
