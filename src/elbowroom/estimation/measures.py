"""Which expectations an expression holds, and which of them share their draws.

One measure has one set of draws, shared by all expectations under it that stand at the same level of an expression.
An expectation inside the integrand of another is one level deeper: it draws anew for each draw of the outer one.
"""

from functools import singledispatch

from elbowroom.errors import InputError
from elbowroom.estimation.bindings import name_of
from elbowroom.functional.expression import Expression, Product
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.traverse import children


def factors_of(measure: Expression) -> tuple[DensityValue, ...]:
    """The densities whose product a measure is."""
    factors = measure.factors if isinstance(measure, Product) else (measure,)
    return tuple(factor for factor in factors if isinstance(factor, DensityValue))


def measure_of(node: Expression) -> tuple[DensityValue, ...]:
    """The densities that a sampled functional is an average over; none for any other node."""
    if isinstance(node, Expectation):
        return factors_of(node.measure)
    if isinstance(node, KL):
        return factors_of(node.left)
    return factors_of(node.density) if isinstance(node, Entropy) else ()


def mentions(node: Expression, names: set[str]) -> bool:
    """Whether one of the variables named occurs in an expression, as a variable or as an argument of a density."""
    if isinstance(node, Variable):
        return node.name in names
    return any(mentions(child, names) for child in children(node))


def as_expectation(integral: Integral) -> Expectation:
    r"""$\int q(z \mid x)\, f \, dz$ as the expectation $\mathbb E_{q(z \mid x)}[f]$.

    **Raises.** `InputError` if no factor of the integrand is a density of the integration variable alone.
    """
    integrand, variable = integral.integrand, integral.variable
    factors = integrand.factors if isinstance(integrand, Product) else (integrand,)
    for position, factor in enumerate(factors):
        if isinstance(factor, DensityValue) and factor.of == (variable,):
            rest = factors[:position] + factors[position + 1 :]
            return Expectation(factor, rest[0] if len(rest) == 1 else Product(rest))
    raise InputError(
        f"The integral over {variable.name} cannot be estimated: its integrand is not a product in which one factor is "
        f"a density of {variable.name} to draw from. Write it as an expectation: with a density q({variable.name}), "
        f"the integral of f is E(q({variable.name}))[f / q({variable.name})]. What was given: {name_of(integral)}."
    )


Measure = frozenset[DensityValue]


def identity(measure: Expression) -> Measure:
    """What two measures have in common when they share their draws: their factors, in any order."""
    return frozenset(factors_of(measure))


@singledispatch
def levels(node: Expression) -> dict[Measure, bool]:
    """The measures at the outermost level of an expression; `True` for one whose integrand holds expectations."""
    found: dict[Measure, bool] = {}
    for child in children(node):
        _merge(found, levels(child))
    return found


@levels.register
def _(node: Expectation) -> dict[Measure, bool]:
    return {identity(node.measure): bool(levels(node.integrand))}


@levels.register
def _(node: Integral) -> dict[Measure, bool]:
    return levels(as_expectation(node))


@levels.register
def _(node: KL) -> dict[Measure, bool]:
    return {identity(node.left): False}


@levels.register
def _(node: Entropy) -> dict[Measure, bool]:
    return {identity(node.density): False}


def _merge(found: dict[Measure, bool], more: dict[Measure, bool]) -> None:
    for measure, nested in more.items():
        found[measure] = found.get(measure, False) or nested
