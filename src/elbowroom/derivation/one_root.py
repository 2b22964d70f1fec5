"""Whether two coordinate updates have one fixed point: they come down to one polynomial in a mean, and its signs tell.

Where one factor is a Gamma density whose shape is fixed and which enters the other through its mean t alone, the
other factor's moments are rational in t, so that the fixed points are the positive roots of a polynomial.
Descartes' rule of signs counts them: where the coefficients change their sign once, there is exactly one.
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np

from elbowroom.derivation.dependence import variables_of
from elbowroom.derivation.kernel import Recognised
from elbowroom.derivation.mean_field_answer import Block
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Array, Scene
from elbowroom.derivation.polynomial import (
    Applied,
    Atom,
    Density,
    Integrated,
    Monomial,
    Polynomial,
    Symbol,
    from_monomial,
    monomial,
)
from elbowroom.derivation.render import render
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_text

CLEAR = 1e-9
"""A coefficient's sign is read only where it is this far from zero, relative to the terms it is the sum of."""

Coefficients = dict[tuple[str, int], float]
"""Of a log-density: by the factor's own statistic ("z", "z**2", "log z") and the power whose mean multiplies it."""


@dataclasses.dataclass(frozen=True)
class _Sized:
    """A polynomial in t, lowest power first, and the same with absolute values, against which rounding is judged."""

    value: Array
    size: Array

    def __add__(self, other: _Sized) -> _Sized:
        return _Sized(
            np.polynomial.polynomial.polyadd(self.value, other.value),
            np.polynomial.polynomial.polyadd(self.size, other.size),
        )

    def __mul__(self, other: _Sized) -> _Sized:
        return _Sized(np.convolve(self.value, other.value), np.convolve(self.size, other.size))


def _sized(*coefficients: float) -> _Sized:
    value = np.array(coefficients)
    return _Sized(value, np.abs(value))


def one_fixed_point(blocks: tuple[Block, ...], families: dict[str, Recognised], scene: Scene) -> str | None:
    """Why the updates have one fixed point, in words; None where this rule does not tell. No factor is in the scene."""
    if len(blocks) != 2 or len(families) != 2:
        return None
    for mean, other in (blocks, blocks[::-1]):
        names = [families[to_text(one.over)].name for one in (mean, other)]
        if names[0] != "Gamma" or names[1] not in ("Normal", "Gamma"):
            continue
        own, theirs = (_coefficients(*pair, scene) for pair in ((mean, other), (other, mean)))
        if own is None or theirs is None:
            continue
        equation = _equation(own, theirs, names[1])
        if equation is not None and _changes(equation) == 1:
            return (
                f"the updates come down to one polynomial in the mean of {to_text(mean.over)}, whose coefficients "
                "change their sign once, so that by Descartes' rule there is one fixed point; the functional has a "
                "minimum among products, since the divergence has compact level sets, and a minimum is a fixed point"
            )
    return None


def _equation(own: Coefficients, theirs: Coefficients, family: str) -> _Sized | None:
    """shape*D - t*rate*D as a polynomial in t, the mean of the Gamma factor; D clears the other's denominators."""
    if any(power not in (0, 1) for _, power in theirs) or any(s == "log z" and power for s, power in own):
        return None
    shape = _sized(1 + own.get(("log z", 0), 0.0))
    constant, first, second = (_sized(own.get(("z", power), 0.0)) for power in (0, 1, 2))
    linear = {s: _sized(theirs.get((s, 0), 0.0), theirs.get((s, 1), 0.0)) for s in ("z", "z**2", "log z")}
    time = _sized(0.0, 1.0)
    if family == "Normal":
        precision = linear["z**2"] * _sized(-2.0)
        cleared = precision * precision
        minus_rate = constant * cleared + first * linear["z"] * precision
        minus_rate = minus_rate + second * (linear["z"] * linear["z"] + precision)
    else:
        if ("log z", 1) in theirs or ("z", 2) in own:
            return None
        cleared = linear["z"] * _sized(-1.0)
        minus_rate = constant * cleared + first * (_sized(1.0) + linear["log z"])
    return shape * cleared + time * minus_rate


def _changes(equation: _Sized) -> int | None:
    """How often the coefficients change their sign; None where the sign of one is not clear."""
    kept = equation.value[equation.size > 0]
    if np.any(np.abs(kept) < CLEAR * equation.size[equation.size > 0]):
        return None
    return sum(1 for one, next_one in pairwise(np.sign(kept)) if one != next_one)


def _coefficients(block: Block, other: Block, scene: Scene) -> Coefficients | None:
    """The log-density of a factor, each coefficient with the power of the other factor's variable it is a mean of."""
    (variable,) = block.over.of
    body = scene.grounded(render(block.log_density))
    form = NormalForm(marginals=False).of(scene.spelled_out(body))
    coefficients: Coefficients = {}
    for part, factor in form.terms:
        if variable not in variables_of(part):
            continue
        read = _read(part, variable, other)
        if read is None:
            return None
        statistic, power, rest = read
        size = number(render(from_monomial(rest, factor)), scene)
        coefficients[statistic, power] = coefficients.get((statistic, power), 0.0) + size
    return coefficients


def _read(part: Monomial, variable: Variable, other: Block) -> tuple[str, int, Monomial] | None:
    """A term as its own statistic, the power in the other's mean (0 where there is none), and what multiplies them."""
    statistic: str | None = None
    power = 0
    rest: dict[Atom, Polynomial] = {}
    for atom, exponent in part.powers:
        if variable in variables_of(atom):
            if statistic is not None:
                return None
            statistic = _statistic(atom, exponent)
        elif isinstance(atom, Integrated):
            mean = _mean_of(atom, other) if exponent.number == 1 and not power else None
            if mean is None:
                return None
            power = mean
        else:
            rest[atom] = exponent
    return (statistic, power, monomial(rest)) if statistic is not None else None


def _statistic(atom: Atom, exponent: Polynomial) -> str | None:
    match atom:
        case Symbol("variable"):
            return {1: "z", 2: "z**2"}.get(int(exponent.number or 0)) if exponent.number in (1, 2) else None
        case Applied("log", argument) if exponent.number == 1 and _is_variable(argument):
            return "log z"
    return None


def _mean_of(atom: Integrated, other: Block) -> int | None:
    """The power k of an integral of q(z)*z**k over the other factor."""
    if len(atom.integrand.terms) != 1 or atom.integrand.terms[0][1] != 1:
        return None
    densities, powers = [], []
    for inner, exponent in atom.integrand.terms[0][0].powers:
        match inner:
            case Density(letter) if letter == other.over.letter and exponent.number == 1:
                densities.append(inner)
            case Symbol("variable") if exponent.number in (1, 2):
                powers.append(int(exponent.number))
            case _:
                return None
    return powers[0] if len(densities) == len(powers) == 1 else None


def _is_variable(argument: Polynomial) -> bool:
    (term, *others) = argument.terms
    return not others and len(term[0].powers) == 1 and isinstance(term[0].powers[0][0], Symbol) and term[1] == 1
