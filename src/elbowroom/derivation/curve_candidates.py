"""Curves that may solve an Euler-Lagrange equation: exact for linear equations, tried and verified for others."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator

import numpy as np
from scipy import optimize

from elbowroom.derivation.curve_ends import Ends
from elbowroom.derivation.dependence import variables_of
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Array, MissingNumber, Scene
from elbowroom.derivation.polynomial import (
    ONE,
    ZERO,
    Derived,
    Opaque,
    Polynomial,
    Symbol,
    from_atom,
    from_monomial,
    monomial,
)
from elbowroom.derivation.render import render
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import Constant, Expression, Function, Sum, as_expression, exp, sqrt
from elbowroom.functional.law import Variable

STARTS = (0.3, 1.0, 3.0)


@dataclasses.dataclass(frozen=True)
class Linear:
    """a y'' + b y' + c y + d = 0 with numbers a, b, c and a form d in x."""

    a: float
    b: float
    c: float
    d: Polynomial


def linear_equation(equation: Polynomial, curve: Function, scene: Scene) -> Linear | None:
    """The equation as a linear one with constant coefficients; None where it is not one."""
    variable = curve.arguments[0]
    assert isinstance(variable, Variable)
    argument = from_atom(Symbol("variable", variable.name, (variable,)))
    plain = Opaque(curve.name, (argument,))
    orders = {plain: 0, Derived(plain, (variable,)): 1, Derived(plain, (variable, variable)): 2}
    found: list[Polynomial] = [ZERO, ZERO, ZERO]
    rest = ZERO
    for part, coefficient in equation.terms:
        powers = dict(part.powers)
        own = [atom for atom in powers if atom in orders]
        if not own:
            if _mentions(from_monomial(part), curve.name):
                return None
            rest = rest + from_monomial(part, coefficient)
            continue
        if len(own) > 1 or powers.pop(own[0]) != ONE:
            return None
        factor = from_monomial(monomial(powers), coefficient)
        if variables_of(factor) or _mentions(factor, curve.name):
            return None
        found[orders[own[0]]] = found[orders[own[0]]] + factor
    try:
        c, b, a = (number(render(form), scene) for form in found)
    except MissingNumber:
        return None
    return Linear(a, b, c, rest) if a else None


def solve_linear(equation: Linear, variable: Variable, ends: Ends, scene: Scene) -> Expression | None:
    """The curve that solves a linear equation and both end conditions, which are affine in it; None without one."""
    particular = _particular(equation, variable, scene)
    if particular is None or len(ends.conditions) != 2:
        return None
    basis = _basis(equation, variable, ends.left)
    base = np.array([residual(particular) for _, residual in ends.conditions])
    columns = [[residual(particular + one) for _, residual in ends.conditions] - base for one in basis]
    matrix = np.array(columns).T
    if abs(np.linalg.det(matrix)) < 1e-12 * np.max(np.abs(matrix)) ** 2:
        return None
    sizes = np.linalg.solve(matrix, -base)
    terms = [
        _number(size) if isinstance(one, Constant) else one if abs(size - 1) < 1e-15 else _number(size) * one
        for size, one in zip(sizes, basis, strict=True)
        if abs(size) > 1e-14
    ]
    whole = [*terms, *([] if _is_zero(particular) else [particular])]
    return Sum(tuple(whole)) if len(whole) > 1 else (whole[0] if whole else as_expression(0))


@dataclasses.dataclass(frozen=True)
class Shape:
    """A family of curves with two parameters: its values as numbers, and its members as expressions."""

    name: str
    value: Callable[[float, float, Array], Array]
    member: Callable[[float, float, Expression], Expression]


SHAPES = (
    Shape("a line", lambda a, b, x: a + b * x, lambda a, b, x: _line(a, b, x)),
    Shape(
        "a catenary",
        lambda c, d, x: c * np.cosh((x - d) / c),
        lambda c, d, x: times(c, Elementary("cosh", over(shifted(x, d), c))),
    ),
    Shape(
        "a parabola",
        lambda c, d, x: c + (x - d) ** 2 / (4 * c),
        lambda c, d, x: _number(c) + shifted(x, d) ** 2 / _number(4 * c),
    ),
    Shape(
        "an arc of a circle",
        lambda r, d, x: np.sqrt(r * r - (x - d) ** 2),
        lambda r, d, x: sqrt(_number(r * r) - shifted(x, d) ** 2),
    ),
    Shape("an exponential", lambda a, b, x: a * np.exp(b * x), lambda a, b, x: times(a, exp(times(b, x)))),
)


