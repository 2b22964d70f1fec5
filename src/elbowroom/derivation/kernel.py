"""The table of exponential families, keyed by sufficient statistics and support, with their side conditions.

A log-density that is linear in tabulated statistics is recognised: its natural parameters give the parameters of
the family. The support is part of the key: exp(-z) is a density on z > 0 and none on the real line.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from elbowroom.derivation.dependence import variables_of
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.derivation.polynomial import (
    ONE,
    Applied,
    Monomial,
    Polynomial,
    Symbol,
    from_atom,
    from_monomial,
    monomial,
)
from elbowroom.derivation.render import render
from elbowroom.functional.expression import Expression, Log, as_expression
from elbowroom.functional.families import FAMILIES, FamilyDensity
from elbowroom.functional.law import Variable
from elbowroom.functional.support import Circle, Interval, Positive, Real, Support

Statistics = Mapping[str, float]
"""Natural parameters by the name of their statistic, such as {"z": 1.0, "z**2": -0.5}."""


@dataclasses.dataclass(frozen=True)
class Recognised:
    """A member of a family: the name and the parameters of the family."""

    name: str
    parameters: tuple[tuple[str, float], ...]

    def density(self, variable: Variable) -> Expression | None:
        """The density as a family of the language, where the language has it."""
        if self.name not in FAMILIES:
            return None
        return FamilyDensity(self.name, variable, tuple(_tidy(value) for _, value in self.parameters))  # pyright: ignore

    def text(self) -> str:
        """The family and its parameters in words."""
        told = ", ".join(f"{name} = {value:.12g}" for name, value in self.parameters)
        return f"{self.name} with {told}" if told else self.name

    def to_json(self) -> dict[str, object]:
        """The entry `family` of the JSON document."""
        return {"name": self.name, "parameters": dict(self.parameters)}


def _tidy(value: float) -> float:
    """The value to thirteen digits, which is what the multipliers are known to."""
    return 0.0 if abs(value) < 1e-14 else float(f"{value:.13g}")


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A family: where it lives, which statistics it may have, and its parameters from the natural ones.

    `parameters` returns None where a side condition fails, such as a natural parameter of the wrong sign.
    """

    name: str
    support: Callable[[Support], bool]
    statistics: frozenset[str]
    parameters: Callable[[Callable[[str], float], Support], dict[str, float] | None]


def _normal(eta: Callable[[str], float], support: Support) -> dict[str, float] | None:
    square = eta("z**2")
    if square >= 0:
        return None
    return {"loc": -eta("z") / (2 * square), "scale": math.sqrt(-1 / (2 * square))}


def _positive(**found: float) -> dict[str, float] | None:
    return found if all(value > 0 for value in found.values()) else None


def _von_mises(eta: Callable[[str], float], support: Support) -> dict[str, float] | None:
    size = math.hypot(eta("cos(z)"), eta("sin(z)"))
    return {"loc": math.atan2(eta("sin(z)"), eta("cos(z)")), "concentration": size} if size > 0 else None


def _half_normal(eta: Callable[[str], float], support: Support) -> dict[str, float] | None:
    return {"scale": math.sqrt(-1 / (2 * eta("z**2")))} if eta("z**2") < 0 else None


def _log_normal(eta: Callable[[str], float], support: Support) -> dict[str, float] | None:
    square = eta("(log z)**2")
    if square >= 0:
        return None
    return {"loc": -(eta("log z") + 1) / (2 * square), "scale": math.sqrt(-1 / (2 * square))}


def _uniform(eta: Callable[[str], float], support: Support) -> dict[str, float] | None:
    if isinstance(support, Interval):
        return {"low": float(support.lower), "high": float(support.upper)}
    return {"low": -math.pi, "high": math.pi} if isinstance(support, Circle) else None


def _truncated_exponential(eta: Callable[[str], float], support: Support) -> dict[str, float] | None:
    assert isinstance(support, Interval)
    return {"rate": -eta("z"), "low": float(support.lower), "high": float(support.upper)}


def _truncated_normal(eta: Callable[[str], float], support: Support) -> dict[str, float] | None:
    found = _normal(eta, support)
    if found is None:
        return None
    if isinstance(support, Interval):
        return {**found, "low": float(support.lower), "high": float(support.upper)}
    return {**found, "low": 0.0}


def _on(*kinds: type[Support]) -> Callable[[Support], bool]:
    return lambda support: isinstance(support, kinds)


def _unit(support: Support) -> bool:
    return isinstance(support, Interval) and (support.lower, support.upper) == (0, 1)


_BOUNDED = _on(Interval, Circle)

