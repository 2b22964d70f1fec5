"""The squared maximum mean discrepancy of two densities under a kernel."""

from __future__ import annotations

import dataclasses

from elbowroom.functional.expression import Expression, Function, Product
from elbowroom.functional.functionals import Integral, measured_variables
from elbowroom.functional.law import DensityValue, Variable


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SquaredMMD(Expression):
    """MMD2(k; q(z) || p(z)), the double integral of k(z, z')*(q(z) - p(z))*(q(z') - p(z'))."""

    kernel: str
    left: Expression
    right: Expression

    def __post_init__(self) -> None:
        if set(measured_variables(self.left)) != set(measured_variables(self.right)):
            raise TypeError("Both densities of MMD2 are densities of the same variables.")

    @property
    def definition(self) -> Expression:
        """The double integral, over the variables of the densities and over primed copies of them."""
        own = measured_variables(self.left)
        copies = dict(zip(own, map(_copy, own), strict=True))
        difference = self.left - self.right
        copied = _renamed(self.left, copies) - _renamed(self.right, copies)
        integral: Expression = Function(self.kernel, (*own, *copies.values())) * difference * copied
        for variable in (*reversed(copies.values()), *reversed(own)):
            integral = Integral(integral, variable)
        return integral


def _copy(variable: Variable) -> Variable:
    return Variable(f"{variable.name}'", variable.support, variable.role)


def _renamed(measure: Expression, names: dict[Variable, Variable]) -> Expression:
    factors = measure.factors if isinstance(measure, Product) else (measure,)
    copies = [
        DensityValue(
            factor.letter, tuple(names.get(v, v) for v in factor.of), tuple(names.get(v, v) for v in factor.given)
        )
        for factor in factors
        if isinstance(factor, DensityValue)
    ]
    return Product(tuple(copies)) if len(copies) > 1 else copies[0]
