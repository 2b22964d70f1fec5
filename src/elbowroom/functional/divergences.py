r"""Divergences between densities other than KL: one kind of node, and each divergence as data.

An f-divergence is known by its generator f, convex with f(1) = 0:
D_f(q || p) = integral of p*f(q/p). The others are functionals of a few lines.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import reduce
from operator import add

from elbowroom.functional.differential import Derivative
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import Expression, as_expression, log, sqrt
from elbowroom.functional.functionals import Integral, measured_variables


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Divergence(Expression):
    """The divergence `name` of the table `DIVERGENCES` of `left` from `right`, with an order where it has one.

    `left` is a density or a product of densities; the integral is over the variables that it is a density of.
    """

    name: str
    left: Expression
    right: Expression
    order: Expression | None = None

    def __post_init__(self) -> None:
        known = DIVERGENCES.get(self.name)
        if known is None:
            raise TypeError(f"There is no divergence {self.name}; known are KL, {', '.join(DIVERGENCES)}.")
        if known.has_order and self.order is None:
            raise TypeError(f"{self.name} has an order, as in {self.name}(2; q(z) || p(z)).")
        if not known.has_order and self.order is not None:
            raise TypeError(f"{self.name} has no order. Write {self.name}(q(z) || p(z)).")
        measured_variables(self.left)
        object.__setattr__(self, "right", as_expression(self.right))
        if self.order is not None:
            object.__setattr__(self, "order", as_expression(self.order))

    @property
    def kind(self) -> DivergenceKind:
        """What is known of the divergence."""
        return DIVERGENCES[self.name]


@dataclasses.dataclass(frozen=True)
class DivergenceKind:
    """A divergence: its name in LaTeX, whether it has an order, and the expression that it abbreviates.

    **Arguments.** `generator(t)`, or `generator(t, order)`, is f of an f-divergence, and None for another kind.
    """

    name: str
    latex: str
    has_order: bool
    definition: Callable[[Divergence], Expression]
    generator: Callable[..., Expression] | None = None


def _generated(name: str, latex: str, generator: Callable[..., Expression], has_order: bool = False) -> DivergenceKind:
    """The f-divergence of a generator: the integral of p*f(q/p) for the divergence of q from p."""

    def definition(node: Divergence) -> Expression:
        ratio = node.left / node.right
        value = generator(ratio) if node.order is None else generator(ratio, node.order)
        return _integral(node, node.right * value)

    return DivergenceKind(name, latex, has_order, definition, generator)


def _integral(node: Divergence, integrand: Expression) -> Expression:
    for variable in reversed(measured_variables(node.left)):
        integrand = Integral(integrand, variable)
    return integrand


def _jensen_shannon(t: Expression) -> Expression:
    return (t * log(2 * t / (1 + t)) + log(2 / (1 + t))) / 2


def _alpha(t: Expression, order: Expression) -> Expression:
    return (t**order - 1) / (order * (order - 1))


def _renyi(node: Divergence) -> Expression:
    order = as_expression(node.order)
    return log(_integral(node, node.left**order * node.right ** (1 - order))) / (order - 1)


def _fisher(node: Divergence) -> Expression:
    scores = [
        (Derivative(node.left, variable) / node.left - Derivative(node.right, variable) / node.right) ** 2
        for variable in measured_variables(node.left)
    ]
    return _integral(node, node.left * reduce(add, scores))


_ALL = (
    _generated("reverse_KL", r"\overline{\mathrm{KL}}", lambda t: -log(t)),
    _generated("Jeffreys", r"\mathrm{J}", lambda t: (t - 1) * log(t)),
    _generated("chi2", r"\chi^2", lambda t: (t - 1) ** 2),
    _generated("Neyman", r"\chi^2_{\mathrm{N}}", lambda t: (t - 1) ** 2 / t),
    _generated("Hellinger", r"\mathrm{H}^2", lambda t: (sqrt(t) - 1) ** 2),
    _generated("JS", r"\mathrm{JS}", _jensen_shannon),
    _generated("TV", r"\mathrm{TV}", lambda t: Elementary("abs", t - 1) / 2),
    _generated("Alpha", r"\mathrm{D}", _alpha, has_order=True),
    DivergenceKind("Renyi", r"\mathrm{R}", True, _renyi),
    DivergenceKind("Fisher", r"\mathrm{F}", False, _fisher),
)

DIVERGENCES: dict[str, DivergenceKind] = {kind.name: kind for kind in _ALL}
"""The divergences by name. Hellinger is the squared distance, the integral of (sqrt q - sqrt p)**2, without a half."""
