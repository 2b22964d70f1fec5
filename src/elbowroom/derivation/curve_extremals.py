"""The Euler-Lagrange equation of a problem over a curve, and the curves that solve it and meet the ends."""

from __future__ import annotations

import numpy as np

from elbowroom.derivation.chain_rule import NOTHING
from elbowroom.derivation.curve_answer import Curve, Extremal, bound_curve
from elbowroom.derivation.curve_candidates import linear_equation, solve_linear, tried_curves
from elbowroom.derivation.curve_ends import Ends, sorted_constraints
from elbowroom.derivation.curve_second import convex_integrand
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.derivation.polynomial import ONE, Integrated, Polynomial
from elbowroom.derivation.render import render
from elbowroom.derivation.strong_form import boundary_terms, strong_form
from elbowroom.derivation.variation import variation
from elbowroom.errors import InputError
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression, Function
from elbowroom.functional.law import Variable
from elbowroom.functional.problem import Problem


def first_half(problem: Problem) -> Curve:
    """The problem up to its Euler-Lagrange equation. Raises `InputError` where it cannot be varied."""
    over = problem.over[0]
    assert isinstance(over, Function)
    if len(problem.over) > 1 or len(over.arguments) != 1 or not isinstance(over.arguments[0], Variable):
        raise InputError("A curve is solved for alone, as a function of one variable, such as y(x).")
    scene = Scene(problem.given)
    rules = NormalForm(marginals=False)
    expanded = scene.grounded(expand(problem.functional))
    try:
        first = variation(expanded, over)
        form = rules.of(first) if first is not NOTHING else Polynomial()
        equation = strong_form(form, over) if form else form
        ends = boundary_terms(form, over) if form else []
        integrand = _integrand(rules.of(expanded))
    except NotDecidedError as trouble:
        raise InputError(f"The functional cannot be varied here: {trouble}.") from trouble
    left_over: Polynomial = Polynomial()
    for _, part in ends:
        left_over = left_over + part
    known = sorted_constraints(problem, scene)
    natural = render(left_over) if left_over else None
    return Curve(problem, over, expanded, first, equation, natural, integrand, known, scene)


def _integrand(form: Polynomial) -> Polynomial | None:
    """The integrand of a functional that is one integral, as a form in the integration variable of the curve."""
    total = Polynomial()
    for part, coefficient in form.terms:
        if len(part.powers) != 1:
            return None
        atom, exponent = part.powers[0]
        if not isinstance(atom, Integrated) or exponent != ONE:
            return None
        total = total + atom.integrand.scaled(coefficient)
    return total


def mentions_curve(curve: Curve) -> bool:
    """Whether the equation contains the curve at all."""
    return f"function:{curve.over.name}(" in curve.equation.key


def extremals(curve: Curve, ends: Ends) -> tuple[list[Extremal], bool]:
    """The verified curves, and whether the equation is linear, so that the functional is quadratic."""
    linear = linear_equation(curve.equation, curve.over, curve.scene)
    if linear is not None:
        solution = solve_linear(linear, curve.variable, ends, curve.scene)
        tried = iter([] if solution is None else [("the linear equation is solved exactly", solution)])
    else:
        tried = tried_curves(curve.over, ends)
    found: list[Extremal] = []
    convex = curve.integrand is not None and convex_integrand(curve.integrand, bound_curve(curve), curve.sense)
    for how, candidate in tried:
        extremal = checked(curve, ends, candidate, how)
        if extremal is not None:
            found.append(extremal)
            if convex:
                break  # the only one
    return found, linear is not None


def checked(curve: Curve, ends: Ends, candidate: Expression, how: str) -> Extremal | None:
    """The candidate with its value, if it meets the equation, the ends and the bounds."""
    residual = _residual(curve, ends, candidate)
    if not residual < 1e-8 or not _within_bounds(curve, ends, candidate):
        return None
    return Extremal(candidate, number(curve.expanded, curve.at(candidate)), residual, how)


def _residual(curve: Curve, ends: Ends, candidate: Expression) -> float:
    places = np.linspace(ends.left, ends.right, 23)[1:-1]
    scene = curve.at(candidate)
    found = values(render(curve.equation), scene, {curve.variable.name: places})
    at_ends = [abs(residual(candidate)) for _, residual in ends.conditions]
    inside = [abs(number(candidate, scene, {curve.variable.name: at}) - value) for at, value in curve.known.values]
    worst = float(np.max(np.abs(found))) if np.all(np.isfinite(found)) else np.inf
    return max([worst, *at_ends, *inside])


def _within_bounds(curve: Curve, ends: Ends, candidate: Expression) -> bool:
    places = np.linspace(ends.left, ends.right, 201)
    scene = curve.at(candidate)
    at = {curve.variable.name: places}
    return all(
        bool(np.all(values(one.left, scene, at) - values(one.right, scene, at) >= -1e-12)) for one in curve.known.bounds
    )
