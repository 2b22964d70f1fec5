"""The value of an expression where its variables are arrays, and the logarithm of that value where it is positive.

Densities are evaluated through their logarithms as far as possible, so that q*log(q/p) is right where both have
underflowed. 0 log 0 is 0, and a product with a factor of exactly zero is zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache, singledispatch
from typing import Any

import numpy as np
from scipy import special

from elbowroom.derivation.differentiate import differentiated
from elbowroom.derivation.numeric.budget import spend
from elbowroom.derivation.numeric.facts import free_of, has_multiplier, is_positive
from elbowroom.derivation.numeric.lookup import At, at_law, by_role, looked_up
from elbowroom.derivation.numeric.quadrature import adaptive_mesh
from elbowroom.derivation.numeric.scene import Array, MissingNumber, Scene
from elbowroom.errors import MissingRule
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.elementary import Elementary, NamedConstant
from elbowroom.functional.expand import expand
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
from elbowroom.functional.setting import Table
from elbowroom.functional.support import Interval


def number(expression: Expression, scene: Scene, at: Mapping[str, Any] | None = None) -> float:
    """The value of an expression whose variables are integrated over, observed or given by `at`."""
    return float(values(expression, scene, at or {}))


def values(expression: Expression, scene: Scene, at: Mapping[str, Any]) -> Array:
    """The values of an expression at arrays of values of its variables.

    **Raises.** `MissingNumber` for a name without a value, `MissingRule` for a node without a rule.
    """
    with np.errstate(all="ignore"):
        return _filled(_value(_expanded(expression), scene, _arrays(scene, at)), at)


def log_values(expression: Expression, scene: Scene, at: Mapping[str, Any]) -> Array:
    """The logarithm of the values of a positive expression, without underflow where it is a product of densities."""
    with np.errstate(all="ignore"):
        return _filled(_log(_expanded(expression), scene, _arrays(scene, at)), at)


def _filled(found: Any, at: Mapping[str, Any]) -> Array:
    """Values of the shape that the given arrays have together, also where an expression does not depend on them."""
    shape = np.broadcast_shapes(np.shape(found), *(np.shape(value) for value in at.values()))
    return np.broadcast_to(np.asarray(found, dtype=float), shape)


def _arrays(scene: Scene, at: Mapping[str, Any]) -> dict[str, Array]:
    observed = {variable.name: np.asarray(float(value)) for variable, value in scene.setting.observed.items()}
    return observed | {name: np.asarray(value, dtype=float) for name, value in at.items()}


@lru_cache(maxsize=4096)
def _expanded(expression: Expression) -> Expression:
    return expand(expression)


@singledispatch
def _value(node: Expression, scene: Scene, at: At) -> Any:
    raise MissingRule(f"no rule to evaluate {type(node).__name__}; add one in derivation/numeric/evaluate.py")


@_value.register
def _(node: Constant, scene: Scene, at: At) -> Any:
    return float(node.value)


@_value.register
def _(node: NamedConstant, scene: Scene, at: At) -> Any:
    return node.value


@_value.register
def _(node: Parameter, scene: Scene, at: At) -> Any:
    return scene.number(node.name)


@_value.register
def _(node: Multiplier, scene: Scene, at: At) -> Any:
    found = scene.number(node.name)
    return found(*(_value(argument, scene, at) for argument in node.of)) if callable(found) else found


@_value.register
def _(node: Variable, scene: Scene, at: At) -> Any:
    if node.name not in at:
        raise MissingNumber(node.name)
    return at[node.name]


@_value.register
def _(node: Function, scene: Scene, at: At) -> Any:
    arguments = [np.asarray(_value(argument, scene, at)) for argument in node.arguments]
    if node.name in scene.curves:
        found = scene.curves[node.name]
        if callable(found):
            return found(*arguments)
        own, body = found
        return _value(_expanded(body), scene, {v.name: value for v, value in zip(own, arguments, strict=True)})
    own, body = _definition_of(node, scene)
    return _value(_expanded(body), scene, {v.name: value for v, value in zip(own, arguments, strict=True)})


def _definition_of(node: Function, scene: Scene) -> tuple[tuple[Variable, ...], Expression]:
    for function, body in scene.setting.functions.items():
        if function.name == node.name and len(function.arguments) == len(node.arguments):
            return tuple(a for a in function.arguments if isinstance(a, Variable)), expand(body)
    raise MissingNumber(f"the function {node.name}")


@_value.register
def _(node: DensityValue, scene: Scene, at: At) -> Any:
    found = scene.law(node)
    if isinstance(found, tuple) and isinstance(found[1], Table):
        return looked_up(node, found[0], found[1], at)
    if callable(found):
        return np.exp(found(by_role(node, at)))
    own, body = found
    return _value(_expanded(body), scene, at_law(node, own, at))  # pyright: ignore[reportArgumentType]


@_value.register
def _(node: Sum, scene: Scene, at: At) -> Any:
    return sum(_value(term, scene, at) for term in node.terms)


@_value.register
def _(node: Product, scene: Scene, at: At) -> Any:
    whole: Any = 1.0
    exponent: Any = 0.0
    logarithmic = False
    for factor in node.factors:
        if is_positive(factor):
            exponent = exponent + _log(factor, scene, at)
            logarithmic = True
        else:
            whole = whole * _value(factor, scene, at)
    if not logarithmic:
        return whole
    size = np.exp(exponent)
    return np.where((size == 0) & ~np.isfinite(whole) | (whole == 0), 0.0, size * whole)


@_value.register
def _(node: Power, scene: Scene, at: At) -> Any:
    if is_positive(node.base):
        return np.exp(_value(node.exponent, scene, at) * _log(node.base, scene, at))
    return np.power(np.asarray(_value(node.base, scene, at), dtype=float), _value(node.exponent, scene, at))


@_value.register
def _(node: Log, scene: Scene, at: At) -> Any:
    return _log(node.argument, scene, at)


@_value.register
def _(node: Exp, scene: Scene, at: At) -> Any:
    return np.exp(_value(node.argument, scene, at))


@_value.register
def _(node: Elementary, scene: Scene, at: At) -> Any:
    return node.function.evaluate(np, special, _value(node.argument, scene, at))


@_value.register
def _(node: Derivative, scene: Scene, at: At) -> Any:
    slope = differentiated(node, scene.meaning)
    if isinstance(slope, Derivative):
        raise MissingNumber(str(slope.expression))
    return _value(slope, scene, at)


@_value.register
def _(node: PointValue, scene: Scene, at: At) -> Any:
    point = np.asarray(_value(node.point, scene, at), dtype=float)
    return _value(node.expression, scene, {**at, node.variable.name: point})


@_value.register
def _(node: Integral, scene: Scene, at: At) -> Any:
    free = free_of(node)
    closed = not has_multiplier(node) and all(np.ndim(at[v.name]) == 0 for v in free if v.name in at)
    key = (node, tuple((v.name, float(at[v.name])) for v in free if v.name in at)) if closed else None
    if key is not None and key in scene.known:
        return scene.known[key]
    inner = node.integrand
    outer = {name: array if np.ndim(array) == 0 else np.asarray(array)[..., None] for name, array in at.items()}

    shape = np.broadcast_shapes((1,), *(np.shape(array) for array in outer.values()))

    def integrand(nodes: Array) -> Array:
        spend(math.prod(shape) * len(nodes))
        found = np.asarray(_value(inner, scene, {**outer, node.variable.name: nodes}), dtype=float)
        return np.broadcast_to(found, np.broadcast_shapes(found.shape, nodes.shape))

    support = node.variable.support
    if node.lower is not None and node.upper is not None:
        support = Interval(
            Fraction(float(_value(node.lower, scene, at))), Fraction(float(_value(node.upper, scene, at)))
        )
    points = scene.points.get(node.variable.role, ())
    mesh = scene.meshes.get(node.variable.role)
    if mesh is not None and node.lower is None:
        total = mesh.integrate(integrand(mesh.nodes))
    else:
        total, _ = adaptive_mesh(integrand, support, points, strict=scene.strict)
    result = total if np.ndim(total) else float(total)
    if key is not None:
        scene.known[key] = result
    return result


@singledispatch
def _log(node: Expression, scene: Scene, at: At) -> Any:
    return np.log(_value(node, scene, at))


@_log.register
def _(node: Exp, scene: Scene, at: At) -> Any:
    return _value(node.argument, scene, at)


@_log.register
def _(node: Product, scene: Scene, at: At) -> Any:
    if not all(is_positive(factor) for factor in node.factors):
        rest = [_size(factor, scene, at) for factor in node.factors if not is_positive(factor)]
        side = math.prod(sign for sign, _ in rest)
        found = np.where(np.less(side, 0), np.nan, sum(size for _, size in rest))
    else:
        found = 0.0
    for factor in node.factors:
        if is_positive(factor):
            found = found + _log(factor, scene, at)
    return found


@_log.register
def _(node: Power, scene: Scene, at: At) -> Any:
    if is_positive(node.base):
        exponent = _value(node.exponent, scene, at)
        return np.where(np.equal(exponent, 0.0), 0.0, exponent * _log(node.base, scene, at))
    sign, size = _size(node, scene, at)
    return np.where(np.less(sign, 0), np.nan, size)


def _size(node: Expression, scene: Scene, at: At) -> tuple[Any, Any]:
    """The sign of a value and the logarithm of its size; a power of a positive base does not overflow."""
    found = _value(node, scene, at)
    sign, size = np.sign(found), np.log(np.abs(found))
    if isinstance(node, Power):
        base, exponent = _value(node.base, scene, at), _value(node.exponent, scene, at)
        positive = np.greater(base, 0)
        logarithm = exponent * np.log(np.where(positive, base, 1.0))
        return np.where(positive, 1.0, sign), np.where(positive, logarithm, size)
    return sign, size


@_log.register
def _(node: DensityValue, scene: Scene, at: At) -> Any:
    found = scene.law(node)
    if isinstance(found, tuple) and isinstance(found[1], Table):
        return np.log(looked_up(node, found[0], found[1], at))
    if callable(found):
        return found(by_role(node, at))
    own, body = found
    return _log(_expanded(body), scene, at_law(node, own, at))  # pyright: ignore[reportArgumentType]
