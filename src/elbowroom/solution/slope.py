"""Derivatives by a variable, carried inwards until they stand at unknown functions only."""

from __future__ import annotations

from functools import singledispatch

from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.elementary import Elementary, NamedConstant
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
    as_expression,
)
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import Integral
from elbowroom.functional.joint import in_parts, part_of
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.setting import Table
from elbowroom.functional.substitute import substitute
from elbowroom.functional.traverse import free_variables
from elbowroom.solution.scene import Scene

ZERO = as_expression(0)
ONE = as_expression(1)


def slope(node: Expression, variable: Variable, scene: Scene) -> Expression:
    """The derivative of `node` by `variable`; what is known is written out, unknowns keep a `Derivative`."""
    if variable not in free_variables(node):
        return ZERO
    return _slope(node, variable, scene)


@singledispatch
def _slope(node: Expression, variable: Variable, scene: Scene) -> Expression:
    raise MissingRule(f"no rule for the derivative of {type(node).__name__}; add one in solution/slope.py")


@_slope.register(Constant)
@_slope.register(NamedConstant)
@_slope.register(Parameter)
@_slope.register(Multiplier)
@_slope.register(PointValue)
def _(node: Expression, variable: Variable, scene: Scene) -> Expression:
    return ZERO


@_slope.register
def _(node: Variable, variable: Variable, scene: Scene) -> Expression:
    return ONE


@_slope.register
def _(node: Sum, variable: Variable, scene: Scene) -> Expression:
    return Sum(tuple(slope(term, variable, scene) for term in node.terms))


@_slope.register
def _(node: Product, variable: Variable, scene: Scene) -> Expression:
    terms = []
    for place, factor in enumerate(node.factors):
        if variable in free_variables(factor):
            others = node.factors[:place] + node.factors[place + 1 :]
            terms.append(Product((slope(factor, variable, scene), *others)))
    return Sum(tuple(terms))


@_slope.register
def _(node: Power, variable: Variable, scene: Scene) -> Expression:
    if variable in free_variables(node.exponent):
        return node * slope(node.exponent * Log(node.base), variable, scene)
    return node.exponent * node.base ** (node.exponent - 1) * slope(node.base, variable, scene)


@_slope.register
def _(node: Log, variable: Variable, scene: Scene) -> Expression:
    return slope(node.argument, variable, scene) / node.argument


@_slope.register
def _(node: Exp, variable: Variable, scene: Scene) -> Expression:
    return node * slope(node.argument, variable, scene)


@_slope.register
def _(node: Elementary, variable: Variable, scene: Scene) -> Expression:
    return node.derivative * slope(node.argument, variable, scene)


@_slope.register
def _(node: FamilyDensity, variable: Variable, scene: Scene) -> Expression:
    return node * slope(node.log_density, variable, scene)


@_slope.register
def _(node: Integral, variable: Variable, scene: Scene) -> Expression:
    total: Expression = Integral(slope(node.integrand, variable, scene), node.variable, node.lower, node.upper)
    for end, sign in ((node.upper, 1), (node.lower, -1)):
        if end is not None and variable in free_variables(end):
            total = total + sign * substitute(node.integrand, {node.variable: end}) * slope(end, variable, scene)
    return total


@_slope.register
def _(node: Derivative, variable: Variable, scene: Scene) -> Expression:
    inner = slope(node.expression, node.variable, scene)
    return Derivative(node, variable) if isinstance(inner, Derivative) else slope(inner, variable, scene)


@_slope.register
def _(node: Function, variable: Variable, scene: Scene) -> Expression:
    for known, meaning in scene.setting.functions.items():
        if known.name == node.name:
            return slope(substitute(meaning, dict(zip(known.arguments, node.arguments, strict=True))), variable, scene)
    return Derivative(node, variable)


@_slope.register
def _(node: DensityValue, variable: Variable, scene: Scene) -> Expression:
    part = part_of(node, scene.parts)
    if part is None:
        return slope(in_parts(node, scene.parts), variable, scene)
    if part in scene.blocks:
        return Derivative(node, variable)
    meaning = scene.setting.laws[part]
    if isinstance(meaning, Table):
        raise InputError(f"{node} is a table of finite variables and has no derivative by {variable}.")
    names = {other.role: other for other in (*node.of, *node.given)}
    renaming: dict[Expression, Expression] = {
        old: names[old.role] for old in (*part.of, *part.given) if old != names[old.role]
    }
    # Through the logarithm, so that far tails do not divide zero by zero.
    return node * slope(_log(substitute(meaning, renaming)), variable, scene)


def _log(meaning: Expression) -> Expression:
    """The logarithm of a density that is written out, as simple as it can be had."""
    if isinstance(meaning, FamilyDensity):
        return meaning.log_density
    return meaning.argument if isinstance(meaning, Exp) else Log(meaning)
