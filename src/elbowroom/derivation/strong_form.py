"""From a first variation to its strong form: the function that multiplies the direction under the integral."""

from __future__ import annotations

from elbowroom.derivation.dependence import renamed, renamed_monomial
from elbowroom.derivation.integration import integrate
from elbowroom.derivation.polynomial import (
    ONE,
    ZERO,
    Integrated,
    Monomial,
    Opaque,
    Polynomial,
    Symbol,
    from_monomial,
    monomial,
)
from elbowroom.derivation.variation import DIRECTION
from elbowroom.functional.law import DensityValue, Variable


class NotLinearError(Exception):
    """The first variation is not linear in the direction: a defect of a variation rule."""


def strong_form(first_variation: Polynomial, of: DensityValue) -> Polynomial:
    """The functional derivative at the variables of `of`: what stands beside eta under the integral.

    Every term must hold eta once. Where eta stands at integration variables, these are renamed to the
    variables of `of` and their integrals dropped; any other integral stays.
    """
    total = ZERO
    for part, coefficient in first_variation.terms:
        total = total + _stripped(part, of).scaled(coefficient)
    return total


def _stripped(part: Monomial, of: DensityValue) -> Polynomial:
    for atom, exponent in part.powers:
        rest = monomial({a: e for a, e in part.powers if a != atom})
        if isinstance(atom, Opaque) and atom.name == DIRECTION and exponent == ONE:
            return from_monomial(rest)
        if isinstance(atom, Integrated) and exponent == ONE and len(atom.integrand.terms) == 1:
            inner = atom.integrand.terms[0][0]
            at = _direction_at(inner)
            if at is not None:
                return from_monomial(rest) * _released(inner, at, atom.variables, of)
    raise NotLinearError(f"a term of the first variation does not hold the direction once: {part!r}")


def _released(inner: Monomial, at: tuple[Variable, ...], bound: tuple[Variable, ...], of: DensityValue) -> Polynomial:
    """The integrand without eta, at the variables of `of`; integrals that eta does not see stay."""
    by_role = {variable.role: variable for variable in (*of.of, *of.given)}
    names = {variable: by_role[variable.role] for variable in at if variable in bound}
    left = monomial({a: e for a, e in inner.powers if not (isinstance(a, Opaque) and a.name == DIRECTION)})
    form = renamed(from_monomial(renamed_monomial(left, names)), {})
    for variable in bound:
        if variable not in names:
            form = integrate(form, variable)
    return form


def _direction_at(part: Monomial) -> tuple[Variable, ...] | None:
    for atom, exponent in part.powers:
        if isinstance(atom, Opaque) and atom.name == DIRECTION and exponent == ONE:
            return tuple(_variable(argument) for argument in atom.arguments)
    return None


def _variable(argument: Polynomial) -> Variable:
    symbol = argument.terms[0][0].powers[0][0]
    if not isinstance(symbol, Symbol):
        raise NotLinearError("the direction stands at something that is not a variable")
    return symbol.variables[0]
