"""Ordinary curves: the Euler-Lagrange equation, its boundary terms, a verified curve, and its second variation."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np

from elbowroom.derivation.chain_rule import NOTHING
from elbowroom.derivation.curve_answer import Curve, Extremal, bound_curve, boundary_text, claim, curve_opening
from elbowroom.derivation.curve_candidates import linear_equation, solve_linear, tried_curves
from elbowroom.derivation.curve_ends import Ends, ends_of, sorted_constraints
from elbowroom.derivation.curve_second import convex_integrand, jacobi
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.scene import MissingNumber, Scene
from elbowroom.derivation.polynomial import ONE, Integrated, Polynomial
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.strong_form import boundary_terms, strong_form
from elbowroom.derivation.variation import variation
from elbowroom.errors import InputError
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression, Function, as_expression
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem


def solve_curve(problem: Problem, started: float) -> Derivation:
    """The curve that makes the functional least, with what its second variation shows; else the equation alone."""
    curve = _first_half(problem)
    if not curve.equation or not _mentions_curve(curve):
        reason = (
            f"The Euler-Lagrange equation does not contain {curve.over}: the functional is linear in it, or a null "
            "functional that only the ends decide. There is no extremal to solve for."
        )
        return _without_optimum(curve, "refused", reason, started)
    if curve.known.integrals:
        reason = f"the constraint {to_text(curve.known.integrals[0])} of an integral is stated and not solved with"
        return _without_optimum(curve, "condition", reason, started)
    try:
        ends = ends_of(curve.variable, curve.known, curve.at, curve.left_over)
        found, quadratic = _extremals(curve, ends)
        if not found:
            words = "no closed form was found for this Euler-Lagrange equation; a curve that meets it is a candidate"
            return _without_optimum(curve, "condition", words, started)
        best = min(found, key=lambda one: curve.sense * one.value)
        return _answer(curve, ends, best, quadratic, started)
    except MissingNumber as missing:
        return _without_optimum(curve, "condition", f"the curve is not found: {missing}", started)


def _first_half(problem: Problem) -> Curve:
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


def _mentions_curve(curve: Curve) -> bool:
    return f"function:{curve.over.name}(" in curve.equation.key


def _extremals(curve: Curve, ends: Ends) -> tuple[list[Extremal], bool]:
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
        residual = _residual(curve, ends, candidate)
        if residual < 1e-8 and _within_bounds(curve, ends, candidate):
            found.append(Extremal(candidate, number(curve.expanded, curve.at(candidate)), residual, how))
            if convex:
                break  # the only one
    return found, linear is not None


def _residual(curve: Curve, ends: Ends, candidate: Expression) -> float:
    places = np.linspace(ends.left, ends.right, 23)[1:-1]
    scene = curve.at(candidate)
    found = values(render(curve.equation), scene, {curve.variable.name: places})
    at_ends = [abs(residual(candidate)) for _, residual in ends.conditions]
    worst = float(np.max(np.abs(found))) if np.all(np.isfinite(found)) else np.inf
    return max([worst, *at_ends])


def _within_bounds(curve: Curve, ends: Ends, candidate: Expression) -> bool:
    places = np.linspace(ends.left, ends.right, 201)
    scene = curve.at(candidate)
    at = {curve.variable.name: places}
    return all(
        bool(np.all(values(one.left, scene, at) - values(one.right, scene, at) >= -1e-12)) for one in curve.known.bounds
    )


def _answer(curve: Curve, ends: Ends, best: Extremal, quadratic: bool, started: float) -> Derivation:
    scene = curve.at(best.curve)
    seen = jacobi(curve.equation, curve.over, scene, ends, curve.sense)
    minimum, unique, words = claim(curve, ends, best, quadratic, seen)
    name = to_text(curve.over)
    steps = [
        *curve_opening(curve),
        Step(
            "find a curve and verify it",
            curve.condition,
            f"{name} = {to_text(best.curve)}",
            (best.how,),
            (Check("kkt", best.residual < 1e-8, f"the equation and the ends hold within {best.residual:.1e}"),),
        ),
        Step(
            "discharge the boundary terms",
            "eta at the ends times what integration by parts left",
            "; ".join(told for told, _ in ends.conditions),
            (),
            (Check("quadrature", best.residual < 1e-8, "each end condition holds at the curve"),),
        ),
        Step("evaluate the functional there", f"J at {name} = {to_text(best.curve)}", f"{best.value:.12g}"),
        Step("take the second variation", "the Jacobi equation along the curve", words),
    ]
    refused = minimum == "none"
    return Derivation(
        problem=curve.problem,
        status="refused" if refused else "solved",
        optima={} if refused else {name: best.curve},
        unnormalised=None,
        value=None if refused else as_expression(round(best.value, 15)),
        minimum=minimum,
        unique=unique,
        multipliers={},
        condition=curve.condition,
        steps=tuple(steps),
        reason=words if refused else None,
        seconds=time.perf_counter() - started,
        value_number=None if refused else best.value,
        boundary_terms=boundary_text(curve),
        scene=scene,
    )


def _without_optimum(curve: Curve, status: Literal["condition", "refused"], reason: str, started: float) -> Derivation:
    return Derivation(
        problem=curve.problem,
        status=status,
        optima={},
        unnormalised=None,
        value=None,
        minimum="none" if status == "refused" else "stationary",
        unique=None,
        multipliers={},
        condition=curve.condition,
        steps=curve_opening(curve),
        reason=reason,
        seconds=time.perf_counter() - started,
        boundary_terms=boundary_text(curve),
    )
