"""The first variation of a functional: its derivative in a direction, one rule for each node."""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch

from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.expression import (
    Constant,
    Exp,
    Expression,
    Function,
    Log,
    Multiplier,
    Parameter,
    Power,
    Product,
    Sum,
)
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable

NOTHING = Constant(Fraction(0))
DIRECTION = "eta"
"""The name of the direction: an arbitrary function of the variables of the density that varies."""


@singledispatch
def variation(node: Expression, of: DensityValue) -> Expression:
    r"""The derivative of an expanded expression when q becomes q + epsilon eta, at epsilon = 0.

    **Arguments.** `of` is the density q that varies; eta is an opaque function of the same variables.

    **Raises.** `MissingRule` for a node without a rule; `InputError` if the law of q occurs through another
    of its densities, whose dependence on q is not stated.
    """
    raise MissingRule(f"no variation rule for {type(node).__name__}; add one in derivation/variation.py")


@variation.register(Constant)
@variation.register(Parameter)
@variation.register(Multiplier)
@variation.register(Variable)
@variation.register(Function)
def _(node: Expression, of: DensityValue) -> Expression:
    return NOTHING


@variation.register
def _(node: DensityValue, of: DensityValue) -> Expression:
    if node.letter != of.letter:
        return NOTHING
    if not same_density(node, of):
        raise InputError(
            f"The functional contains {node}, which is another part of the law {of.letter} than the unknown {of}. "
            f"Write it through {of}, for example as an integral of it, or optimise over {node}."
        )
    return direction(node)


@variation.register
def _(node: Sum, of: DensityValue) -> Expression:
    return _sum([variation(term, of) for term in node.terms])


@variation.register
def _(node: Product, of: DensityValue) -> Expression:
    terms: list[Expression] = []
    for place, factor in enumerate(node.factors):
        varied = variation(factor, of)
        if varied is not NOTHING:
            terms.append(Product((*node.factors[:place], varied, *node.factors[place + 1 :])))
    return _sum(terms)


@variation.register
def _(node: Power, of: DensityValue) -> Expression:
    if variation(node.exponent, of) is not NOTHING:
        raise MissingRule("no variation rule for a power whose exponent varies; add one in derivation/variation.py")
    varied = variation(node.base, of)
    return NOTHING if varied is NOTHING else node.exponent * node.base ** (node.exponent - 1) * varied


@variation.register
def _(node: Log, of: DensityValue) -> Expression:
    varied = variation(node.argument, of)
    return NOTHING if varied is NOTHING else varied / node.argument


@variation.register
def _(node: Exp, of: DensityValue) -> Expression:
    varied = variation(node.argument, of)
    return NOTHING if varied is NOTHING else node * varied


@variation.register
def _(node: Integral, of: DensityValue) -> Expression:
    varied = variation(node.integrand, of)
    return NOTHING if varied is NOTHING else Integral(varied, node.variable)


def direction(density: DensityValue) -> Function:
    """The direction eta at the variables of a density, in the order in which its tables hold them."""
    return Function(DIRECTION, (*_in_order(density.of), *_in_order(density.given)))


def same_density(node: DensityValue, of: DensityValue) -> bool:
    """Whether `node` is the density `of`, perhaps at other values of its variables."""
    own = ({v.role for v in node.of}, {v.role for v in node.given})
    return node.letter == of.letter and own == ({v.role for v in of.of}, {v.role for v in of.given})


def _in_order(variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
    return tuple(sorted(variables, key=lambda variable: variable.role))


def _sum(terms: list[Expression]) -> Expression:
    kept = [term for term in terms if term is not NOTHING]
    if not kept:
        return NOTHING
    return Sum(tuple(kept)) if len(kept) > 1 else kept[0]
