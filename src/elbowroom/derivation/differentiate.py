"""The ordinary derivative of an expression by a variable or by a number."""

from __future__ import annotations

from collections.abc import Callable

from elbowroom.derivation.chain_rule import NOTHING, chain_rule
from elbowroom.functional.differential import Derivative
from elbowroom.functional.elementary import NamedConstant
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Constant, Exp, Expression, Function, Multiplier, Parameter, as_expression
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.traverse import children, free_variables, rebuild

Meaning = Callable[[Expression], Expression | None]
"""What a density or a function stands for at its variables; None for one of which nothing is known."""

UNIT = as_expression(1)


def derivative(expression: Expression, by: Variable | Parameter, meaning: Meaning = lambda node: None) -> Expression:
    """The derivative of `expression` by `by`, named functionals expanded.

    Densities and functions are replaced by what they stand for; where nothing is known of one that depends on
    `by`, its derivative stays as a node.
    """
    return _of(expand(expression), by, meaning)


def differentiated(expression: Expression, meaning: Meaning) -> Expression:
    """`expression` with every derivative node carried out as far as the densities and functions in it are known."""
    if isinstance(expression, Derivative):
        return derivative(differentiated(expression.expression, meaning), expression.variable, meaning)
    return rebuild(expression, [differentiated(child, meaning) for child in children(expression)])


def _of(node: Expression, by: Variable | Parameter, meaning: Meaning) -> Expression:
    match node:
        case Variable() | Parameter():
            return UNIT if node == by else NOTHING
        case Constant() | NamedConstant() | Multiplier():
            return NOTHING
        case DensityValue() | Function():
            return _of_name(node, by, meaning)
        case Integral() if isinstance(by, Variable) and by not in free_variables(node):
            return NOTHING
        case Derivative() if isinstance(by, Variable) and by not in free_variables(node):
            return NOTHING
        case Derivative():
            inner = _of(node.expression, node.variable, meaning)
            return Derivative(node, by) if inner == node else _of(inner, by, meaning)  # pyright: ignore[reportArgumentType]
    return chain_rule(node, lambda part: _of(part, by, meaning))


def _of_name(node: DensityValue | Function, by: Variable | Parameter, meaning: Meaning) -> Expression:
    known = meaning(node)
    if known is not None:
        known = expand(known)
        if isinstance(by, Parameter) and isinstance(node, DensityValue) and isinstance(known, Exp):
            score = _of(known.argument, by, meaning)
            return score if score is NOTHING else node * score
        return _of(known, by, meaning)
    if isinstance(by, Parameter) or by not in free_variables(node):
        return NOTHING
    return Derivative(node, by)
