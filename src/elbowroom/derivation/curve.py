"""Ordinary curves: the Euler-Lagrange equation, its boundary terms, a verified curve, and its second variation."""

from __future__ import annotations

import dataclasses
import time
from typing import Literal

import numpy as np

from elbowroom.derivation.chain_rule import NOTHING
from elbowroom.derivation.curve_candidates import linear_equation, solve_linear, tried_curves
from elbowroom.derivation.curve_ends import Ends, Sorted, ends_of, interval, sorted_constraints
from elbowroom.derivation.curve_second import Jacobi, convex_integrand, jacobi
from elbowroom.derivation.dependence import atoms_in
from elbowroom.derivation.line_checks import taylor_on_line
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.scene import MissingNumber, Scene
from elbowroom.derivation.polynomial import ONE, Integrated, Opaque, Polynomial, from_atom
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.strong_form import boundary_terms, strong_form
from elbowroom.derivation.variation import variation
from elbowroom.errors import InputError
from elbowroom.functional.differential import Derivative
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Equation, Expression, Function, as_expression
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.traverse import children

Extremum = Literal["global", "local", "stationary", "none"]


@dataclasses.dataclass(frozen=True)
class Curve:
    """A problem over a curve after its first half: the equation, what integration by parts left, the integrand."""

    problem: Problem
    over: Function
    expanded: Expression
    first: Expression
    equation: Polynomial
    left_over: Expression | None
    integrand: Polynomial | None
    known: Sorted
    scene: Scene

    @property
    def variable(self) -> Variable:
        """The variable that the curve is a function of."""
        (argument,) = self.over.arguments
        assert isinstance(argument, Variable)
        return argument

    @property
    def sense(self) -> int:
        """1 for a minimisation, -1 for a maximisation."""
        return 1 if self.problem.sense == "minimise" else -1

    @property
    def condition(self) -> str:
        """The Euler-Lagrange equation in the plain notation."""
        return to_text(Equation(render(self.equation), as_expression(0)))

    def at(self, candidate: Expression) -> Scene:
        """The scene in which the curve is `candidate`."""
        return self.scene.with_(curves={self.over.name: ((self.variable,), candidate)})


@dataclasses.dataclass(frozen=True)
class Extremal:
    """A curve that satisfies the equation and the end conditions, and how it was found."""

    curve: Expression
    value: float
    residual: float
    how: str


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
            words = (
                "no closed form was found for this Euler-Lagrange equation; a curve that meets it is a candidate"
            )
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
    convex = curve.integrand is not None and convex_integrand(curve.integrand, _bound_curve(curve), curve.sense)
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
    minimum, unique, words = _claim(curve, ends, best, quadratic, seen)
    name = to_text(curve.over)
    steps = [
        *_opening(curve),
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
        boundary_terms=_boundary(curve),
        scene=scene,
    )


def _claim(
    curve: Curve, ends: Ends, best: Extremal, quadratic: bool, seen: Jacobi
) -> tuple[Extremum, bool | None, str]:
    side = "minimum" if curve.sense == 1 else "maximum"
    anchored = any(value is not None for value in ends.fixed)
    if curve.integrand is not None and convex_integrand(curve.integrand, _bound_curve(curve), curve.sense):
        words = f"the integrand is convex in the curve and strictly in its derivative: a global {side}"
        return "global", True if anchored else None, words
    if not seen.legendre:
        return (
            "none",
            None,
            f"Legendre's condition fails: the curve is not a {side}, and the functional may be unbounded",
        )
    if not ends.both_fixed:
        return "stationary", None, "an end is free, and the integrand is not seen to be convex: stationary"
    if seen.conjugate is not None:
        told = f"a conjugate point at {curve.variable} = {seen.conjugate:.6g} lies before the right end"
        reason = f"{told}: by Jacobi's condition the curve is not a {side}"
        if quadratic:
            bound = "below" if curve.sense == 1 else "above"
            reason += f", and the functional, being quadratic, is unbounded {bound}. Shorten the interval."
        return "none", None, reason
    if quadratic:
        words = (
            f"no conjugate point, and the functional is quadratic: its second variation is positive, a global {side}"
        )
        return "global", True, words
    goldschmidt = _goldschmidt(curve, ends)
    if goldschmidt is not None and best.value < goldschmidt:
        words = (
            "no conjugate point; for surfaces of revolution only the broken curve through the axis, with "
            f"{goldschmidt:.9g}, could do better, and it does not: a global minimum (Goldschmidt)"
        )
        return "global", True, words
    return "local", None, f"Legendre's condition holds and there is no conjugate point: a (weak) local {side}"


