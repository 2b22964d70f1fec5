"""The value of an expression at one point, and its logarithm without leaving the domain of logarithms."""

import math
from fractions import Fraction
from functools import singledispatch
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array
from numpyro.distributions.kl import kl_divergence

from elbowroom.errors import InputError, MissingRule
from elbowroom.estimation.chain import factorise
from elbowroom.estimation.gradient import Values
from elbowroom.estimation.measures import as_expectation
from elbowroom.estimation.scope import Scope
from elbowroom.functional.density_functionals import DensityFunctional
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.elementary import Elementary, NamedConstant
from elbowroom.functional.expand import definition
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
    log,
)
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import DensityValue, Variable


@singledispatch
def value(node: Expression, scope: Scope) -> Any:
    """The value of a node in a scope.

    **Raises.** `MissingRule` for a kind of node without a rule.
    """
    raise MissingRule(f"no value rule for {type(node).__name__}; add one in estimation/interpret.py")


@singledispatch
def log_value(node: Expression, scope: Scope) -> Any:
    """The logarithm of the value of a node; products become sums, and no density is ever exponentiated."""
    return jnp.log(value(node, scope))


@value.register
def _(node: Constant, scope: Scope) -> float:
    return float(node.value)


@log_value.register
def _(node: Constant, scope: Scope) -> float:
    if node.value <= 0:
        raise InputError(f"The logarithm of {node.value} was asked for; only positive numbers have one.")
    return math.log(node.value)


@value.register
def _(node: Parameter, scope: Scope) -> Any:
    if node.name not in scope.bindings.parameters:
        known = ", ".join(scope.bindings.parameters) or "none"
        raise InputError(
            f"The parameter {node.name} has no value (bound: {known}). Give it one: parameters={{{node.name!r}: ...}}."
        )
    return scope.bindings.parameters[node.name]


@value.register
def _(node: Multiplier, scope: Scope) -> Any:
    raise InputError(
        f"The multiplier {node.name} has no value that could be estimated: `derive` solves for it. Estimate the "
        "functional without its constraint terms."
    )


@value.register
def _(node: Variable, scope: Scope) -> Array:
    return scope.value(node.name)


@value.register
def _(node: Function, scope: Scope) -> Any:
    if node.name not in scope.bindings.functions:
        raise InputError(
            f"The function {node.name} is not bound. Give what computes it for one datum: "
            f"functions={{{node.name!r}: ...}}."
        )
    return scope.bindings.functions[node.name](*(value(argument, scope) for argument in node.arguments))


@value.register
def _(node: Sum, scope: Scope) -> Any:
    terms = [value(term, scope) for term in node.terms]
    return sum(terms[1:], start=terms[0])


@value.register
def _(node: Product, scope: Scope) -> Any:
    densities = tuple(factor for factor in node.factors if _is_density(factor))
    factors = [value(factor, scope) for factor in node.factors if not _is_density(factor)]
    if densities:
        factors.append(jnp.exp(log_value(Product(densities), scope)))
    return math.prod(factors[1:], start=factors[0]) if factors else 1.0


@log_value.register
def _(node: Product, scope: Scope) -> Any:
    number = math.prod(factor.value for factor in node.factors if isinstance(factor, Constant))
    rest = [log_value(factor, scope) for factor in node.factors if not isinstance(factor, Constant)]
    if number != 1 or not rest:
        rest.append(log_value(Constant(Fraction(number)), scope))
    return sum(rest[1:], start=rest[0])


@value.register
def _(node: Power, scope: Scope) -> Any:
    if _is_density(node):
        return jnp.exp(log_value(node, scope))
    return value(node.base, scope) ** _exponent(node, scope)


@log_value.register
def _(node: Power, scope: Scope) -> Any:
    return _exponent(node, scope) * log_value(node.base, scope)


def _exponent(node: Power, scope: Scope) -> Any:
    exponent = node.exponent
    if isinstance(exponent, Constant) and exponent.value.denominator == 1:
        return int(exponent.value)
    return value(exponent, scope)


@value.register
def _(node: Log, scope: Scope) -> Any:
    return log_value(node.argument, scope)


@value.register
def _(node: Exp, scope: Scope) -> Any:
    return jnp.exp(value(node.argument, scope))


@log_value.register
def _(node: Exp, scope: Scope) -> Any:
    return value(node.argument, scope)


@value.register
def _(node: NamedConstant, scope: Scope) -> float:
    return node.value