def tried_curves(curve: Function, ends: Ends) -> Iterator[tuple[str, Expression]]:
    """Curves of two parameters through both ends: lines, catenaries, parabolas, circles, exponentials."""
    if not ends.both_fixed:
        return
    middle = (ends.left + ends.right) / 2
    for shape in SHAPES:
        seen: list[Array] = []
        for first in STARTS:
            for second in (middle, middle + 0.5, middle - 0.5):
                found = fitted(shape, ends, np.array([first, second]))
                if found is not None and not any(np.allclose(found, other, atol=1e-6) for other in seen):
                    seen.append(found)
                    yield shape.name, shape.member(float(found[0]), float(found[1]), curve.arguments[0])


def fitted(shape: Shape, ends: Ends, start: Array) -> Array | None:
    """The parameters with which a shape goes through both ends, looked for from `start`."""
    places = np.array([ends.left, ends.right])
    targets = np.array(ends.fixed, dtype=float)

    def residuals(parts: Array) -> Array:
        with np.errstate(all="ignore"):
            found = shape.value(parts[0], parts[1], places) - targets
        return np.where(np.isfinite(found), found, 1e3)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = optimize.root(residuals, start, method="hybr", options={"xtol": 1e-14, "maxfev": 200})
    parts = np.asarray(found.x)
    return parts if np.max(np.abs(residuals(parts))) < 1e-10 else None


def _basis(equation: Linear, variable: Variable, left: float) -> tuple[Expression, Expression]:
    """Two independent solutions of the homogeneous equation."""
    x = variable
    middle, square = -equation.b / (2 * equation.a), (equation.b / (2 * equation.a)) ** 2 - equation.c / equation.a
    if abs(square) < 1e-14:
        grown = as_expression(1) if middle == 0 else exp(_number(middle) * x)
        return grown, x if middle == 0 else x * grown
    if square > 0:
        root = float(np.sqrt(square))
        return exp(times(middle + root, x)), exp(times(middle - root, x))
    root = float(np.sqrt(-square))
    angle = x if root == 1 else _number(root) * x
    waves = Elementary("sin", angle), Elementary("cos", angle)
    if middle == 0:
        return waves
    return exp(_number(middle) * x) * waves[0], exp(_number(middle) * x) * waves[1]


def _particular(equation: Linear, variable: Variable, scene: Scene) -> Expression | None:
    """A particular solution for a polynomial d, by comparing coefficients."""
    sizes = _polynomial_in(equation.d, variable, scene)
    if sizes is None:
        return None
    degree = len(sizes) - 1
    shift = 0 if equation.c else 1 if equation.b else 2
    matrix = np.zeros((degree + 1, degree + 1))
    for k in range(degree + 1):
        n = k + shift
        for drop, factor in ((0, equation.c), (1, equation.b * n), (2, equation.a * n * (n - 1))):
            if 0 <= n - drop <= degree:
                matrix[n - drop, k] += factor
    found = np.linalg.solve(matrix, -np.array(sizes)) if degree >= 0 else np.array([])
    whole: Expression = as_expression(0)
    for k, size in enumerate(found):
        if abs(size) > 1e-15:
            power = k + shift
            term = _number(size) * (as_expression(1) if power == 0 else variable if power == 1 else variable**power)
            whole = term if _is_zero(whole) else whole + term
    return whole


def _polynomial_in(form: Polynomial, variable: Variable, scene: Scene) -> list[float] | None:
    sizes: dict[int, float] = {}
    for part, coefficient in form.terms:
        power = 0
        powers = dict(part.powers)
        for atom, exponent in part.powers:
            if variable in variables_of(atom):
                degree = exponent.number
                if not isinstance(atom, Symbol) or degree is None or degree.denominator != 1 or degree < 0:
                    return None
                power = int(degree)
                del powers[atom]
        try:
            size = number(render(from_monomial(monomial(powers), coefficient)), scene)
        except MissingNumber:
            return None
        sizes[power] = sizes.get(power, 0.0) + size
    return [sizes.get(power, 0.0) for power in range(max(sizes) + 1)] if sizes else []


def _mentions(form: Polynomial, name: str) -> bool:
    return f"function:{name}(" in form.key


def _line(a: float, b: float, x: Expression) -> Expression:
    rising = x if abs(b - 1) < 1e-15 else _number(b) * x
    return rising if abs(a) < 1e-15 else _number(a) + rising


def times(a: float, x: Expression) -> Expression:
    """a*x, without a factor of one."""
    return x if abs(a - 1) < 1e-14 else _number(a) * x


def over(x: Expression, a: float) -> Expression:
    """x/a, without a divisor of one."""
    return x if abs(a - 1) < 1e-14 else x / _number(a)


def shifted(x: Expression, d: float) -> Expression:
    """x - d, without a shift of zero."""
    return x if abs(d) < 1e-14 else x - _number(d)


def _is_zero(expression: Expression) -> bool:
    return bool(expression == 0)


def _number(value: float) -> Expression:
    """A number as the nearest short decimal, if that is the same to 15 digits."""
    return as_expression(float(f"{float(value):.15g}"))
