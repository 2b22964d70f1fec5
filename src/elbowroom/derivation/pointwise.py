"""A functional derivative as a function of the value of the density: its terms, its slope, its limits.

At one point the derivative is a sum of coefficients times powers and logarithms of q and of one affine function
s = a q + b of it; everything that q does not occur in is the rest.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from elbowroom.derivation.dependence import atoms_in, same_function
from elbowroom.derivation.polynomial import (
    ONE,
    ZERO,
    Applied,
    Atom,
    Density,
    Monomial,
    Polynomial,
    Symbol,
    constant,
    from_atom,
    from_monomial,
    monomial,
)

Power = Fraction
LOG = "log"


@dataclasses.dataclass(frozen=True)
class Pointwise:
    """D(q) = sum_k powers[k] q**k + logarithm * log q + sum_k sum_powers[k] s**k + sum_logarithm * log s + rest.

    **Arguments.** `slope` and `offset` are a and b of s = a q + b; coefficients and rest are free of q.
    """

    powers: dict[Power, Polynomial]
    logarithm: Polynomial
    sum_powers: dict[Power, Polynomial]
    sum_logarithm: Polynomial
    rest: Polynomial
    slope: Polynomial = ZERO
    offset: Polynomial = ZERO

    def derivative_numerator(self) -> Polynomial:
        """A polynomial with the sign of dD/dq for every q > 0, in the atom `VALUE` for q."""
        q = from_atom(VALUE)
        s = self.slope * q + self.offset
        lowest = _lowest(self.powers, self.logarithm)
        lowest_sum = _lowest(self.sum_powers, self.sum_logarithm)
        total = ZERO
        own = [(k - 1, c.scaled(k)) for k, c in self.powers.items()]
        if self.logarithm:
            own.append((Fraction(-1), self.logarithm))
        inner = [(k - 1, c.scaled(k) * self.slope) for k, c in self.sum_powers.items()]
        if self.sum_logarithm:
            inner.append((Fraction(-1), self.sum_logarithm * self.slope))
        for k, c in own:
            total = total + c * _raised(q, k - lowest) * _raised(s, -lowest_sum)
        for k, c in inner:
            total = total + c * _raised(q, -lowest) * _raised(s, k - lowest_sum)
        return total


def _lowest(powers: dict[Power, Polynomial], logarithm: Polynomial) -> Fraction:
    """The lowest exponent in the derivative of powers and a logarithm, at most zero."""
    return min([Fraction(0), *(k - 1 for k in powers), *([Fraction(-1)] if logarithm else [])])


VALUE = Symbol("value", "q")
"""The value of the unknown density at the point in question."""


def pointwise(derivative: Polynomial, unknown: Density) -> Pointwise | None:
    """The derivative taken apart by how q occurs in it; None where it occurs otherwise, as under an integral."""
    sums = {found for atom in atoms_in(derivative) if (found := _sum_of(atom, unknown)) is not None}
    if len(sums) > 1:
        return None
    affine = _affine(next(iter(sums)), unknown) if sums else (ZERO, ZERO)
    if affine is None:
        return None
    if sums:
        derivative = _through_sum(derivative, unknown, next(iter(sums)), *affine)
    powers: dict[Power, Polynomial] = {}
    sum_powers: dict[Power, Polynomial] = {}
    logarithm = sum_logarithm = rest = ZERO
    for part, coefficient in derivative.terms:
        kept: dict[Atom, Polynomial] = {}
        kinds: list[tuple[str, Power]] = []
        for atom, exponent in part.powers:
            kind = _kind(atom, unknown)
            if kind is None:
                if holds(from_atom(atom), unknown) or holds(exponent, unknown):
                    return None
                kept[atom] = exponent
            else:
                number = exponent.number
                if number is None or (kind.startswith(LOG) and number != 1):
                    return None
                kinds.append((kind, number))
        term = from_monomial(monomial(kept), coefficient)
        if len(kinds) > 1:
            return None
        if not kinds:
            rest = rest + term
            continue
        kind, number = kinds[0]
        if kind == "q":
            powers[number] = powers.get(number, ZERO) + term
        elif kind == "s":
            sum_powers[number] = sum_powers.get(number, ZERO) + term
        elif kind == "log q":
            logarithm = logarithm + term
        else:
            sum_logarithm = sum_logarithm + term
    return Pointwise(
        {k: c for k, c in powers.items() if c},
        logarithm,
        {k: c for k, c in sum_powers.items() if c},
        sum_logarithm,
        rest,
        *affine,
    )


def holds(form: Polynomial, unknown: Density) -> bool:
    """Whether the unknown density occurs anywhere in `form`."""
    return any(isinstance(atom, Density) and same_function(atom, unknown) for atom in atoms_in(form))


def _kind(atom: Atom, unknown: Density) -> str | None:
    if atom == unknown:
        return "q"
    match atom:
        case Applied("log", argument) if argument == from_atom(unknown):
            return "log q"
        case Applied("log", argument) if holds(argument, unknown):
            return "log s"
        case Applied("sum", argument) if holds(argument, unknown):
            return "s"
    return None


def _sum_of(atom: Atom, unknown: Density) -> Polynomial | None:
    match atom:
        case Applied("log" | "sum", argument) if argument != from_atom(unknown) and holds(argument, unknown):
            return argument
    return None


def _affine(form: Polynomial, unknown: Density) -> tuple[Polynomial, Polynomial] | None:
    slope = offset = ZERO
    for part, coefficient in form.terms:
        powers = dict(part.powers)
        exponent = powers.pop(unknown, None)
        term = from_monomial(monomial(powers), coefficient)
        if holds(term, unknown) or exponent not in (None, ONE):
            return None
        if exponent is None:
            offset = offset + term
        else:
            slope = slope + term
    return (slope, offset) if len(slope.terms) == 1 else None


def _through_sum(
    form: Polynomial, unknown: Density, total: Polynomial, slope: Polynomial, offset: Polynomial
) -> Polynomial:
    """Whole powers of q beside powers of s, written as ((s - b) / a)**n."""
    sum_atom = Applied("sum", total)
    inverse = from_monomial(slope.terms[0][0].raised(constant(-1)), 1 / slope.terms[0][1])
    value = (from_atom(sum_atom) - offset) * inverse
    found = ZERO
    for part, coefficient in form.terms:
        powers = dict(part.powers)
        exponent = powers.get(unknown, ZERO).number
        if sum_atom in powers and exponent is not None and exponent.denominator == 1 and exponent > 0:
            del powers[unknown]
            found = found + from_monomial(monomial(powers), coefficient) * _raised(value, exponent)
        else:
            found = found + from_monomial(part, coefficient)
    return found


def _raised(form: Polynomial, exponent: Fraction | int) -> Polynomial:
    """A power of a form: whole and not negative for sums, any for a single monomial with coefficient one."""
    exponent = Fraction(exponent)
    if exponent.denominator == 1 and exponent >= 0:
        total = ONE
        for _ in range(int(exponent)):
            total = total * form
        return total
    if len(form.terms) == 1 and form.terms[0][1] == 1:
        return from_monomial(form.terms[0][0].raised(constant(exponent)))
    return from_monomial(monomial({Applied("sum", form): constant(exponent)}))


def sign(form: Polynomial) -> int | None:
    """1 or -1 where every term has that sign for positive densities, exponentials and values; None otherwise."""
    signs = {_term_sign(part, coefficient) for part, coefficient in form.terms}
    return signs.pop() if len(signs) == 1 else None


def _term_sign(part: Monomial, coefficient: Fraction) -> int | None:
    for atom, exponent in part.powers:
        number = exponent.number
        even = number is not None and number.denominator == 1 and number % 2 == 0
        if not even and not _positive(atom):
            return None
    return 1 if coefficient > 0 else -1


def _positive(atom: Atom) -> bool:
    match atom:
        case Density() | Applied("exp" | "cosh" | "i0", _):
            return True
        case Symbol("value" | "parameter" | "constant" | "scalar", _, _):
            return True
        case Applied("sum", argument):
            return sign(argument) == 1
    return False
