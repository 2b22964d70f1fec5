"""Moving about in an expression: its parts, the same node with other parts, its free variables.

The parts of a node are those of its fields that hold expressions, in the order of the fields, so a new
kind of node needs no rule here, unless it binds variables.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cache, singledispatch
from typing import Any

from elbowroom.functional.density_functionals import DensityFunctional
from elbowroom.functional.differential import PointValue
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.expression import Expression
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral, measured_variables
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import Variable


def children(expression: Expression) -> tuple[Expression, ...]:
    """The expressions that `expression` is made of, bound variables included.

    An integral has its integrand and its variable, a density its variables, a number nothing.
    """
    found: list[Expression] = []
    for name in _field_names(type(expression)):
        value = getattr(expression, name)
        if isinstance(value, Expression):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(part for part in value if isinstance(part, Expression))
    return tuple(found)


def rebuild(expression: Expression, new_children: Sequence[Expression]) -> Expression:
    """The same kind of node with other children, in the order of `children(expression)`.

    The node itself is returned if nothing changed. Raises `TypeError` if the new children do not make
    such a node: the arguments of a density, for one, are variables.
    """
    old_children = children(expression)
    if len(old_children) != len(new_children):
        raise ValueError(f"{expression!r} has {len(old_children)} parts, and {len(new_children)} were given.")
    if all(new is old for new, old in zip(new_children, old_children, strict=True)):
        return expression
    remaining = iter(new_children)
    fields: dict[str, Any] = {}
    for name in _field_names(type(expression)):
        value = getattr(expression, name)
        if isinstance(value, Expression):
            value = next(remaining)
        elif isinstance(value, tuple):
            value = tuple(next(remaining) if isinstance(part, Expression) else part for part in value)
        fields[name] = value
    return type(expression)(**fields)


def walk(expression: Expression) -> Iterator[Expression]:
    """`expression` and all its parts, from the top down and from left to right."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def extent(expression: Expression) -> tuple[int, int]:
    """The number of nodes of an expression, those that stand in several places counted each time, and its levels."""
    known: dict[int, tuple[int, int]] = {}
    waiting = [expression]
    while waiting:
        node = waiting[-1]
        below = [known.get(id(child)) for child in children(node)]
        found = [part for part in below if part is not None]
        if len(found) == len(below):
            waiting.pop()
            nodes, levels = zip(*found, strict=True) if found else ((), ())
            known[id(node)] = (1 + sum(nodes), 1 + max(levels, default=0))
        else:
            waiting.extend(child for child, part in zip(children(node), below, strict=True) if part is None)
    return known[id(expression)]


@singledispatch
def bound_variables(expression: Expression) -> tuple[Variable, ...]:
    """The variables that this very node binds, in all of its parts; none for most nodes."""
    return ()


@bound_variables.register
def _(expression: Integral) -> tuple[Variable, ...]:
    return (expression.variable,)


@bound_variables.register
def _(expression: Expectation) -> tuple[Variable, ...]:
    return measured_variables(expression.measure)


@bound_variables.register
def _(expression: KL) -> tuple[Variable, ...]:
    return measured_variables(expression.left)


@bound_variables.register
def _(expression: Entropy) -> tuple[Variable, ...]:
    return measured_variables(expression.density)


@bound_variables.register
def _(expression: Divergence | SquaredMMD) -> tuple[Variable, ...]:
    return measured_variables(expression.left)


@bound_variables.register
def _(expression: DensityFunctional) -> tuple[Variable, ...]:
    return measured_variables(expression.density)


@bound_variables.register
def _(expression: MutualInformation) -> tuple[Variable, ...]:
    return (expression.left, expression.right)


@bound_variables.register
def _(expression: PointValue) -> tuple[Variable, ...]:
    return (expression.variable,)


def free_variables(expression: Expression) -> frozenset[Variable]:
    """The variables on whose values `expression` depends: x for KL(q(z|x) || p(z|x))."""
    if isinstance(expression, Variable):
        return frozenset((expression,))
    found: set[Variable] = set()
    for child in children(expression):
        found |= free_variables(child)
    return frozenset(found.difference(bound_variables(expression)))


@cache
def _field_names(kind: type[Expression]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))  # pyright: ignore[reportArgumentType]
