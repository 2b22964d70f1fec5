"""Expressions as arrays: one dimension for each variable, an integral as a weighted sum over its nodes.

Logarithms of products of densities are sums of logarithms, as on paper; that keeps tails exact that would
underflow to zero otherwise.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from scipy.special import logsumexp

from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.elementary import Elementary, NamedConstant
from elbowroom.functional.expression import (
    Constant,
    Exp,
    Expression,
    Function,
    Log,
    Parameter,
    Power,
    Product,
    Sum,
)
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import Integral
from elbowroom.functional.joint import in_parts, part_of
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.setting import Table
from elbowroom.solution import pointwise
from elbowroom.solution.blocks import Block, CurveBlock
from elbowroom.solution.bounds import weights_between
from elbowroom.solution.graph import Known, Node, add, apply, integrate, multiply
from elbowroom.solution.scene import Scene
from elbowroom.solution.slope import slope


@singledispatch
def tabulate(node: Expression, scene: Scene) -> Node:
    """The values of an expanded expression in `scene`."""
    raise MissingRule(f"no rule to tabulate {type(node).__name__}; add one in solution/tabulate.py")


@singledispatch
def tabulate_log(node: Expression, scene: Scene) -> Node:
    """The logarithm of the values of an expanded expression in `scene`."""
    return apply(pointwise.LOG, tabulate(node, scene))


@tabulate.register
def _(node: Constant, scene: Scene) -> Node:
    return scene.number(float(node.value))


@tabulate.register
def _(node: NamedConstant, scene: Scene) -> Node:
    return scene.number(node.value)


@tabulate.register
def _(node: Parameter, scene: Scene) -> Node:
    return scene.parameter(node.name)


@tabulate.register
def _(node: Variable, scene: Scene) -> Node:
    return scene.variable(node)


@tabulate.register
def _(node: Sum, scene: Scene) -> Node:
    return add(scene.number(0.0), *(tabulate(term, scene) for term in node.terms))


@tabulate.register
def _(node: Product, scene: Scene) -> Node:
    """Known densities are multiplied through their logarithms, so that p(z)/p(z) is one where p underflows."""
    result: Node = scene.number(1.0)
    logs: list[Node] = []
    for factor in node.factors:
        log = tabulate_log(factor, scene) if is_positive(factor) else None
        if isinstance(log, Known):
            logs.append(log)
        else:
            result = multiply(result, tabulate(factor, scene))
    if not logs:
        return result
    with np.errstate(over="ignore"):
        return multiply(apply(pointwise.EXP, add(*logs)), result)


@tabulate.register
def _(node: Power, scene: Scene) -> Node:
    exponent = tabulate(node.exponent, scene)
    if isinstance(exponent, Known) and exponent.array.size == 1:
        return apply(pointwise.power(float(exponent.array.item())), tabulate(node.base, scene))
    return apply(pointwise.EXP, multiply(exponent, tabulate_log(node.base, scene)))


@tabulate.register
def _(node: Log, scene: Scene) -> Node:
    return tabulate_log(node.argument, scene)


@tabulate.register
def _(node: Exp, scene: Scene) -> Node:
    return apply(pointwise.EXP, tabulate(node.argument, scene))


@tabulate.register
def _(node: Elementary, scene: Scene) -> Node:
    return apply(pointwise.elementary(node.name), tabulate(node.argument, scene))


@tabulate.register
def _(node: FamilyDensity, scene: Scene) -> Node:
    return apply(pointwise.EXP, tabulate(node.log_density, scene))


@tabulate.register
def _(node: Function, scene: Scene) -> Node:
    key = (node.name, len(node.arguments))
    block = scene.blocks.get(key)
    if isinstance(block, CurveBlock):
        (argument,), (own,) = node.arguments, block.function.arguments
        if isinstance(argument, Variable):
            return block.leaf(scene, (argument,))
        assert isinstance(own, Variable)
        return block.leaf(scene.binding(**{own.name: tabulate(argument, scene)}), (own,))
    for known, meaning in scene.setting.functions.items():
        if known.name == node.name and len(known.arguments) == len(node.arguments):
            return tabulate(meaning, _entering(scene, known.arguments, node.arguments))
    raise InputError(
        f'solve needs the function {node.name}, and the problem does not say what it is. Write "{node}" = "..." '
        "under [functions]."
    )


@tabulate.register
def _(node: DensityValue, scene: Scene) -> Node:
    part = part_of(node, scene.parts)
    if part is None:
        return tabulate(in_parts(node, scene.parts), scene)
    if part in scene.blocks:
        return scene.blocks[part].leaf(scene, (*node.of, *node.given))
    meaning = scene.setting.laws[part]
    inner = _entering(scene, (*part.of, *part.given), _in_order(part, node))
    return _table(part, meaning, inner) if isinstance(meaning, Table) else tabulate(meaning, inner)


@tabulate.register
def _(node: Derivative, scene: Scene) -> Node:
    inside = node.expression
    order = 1
    while isinstance(inside, Derivative) and inside.variable == node.variable:
        inside, order = inside.expression, order + 1
    block = _block_of(inside, scene)
    if block is None:
        return tabulate(slope(node.expression, node.variable, scene), scene)
    arguments = _plain_arguments(inside) if isinstance(inside, Function) else (*inside.of, *inside.given)  # pyright: ignore
    return block.leaf(scene, arguments, order)


@tabulate.register
def _(node: PointValue, scene: Scene) -> Node:
    return tabulate(node.expression, scene.binding(**{node.variable.name: tabulate(node.point, scene)}))


@tabulate.register
def _(node: Integral, scene: Scene) -> Node:
    scene, dimension = scene.opening(node.variable)
    axis = scene.axis(node.variable)
    weights = scene.along(axis.weights, dimension)
    if node.lower is not None and node.upper is not None:
        ends = [tabulate(end, scene) for end in (node.lower, node.upper)]
        weights = weights_between(axis, dimension, *ends)
    integrand = tabulate(node.integrand, scene)
    if isinstance(integrand, Known) and node.lower is None:
        scene.note(node.variable, multiply(integrand, Known(weights)).value(), dimension)
    return integrate(integrand, weights, dimension)


@tabulate_log.register
def _(node: Product, scene: Scene) -> Node:
    split = [factor for factor in node.factors if is_positive(factor)]
    rest = tuple(factor for factor in node.factors if not is_positive(factor))
    logs = [tabulate_log(factor, scene) for factor in split]
    if rest:
        logs.append(apply(pointwise.LOG, tabulate(Product(rest), scene)))
    return add(*logs)


@tabulate_log.register
def _(node: Power, scene: Scene) -> Node:
    if is_positive(node.base):
        return multiply(tabulate(node.exponent, scene), tabulate_log(node.base, scene))
    return apply(pointwise.LOG, tabulate(node, scene))


@tabulate_log.register
def _(node: Exp, scene: Scene) -> Node:
    return tabulate(node.argument, scene)


@tabulate_log.register
def _(node: FamilyDensity, scene: Scene) -> Node:
    return tabulate(node.log_density, scene)


@tabulate_log.register
def _(node: DensityValue, scene: Scene) -> Node:
    part = part_of(node, scene.parts)
    if part is None:
        return tabulate_log(in_parts(node, scene.parts), scene)
    if part in scene.blocks:
        return apply(pointwise.LOG, tabulate(node, scene))
    meaning = scene.setting.laws[part]
    inner = _entering(scene, (*part.of, *part.given), _in_order(part, node))
    if isinstance(meaning, Table):
        return apply(pointwise.LOG, _table(part, meaning, inner))
    return tabulate_log(meaning, inner)


@tabulate_log.register
def _(node: Integral, scene: Scene) -> Node:
    if node.lower is None and is_positive(node.integrand):
        inner, dimension = scene.opening(node.variable)
        log = tabulate_log(node.integrand, inner)
        if isinstance(log, Known):
            weights = inner.along(inner.axis(node.variable).weights, dimension)
            with np.errstate(divide="ignore", invalid="ignore"):
                inner.note(node.variable, np.exp(log.array - np.nanmax(log.array)) * weights, dimension)
                return Known(np.asarray(logsumexp(log.array, axis=dimension, b=weights, keepdims=True)))
    return apply(pointwise.LOG, tabulate(node, scene))


def is_positive(node: Expression) -> bool:
    """Whether an expression is positive by what it is: a density, an exponential, a root or product of such."""
    match node:
        case DensityValue() | Exp() | FamilyDensity():
            return True
        case Constant(value):
            return value > 0
        case Power(base, _):
            return is_positive(base)
        case Product(factors):
            return all(is_positive(factor) for factor in factors)
        case Integral(integrand, _, None, None):
            return is_positive(integrand)
        case Sum(terms):
            return all(is_positive(term) for term in terms)
    return False


def _block_of(node: Expression, scene: Scene) -> Block | None:
    if isinstance(node, Function):
        return scene.blocks.get((node.name, len(node.arguments)))
    if isinstance(node, DensityValue):
        part = part_of(node, scene.parts)
        return scene.blocks.get(part) if part is not None else None
    return None


def _plain_arguments(node: Function) -> tuple[Variable, ...]:
    for argument in node.arguments:
        if not isinstance(argument, Variable):
            raise InputError(f"The unknown {node} is evaluated at {argument}; solve needs a variable there.")
    return node.arguments  # pyright: ignore[reportReturnType]


def _in_order(part: DensityValue, node: DensityValue) -> tuple[Variable, ...]:
    by_role = {variable.role: variable for variable in (*node.of, *node.given)}
    return tuple(by_role[variable.role] for variable in (*part.of, *part.given))


def _entering(scene: Scene, names: tuple[Expression, ...], arguments: tuple[Expression, ...]) -> Scene:
    """The scene inside a definition: its variables have the values of the arguments."""
    bound = {}
    for name, argument in zip(names, arguments, strict=True):
        if isinstance(name, Variable) and (name.name in scene.bound or not _is_itself(name, argument)):
            bound[name.name] = tabulate(argument, scene)
    return scene.binding(**bound) if bound else scene


def _is_itself(name: Variable, argument: Expression) -> bool:
    return isinstance(argument, Variable) and argument.name == name.name


def _table(part: DensityValue, meaning: Table, scene: Scene) -> Node:
    """A table of finite variables, looked up at their values."""
    places = []
    for variable in (*part.of, *part.given):
        values = scene.variable(variable)
        if not isinstance(values, Known):
            raise InputError(f"{part} is a table and cannot be had at an unknown value.")
        places.append(values.array.astype(int))
    return Known(np.asarray(meaning.values, dtype=float)[tuple(np.broadcast_arrays(*places))])
