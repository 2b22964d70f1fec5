"""What is known of numbers and of ranges: logarithms by prime factors, and what is positive on its support."""

from __future__ import annotations

from fractions import Fraction

from elbowroom.derivation.polynomial import ONE, ZERO, Applied, Polynomial, Symbol, constant, from_atom
from elbowroom.functional.support import Interval, Positive, Support


def is_positive_support(support: Support) -> bool:
    """Whether a variable with this support is positive, except perhaps at an end point."""
    return isinstance(support, Positive) or (isinstance(support, Interval) and support.lower >= 0)


def positive_on_interval(form: Polynomial) -> bool:
    """Whether a + b z is positive on the interval of z, except perhaps at an end point; False for other forms."""
    slope = offset = Fraction(0)
    support: Support | None = None
    for part, coefficient in form.terms:
        match part.powers:
            case ():
                offset = coefficient
            case ((Symbol("variable", _, (variable,)), exponent),) if exponent == ONE and support is None:
                slope, support = coefficient, variable.support
            case _:
                return False
    if not isinstance(support, Interval):
        return False
    ends = (offset + slope * support.lower, offset + slope * support.upper)
    return min(ends) >= 0 and max(ends) > 0


def log_of_number(value: Fraction) -> Polynomial:
    """The logarithm of a positive number as a sum over its prime factors."""
    total = ZERO
    for whole, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime in _factors(whole):
            total = total + from_atom(Applied("log", constant(prime))).scaled(Fraction(sign))
    return total


def _factors(whole: int) -> list[int]:
    """The prime factors of a number as far as trial division finds them quickly, and what is left."""
    found: list[int] = []
    divisor = 2
    while divisor * divisor <= whole and divisor < 1000:
        while whole % divisor == 0:
            found.append(divisor)
            whole //= divisor
        divisor += 1
    return [*found, whole] if whole > 1 else found
