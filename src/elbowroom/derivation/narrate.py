"""The steps of a derivation, written down with the checks that each of them passed."""

from __future__ import annotations

import dataclasses
import time
from fractions import Fraction
from typing import Literal

from elbowroom.derivation.line_checks import taylor_on_line
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.derivation.optimum import Optimum
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.valuation import Numbers
from elbowroom.derivation.verification import equality_checks, taylor_check
from elbowroom.derivation.worked import Worked
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Constant, Expression, Multiplier, Product
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.substitute import substitute
from elbowroom.functional.traverse import children, rebuild

ZERO, ONE = Constant(Fraction(0)), Constant(Fraction(1))

POINT_MASS = (
    "This usually means that the entropy is missing, or was cancelled by another term. Add the entropy of the density "
    "to obtain a posterior. (Without it the optimum, if there is one, is a point mass.)"
)


def refused(work: Worked, started: float) -> Derivation:
    """The answer for a functional that is linear in the unknown: nothing is stationary."""
    over = to_text(work.problem.density)
    terms = ", ".join(work.linear_terms())
    reason = (
        f"No density is stationary for this functional: it is linear in {over}, so its first variation does not "
        f"contain {over} and no multiplier can make it vanish everywhere. Terms without curvature: "
        f"{terms}. {POINT_MASS}"
    )
    return unfinished(work, "refused", reason, started)


def not_normalisable(work: Worked, started: float, where: str = "") -> Derivation:
    """The answer where the stationary density is constant on an unbounded support, or its integral diverges."""
    names = ", ".join(f"{variable.name} ({variable.support})" for variable in work.problem.density.of)
    why = f"The stationary density does not depend on {names}, so it cannot be normalised"
    if where:
        why = f"The stationary density cannot be normalised on {names}: it does not decay {where}"
    reason = (
        f"{why}: its integral over an unbounded support is infinite. Give the variable a bounded support, or add a "
        "term that holds the density together, such as a divergence from a prior."
    )
    if where:
        reason = (
            f"{why}, so its integral is infinite (a natural parameter of the wrong sign, or a constraint missing). "
            "Add a constraint or a term that holds the density together, such as a divergence from a prior."
        )
    return unfinished(work, "refused", reason, started)


def unsolved(work: Worked, started: float) -> Derivation:
    """The answer where the condition was found but not solved."""
    reason = "no closed form was found for this stationarity condition; a density that satisfies it is a candidate only"
    return unfinished(work, "condition", reason, started)


def wrong_sign(problem: Problem) -> str:
    """Why a stationary density is no optimum where the second variation has the wrong sign."""
    side = "minimum" if problem.sense == "minimise" else "maximum"
    return f"the stationary density is not a {side}: the second variation has the wrong sign for every direction"


def solved(work: Worked, found: Optimum, started: float, numbers: Numbers) -> Derivation:
    """The answer with the optimum, whose claims are only as strong as the second variation allows."""
    extremum = found.minimum
    refusing = extremum == "none"
    name = to_text(work.problem.density)
    optimum = found.density
    if numbers.family and not isinstance(optimum, DensityValue):
        named = numbers.family.density(work.problem.density.of[0])
        optimum = optimum if named is None else named
    return Derivation(
        problem=work.problem,
        status="refused" if refusing else "solved",
        optima={} if refusing else {name: optimum},
        unnormalised=found.unnormalised,
        value=None if refusing else found.value,
        minimum=extremum,
        unique=True if extremum == "global" else None,
        multipliers={to_text(work.multiplier): found.multiplier},
        condition=condition_text(work),
        steps=(*opening(work), *_second_half(work, found), *(() if refusing else numbers.steps)),
        reason=wrong_sign(work.problem) if refusing else None,
        seconds=time.perf_counter() - started,
        value_number=None if refusing else numbers.value,
        family={name: numbers.family} if numbers.family and not refusing else {},
        scene=numbers.scene,
    )


def condition_text(work: Worked) -> str:
    """The stationarity condition in the plain notation."""
    return to_text(work.condition())


def unfinished(work: Worked, status: Literal["condition", "refused"], reason: str, started: float) -> Derivation:
    """The answer without an optimum: the derivation as far as it goes, and the reason why no further."""
    return Derivation(
        problem=work.problem,
        status=status,
        optima={},
        unnormalised=None,
        value=None,
        minimum="none" if status == "refused" else "stationary",
        unique=None,
        multipliers={},
        condition=condition_text(work),
        steps=opening(work),
        reason=reason,
        seconds=time.perf_counter() - started,
    )