@value.register
def _(node: Elementary, scope: Scope) -> Any:
    return node.function.evaluate(jnp, jax.scipy.special, jnp.asarray(value(node.argument, scope)))


@value.register
def _(node: FamilyDensity, scope: Scope) -> Any:
    return jnp.exp(log_value(node, scope))


@log_value.register
def _(node: FamilyDensity, scope: Scope) -> Any:
    return value(node.log_density, scope)


@value.register
def _(node: MutualInformation | Divergence | DensityFunctional | SquaredMMD, scope: Scope) -> Any:
    raise InputError(
        f"{node} is not estimated by its name. Estimate what it stands for, written as an expectation under a density "
        f"that can be drawn from: {definition(node)}."
    )


@value.register
def _(node: Derivative | PointValue, scope: Scope) -> Any:
    raise InputError(
        f"{node} cannot be estimated from draws: a distribution gives its log-density where it was drawn, and neither "
        "its derivative nor its value elsewhere. `solve` computes with it on a grid."
    )


@value.register
def _(node: DensityValue, scope: Scope) -> Array:
    return jnp.exp(scope.log_density(node))


@log_value.register
def _(node: DensityValue, scope: Scope) -> Array:
    return scope.log_density(node)


@value.register
def _(node: Expectation, scope: Scope) -> Any:
    return scope.gradient.mean(scope.draws(node.measure), _at_draws(node, scope, value))


@log_value.register
def _(node: Expectation, scope: Scope) -> Array:
    return scope.gradient.log_mean(scope.draws(node.measure), _at_draws(node, scope, log_value))


def _at_draws(node: Expectation, scope: Scope, interpret: Any) -> Any:
    """The integrand as a function of draws with a leading sample axis."""
    keys = scope.inner_keys(node.measure, node.integrand)

    def one(values: Values, key: Any) -> Any:
        return interpret(node.integrand, scope.inside(node.measure, node.integrand, values, key))

    def evaluate(values: Values) -> Array:
        if scope.samples == 1:
            only = jax.tree.map(lambda drawn: drawn[0], values)
            return jnp.asarray(one(only, None if keys is None else keys[0]))[None]
        return jax.vmap(one, in_axes=(0, None if keys is None else 0))(values, keys)

    return evaluate


@value.register
def _(node: Integral, scope: Scope) -> Any:
    return value(as_expectation(node), scope)


@log_value.register
def _(node: Integral, scope: Scope) -> Any:
    return log_value(as_expectation(node), scope)


@value.register
def _(node: KL, scope: Scope) -> Any:
    return _closed_or_sampled(_closed_kl(node, scope), Expectation(node.left, log(node.left / node.right)), scope)


def _closed_or_sampled(closed: Array | None, average: Expression, scope: Scope) -> Any:
    """The closed form where there is one, with the derivative of the average where the gradient detaches."""
    if closed is not None and not scope.gradient.detaches:
        return closed
    sampled = value(average, scope)
    if closed is None:
        return sampled
    return jax.lax.stop_gradient(closed) + (sampled - jax.lax.stop_gradient(sampled))


def _closed_kl(node: KL, scope: Scope) -> Array | None:
    """KL in closed form, or `None` where NumPyro has none for these two families."""
    if not isinstance(node.left, DensityValue) or not isinstance(node.right, DensityValue):
        return None
    left = factorise(node.left, scope.bindings)
    right = factorise(node.right, scope.bindings)
    if len(left) != 1 or len(right) != 1 or left[0].of != right[0].of:
        return None
    try:
        return kl_divergence(
            scope.distribution(node.left.letter, left[0]), scope.distribution(node.right.letter, right[0])
        )
    except NotImplementedError:
        return None


@value.register
def _(node: Entropy, scope: Scope) -> Any:
    return _closed_or_sampled(_closed_entropy(node, scope), Expectation(node.density, -log(node.density)), scope)


def _closed_entropy(node: Entropy, scope: Scope) -> Array | None:
    """The entropy in closed form, or `None` where NumPyro has none for this family."""
    if not isinstance(node.density, DensityValue):
        return None
    parts = factorise(node.density, scope.bindings)
    if len(parts) != 1:
        return None
    try:
        return scope.distribution(node.density.letter, parts[0]).entropy()
    except NotImplementedError:
        return None


def _is_density(node: Expression) -> bool:
    """Whether a node is best computed as the exponential of its logarithm."""
    if isinstance(node, Power):
        return _is_density(node.base)
    return isinstance(node, (DensityValue, Exp))
