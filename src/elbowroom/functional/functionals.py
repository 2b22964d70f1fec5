"""Functionals of densities, each a node that prints as written; `expand` gives the integrals."""

from __future__ import annotations

import dataclasses
from typing import Any

from elbowroom.functional.expression import Expression, Product, as_expression
from elbowroom.functional.law import DensityValue, Variable


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Integral(Expression):
    """The integral of `integrand` over `variable`: from `lower` to `upper`, or over its support.

    Over a finite variable it is a sum. Both bounds are given, or neither; they do not contain the variable.
    """

    integrand: Expression
    variable: Variable
    lower: Expression | None = None
    upper: Expression | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.variable, Variable):
            raise TypeError(f"An integral runs over a variable, and {self.variable!r} is not one.")
        if (self.lower is None) != (self.upper is None):
            raise TypeError("An integral has both bounds or neither.")
        object.__setattr__(self, "integrand", as_expression(self.integrand))
        if self.lower is not None:
            object.__setattr__(self, "lower", as_expression(self.lower))
            object.__setattr__(self, "upper", as_expression(self.upper))


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Expectation(Expression):
    """E_measure[integrand], the measure being a density or a product of densities."""

    measure: Expression
    integrand: Expression

    def __post_init__(self) -> None:
        measured_variables(self.measure)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class KL(Expression):
    """The divergence KL(left || right) = E_left[log left/right], in nats.

    The expectation is over the variables that `left` is a density of.
    """

    left: Expression
    right: Expression

    def __post_init__(self) -> None:
        measured_variables(self.left)
        object.__setattr__(self, "right", as_expression(self.right))


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Entropy(Expression):
    """The differential entropy H(density) = -E_density[log density], in nats."""

    density: Expression

    def __post_init__(self) -> None:
        measured_variables(self.density)


@dataclasses.dataclass(frozen=True)
class E:
    """`E(q(z | x))[f]`, the expectation of `f` under a density or a product of densities."""

    measure: Expression

    def __post_init__(self) -> None:
        measured_variables(self.measure)

    def __getitem__(self, integrand: Any) -> Expectation:
        return Expectation(self.measure, as_expression(integrand))


def entropy(density: Expression) -> Entropy:
    """The differential entropy H(density) = -E_density[log density], in nats."""
    return Entropy(density)


def measured_variables(measure: Expression) -> tuple[Variable, ...]:
    """The variables that a density, or a product of densities, is a law of: what an expectation integrates over.

    Raises `TypeError` if `measure` is neither, or if two factors are densities of the same variable.
    """
    factors = measure.factors if isinstance(measure, Product) else (measure,)
    found: list[Variable] = []
    for factor in factors:
        if not isinstance(factor, DensityValue):
            raise TypeError(
                "An expectation is taken under a density such as q(z | x), or a product of densities; "
                f"{factor!r} is not one."
            )
        if any(variable in found for variable in factor.of):
            raise TypeError(
                "Two factors of a product of densities are densities of the same variable; rename one of them."
            )
        found.extend(factor.of)
    return tuple(found)
