"""Families of densities known by name: `Normal(z; 0, 1)`, with the names and parameters of NumPyro.

Each family is data: its parameters in order, where it lives, and its log-density as an expression of the
language, with every constant. `expand` writes a density of a family as the exponential of that expression.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction

from elbowroom.functional.elementary import PI, Elementary
from elbowroom.functional.expression import Expression, Sum, as_expression, exp, log
from elbowroom.functional.support import REAL, Circle, Finite, Interval, Positive, Support


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FamilyDensity(Expression):
    """The density of the family `name` at `argument`: Normal(z; 0, 1) is `FamilyDensity("Normal", z, (0, 1))`."""

    name: str
    argument: Expression
    parameters: tuple[Expression, ...]

    def __post_init__(self) -> None:
        family = FAMILIES.get(self.name)
        if family is None:
            raise TypeError(f"There is no family {self.name}; known are {', '.join(FAMILIES)}.")
        object.__setattr__(self, "argument", as_expression(self.argument))
        object.__setattr__(self, "parameters", tuple(map(as_expression, self.parameters)))
        count = len(self.parameters)
        if count < 2 if family.repeats else count != len(family.parameters):
            raise TypeError(f"{self.name} has the parameters {', '.join(family.parameters)}, and {count} are given.")

    @property
    def family(self) -> Family:
        """What is known of the family."""
        return FAMILIES[self.name]

    @property
    def log_density(self) -> Expression:
        """The logarithm of the density, with every constant."""
        return self.family.log_density(self.argument, *self.parameters)


@dataclasses.dataclass(frozen=True)
class Family:
    """A family of densities on `support`.

    **Arguments.** `parameters` are the names that NumPyro gives them, in its order, and `positive` those that have
    to be positive; `log_density(z, *parameters)` is valid for z in `support`, which is None where it depends on
    the parameters. A family that `repeats` has one parameter for each value of the variable.
    """

    name: str
    parameters: tuple[str, ...]
    positive: tuple[str, ...]
    support: Support | None
    log_density: Callable[..., Expression]
    repeats: bool = False


def _lgamma(u: Expression) -> Expression:
    return Elementary("lgamma", u)


def _log_beta(a: Expression, b: Expression) -> Expression:
    return _lgamma(a) + _lgamma(b) - _lgamma(a + b)


def _normal(z: Expression, loc: Expression, scale: Expression) -> Expression:
    return -((z - loc) ** 2) / (2 * scale**2) - log(scale) - log(2 * PI) / 2


def _log_normal(z: Expression, loc: Expression, scale: Expression) -> Expression:
    return _normal(log(z), loc, scale) - log(z)


def _half_normal(z: Expression, scale: Expression) -> Expression:
    return -(z**2) / (2 * scale**2) - log(scale) + log(2 / PI) / 2


def _gamma(z: Expression, concentration: Expression, rate: Expression) -> Expression:
    return concentration * log(rate) + (concentration - 1) * log(z) - rate * z - _lgamma(concentration)


def _inverse_gamma(z: Expression, concentration: Expression, rate: Expression) -> Expression:
    return concentration * log(rate) - (concentration + 1) * log(z) - rate / z - _lgamma(concentration)


def _exponential(z: Expression, rate: Expression) -> Expression:
    return log(rate) - rate * z


def _laplace(z: Expression, loc: Expression, scale: Expression) -> Expression:
    return -Elementary("abs", z - loc) / scale - log(2 * scale)


def _cauchy(z: Expression, loc: Expression, scale: Expression) -> Expression:
    return -log(1 + ((z - loc) / scale) ** 2) - log(scale) - log(PI)


def _student(z: Expression, df: Expression, loc: Expression, scale: Expression) -> Expression:
    constant = _lgamma((df + 1) / 2) - _lgamma(df / 2) - log(df * PI) / 2 - log(scale)
    return constant - (df + 1) / 2 * log(1 + ((z - loc) / scale) ** 2 / df)


def _logistic(z: Expression, loc: Expression, scale: Expression) -> Expression:
    return -log(scale) - 2 * log(2 * Elementary("cosh", (z - loc) / (2 * scale)))


def _gumbel(z: Expression, loc: Expression, scale: Expression) -> Expression:
    standard = (z - loc) / scale
    return -standard - exp(-standard) - log(scale)


def _beta(z: Expression, concentration1: Expression, concentration0: Expression) -> Expression:
    powers = (concentration1 - 1) * log(z) + (concentration0 - 1) * log(1 - z)
    return powers - _log_beta(concentration1, concentration0)


def _uniform(z: Expression, low: Expression, high: Expression) -> Expression:
    return -log(high - low)


def _von_mises(z: Expression, loc: Expression, concentration: Expression) -> Expression:
    return concentration * Elementary("cos", z - loc) - log(2 * PI * Elementary("i0", concentration))


def _bernoulli(z: Expression, probs: Expression) -> Expression:
    return z * log(probs) + (1 - z) * log(1 - probs)


def _categorical(z: Expression, *probs: Expression) -> Expression:
    here = (1 - Elementary("abs", Elementary("sign", z - place)) for place in range(len(probs)))
    return log(Sum(tuple(prob * indicator for prob, indicator in zip(probs, here, strict=True))))


def _binomial(z: Expression, total_count: Expression, probs: Expression) -> Expression:
    ways = _lgamma(total_count + 1) - _lgamma(z + 1) - _lgamma(total_count - z + 1)
    return ways + z * log(probs) + (total_count - z) * log(1 - probs)


def _poisson(z: Expression, rate: Expression) -> Expression:
    return z * log(rate) - rate - _lgamma(z + 1)


_POSITIVE = Positive()
_UNIT = Interval(Fraction(0), Fraction(1))
_LOCATION = ("loc", "scale")

_ALL = (
    Family("Normal", _LOCATION, ("scale",), REAL, _normal),
    Family("Laplace", _LOCATION, ("scale",), REAL, _laplace),
    Family("Cauchy", _LOCATION, ("scale",), REAL, _cauchy),
    Family("Logistic", _LOCATION, ("scale",), REAL, _logistic),
    Family("Gumbel", _LOCATION, ("scale",), REAL, _gumbel),
    Family("StudentT", ("df", *_LOCATION), ("df", "scale"), REAL, _student),
    Family("LogNormal", _LOCATION, ("scale",), _POSITIVE, _log_normal),
    Family("HalfNormal", ("scale",), ("scale",), _POSITIVE, _half_normal),
    Family("Exponential", ("rate",), ("rate",), _POSITIVE, _exponential),
    Family("Gamma", ("concentration", "rate"), ("concentration", "rate"), _POSITIVE, _gamma),
    Family("InverseGamma", ("concentration", "rate"), ("concentration", "rate"), _POSITIVE, _inverse_gamma),
    Family("Beta", ("concentration1", "concentration0"), ("concentration1", "concentration0"), _UNIT, _beta),
    Family("Uniform", ("low", "high"), (), None, _uniform),
    Family("VonMises", ("loc", "concentration"), ("concentration",), Circle(), _von_mises),
    Family("Bernoulli", ("probs",), (), Finite(2), _bernoulli),
    Family("Categorical", ("probs",), (), None, _categorical, repeats=True),
    Family("Binomial", ("total_count", "probs"), (), None, _binomial),
    Family("Poisson", ("rate",), ("rate",), None, _poisson),
)

FAMILIES: dict[str, Family] = {family.name: family for family in _ALL}
"""The families by name."""
