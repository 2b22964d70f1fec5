"""A finite world: every variable has a few values, every law a table, so that every expression has a value.

An integral is a sum here. An identity that holds for every density in every space holds in every such
world, so one disagreement refutes it.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping
from functools import singledispatch

from elbowroom.errors import MissingRule
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

Assignment = Mapping[str, int]
"""The value of each variable, by its name."""


@dataclasses.dataclass(frozen=True)
class World:
    """Sizes of the variables by role, a joint table for each letter, numbers for parameters and functions.

    **Arguments.** `joints[letter]` is the roles of a law in order and its table, from tuples of values to
    probabilities. `pinned` holds densities that have a table of their own, whatever the joint says: from
    (letter, roles it is of, roles given) to a table over both in that order.
    """

    sizes: Mapping[str, int]
    joints: Mapping[str, tuple[tuple[str, ...], Mapping[tuple[int, ...], float]]]
    parameters: Mapping[str, float]
    functions: Mapping[tuple[str, tuple[float, ...]], float]
    pinned: Mapping[tuple[str, tuple[str, ...], tuple[str, ...]], Mapping[tuple[int, ...], float]] = dataclasses.field(
        default_factory=dict
    )

    def marginal(self, letter: str, values: Mapping[str, int]) -> float:
        """The probability that the variables of `values`, by role, have these values."""
        roles, table = self.joints[letter]
        return math.fsum(
            probability
            for point, probability in table.items()
            if all(values.get(role, value) == value for role, value in zip(roles, point, strict=True))
        )

    def density(self, node: DensityValue, assignment: Assignment) -> float:
        """The value of a density where the variables have the values of `assignment`."""
        of = {variable.role: assignment[variable.name] for variable in node.of}
        given = {variable.role: assignment[variable.name] for variable in node.given}
        key = (node.letter, tuple(sorted(of)), tuple(sorted(given)))
        if key in self.pinned:
            both = of | given
            return self.pinned[key][tuple(both[role] for role in (*key[1], *key[2]))]
        return self.marginal(node.letter, of | given) / (self.marginal(node.letter, given) if given else 1.0)


def assignments(world: World, variables: tuple[Variable, ...]) -> Iterator[dict[str, int]]:
    """Every way to give values to `variables` in `world`."""
    ranges = [range(world.sizes[variable.role]) for variable in variables]
    for values in itertools.product(*ranges):
        yield {variable.name: value for variable, value in zip(variables, values, strict=True)}


@singledispatch
def evaluate(node: Expression, world: World, assignment: Assignment) -> float:
    """The value of an expanded expression in `world`, its free variables having the values of `assignment`.

    **Raises.** `MissingRule` for a node without a rule, `ArithmeticError` or `ValueError` where the value is
    not a finite real number.
    """
    raise MissingRule(f"no rule to evaluate {type(node).__name__} in a finite world; add one in derivation/world.py")


@evaluate.register
def _(node: Constant, world: World, assignment: Assignment) -> float:
    return float(node.value)


@evaluate.register
def _(node: Parameter, world: World, assignment: Assignment) -> float:
    return world.parameters[node.name]


@evaluate.register
def _(node: Multiplier, world: World, assignment: Assignment) -> float:
    return world.parameters[node.name]


@evaluate.register
def _(node: Variable, world: World, assignment: Assignment) -> float:
    return float(assignment[node.name])


@evaluate.register
def _(node: Function, world: World, assignment: Assignment) -> float:
    arguments = tuple(evaluate(argument, world, assignment) for argument in node.arguments)
    return function_value(world, node.name, arguments)


@evaluate.register
def _(node: DensityValue, world: World, assignment: Assignment) -> float:
    return world.density(node, assignment)


@evaluate.register
def _(node: Sum, world: World, assignment: Assignment) -> float:
    return math.fsum(evaluate(term, world, assignment) for term in node.terms)


@evaluate.register
def _(node: Product, world: World, assignment: Assignment) -> float:
    return math.prod(evaluate(factor, world, assignment) for factor in node.factors)


@evaluate.register
def _(node: Power, world: World, assignment: Assignment) -> float:
    return math.pow(evaluate(node.base, world, assignment), evaluate(node.exponent, world, assignment))


@evaluate.register
def _(node: Log, world: World, assignment: Assignment) -> float:
    return math.log(evaluate(node.argument, world, assignment))


@evaluate.register
def _(node: Exp, world: World, assignment: Assignment) -> float:
    return math.exp(evaluate(node.argument, world, assignment))


@evaluate.register
def _(node: Integral, world: World, assignment: Assignment) -> float:
    variable = node.variable
    return math.fsum(
        evaluate(node.integrand, world, {**assignment, variable.name: value})
        for value in range(world.sizes[variable.role])
    )


def function_value(world: World, name: str, arguments: tuple[float, ...]) -> float:
    """The value of an opaque function: from the world's table, and a fixed wild function elsewhere."""
    known = world.functions.get((name, arguments))
    if known is not None:
        return known
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 97
    return 0.3 + math.fsum(math.sin(phase + (3 + place) * value) for place, value in enumerate(arguments)) / 2
