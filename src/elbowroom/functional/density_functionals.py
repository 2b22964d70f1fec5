"""Functionals of one density other than its Shannon entropy: one kind of node, and each functional as data."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import reduce
from operator import add

from elbowroom.functional.differential import Derivative
from elbowroom.functional.expression import Expression, as_expression
from elbowroom.functional.functionals import Integral, measured_variables


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DensityFunctional(Expression):
    """The functional `name` of the table `DENSITY_FUNCTIONALS` of a density, with an order where it has one."""

    name: str
    density: Expression
    order: Expression | None = None

    def __post_init__(self) -> None:
        known = DENSITY_FUNCTIONALS.get(self.name)
        if known is None:
            raise TypeError(f"There is no functional {self.name}; known are H, {', '.join(DENSITY_FUNCTIONALS)}.")
        if known.has_order and self.order is None:
            raise TypeError(f"{self.name} has an order, as in {self.name}(2; q(z)).")
        if not known.has_order and self.order is not None:
            raise TypeError(f"{self.name} has no order. Write {self.name}(q(z)).")
        measured_variables(self.density)
        if self.order is not None:
            object.__setattr__(self, "order", as_expression(self.order))

    @property
    def kind(self) -> FunctionalKind:
        """What is known of the functional."""
        return DENSITY_FUNCTIONALS[self.name]


@dataclasses.dataclass(frozen=True)
class FunctionalKind:
    """A functional of a density: its name in LaTeX, whether it has an order, and what it abbreviates."""

    name: str
    latex: str
    has_order: bool
    definition: Callable[[DensityFunctional], Expression]


def _integral(node: DensityFunctional, integrand: Expression) -> Expression:
    for variable in reversed(measured_variables(node.density)):
        integrand = Integral(integrand, variable)
    return integrand


def _tsallis(node: DensityFunctional) -> Expression:
    order = as_expression(node.order)
    return (1 - _integral(node, node.density**order)) / (order - 1)


def _fisher_information(node: DensityFunctional) -> Expression:
    slopes = [Derivative(node.density, variable) ** 2 for variable in measured_variables(node.density)]
    return _integral(node, reduce(add, slopes) / node.density)


_ALL = (
    FunctionalKind("Tsallis", r"\mathrm{S}", True, _tsallis),
    FunctionalKind("FisherInformation", r"\mathrm{I}", False, _fisher_information),
)

DENSITY_FUNCTIONALS: dict[str, FunctionalKind] = {kind.name: kind for kind in _ALL}
"""The functionals of a density by name."""
