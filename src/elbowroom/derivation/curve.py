"""Ordinary curves: the Euler-Lagrange equation, its boundary terms, a verified curve, and its second variation."""

from __future__ import annotations

import dataclasses
import time
from typing import Literal

from elbowroom.derivation.curve_answer import Curve, Extremal, boundary_text, claim, curve_opening
from elbowroom.derivation.curve_ends import Ends, ends_of
from elbowroom.derivation.curve_extremals import extremals, first_half, mentions_curve
from elbowroom.derivation.curve_integral import Constrained, constrained_curves
from elbowroom.derivation.curve_second import jacobi
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.kinks import KINKED
from elbowroom.derivation.numeric.scene import MissingNumber
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.functional.differential import Derivative
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import Equation, Function, Parameter, as_expression
from elbowroom.functional.functionals import Integral
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.traverse import walk


def solve_curve(problem: Problem, started: float) -> Derivation:
    """The curve that makes the functional least, with what its second variation shows; else the equation alone."""
    curve = first_half(problem)
    contradiction = curve.known.contradiction()
    if contradiction is not None:
        return _without_optimum(curve, "refused", contradiction, started)
    beyond = _beyond(curve)
    if beyond is not None:
        reason = f"the functional contains {beyond}: the condition is stated, and this version solves it for smooth"
        reason += " functions of the curve and its first derivative only"
        return _without_optimum(curve, "condition", reason, started)
    if curve.known.integral_bounds:
        return _under_bound(problem, curve, started)
    if curve.known.integrals:
        return _under_integrals(curve, started)
    if not curve.equation or not mentions_curve(curve):
        reason = (
            f"The Euler-Lagrange equation does not contain {curve.over}: the functional is linear in it, or a null "
            "functional that only the ends decide. There is no extremal to solve for."
        )
        return _without_optimum(curve, "refused", reason, started)
    try:
        ends = ends_of(curve.variable, curve.known, curve.at, curve.left_over)
        found, quadratic = extremals(curve, ends)
        if not found:
            inside = [at for at, _ in curve.known.values if at not in (ends.left, ends.right)]
            words = "no closed form was found for this Euler-Lagrange equation; a curve that meets it is a candidate"
            if inside:
                at = ", ".join(f"{place:g}" for place in inside)
                words = (
                    f"no one extremal has the value given inside the interval, at {at}; the optimum may have a kink "
                    "there, so solve between the given points one at a time"
                )
            return _without_optimum(curve, "condition", words, started)
        best = min(found, key=lambda one: curve.sense * one.value)
        return _answer(curve, ends, best, quadratic, started)
    except MissingNumber as missing:
        return _without_optimum(curve, "condition", f"the curve is not found: {missing}", started)


def _beyond(curve: Curve) -> str | None:
    """What occurs in the functional for which neither ends nor second variation are worked out: a kink, or y''."""
    for node in walk(curve.expanded):
        inner = [part for part in walk(node) if part is not node]
        if isinstance(node, Derivative) and any(isinstance(part, Derivative) for part in inner):
            return f"a second derivative of {curve.over}"
        holds = any(isinstance(part, Function) and part.name == curve.over.name for part in inner)
        if isinstance(node, Elementary) and node.name in KINKED and holds:
            return f"a kink in {curve.over}, by {node.name}"
    return None


def _under_bound(problem: Problem, curve: Curve, started: float) -> Derivation:
    """The curve under a bound on an integral: without it where it then holds, else with equality."""
    bound, *more = curve.known.integral_bounds
    told = ", ".join(to_text(one) for one in curve.known.integral_bounds)
    if more or curve.known.integrals:
        return _without_optimum(curve, "condition", f"of the integrals in {told} only one is solved with", started)
    rest = tuple(one for one in problem.subject_to if one is not bound)
    try:
        without = solve_curve(dataclasses.replace(problem, subject_to=rest), started)
        if without.status == "solved" and without.scene is not None:
            spare = number(bound.left, without.scene) - number(bound.right, without.scene)
            if spare >= 0:
                holds = Step("see that the bound holds by itself", to_text(bound), f"with {spare:.6g} to spare")
                return dataclasses.replace(without, problem=problem, steps=(*without.steps, holds))
        from_above = not any(isinstance(node, Integral) for node in walk(bound.left))  # c >= C
        left, right = (bound.right, bound.left) if from_above else (bound.left, bound.right)
        equality = dataclasses.replace(problem, subject_to=(*rest, Equation(left, right)))
        found = solve_curve(equality, started)
    except MissingNumber as missing:
        return _without_optimum(curve, "condition", f"the curve is not found: {missing}", started)
    if found.status != "solved":
        return _without_optimum(curve, "condition", f"no closed form was found for a curve that meets {told}", started)
    step = Step("take the bound as an equation", to_text(bound), to_text(equality.subject_to[-1]))
    pushes = number(found.multipliers["lambda"], curve.scene) * curve.sense * (1 if from_above else -1) >= 0
    if found.minimum == "global" and pushes:  # J is no better than J + lambda*(C - c) where the bound holds
        return dataclasses.replace(found, problem=problem, steps=(*found.steps, step))
    return dataclasses.replace(found, problem=problem, steps=(*found.steps, step), minimum="stationary", unique=None)


