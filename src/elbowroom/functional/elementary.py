"""Functions of one number and constants beyond log and exp: one kind of node each, the functions themselves as data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from elbowroom.errors import MissingRule
from elbowroom.functional.expression import Expression, as_expression, exp, sqrt


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class NamedConstant(Expression):
    """A real number that has a name and no finite decimal, such as pi. Its value is in `NAMED_CONSTANTS`."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in NAMED_CONSTANTS:
            raise TypeError(f"There is no constant {self.name}; known are {', '.join(NAMED_CONSTANTS)}.")

    @property
    def value(self) -> float:
        """The number, as exactly as a float holds it."""
        return NAMED_CONSTANTS[self.name]


NAMED_CONSTANTS: dict[str, float] = {"pi": math.pi}

PI = NamedConstant("pi")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Elementary(Expression):
    """The function `name` of the table `ELEMENTARY`, such as abs or lgamma, at `argument`."""

    name: str
    argument: Expression

    def __post_init__(self) -> None:
        if self.name not in ELEMENTARY:
            raise TypeError(f"There is no elementary function {self.name}; known are {', '.join(ELEMENTARY)}.")
        object.__setattr__(self, "argument", as_expression(self.argument))

    @property
    def function(self) -> ElementaryFunction:
        """What is known of the function."""
        return ELEMENTARY[self.name]

    @property
    def derivative(self) -> Expression:
        """The derivative of the function at the same argument; the chain rule is not applied."""
        return self.function.derivative(self.argument)


@dataclasses.dataclass(frozen=True)
class ElementaryFunction:
    """A function of one real number, elementwise on arrays.

    **Arguments.** `latex` is its name in LaTeX; `derivative` its derivative at an argument, as an expression
    (almost everywhere, where the function has kinks); `evaluate(numpy, special, u)` its value at an array, with
    the modules `numpy` and `scipy.special`, or `jax.numpy` and `jax.scipy.special`.
    """

    name: str
    latex: str
    derivative: Callable[[Expression], Expression]
    evaluate: Callable[[Any, Any, Any], Any]


def _at(name: str) -> Callable[[Expression], Expression]:
    return lambda u: Elementary(name, u)


def _no_derivative(name: str) -> Callable[[Expression], Expression]:
    def refuse(_: Expression) -> Expression:
        raise MissingRule(f"no derivative of {name}; add one in functional/elementary.py")

    return refuse


def _omega_derivative(u: Expression) -> Expression:
    omega = Elementary("wrightomega", u)
    return omega / (1 + omega)


_ALL = (
    ElementaryFunction("abs", "abs", _at("sign"), lambda numpy, _, u: numpy.abs(u)),
    ElementaryFunction("sign", r"\operatorname{sign}", lambda _: as_expression(0), lambda numpy, _, u: numpy.sign(u)),
    ElementaryFunction("sin", r"\sin", _at("cos"), lambda numpy, _, u: numpy.sin(u)),
    ElementaryFunction("cos", r"\cos", lambda u: -Elementary("sin", u), lambda numpy, _, u: numpy.cos(u)),
    ElementaryFunction("sinh", r"\sinh", _at("cosh"), lambda numpy, _, u: numpy.sinh(u)),
    ElementaryFunction("cosh", r"\cosh", _at("sinh"), lambda numpy, _, u: numpy.cosh(u)),
    ElementaryFunction("tanh", r"\tanh", lambda u: 1 - Elementary("tanh", u) ** 2, lambda numpy, _, u: numpy.tanh(u)),
    ElementaryFunction("arctan", r"\arctan", lambda u: 1 / (1 + u**2), lambda numpy, _, u: numpy.arctan(u)),
    ElementaryFunction(
        "positive_part",
        r"\operatorname{max}",
        lambda u: (1 + Elementary("sign", u)) / 2,
        lambda numpy, _, u: numpy.maximum(u, 0.0),
    ),
    ElementaryFunction(
        "erf", r"\operatorname{erf}", lambda u: 2 * exp(-(u**2)) / sqrt(PI), lambda _, special, u: special.erf(u)
    ),
    ElementaryFunction("lgamma", r"\log\Gamma", _at("digamma"), lambda _, special, u: special.gammaln(u)),
    ElementaryFunction("digamma", r"\psi", _at("trigamma"), lambda _, special, u: special.digamma(u)),
    ElementaryFunction("trigamma", r"\psi'", _no_derivative("trigamma"), lambda _, special, u: special.polygamma(1, u)),
    ElementaryFunction("i0", "I_0", _at("i1"), lambda _, special, u: special.i0(u)),
    ElementaryFunction(
        "i1", "I_1", lambda u: Elementary("i0", u) - Elementary("i1", u) / u, lambda _, special, u: special.i1(u)
    ),
    ElementaryFunction("wrightomega", r"\omega", _omega_derivative, lambda _, special, u: special.wrightomega(u)),
)

ELEMENTARY: dict[str, ElementaryFunction] = {function.name: function for function in _ALL}
"""The elementary functions by name. `positive_part(u)` prints as `max(0, u)`; wrightomega solves w + log w = u."""
