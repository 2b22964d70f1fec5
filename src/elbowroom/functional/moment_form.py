"""A constraint as a linear combination of moments of one density: what it says of E_q[z], E_q[log(z)], ..."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from elbowroom.functional.expression import Constant, Equation, Expression, Parameter, Power, Product, Sum
from elbowroom.functional.functionals import Expectation, Integral
from elbowroom.functional.law import DensityValue

Monomial = frozenset[tuple[Expression, int]]
Polynomial = dict[Monomial, Fraction]

ONE: Monomial = frozenset()
LARGEST_POWER = 8
MOST_TERMS = 200


class NotLinearError(Exception):
    """The constraint is no linear combination of moments with known coefficients."""


def moment_form(constraint: Equation, of: DensityValue, parameters: Mapping[str, float]) -> Polynomial:
    """The coefficient of each moment in left - right = 0; that of `ONE` is the number that stands without a moment.

    **Raises.** `NotLinearError` for a constraint of another kind, also one with a number that is not known.
    """
    form: Polynomial = {}
    for side, sign in ((constraint.left, 1), (constraint.right, -1)):
        for term, coefficient in _moments(side, of, parameters).items():
            form[term] = form.get(term, Fraction(0)) + sign * coefficient
    return {term: coefficient for term, coefficient in form.items() if coefficient}


def _moments(node: Expression, of: DensityValue, parameters: Mapping[str, float]) -> Polynomial:
    match node:
        case Sum(terms):
            return _added([_moments(term, of, parameters) for term in terms])
        case Expectation(measure, integrand) if measure == of:
            return _polynomial(integrand, parameters)
        case Integral(integrand, variable, None, None) if of.of == (variable,):
            return _without(_polynomial(integrand, parameters), of)
        case Product(factors):
            parts = [_moments(factor, of, parameters) for factor in factors]
            if sum(set(part) != {ONE} for part in parts) > 1:
                raise NotLinearError
            return _multiplied(parts)
    form = _polynomial(node, parameters)
    if set(form) <= {ONE}:
        return form
    raise NotLinearError


def _polynomial(node: Expression, parameters: Mapping[str, float]) -> Polynomial:
    """An integrand in its monomials; what is neither a sum, a product nor a whole power is one letter of them."""
    match node:
        case Constant(value):
            return {ONE: value}
        case Parameter(name, _) if name in parameters:
            return {ONE: Fraction(repr(parameters[name]))}
        case Sum(terms):
            return _added([_polynomial(term, parameters) for term in terms])
        case Product(factors):
            return _multiplied([_polynomial(factor, parameters) for factor in factors])
        case Power(base, Constant(exponent)):
            return _power(node, _polynomial(base, parameters), exponent)
    return {frozenset(((node, 1),)): Fraction(1)}


def _power(node: Expression, base: Polynomial, exponent: Fraction) -> Polynomial:
    if exponent == -1 and set(base) == {ONE} and base[ONE]:
        return {ONE: 1 / base[ONE]}
    if exponent.denominator == 1 and 0 <= exponent <= LARGEST_POWER:
        return _multiplied([base] * int(exponent))
    return {frozenset(((node, 1),)): Fraction(1)}


def _added(forms: list[Polynomial]) -> Polynomial:
    total: Polynomial = {}
    for form in forms:
        for term, coefficient in form.items():
            total[term] = total.get(term, Fraction(0)) + coefficient
    return total


def _multiplied(forms: list[Polynomial]) -> Polynomial:
    total: Polynomial = {ONE: Fraction(1)}
    for form in forms:
        if len(total) * len(form) > MOST_TERMS:
            raise NotLinearError
        products = [(_joined(mine, other), a * b) for mine, a in total.items() for other, b in form.items()]
        total = _added([{term: coefficient} for term, coefficient in products])
    return total


def _joined(left: Monomial, right: Monomial) -> Monomial:
    powers = dict(left)
    for letter, exponent in right:
        powers[letter] = powers.get(letter, 0) + exponent
    return frozenset(powers.items())


def _without(form: Polynomial, density: DensityValue) -> Polynomial:
    """The integrand of an expectation under `density` whose integral has the integrand `form`."""
    found: Polynomial = {}
    for term, coefficient in form.items():
        powers = dict(term)
        if powers.get(density, 0) < 1:
            raise NotLinearError
        powers[density] -= 1
        found[frozenset((letter, power) for letter, power in powers.items() if power)] = coefficient
    return found