def _under_integrals(curve: Curve, started: float) -> Derivation:
    """The curve under the constraint of one integral, by its multiplier."""
    told = ", ".join(to_text(one) for one in curve.known.integrals)
    if len(curve.known.integrals) > 1:
        reason = f"the constraints {told} are of several integrals, and only one is solved with"
        return _without_optimum(curve, "condition", reason, started)
    try:
        answers = [_constrained(curve, one, started) for one in constrained_curves(curve)]
    except MissingNumber as missing:
        return _without_optimum(curve, "condition", f"the curve is not found: {missing}", started)
    if not answers:
        reason = f"no closed form was found for a curve that meets {told}"
        return _without_optimum(curve, "condition", reason, started)
    surest = [one for one in answers if one.minimum == "global"] or answers
    return min(surest, key=lambda one: curve.sense * (one.value_number or 0.0))


def _constrained(curve: Curve, found: Constrained, started: float) -> Derivation:
    """The derivation for one curve that meets the constraint: a claim on J + lambda*C is one on J among such curves."""
    (constraint,) = curve.known.integrals
    own, ends, best = found.curve, found.ends, found.best
    scene = curve.at(best.curve)
    if found.eigenvalue:
        minimum, unique = "global", False
        words = (
            "J + lambda*C is quadratic and not negative, since the first conjugate point is the right end; -y as well"
        )
    else:
        minimum, unique, words = claim(
            own, ends, best, found.quadratic, jacobi(own.equation, own.over, own.at(best.curve), ends, own.sense)
        )
    if minimum in ("none", "local"):
        minimum, unique = "stationary", None
        words = f"among all curves {words}; among those that meet the constraint it is stationary, and no more is shown"
    value = number(curve.expanded, scene)
    excess = abs(number(constraint.left, scene) - number(constraint.right, scene))
    name, multiplier = to_text(curve.over), f"{found.multiplier:.12g}"
    opening = curve_opening(own)
    side = f"{curve.problem.sense} J[{curve.over.name}] = {to_text(curve.problem.functional)} over {name}"
    steps = (
        Step("state the problem", side, ", ".join(to_text(one) for one in curve.problem.subject_to)),
        Step(
            "form the Lagrangian S = J + lambda*C",
            f"C is the left side of {to_text(constraint)}",
            to_text(curve.problem.functional + Parameter("lambda") * constraint.left),
        ),
        *(dataclasses.replace(one, hypotheses=(*one.hypotheses, f"lambda = {multiplier}")) for one in opening[1:]),
        Step(
            "find a curve and verify it",
            own.condition,
            f"{name} = {to_text(best.curve)}",
            (best.how,),
            (
                Check("kkt", best.residual < 1e-8, f"the equation and the ends hold within {best.residual:.1e}"),
                Check("quadrature", excess < 1e-8, f"the constraint holds within {excess:.1e}"),
            ),
        ),
        Step("evaluate the functional there", f"J at {name} = {to_text(best.curve)}", f"{value:.12g}"),
        Step("take the second variation of S", "the Jacobi equation along the curve", words),
    )
    return Derivation(
        problem=curve.problem,
        status="solved",
        optima={name: best.curve},
        unnormalised=None,
        value=as_expression(round(value, 15)),
        minimum=minimum,
        unique=unique,
        multipliers={"lambda": as_expression(float(multiplier))},
        condition=own.condition,
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        boundary_terms=boundary_text(curve),
        scene=scene,
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
    if minimum == "none" and not quadratic:
        reason = f"{name} = {to_text(best.curve)} meets the condition, and {words}. Another curve may be one"
        return _without_optimum(curve, "condition", reason, started)
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
