"""The steps of a derivation, written down with the checks that each of them passed."""

from __future__ import annotations

import dataclasses
import time
from fractions import Fraction

from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.optimum import Optimum
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.verification import equality_checks, replaced, taylor_check
from elbowroom.derivation.worked import Worked
from elbowroom.functional.expression import Constant, Expression, Multiplier, Product
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
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
    return _unfinished(work, "refused", reason, started)


def not_normalisable(work: Worked, started: float) -> Derivation:
    """The answer where the stationary density is constant on an unbounded support."""
    names = ", ".join(f"{variable.name} ({variable.support})" for variable in work.problem.density.of)
    reason = (
        f"The stationary density does not depend on {names}, so it cannot be normalised: its integral over an "
        "unbounded support is infinite. Give the variable a bounded support, or add a term that holds the density "
        "together, such as a divergence from a prior."
    )
    return _unfinished(work, "refused", reason, started)


def unsolved(work: Worked, started: float) -> Derivation:
    """The answer where the condition was found but not solved."""
    reason = "no closed form was found for this stationarity condition; a density that satisfies it is a candidate only"
    return _unfinished(work, "condition", reason, started)


def solved(work: Worked, found: Optimum, started: float) -> Derivation:
    """The answer with the optimum, whose claims are only as strong as the second variation allows."""
    extremum = found.minimum
    reason = None
    if extremum == "none":
        side = "minimum" if work.problem.sense == "minimise" else "maximum"
        reason = f"the stationary density is not a {side}: the second variation has the wrong sign for every direction"
    return Derivation(
        problem=work.problem,
        status="solved" if extremum != "none" else "refused",
        optimum=found.density if extremum != "none" else None,
        unnormalised=found.unnormalised,
        value=found.value if extremum != "none" else None,
        minimum=extremum,
        unique=True if extremum == "global" else None,
        multipliers={to_text(work.multiplier): found.multiplier},
        condition=condition_text(work),
        steps=(*_first_half(work), *_second_half(work, found)),
        reason=reason,
        seconds=time.perf_counter() - started,
    )


def condition_text(work: Worked) -> str:
    """The stationarity condition in the plain notation."""
    return to_text(work.condition())


def _unfinished(work: Worked, status: str, reason: str, started: float) -> Derivation:
    return Derivation(
        problem=work.problem,
        status=status,  # pyright: ignore[reportArgumentType]
        optimum=None,
        unnormalised=None,
        value=None,
        minimum="none" if status == "refused" else "stationary",
        unique=None,
        multipliers={},
        condition=condition_text(work),
        steps=_first_half(work),
        reason=reason,
        seconds=time.perf_counter() - started,
    )


def _first_half(work: Worked) -> tuple[Step, ...]:
    problem, over = work.problem, to_text(work.problem.density)
    functional = to_text(problem.functional)
    mass = to_text(work.mass)
    simplified = render(NormalForm(marginals=False).of(work.expanded))
    multiplier = to_text(work.multiplier)
    lagrangian = f"{to_text(simplified)} + {multiplier}*({mass} - 1)"
    if work.over_given:
        inner = ", ".join(variable.name for variable in problem.density.given)
        lagrangian = f"{to_text(simplified)} + integral({multiplier}*({mass} - 1), {inner})"
    each = tuple(f"one multiplier for each {variable.name}" for variable in problem.density.given)
    written = _as_integral(work)
    return (
        Step("state the problem", f"{problem.sense} J[q] = {functional} over {over}", f"subject to {mass} = 1"),
        Step(
            "expand the functional",
            functional,
            to_text(simplified),
            (),
            equality_checks(problem.functional, simplified),
        ),
        Step("form the Lagrangian S = J + lambda*(mass - 1)", to_text(simplified), lagrangian, each),
        Step(
            "take the first variation in a direction eta",
            f"d/d epsilon S[{over} + epsilon*eta] at epsilon = 0",
            to_text(written),
            ("eta is an arbitrary function, and the integrals may be differentiated under their sign",),
            (taylor_check(work.expanded, work.first, problem.density), *equality_checks(work.first, written)),
        ),
        Step("set it to zero for every eta", to_text(written), condition_text(work), each),
    )


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
    value = replaced(work.expanded, work.problem.density, found.density)
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
    condition = replaced(work.condition().left, work.problem.density, found.density)
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
