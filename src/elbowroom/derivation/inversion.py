r"""Solving D(q) + Lambda = 0 for q at one point, for the shapes of D in which a formula exists.

D is the functional derivative, Lambda the multipliers times their statistics, w = -(rest + Lambda). Where D is
finite at q = 0 the solution is clipped there: q >= 0 holds with its own multiplier.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.pointwise import Pointwise, sign
from elbowroom.derivation.polynomial import Polynomial, constant, from_monomial, monomial
from elbowroom.derivation.render import render
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import Constant, Exp, Expression, Log, Power, Product, as_expression


@dataclasses.dataclass(frozen=True)
class Inverse:
    """The density as an expression in the multipliers, how it was found, and whether it was clipped at zero."""

    density: Expression
    how: str
    clipped: bool
    domain: tuple[Expression, ...] = ()
    """What must be positive for the density to exist."""


def invert(shape: Pointwise, level: Polynomial, rules: NormalForm) -> Inverse | None:
    """The density that solves D(q) + `level` = 0 at each point, or None where no formula is known."""
    w = -(shape.rest + level)
    only_q = not shape.sum_powers and not shape.sum_logarithm
    if only_q and shape.logarithm and not shape.powers:
        density = rules.exp(w * rules.power(shape.logarithm, constant(-1)))
        return Inverse(render(density), "the logarithm is undone by the exponential; D(0+) is infinite", False)
    if only_q and not shape.logarithm and len(shape.powers) == 1:
        return _one_power(shape, w)
    if only_q and shape.logarithm and len(shape.powers) == 1:
        return _log_and_power(shape, w)
    if only_q and not shape.logarithm and len(shape.powers) == 2:
        return _two_powers(shape, w)
    if not shape.powers and not shape.logarithm:
        return _sum_only(shape, w)
    if not shape.powers and not shape.sum_powers and shape.logarithm == -shape.sum_logarithm:
        ratio = Exp(_over(w, shape.logarithm))
        slope, offset = render(shape.slope), render(shape.offset)
        left = 1 - _times(slope, ratio)
        return Inverse(_times(offset, ratio) / left, "log(q/(a*q + b)) is solved for q", False, (left,))
    return None


def _one_power(shape: Pointwise, w: Polynomial) -> Inverse:
    """c q**k = w: a root, with positive factors of c taken out; clipped for k > 0, where D(0+) is finite."""
    ((exponent, coefficient),) = shape.powers.items()
    outside, inside = _taken_out(coefficient)
    if exponent > 0:
        base: Expression = Elementary("positive_part", _over(w, inside))
        density = base if exponent == 1 else Power(base, Constant(1 / exponent))
        how = "a power of q is undone by its root; D(0+) is finite, so q is clipped at 0"
    else:
        base = _over(inside, w)
        density = base if exponent == -1 else Power(base, Constant(-1 / exponent))
        how = "a power of q is undone by its root; D(0+) is infinite, so the bound q >= 0 is inactive"
    if outside is not None:
        density = _times(outside if exponent == -1 else Power(outside, Constant(-1 / exponent)), density)
    side = sign(coefficient)
    domain = () if exponent > 0 else (base if side is None else render(w.scaled(Fraction(side))),)
    return Inverse(density, how, exponent > 0, domain)


def _log_and_power(shape: Pointwise, w: Polynomial) -> Inverse | None:
    """a log q + b q**k = w: q**k = W(k b/a exp(k w/a)) a/(k b), W the Lambert function, omega(u) = W(exp(u))."""
    ((exponent, coefficient),) = shape.powers.items()
    ratio = Constant(exponent) * _over(coefficient, shape.logarithm)
    omega = Elementary("wrightomega", Log(ratio) + Constant(exponent) * _over(w, shape.logarithm))
    density = Power(omega / ratio, Constant(1 / exponent))
    return Inverse(density, "solved by the Lambert function, omega(u) = W(exp(u))", False)


def _two_powers(shape: Pointwise, w: Polynomial) -> Inverse | None:
    """a t**2 + b t = w or a t + b/t = w with t = q**k, by the positive root of the quadratic."""
    low, high = sorted(shape.powers)
    if high == 2 * low or low == 2 * high:
        first, second = (low, high) if high == 2 * low else (high, low)
        a, b, c = render(shape.powers[second]), render(shape.powers[first]), -render(w)
        clipped = first > 0
    elif low == -high:
        first = high
        a, b, c = render(shape.powers[high]), -render(w), render(shape.powers[low])
        clipped = False
    else:
        return None
    root = Power(b**2 - 4 * a * c, Constant(Fraction(1, 2)))
    value = (-b + root) / (2 * a)
    if clipped:
        value = Elementary("positive_part", value)
    density = value if first == 1 else Power(value, Constant(1 / first))
    return Inverse(density, "a quadratic in a power of q; its positive root", clipped)


def _sum_only(shape: Pointwise, w: Polynomial) -> Inverse | None:
    """A function of s = a q + b alone: solved for s, then q = (s - b)/a, clipped at zero."""
    if shape.sum_logarithm and not shape.sum_powers:
        total: Expression = Exp(_over(w, shape.sum_logarithm))
    elif len(shape.sum_powers) == 1 and not shape.sum_logarithm:
        ((exponent, coefficient),) = shape.sum_powers.items()
        total = Power(_over(w, coefficient), Constant(1 / exponent))
    else:
        return None
    density = Elementary("positive_part", (total - render(shape.offset)) / render(shape.slope))
    return Inverse(density, "solved for a*q + b, which is finite at q = 0, so q is clipped at 0", True)


def _taken_out(coefficient: Polynomial) -> tuple[Expression | None, Polynomial]:
    """A coefficient of one term as the product of its atoms and its number."""
    if len(coefficient.terms) != 1:
        return None, coefficient
    part, number = coefficient.terms[0]
    if not part.powers:
        return None, coefficient
    return render(from_monomial(part)), constant(number)


def _over(above: Polynomial, below: Polynomial) -> Expression:
    """A quotient, the division carried out where the denominator is one term."""
    if len(below.terms) == 1:
        part, number = below.terms[0]
        inverse = from_monomial(monomial({a: -e for a, e in part.powers}), 1 / number)
        if len(above.terms) > 1 and part.powers:  # not expanded: the terms may overflow where their sum does not
            return render(above) * render(inverse)
        return render(above * inverse)
    return render(above) / render(below)


def _times(left: Expression, right: Expression) -> Expression:
    if isinstance(left, Constant) and left.value == 1:
        return right
    return as_expression(left * right) if not isinstance(left, Product) else left * right
