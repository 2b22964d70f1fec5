"""Functions of one number with their first two derivatives, as the graph applies them."""

from __future__ import annotations

import numpy as np
from scipy import special

from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.elementary import ELEMENTARY, Elementary, NamedConstant
from elbowroom.functional.expression import (
    Constant,
    Exp,
    Expression,
    Log,
    Parameter,
    Power,
    Product,
    Sum,
    as_expression,
)
from elbowroom.solution.graph import Array, Smooth

KINKED = ("abs", "sign", "positive_part")
"""The elementary functions that are not smooth."""

LOG = Smooth(np.log, lambda u: 1 / u, lambda u: -1 / u**2)
EXP = Smooth(np.exp, np.exp, np.exp)


def power(exponent: float) -> Smooth:
    """u to a fixed power; of a whole number for negative u too."""
    if exponent == 0.5:
        return Smooth(np.sqrt, lambda u: 0.5 / np.sqrt(u), lambda u: -0.25 * u**-1.5)
    number = int(exponent) if float(exponent).is_integer() else exponent
    first, second = number * 1.0, number * (number - 1.0)
    return Smooth(
        lambda u: _raised(u, number),
        lambda u: first * _raised(u, number - 1) if first else np.zeros_like(u),
        lambda u: second * _raised(u, number - 2) if second else np.zeros_like(u),
    )


def elementary(name: str) -> Smooth:
    """An elementary function of the language, its derivatives by the language's own rules."""
    argument = Parameter("u")
    first = ELEMENTARY[name].derivative(argument)
    return Smooth(
        lambda u: ELEMENTARY[name].evaluate(np, special, u),
        lambda u: _evaluate(first, u),
        lambda u: _evaluate(_derivative(first), u),
        is_kinked=name in KINKED,
    )


def _raised(base: Array, exponent: float) -> Array:
    return np.power(base, float(exponent)) if exponent < 0 else np.power(base, exponent)


def _evaluate(node: Expression, u: Array) -> Array:
    match node:
        case Parameter():
            return u
        case Constant(value):
            return np.full_like(u, float(value))
        case NamedConstant():
            return np.full_like(u, node.value)
        case Sum(terms):
            return sum((_evaluate(term, u) for term in terms), np.zeros_like(u))
        case Product(factors):
            return np.prod([_evaluate(factor, u) for factor in factors], axis=0)
        case Power(base, Constant(value)):
            return power(float(value)).function(_evaluate(base, u))
        case Exp(inner):
            return np.exp(_evaluate(inner, u))
        case Log(inner):
            return np.log(_evaluate(inner, u))
        case Elementary(name, inner):
            return ELEMENTARY[name].evaluate(np, special, _evaluate(inner, u))
    raise MissingRule(f"no rule to evaluate {type(node).__name__} in a derivative; add one in solution/pointwise.py")


def _derivative(node: Expression) -> Expression:
    match node:
        case Parameter():
            return as_expression(1)
        case Constant() | NamedConstant():
            return as_expression(0)
        case Sum(terms):
            return Sum(tuple(_derivative(term) for term in terms))
        case Product(factors):
            return Sum(
                tuple(
                    Product((_derivative(factor), *factors[:place], *factors[place + 1 :]))
                    for place, factor in enumerate(factors)
                )
            )
        case Power(base, Constant(value)):
            return value * base ** (value - 1) * _derivative(base)
        case Exp(inner):
            return node * _derivative(inner)
        case Log(inner):
            return _derivative(inner) / inner
        case Elementary():
            return node.derivative * _derivative(node.argument)
    raise InputError(f"no second derivative of {node}")
