"""Solving the stationarity condition for the density, point by point."""

from __future__ import annotations

import dataclasses

from elbowroom.derivation.dependence import atoms_in, same_function, variables_of
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.polynomial import (
    ONE,
    ZERO,
    Applied,
    Atom,
    Density,
    Polynomial,
    constant,
    from_atom,
    from_monomial,
    monomial,
    polynomial,
)
from elbowroom.functional.law import Variable


@dataclasses.dataclass(frozen=True)
class Shape:
    """The stationary density up to its multiplier: q is proportional to `unnormalised`.

    The multiplier that makes the total mass one is `multiplier(Z)`, with Z the integral of `unnormalised`.
    """

    unnormalised: Polynomial
    logarithmic: bool
    weight: Polynomial
    offset: Polynomial
    exponent: Polynomial

    def multiplier(self, mass: Polynomial, rules: NormalForm) -> Polynomial:
        """The value of the multiplier when `mass` is the integral of `unnormalised`."""
        if self.logarithmic:
            return self.weight * rules.log(mass) - self.offset
        return -self.weight * rules.power(mass, -self.exponent)


def solve_pointwise(
    derivative: Polynomial, unknown: Density, over: tuple[Variable, ...], rules: NormalForm
) -> Shape | None:
    """Solve `derivative` + lambda = 0 for the unknown density, or return None where no rule applies.

    Two shapes are solved: a log q + r = 0 with any r, and b q**k g + lambda = 0 without further terms. In both
    q does not occur in a, r, b or g, nor under an integral.
    """
    with_unknown = polynomial((p, c) for p, c in derivative.terms if _holds(from_monomial(p), unknown))
    rest = derivative - with_unknown
    logarithm = _coefficient(with_unknown, Applied("log", from_atom(unknown)))
    if logarithm is not None and not _holds(logarithm, unknown):
        fixed = polynomial((p, c) for p, c in rest.terms if not variables_of(p) & set(over))
        inverse = rules.power(logarithm, constant(-1))
        shape = rules.exp(-(rest - fixed) * inverse)
        return Shape(shape, True, logarithm, fixed, ONE)
    if len(with_unknown.terms) == 1 and not rest:
        part, coefficient = with_unknown.terms[0]
        powers = dict(part.powers)
        exponent = powers.pop(unknown, ZERO)
        others = {a: e for a, e in powers.items() if variables_of(a) & set(over)}
        weights = {a: e for a, e in powers.items() if a not in others}
        if not exponent or _holds(from_monomial(monomial(powers)), unknown):
            return None
        inverse = rules.power(exponent, constant(-1))
        shape = rules.power(from_monomial(monomial(others)), -inverse)
        return Shape(shape, False, from_monomial(monomial(weights), coefficient), ZERO, exponent)
    return None


def coefficient_of_log(derivative: Polynomial, unknown: Density) -> Polynomial | None:
    """The factor of log q in a functional derivative in which q occurs nowhere else; None where it does."""
    with_unknown = polynomial((p, c) for p, c in derivative.terms if _holds(from_monomial(p), unknown))
    found = _coefficient(with_unknown, Applied("log", from_atom(unknown)))
    return None if found is None or _holds(found, unknown) else found


def _coefficient(form: Polynomial, atom: Atom) -> Polynomial | None:
    """The factor of `atom` if every term of `form` holds it exactly once."""
    total = ZERO
    for part, coefficient in form.terms:
        powers = dict(part.powers)
        if powers.pop(atom, None) != ONE:
            return None
        total = total + from_monomial(monomial(powers), coefficient)
    return total if total else None


def _holds(form: Polynomial, unknown: Density) -> bool:
    """Whether the unknown density occurs anywhere in `form`."""
    return any(isinstance(atom, Density) and same_function(atom, unknown) for atom in atoms_in(form))
