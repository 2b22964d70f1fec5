"""What is known of a node before it is evaluated."""

from __future__ import annotations

from functools import cache

from elbowroom.functional.expression import Exp, Expression, Multiplier, Power, Product
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.traverse import free_variables, walk


@cache
def is_positive(node: Expression) -> bool:
    """Whether the node is evaluated through its logarithm: it is positive, or zero by underflow only."""
    match node:
        case Exp() | DensityValue():
            return True
        case Power(base, _):
            return is_positive(base)
        case Product(factors):
            return all(is_positive(factor) for factor in factors)
    return False


@cache
def has_multiplier(node: Integral) -> bool:
    """Whether a multiplier stands in an integral, which then is no number yet."""
    return any(isinstance(part, Multiplier) for part in walk(node))


@cache
def free_of(node: Integral) -> tuple[Variable, ...]:
    """The variables that an integral leaves free, by name."""
    return tuple(sorted(free_variables(node), key=lambda variable: variable.name))
