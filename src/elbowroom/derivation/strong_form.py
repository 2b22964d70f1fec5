"""From a first variation to its strong form: the function that multiplies the direction under the integral.

Where a derivative of the direction stands there, it is integrated by parts; the boundary terms are listed apart.
"""

from __future__ import annotations

from elbowroom.derivation.dependence import renamed
from elbowroom.derivation.differentiate import derivative
from elbowroom.derivation.integration import integrate
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.polynomial import (
    ONE,
    ZERO,
    Derived,
    Integrated,
    Monomial,
    Opaque,
    Polynomial,
    Symbol,
    from_monomial,
    monomial,
)
from elbowroom.derivation.render import render
from elbowroom.derivation.variation import DIRECTION
from elbowroom.functional.expression import Function
from elbowroom.functional.law import DensityValue, Variable


class NotLinearError(Exception):
    """The first variation is not linear in the direction: a defect of a variation rule."""


def strong_form(first_variation: Polynomial, of: DensityValue | Function) -> Polynomial:
    """The functional derivative at the variables of `of`: what stands beside eta under the integral.

    Every term must hold eta once. Where eta stands at integration variables, these are renamed to the
    variables of `of` and their integrals dropped; any other integral stays.
    """
    total = ZERO
    for part, coefficient in first_variation.terms:
        total = total + _stripped(part, of).scaled(coefficient)
    return total


def boundary_terms(first_variation: Polynomial, of: DensityValue | Function) -> list[tuple[Variable, Polynomial]]:
    """What integration by parts leaves at the ends: for each variable the factor of eta there, in the order met."""
    found: list[tuple[Variable, Polynomial]] = []
    for part, coefficient in first_variation.terms:
        for atom, exponent in part.powers:
            if not isinstance(atom, Integrated) or exponent != ONE or len(atom.integrand.terms) != 1:
                continue
            inner = atom.integrand.terms[0][0]
            eta = _direction_of(inner)
            if isinstance(eta, Derived):
                rest = monomial({a: e for a, e in part.powers if a != atom})
                names = _names_of(eta, atom.variables, of)
                left = renamed(_without(inner, eta), names)
                form = (from_monomial(rest) * left).scaled(coefficient)
                found.append((names.get(eta.by[0], eta.by[0]), form))
    return found


def _stripped(part: Monomial, of: DensityValue | Function) -> Polynomial:
    for atom, exponent in part.powers:
        rest = monomial({a: e for a, e in part.powers if a != atom})
        if isinstance(atom, Opaque) and atom.name == DIRECTION and exponent == ONE:
            return from_monomial(rest)
        if isinstance(atom, Integrated) and exponent == ONE and len(atom.integrand.terms) == 1:
            inner = atom.integrand.terms[0][0]
            eta = _direction_of(inner)
            if eta is not None:
                return from_monomial(rest) * _released(inner, eta, atom.variables, of)
    raise NotLinearError(f"a term of the first variation does not hold the direction once: {part!r}")


def _released(
    inner: Monomial, eta: Opaque | Derived, bound: tuple[Variable, ...], of: DensityValue | Function
) -> Polynomial:
    """The integrand without eta, at the variables of `of`; integrals that eta does not see stay."""
    names = _names_of(eta, bound, of)
    form = renamed(_without(inner, eta), names)
    if isinstance(eta, Derived):
        for variable in eta.by:
            form = -slope(form, names.get(variable, variable))
    for variable in bound:
        if variable not in names:
            form = integrate(form, variable)
    return form


def slope(form: Polynomial, variable: Variable) -> Polynomial:
    """The derivative of a form by one of its variables."""
    return NormalForm(marginals=False).of(derivative(render(form), variable))


def _without(inner: Monomial, eta: Opaque | Derived) -> Polynomial:
    return from_monomial(monomial({a: e for a, e in inner.powers if a != eta}))


def _names_of(
    eta: Opaque | Derived, bound: tuple[Variable, ...], of: DensityValue | Function
) -> dict[Variable, Variable]:
    """The integration variables that eta stands at, by the variables of the unknown that they become."""
    own = (*of.of, *of.given) if isinstance(of, DensityValue) else of.arguments
    by_role = {variable.role: variable for variable in own if isinstance(variable, Variable)}
    plain = eta.of if isinstance(eta, Derived) else eta
    assert isinstance(plain, Opaque)
    at = [_variable(argument) for argument in plain.arguments]
    return {variable: by_role[variable.role] for variable in at if variable in bound}


def _direction_of(part: Monomial) -> Opaque | Derived | None:
    for atom, exponent in part.powers:
        plain = atom.of if isinstance(atom, Derived) else atom
        if isinstance(plain, Opaque) and plain.name == DIRECTION and exponent == ONE:
            return atom if isinstance(atom, Derived) else plain
    return None


def _variable(argument: Polynomial) -> Variable:
    symbol = argument.terms[0][0].powers[0][0]
    if not isinstance(symbol, Symbol):
        raise NotLinearError("the direction stands at something that is not a variable")
    return symbol.variables[0]
