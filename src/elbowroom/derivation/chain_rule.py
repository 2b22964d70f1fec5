"""How the derivative of a node follows from the derivatives of its parts: sum, product, chain and integral rules.

The same rules serve the first variation, where q moves in a direction, and the ordinary derivative, where a
variable or a number moves; the two differ in what they make of the leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import singledispatch

from elbowroom.errors import MissingRule
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import Constant, Exp, Expression, Log, Power, Product, Sum
from elbowroom.functional.functionals import Integral

NOTHING = Constant(Fraction(0))

Rule = Callable[[Expression], Expression]
"""The derivative of a part; `NOTHING` itself where the part does not move."""


@singledispatch
def chain_rule(node: Expression, part: Rule) -> Expression:
    """The derivative of `node`, given the rule for its parts.

    **Raises.** `MissingRule` for a node without a rule.
    """
    raise MissingRule(f"no variation rule for {type(node).__name__}; add one in derivation/chain_rule.py")


@chain_rule.register
def _(node: Sum, part: Rule) -> Expression:
    return total([part(term) for term in node.terms])


@chain_rule.register
def _(node: Product, part: Rule) -> Expression:
    terms: list[Expression] = []
    for place, factor in enumerate(node.factors):
        moved = part(factor)
        if moved is not NOTHING:
            terms.append(Product((*node.factors[:place], moved, *node.factors[place + 1 :])))
    return total(terms)


@chain_rule.register
def _(node: Power, part: Rule) -> Expression:
    base, exponent = part(node.base), part(node.exponent)
    terms: list[Expression] = []
    if base is not NOTHING:
        terms.append(node.exponent * node.base ** (node.exponent - 1) * base)
    if exponent is not NOTHING:
        terms.append(node * Log(node.base) * exponent)
    return total(terms)


@chain_rule.register
def _(node: Log, part: Rule) -> Expression:
    moved = part(node.argument)
    return NOTHING if moved is NOTHING else moved / node.argument


@chain_rule.register
def _(node: Exp, part: Rule) -> Expression:
    moved = part(node.argument)
    return NOTHING if moved is NOTHING else node * moved


@chain_rule.register
def _(node: Elementary, part: Rule) -> Expression:
    moved = part(node.argument)
    return NOTHING if moved is NOTHING else node.derivative * moved


@chain_rule.register
def _(node: Integral, part: Rule) -> Expression:
    moved = part(node.integrand)
    return NOTHING if moved is NOTHING else Integral(moved, node.variable, node.lower, node.upper)


@chain_rule.register
def _(node: Derivative, part: Rule) -> Expression:
    moved = part(node.expression)
    return NOTHING if moved is NOTHING else Derivative(moved, node.variable)


@chain_rule.register
def _(node: PointValue, part: Rule) -> Expression:
    moved = part(node.expression)
    return NOTHING if moved is NOTHING else PointValue(moved, node.variable, node.point)


def total(terms: list[Expression]) -> Expression:
    """The sum of the terms that are not `NOTHING`."""
    kept = [term for term in terms if term is not NOTHING]
    if not kept:
        return NOTHING
    return Sum(tuple(kept)) if len(kept) > 1 else kept[0]