def opening(work: Worked) -> tuple[Step, ...]:
    """The steps from the problem as it was stated to its Euler-Lagrange condition."""
    problem, over = work.problem, to_text(work.problem.density)
    functional = to_text(problem.functional)
    mass = to_text(work.mass)
    simplified = render(NormalForm(marginals=False).of(work.expanded))
    lagrangian = work.lagrangian(simplified)
    plain = bool(expand(problem.functional) == work.expanded)
    constraints = ", ".join([f"{mass} = 1", *(to_text(one.stated) for one in work.restraints)])
    constraints = ", ".join([constraints, *map(to_text, work.pinned)])
    sum_of = "S = J + lambda*(mass - 1)"
    if work.restraints:
        sum_of = "S = J + lambda*(mass - 1) + sum of lambda_i*(C_i - c_i)"
    each = tuple(f"one multiplier for each {variable.name}" for variable in problem.density.given)
    written = _as_integral(work)
    return (
        Step("state the problem", f"{problem.sense} J[q] = {functional} over {over}", f"subject to {constraints}"),
        Step(
            "expand the functional",
            functional,
            to_text(simplified),
            () if plain else ("the joint law is the product of the parts that are given, the unknown among them",),
            equality_checks(problem.functional if plain else work.expanded, simplified),
        ),
        Step(f"form the Lagrangian {sum_of}", to_text(simplified), lagrangian, each),
        Step(
            "take the first variation in a direction eta",
            f"d/d epsilon S[{over} + epsilon*eta] at epsilon = 0",
            to_text(written),
            ("eta is an arbitrary function, and the integrals may be differentiated under their sign",),
            _variation_checks(work, written),
        ),
        Step("set it to zero for every eta", to_text(written), condition_text(work), each),
    )


def _variation_checks(work: Worked, written: Expression) -> tuple[Check, ...]:
    """A Taylor test of the first variation; where q' occurs, of its strong form on the line."""
    over = work.problem.density
    if work.has_derivatives:
        return taylor_on_line(work.expanded, render(work.derivative), over, Scene(work.problem.given))
    return (taylor_check(work.expanded, work.first, over), *equality_checks(work.first, written))


def _as_integral(work: Worked) -> Expression:
    """The first variation as one integral of the strong form times eta."""
    integral: Expression = Product((work.direction, render(work.derivative)))
    over = work.problem.density
    for variable in (*over.of, *(over.given if work.over_given else ())):
        integral = Integral(integral, variable)
    return integral


def _second_half(work: Worked, found: Optimum) -> tuple[Step, ...]:
    over = to_text(work.problem.density)
    density = to_text(found.density)
    normalised = Product((found.unnormalised, found.mass**-1))
    mass = _integral_of(found.density, work.problem.density)
    residual = _residual(work, found)
    value = substitute(work.expanded, {work.problem.density: found.density})
    curvature = {"global": "positive", "none": "of the wrong sign", "stationary": "of no evident sign"}
    if work.problem.sense == "maximise":
        curvature["global"] = "negative"
    return (
        Step(
            f"solve for {over}, up to a factor that does not depend on {_names(work)}",
            condition_text(work),
            f"{over} = C*{_tight(found.unnormalised)}",
            found.hypotheses,
        ),
        Step(
            "find the multiplier from the normalisation",
            f"{to_text(work.mass)} = 1",
            f"{to_text(work.multiplier)} = {to_text(found.multiplier)}, 1/C = {to_text(found.mass)}",
            ("the integral 1/C is finite",),
            _kkt(residual),
        ),
        Step(
            "write down the normalised optimum",
            f"{over} = {to_text(normalised)}",
            f"{over} = {density}",
            (),
            (*equality_checks(normalised, found.density), *equality_checks(mass, ONE)[:1]),
        ),
        Step(
            "evaluate the functional there",
            f"J at {over} = {density}",
            to_text(found.value),
            (),
            equality_checks(value, found.value),
        ),
        Step(
            "take the second variation",
            to_text(found.second_variation),
            f"{curvature[found.minimum]} for every direction"
            if found.minimum != "stationary"
            else curvature["stationary"],
            found.hypotheses,
            (),
        ),
    )


def _residual(work: Worked, found: Optimum) -> Expression:
    """The stationarity condition at the optimum, which must vanish."""
    condition = substitute(work.condition().left, {work.problem.density: found.density})
    return _with_multiplier(condition, work.multiplier, found.multiplier)


def _with_multiplier(expression: Expression, multiplier: Multiplier, value: Expression) -> Expression:
    if isinstance(expression, Multiplier) and expression == multiplier:
        return value
    return rebuild(expression, [_with_multiplier(child, multiplier, value) for child in children(expression)])


def _kkt(residual: Expression) -> tuple[Check, ...]:
    checks = equality_checks(residual, ZERO)
    renamed = [dataclasses.replace(check, kind="kkt") if check.kind == "instances" else check for check in checks]
    return tuple(renamed)


def _integral_of(density: Expression, over: DensityValue) -> Expression:
    for variable in over.of:
        density = Integral(density, variable)
    return density


def _names(work: Worked) -> str:
    return ", ".join(variable.name for variable in work.problem.density.of)


def _tight(expression: Expression) -> str:
    text = to_text(expression)
    return f"({text})" if " " in text else text
