"""Unknown numbers: the optimum inside a parametric family, where ordinary derivatives vanish."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Literal

import numpy as np

from elbowroom.derivation.differentiate import Meaning, derivative
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Array, MissingNumber, Scene
from elbowroom.derivation.parametric_convexity import convex_in_parameters
from elbowroom.derivation.parametric_search import Parametric, RunsAwayError, least_curvature, number_of, search
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.errors import MissingRule
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Constant, Equation, Expression, Parameter, as_expression
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.traverse import walk

ZERO = Constant(Fraction(0))
CURVED = 1e-6
"""How far below zero an eigenvalue of the Hessian is, at least, to be no rounding."""


def solve_parametric(problem: Problem, started: float) -> Derivation:
    """The numbers at which the functional is least, or the conditions for them where names have no value."""
    unknowns = tuple(unknown for unknown in problem.over if isinstance(unknown, Parameter))
    scene = Scene(problem.given)
    functional = expand(problem.functional)
    meaning = _of_the_family(scene, unknowns)
    gradient = tuple(_tidy(derivative(functional, unknown, meaning)) for unknown in unknowns)
    conditions = [Equation(one, ZERO) for one in gradient]
    opening = _opening(problem, functional, unknowns, conditions)
    condition = ", ".join(map(to_text, conditions))
    if all(one is ZERO or (isinstance(one, Constant)) for one in gradient):
        reason = f"The functional does not depend on {', '.join(map(str, unknowns))}: there is nothing to solve for."
        return _without_optimum(problem, "refused", condition, opening, reason, started)
    if problem.subject_to:
        told = ", ".join(map(to_text, problem.subject_to))
        reason = f"unknown numbers are solved for without constraints only, and {told} is one; solve takes it"
        return _without_optimum(problem, "condition", condition, opening, reason, started)
    try:
        sign = 1 if problem.sense == "minimise" else -1
        family = Parametric(unknowns, functional, gradient, scene, sign)
        best = search(family)
    except MissingNumber as missing:
        return _without_optimum(problem, "condition", condition, opening, f"no numbers were found: {missing}", started)
    except RunsAwayError as trouble:
        return _without_optimum(problem, "refused", condition, opening, str(trouble), started)
    return _answer(problem, family, best, condition, opening, started)


def _of_the_family(scene: Scene, unknowns: tuple[Parameter, ...]) -> Meaning:
    """What the densities stand for whose laws contain an unknown number; the others do not move."""

    def meaning(node: Expression) -> Expression | None:
        known = scene.meaning(node)
        return known if known is not None and any(part in unknowns for part in walk(known)) else None

    return meaning


def _answer(
    problem: Problem, family: Parametric, u: Array, condition: str, opening: tuple[Step, ...], started: float
) -> Derivation:
    scene = family.at(u)
    numbers = {x.name: number_of(value, x.support) for x, value in zip(family.unknowns, u, strict=True)}
    value = number(family.functional, scene)
    least = least_curvature(family, u)
    if least < -CURVED:
        return _without_optimum(problem, "condition", condition, opening, _wrong_side(problem, family, u), started)
    why = convex_in_parameters(problem, family.scene)
    minimum: Literal["global", "local", "stationary", "none"] = "local" if least > 1e-9 else "stationary"
    if why is not None:
        minimum = "global"
    residual = float(np.max(np.abs(family.slope(u))))
    told = ", ".join(f"{name} = {size:.15g}" for name, size in numbers.items())
    steps = (
        *opening,
        Step(
            "solve the conditions",
            condition,
            told,
            (),
            (
                Check("kkt", residual < 1e-8, f"the largest derivative there is {residual:.1e}"),
                Check("quadrature", bool(np.isfinite(value)), "derivatives and value by adaptive quadrature"),
            ),
        ),
        Step("evaluate the functional there", f"J at {told}", f"{value:.12g}"),
        Step(
            "take the second derivatives",
            f"least eigenvalue of the Hessian there: {least:.6g}",
            why or ("positive definite: a local optimum" if least > 0 else "of no evident sign"),
        ),
    )
    return Derivation(
        problem=problem,
        status="solved",
        optima={to_text(x): as_expression(round(float(numbers[x.name]), 15)) for x in family.unknowns},
        unnormalised=None,
        value=as_expression(round(value, 15)),
        minimum=minimum,
        unique=True if why is not None else None,
        multipliers={},
        condition=condition,
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        scene=scene,
    )


def _wrong_side(problem: Problem, family: Parametric, u: Array) -> str:
    told = ", ".join(
        f"{x.name} = {number_of(value, x.support):.6g}" for x, value in zip(family.unknowns, u, strict=True)
    )
    side = "minimum" if problem.sense == "minimise" else "maximum"
    return (
        f"the conditions hold at {told}, which is no {side}: a second derivative has the wrong sign there, and the "
        "search found no other place"
    )


def _without_optimum(
    problem: Problem,
    status: Literal["condition", "refused"],
    condition: str,
    steps: tuple[Step, ...],
    reason: str,
    started: float,
) -> Derivation:
    return Derivation(
        problem=problem,
        status=status,
        optima={},
        unnormalised=None,
        value=None,
        minimum="none" if status == "refused" else "stationary",
        unique=None,
        multipliers={},
        condition=condition,
        steps=steps,
        reason=reason,
        seconds=time.perf_counter() - started,
    )


def _opening(
    problem: Problem, functional: Expression, unknowns: tuple[Parameter, ...], conditions: list[Equation]
) -> tuple[Step, ...]:
    names = ", ".join(map(str, unknowns))
    text = to_text(problem.functional)
    return (
        Step("state the problem", f"{problem.sense} J({names}) = {text}", f"over {names}"),
        Step("expand the functional", text, to_text(functional)),
        Step(
            f"set the derivatives by {names} to zero",
            ", ".join(f"dJ/d{name}" for name in unknowns),
            ", ".join(map(to_text, conditions)),
            ("the integrals may be differentiated under their sign",),
        ),
    )


def _tidy(expression: Expression) -> Expression:
    try:
        form = render(NormalForm(marginals=False).of(expression))
    except (NotDecidedError, MissingRule):
        return expression
    return form if len(to_text(form)) < 2 * len(to_text(expression)) else expression
