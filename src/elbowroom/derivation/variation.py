"""The first variation of a functional: its derivative in a direction, one rule for each node."""

from __future__ import annotations

from collections.abc import Collection
from functools import singledispatch

from elbowroom.derivation.chain_rule import NOTHING, chain_rule
from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.elementary import NamedConstant
from elbowroom.functional.expression import Constant, Expression, Function, Multiplier, Parameter
from elbowroom.functional.law import DensityValue, Variable

DIRECTION = "eta"
"""The name of the direction: an arbitrary function of the variables of the density that varies."""

Unknown = DensityValue | Function
Fixed = Collection[DensityValue]


@singledispatch
def variation(node: Expression, of: Unknown, fixed: Fixed = ()) -> Expression:
    r"""The derivative of an expanded expression when q becomes q + epsilon eta, at epsilon = 0.

    **Arguments.** `of` is the density q, or the function y, that varies; eta is an opaque function of the same
    variables. `fixed` are the densities that are given, also of the law of q. Rules for composite nodes are those
    of `chain_rule`.

    **Raises.** `MissingRule` for a node without a rule; `InputError` if the law of q occurs through another
    of its densities, whose dependence on q is not stated.
    """
    return chain_rule(node, lambda part: variation(part, of, fixed))


@variation.register(Constant)
@variation.register(NamedConstant)
@variation.register(Parameter)
@variation.register(Multiplier)
@variation.register(Variable)
def _(node: Expression, of: Unknown, fixed: Fixed = ()) -> Expression:
    return NOTHING


@variation.register
def _(node: Function, of: Unknown, fixed: Fixed = ()) -> Expression:
    if isinstance(of, Function) and node.name == of.name:
        return Function(DIRECTION, node.arguments)
    if any(variation(argument, of, fixed) is not NOTHING for argument in node.arguments):
        raise MissingRule(f"no variation rule for the opaque function {node.name} of an unknown; give its formula")
    return NOTHING


@variation.register
def _(node: DensityValue, of: Unknown, fixed: Fixed = ()) -> Expression:
    if not isinstance(of, DensityValue) or node.letter != of.letter:
        return NOTHING
    if not same_density(node, of):
        if any(same_density(node, law) for law in fixed):
            return NOTHING
        raise InputError(
            f"The functional contains {node}, which is another part of the law {of.letter} than the unknown {of}. "
            f"Write it through {of}, for example as an integral of it, or optimise over {node}."
        )
    return direction(node)


def direction(density: DensityValue | Function) -> Function:
    """The direction eta at the variables of the unknown, in the order in which its tables hold them."""
    if isinstance(density, Function):
        return Function(DIRECTION, density.arguments)
    return Function(DIRECTION, (*_in_order(density.of), *_in_order(density.given)))


def same_density(node: DensityValue, of: DensityValue) -> bool:
    """Whether `node` is the density `of`, perhaps at other values of its variables."""
    own = ({v.role for v in node.of}, {v.role for v in node.given})
    return node.letter == of.letter and own == ({v.role for v in of.of}, {v.role for v in of.given})


def _in_order(variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
    return tuple(sorted(variables, key=lambda variable: variable.role))