def _goldschmidt(curve: Curve, ends: Ends) -> float | None:
    """The functional of the broken curve, if the integrand is that of a surface of revolution; None otherwise."""
    if curve.sense != 1 or curve.integrand is None or not ends.both_fixed:
        return None
    y = curve.over
    x = curve.variable
    slope = Derivative(y, x)
    pattern = NormalForm(marginals=False).of(Integral(y * (1 + slope**2) ** as_expression(0.5), x))
    if pattern != NormalForm(marginals=False).of(curve.expanded):
        return None
    left, right = ends.fixed
    return (left**2 + right**2) / 2 if left is not None and right is not None else None


def _bound_curve(curve: Curve) -> Function:
    """The curve at the integration variable by which the normal form calls it."""
    assert curve.integrand is not None
    for atom in atoms_in(curve.integrand):
        if isinstance(atom, Opaque) and atom.name == curve.over.name:
            found = render(from_atom(atom))
            assert isinstance(found, Function)
            return found
    return curve.over


def _opening(curve: Curve) -> tuple[Step, ...]:
    name = to_text(curve.over)
    functional = to_text(curve.problem.functional)
    constraints = ", ".join(to_text(one) for one in curve.problem.subject_to) or "no constraints"
    steps = [
        Step(
            "state the problem", f"{curve.problem.sense} J[{curve.over.name}] = {functional} over {name}", constraints
        ),
        Step(
            "take the first variation in a direction eta, and integrate by parts",
            to_text(curve.first),
            f"integral(eta({curve.variable})*({to_text(render(curve.equation))}), {curve.variable})",
            ("eta is an arbitrary smooth function", *(f"boundary term: {one}" for one in _boundary(curve))),
            taylor_on_line(curve.expanded, render(curve.equation), curve.over, curve.scene),
        ),
        Step("set it to zero for every eta", "the Euler-Lagrange equation", curve.condition),
    ]
    beltrami = _first_integral(curve)
    if beltrami is not None:
        steps.append(
            Step(
                "note a first integral",
                f"the integrand does not contain {curve.variable} itself",
                f"{to_text(beltrami)} = constant",
            )
        )
    return tuple(steps)


def _first_integral(curve: Curve) -> Expression | None:
    """L - y' dL/dy', where the integrand has no explicit x and there are no multipliers that depend on x."""
    if curve.integrand is None or curve.left_over is None:
        return None
    body = _body_of(curve.expanded)
    if body is None or _has_explicit(body, curve.variable):
        return None
    slope = Derivative(curve.over, curve.variable)
    form = NormalForm(marginals=False).of(body - slope * curve.left_over)
    return render(form)


def _body_of(expanded: Expression) -> Expression | None:
    return expanded.integrand if isinstance(expanded, Integral) and expanded.lower is None else None


def _has_explicit(body: Expression, variable: Variable) -> bool:
    """Whether the variable stands in an integrand other than as the argument of the curve."""
    if isinstance(body, Function):
        return False
    if isinstance(body, Derivative):
        return _has_explicit(body.expression, variable)
    if body == variable:
        return True
    return any(_has_explicit(child, variable) for child in children(body))


def _boundary(curve: Curve) -> tuple[str, ...]:
    if curve.left_over is None:
        return ()
    low, high = interval(curve.variable)
    return (f"[eta({curve.variable})*({to_text(curve.left_over)})] from {low:g} to {high:g}",)


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
        steps=_opening(curve),
        reason=reason,
        seconds=time.perf_counter() - started,
        boundary_terms=_boundary(curve),
    )
