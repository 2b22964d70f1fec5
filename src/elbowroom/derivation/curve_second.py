"""The second variation of a curve: Legendre's and Jacobi's conditions, and convexity of the integrand."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
from scipy import integrate

from elbowroom.derivation.curve_ends import Ends
from elbowroom.derivation.numeric.evaluate import values
from elbowroom.derivation.numeric.scene import Array, Scene
from elbowroom.derivation.pointwise import sign
from elbowroom.derivation.polynomial import (
    ONE,
    ZERO,
    Applied,
    Atom,
    Derived,
    Opaque,
    Polynomial,
    Symbol,
    constant,
    from_atom,
    from_monomial,
    monomial,
)
from elbowroom.derivation.render import render
from elbowroom.derivation.variation import DIRECTION, variation
from elbowroom.functional.expression import Expression, Function, as_expression
from elbowroom.functional.law import Variable


@dataclasses.dataclass(frozen=True)
class Jacobi:
    """The Jacobi equation a h'' + b h' + c h = 0 along a curve: what was seen of it."""

    legendre: bool
    conjugate: float | None


def jacobi(equation: Polynomial, curve: Function, scene: Scene, ends: Ends, sense: int) -> Jacobi:
    """Integrate the Jacobi equation from the left end; a zero inside the interval is a conjugate point."""
    variable = curve.arguments[0]
    assert isinstance(variable, Variable)
    linear = variation(render(equation), curve)

    def coefficients(x: Array) -> tuple[Array, Array, Array]:
        c = _in_direction(linear, as_expression(1), variable, scene, x)
        first = _in_direction(linear, variable, variable, scene, x) - c * x
        second = _in_direction(linear, variable**2 / 2, variable, scene, x) - first * x - c * x**2 / 2
        return second, first, c

    places = np.linspace(ends.left, ends.right, 201)[1:-1]
    a, b, c = coefficients(places)
    legendre = bool(np.all(sense * a < 0))
    if not legendre:
        return Jacobi(False, None)

    def slope(x: float, h: Array) -> list[float]:
        p, q, r = (float(np.interp(x, places, one)) for one in (a, b, c))
        return [h[1], -(q * h[1] + r * h[0]) / p]

    found = integrate.solve_ivp(
        slope,
        (ends.left, ends.right),
        [0.0, 1.0],
        rtol=1e-8,
        atol=1e-10,
        t_eval=np.linspace(ends.left, ends.right, 400),
    )
    inside = np.flatnonzero(found.y[0][1:] <= 0)
    return Jacobi(True, float(found.t[1:][inside[0]]) if len(inside) else None)


def _in_direction(linear: Expression, direction: Expression, variable: Variable, scene: Scene, x: Array) -> Array:
    curves = {**scene.curves, DIRECTION: ((variable,), direction)}
    return values(linear, scene.with_(curves=curves), {variable.name: x})


def convex_integrand(integrand: Polynomial, curve: Function, sense: int) -> bool:
    """Whether the integrand is convex in the curve and strictly in its derivative, jointly, seen from the signs."""
    variable = curve.arguments[0]
    plain = Opaque(curve.name, (_as_form(variable),))
    slope = Derived(plain, (variable,)) if isinstance(variable, Variable) else plain
    if not _is_understood(integrand, plain, slope):
        return False
    by_slope = _derivative(_derivative(integrand, slope), slope)
    by_value = _derivative(_derivative(integrand, plain), plain)
    mixed = _derivative(_derivative(integrand, plain), slope)
    if mixed or cleared_sign(by_slope) != sense:
        return False
    return not by_value or cleared_sign(by_value) == sense


def _is_understood(form: Polynomial, plain: Atom, slope: Atom) -> bool:
    """Whether the curve stands in a form only where `_derivative` looks: never in an exponent, nor in a sine."""
    mark = from_atom(plain).key
    for part, _ in form.terms:
        for atom, exponent in part.powers:
            if mark in exponent.key:
                return False
            match atom:
                case Applied("sum" | "log" | "exp", argument):
                    if not _is_understood(argument, plain, slope):
                        return False
                case _:
                    if atom not in (plain, slope) and mark in from_atom(atom).key:
                        return False
    return True


def cleared_sign(form: Polynomial) -> int | None:
    """The sign of a form after every power of a sum that its terms share has been taken out and the rest expanded."""
    direct = sign(form)
    if direct is not None or not form:
        return direct
    lowest: dict[Atom, Fraction] = {}
    for part, _ in form.terms:
        for atom, exponent in part.powers:
            if isinstance(atom, Applied) and atom.function == "sum" and exponent.number is not None:
                lowest[atom] = min(lowest.get(atom, exponent.number), exponent.number)
    cleared = ZERO
    for part, coefficient in form.terms:
        term = from_monomial(monomial({a: e for a, e in part.powers if a not in lowest}), coefficient)
        powers = dict(part.powers)
        for atom, low in lowest.items():
            number = powers.get(atom, ZERO).number
            if number is None or (number - low).denominator != 1 or not isinstance(atom, Applied):
                return None
            if sign(atom.argument) != 1:
                return None
            for _ in range(int(number - low)):
                term = term * atom.argument
        cleared = cleared + term
    return sign(cleared)


def _derivative(form: Polynomial, by: Atom) -> Polynomial:
    """The derivative of a form by an atom, which may stand inside sums and logarithms."""
    total = ZERO
    for part, coefficient in form.terms:
        powers = dict(part.powers)
        for atom, exponent in part.powers:
            inner = _atom_derivative(atom, by)
            if not inner:
                continue
            rest = {a: e for a, e in powers.items() if a != atom}
            lowered = from_monomial(monomial({**rest, atom: exponent - ONE}), coefficient)
            total = total + exponent * lowered * inner
    return total


def _atom_derivative(atom: Atom, by: Atom) -> Polynomial:
    if atom == by:
        return ONE
    match atom:
        case Applied("sum", argument):
            return _derivative(argument, by)
        case Applied("log", argument):
            inner = _derivative(argument, by)
            return inner * from_monomial(monomial({Applied("sum", argument): constant(-1)})) if inner else ZERO
        case Applied("exp", argument):
            return _derivative(argument, by) * from_atom(atom)
    return ZERO


def _as_form(variable: Expression) -> Polynomial:
    assert isinstance(variable, Variable)
    return from_atom(Symbol("variable", variable.name, (variable,)))