KERNELS: tuple[Kernel, ...] = (
    Kernel("Uniform", _BOUNDED, frozenset(), _uniform),
    Kernel("Normal", _on(Real), frozenset({"z", "z**2"}), _normal),
    Kernel("Laplace", _on(Real), frozenset({"abs(z)"}), lambda eta, _: _positive(scale=-1 / eta("abs(z)"))),
    Kernel("Exponential", _on(Positive), frozenset({"z"}), lambda eta, _: _positive(rate=-eta("z"))),
    Kernel("HalfNormal", _on(Positive), frozenset({"z**2"}), _half_normal),
    Kernel(
        "Gamma",
        _on(Positive),
        frozenset({"z", "log z"}),
        lambda eta, _: _positive(concentration=eta("log z") + 1, rate=-eta("z")),
    ),
    Kernel(
        "InverseGamma",
        _on(Positive),
        frozenset({"1/z", "log z"}),
        lambda eta, _: _positive(concentration=-eta("log z") - 1, rate=-eta("1/z")),
    ),
    Kernel("LogNormal", _on(Positive), frozenset({"log z", "(log z)**2"}), _log_normal),
    Kernel(
        "Beta",
        _unit,
        frozenset({"log z", "log(1 - z)"}),
        lambda eta, _: _positive(concentration1=eta("log z") + 1, concentration0=eta("log(1 - z)") + 1),
    ),
    Kernel("VonMises", _on(Circle), frozenset({"cos(z)", "sin(z)"}), _von_mises),
    Kernel("TruncatedExponential", _on(Interval), frozenset({"z"}), _truncated_exponential),
    Kernel("TruncatedNormal", _on(Interval, Positive), frozenset({"z", "z**2"}), _truncated_normal),
)


def recognise(statistics: Statistics, support: Support) -> Recognised | None:
    """The family with these natural parameters on this support; None where the table has none or a condition fails."""
    statistics = {name: value for name, value in statistics.items() if abs(value) > 1e-13}
    location = _location(statistics)
    if location is not None:
        statistics = {"abs(z)": statistics[f"abs(z - {location!r})"]}
    for kernel in KERNELS:
        if statistics.keys() <= kernel.statistics and kernel.support(support):
            found = kernel.parameters(lambda name: statistics.get(name, 0.0), support)
            if found is None:
                continue
            if kernel.name == "Laplace":
                found = {"loc": location or 0.0, **found}
            return Recognised(kernel.name, tuple(found.items()))
    return None


def _location(statistics: Statistics) -> float | None:
    """The c of a single statistic abs(z - c)."""
    (name, *others) = statistics or ("",)
    if others or not name.startswith("abs(z - "):
        return None
    return float(name.removeprefix("abs(z - ").removesuffix(")"))


def natural_parameters(density: Expression, variable: Variable, scene: Scene) -> Statistics | None:
    """The natural parameters of a density of `variable`, if its logarithm is linear in statistics of the table.

    Laws and functions are spelled out and numbers put in. None where the logarithm holds anything else.
    """
    rules = NormalForm(marginals=False)
    try:
        form = rules.of(Log(scene.spelled_out(density)))
    except NotDecidedError:
        return None
    found: dict[str, float] = {}
    for part, coefficient in form.terms:
        if variable not in variables_of(part):
            continue
        terms = statistic_terms(part, coefficient, variable, scene)
        if terms is None:
            return None
        for name, outside in terms:
            found[name] = found.get(name, 0.0) + number(outside, scene)
    return found


def statistic_terms(
    part: Monomial, coefficient: Fraction, variable: Variable, scene: Scene
) -> list[tuple[str, Expression]] | None:
    """A term of a log-density as tabulated statistics, each with its factor, which does not depend on `variable`."""
    inside = {a: e for a, e in part.powers if variable in variables_of(a) | variables_of(e)}
    outside = from_monomial(monomial({a: e for a, e in part.powers if a not in inside}), coefficient)
    names = _statistics(monomial(inside), variable, scene)
    if names is None:
        return None
    return [(name, render(outside) * as_expression(share)) for name, share in names]


def _statistics(part: Monomial, variable: Variable, scene: Scene) -> list[tuple[str, float]] | None:
    """A product of atoms as a combination of tabulated statistics."""
    z = from_atom(Symbol("variable", variable.name, (variable,)))
    if len(part.powers) != 1:
        return None
    atom, exponent = part.powers[0]
    power = exponent.number
    if power is None:
        return None
    if atom == z.terms[0][0].powers[0][0]:
        return [({1: "z", 2: "z**2", -1: "1/z"}.get(int(power) if power.denominator == 1 else 0, f"z**{power}"), 1.0)]
    match atom:
        case Applied("log", argument) if argument == z:
            return [("log z", 1.0)] if power == 1 else [("(log z)**2", 1.0)] if power == 2 else None
        case Applied("log", argument) if power == 1 and argument == ONE - z:
            return [("log(1 - z)", 1.0)]
        case Applied("abs" | "cos" | "sin" as name, argument) if power == 1:
            shift = _shift(argument, z, scene)
            if shift is None:
                return None
            if name == "abs":
                return [("abs(z)" if shift == 0 else f"abs(z - {shift!r})", 1.0)]
            cosine, sine = math.cos(shift), math.sin(shift)
            if name == "cos":
                return [("cos(z)", cosine), ("sin(z)", sine)]
            return [("sin(z)", cosine), ("cos(z)", -sine)]
    return None


def _shift(argument: Polynomial, z: Polynomial, scene: Scene) -> float | None:
    """The c of an argument z - c."""
    rest = argument - z
    return None if variables_of(rest) else -number(render(rest), scene)
