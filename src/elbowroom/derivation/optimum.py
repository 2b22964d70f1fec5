"""The normalised optimum: mass, multiplier, value and second variation, from the stationary shape."""

from __future__ import annotations

import dataclasses
from typing import Literal

from elbowroom.derivation.integration import integrate
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.polynomial import Applied, Density, Integrated, Opaque, Polynomial, Symbol, constant
from elbowroom.derivation.render import render
from elbowroom.derivation.stationarity import Shape
from elbowroom.derivation.variation import DIRECTION, variation
from elbowroom.derivation.worked import Worked
from elbowroom.functional.expression import Expression
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.substitute import substitute


@dataclasses.dataclass(frozen=True)
class Optimum:
    """What normalising the stationary shape gives."""

    unnormalised: Expression
    mass: Expression
    density: Expression
    multiplier: Expression
    value: Expression
    second_variation: Expression
    minimum: Literal["global", "stationary", "none"]
    hypotheses: tuple[str, ...]


def optimum_of(work: Worked, shape: Shape, rules: NormalForm, curvature: int | None = None) -> Optimum:
    """Normalise `shape`, evaluate the functional there, and read the sign of the second variation.

    `curvature` is that sign where it is known already, from the numbers in the problem.
    """
    over = work.problem.density
    mass = shape.unnormalised
    for variable in over.of:
        mass = integrate(mass, variable)
    density = simplest(shape.unnormalised * rules.power(mass, constant(-1)))
    value = simplest_of(substitute(work.expanded, {over: density}))
    second = rules.of(variation(work.first, over, work.problem.given.laws))
    sign = curvature or _sign(second)
    wanted = 1 if work.problem.sense == "minimise" else -1
    minimum: Literal["global", "stationary", "none"] = "stationary" if sign is None else "none"
    if sign == wanted:
        minimum = "global"
    return Optimum(
        unnormalised=render(shape.unnormalised),
        mass=simplest(mass),
        density=density,
        multiplier=simplest(shape.multiplier(mass, rules)),
        value=value,
        second_variation=render(second),
        minimum=minimum,
        hypotheses=tuple(sorted(rules.hypotheses)),
    )


def simplest(form: Polynomial) -> Expression:
    """A normal form in its shorter way of writing."""
    return simplest_of(render(form))


def simplest_of(expression: Expression) -> Expression:
    """The shorter of the two normal forms: densities as written, or in marginals of their joint law."""
    candidates = [render(NormalForm(marginals).of(expression)) for marginals in (False, True)]
    recognised = [candidate for candidate in candidates if isinstance(candidate, DensityValue)]
    return recognised[0] if recognised else min(candidates, key=_length)


def _length(expression: Expression) -> tuple[int, int]:
    text = to_text(expression)
    return (sum(isinstance(node, Integral) for node in [expression]) + text.count("integral"), len(text))


def _sign(second: Polynomial) -> int | None:
    """1 if the second variation is positive for every direction, -1 if negative, None if that is not seen."""
    signs = {_term_sign(coefficient, part.powers) for part, coefficient in second.terms}
    return signs.pop() if len(signs) == 1 else None


def _term_sign(coefficient: object, powers: tuple) -> int | None:
    if all(_is_positive(atom, exponent) for atom, exponent in powers):
        return 1 if coefficient > 0 else -1  # pyright: ignore[reportOperatorIssue]
    return None


def _is_positive(atom: object, exponent: Polynomial) -> bool:
    number = exponent.number
    even = number is not None and number.denominator == 1 and number % 2 == 0
    match atom:
        case Density() | Symbol("parameter", _, _) | Applied("exp", _):
            return True
        case Opaque(name, _):
            return even and name == DIRECTION
        case Integrated(integrand, _):
            return all(
                coefficient > 0 and all(_is_positive(a, e) for a, e in part.powers)
                for part, coefficient in integrand.terms
            )
        case _:
            return even
