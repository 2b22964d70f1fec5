"""A joint density one marginal of which is given: a multiplier that is a function, found in closed form.

The condition a*log q + r + lambda(x) = 0 gives q(x, z) = C(x) K(x, z), and the marginal t(x) fixes
C(x) = t(x) / integral(K(x, z), z).
"""

from __future__ import annotations

import dataclasses
import time

from elbowroom.derivation.integration import integrate
from elbowroom.derivation.narrate import condition_text, opening, unfinished
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import MissingNumber, Scene
from elbowroom.derivation.optimum import simplest, simplest_of
from elbowroom.derivation.polynomial import ONE, Density, constant
from elbowroom.derivation.render import render
from elbowroom.derivation.restraint import Restraint
from elbowroom.derivation.stationarity import solve_pointwise
from elbowroom.derivation.steps import Derivation, Step
from elbowroom.derivation.valuation import numbers_of
from elbowroom.derivation.verification import equality_checks
from elbowroom.derivation.worked import Worked
from elbowroom.errors import MissingRule
from elbowroom.functional.expression import Expression
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.substitute import substitute


def solve_given_margin(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """The optimum where the only constraint gives a marginal; None where the problem is of another kind."""
    over = work.problem.density
    margin = _margin(work)
    if margin is None or over.given:
        return None
    others = tuple(variable for variable in over.of if variable not in margin.free)
    rules = NormalForm(marginals=False)
    shape = solve_pointwise(work.derivative, Density(over.letter, frozenset(over.of)), others, rules)
    if shape is None or not shape.logarithmic:
        return None
    weight = shape.weight.number
    if weight is None or weight * (1 if work.problem.sense == "minimise" else -1) <= 0:
        return None
    mass = _mass(margin, scene)
    if mass is not None and abs(mass - 1) > 1e-8:
        reason = (
            f"The marginal that {to_text(margin.stated)} states has the mass {mass:.6g}, so no density satisfies it "
            "(it contradicts the normalisation). State a density of mass one."
        )
        return unfinished(work, "refused", reason, started)
    below = shape.unnormalised
    for variable in others:
        below = integrate(below, variable)
    density = simplest(shape.unnormalised * rules.of(margin.target) * rules.power(below, constant(-1)))
    return _answer(work, margin, others, render(shape.unnormalised), density, scene, started)


def _margin(work: Worked) -> Restraint | None:
    if len(work.restraints) != 1:
        return None
    (one,) = work.restraints
    inside = set(one.free) < set(work.problem.density.of)
    return one if one.free and inside and one.statistic == ONE and not one.is_inequality else None


def _mass(margin: Restraint, scene: Scene) -> float | None:
    """The mass of the marginal that is stated; None where it has no number."""
    whole: Expression = margin.target
    for variable in margin.free:
        whole = Integral(whole, variable)
    try:
        return number(whole, scene)
    except (MissingNumber, MissingRule):
        return None


def _answer(
    work: Worked,
    margin: Restraint,
    others: tuple[Variable, ...],
    kernel: Expression,
    density: Expression,
    scene: Scene,
    started: float,
) -> Derivation:
    over = work.problem.density
    name, free = to_text(over), ", ".join(variable.name for variable in margin.free)
    value = simplest_of(substitute(work.expanded, {over: density}))
    marginal = density
    for variable in others:
        marginal = Integral(marginal, variable)
    numbers = numbers_of(work.problem, scene, work.expanded, density, density)
    steps = (
        *opening(work),
        Step(
            f"solve for {name}, up to a factor for each {free}",
            condition_text(work),
            f"{name} = C({free})*{to_text(kernel)}",
            (f"C({free}) holds {to_text(margin.multiplier)} and lambda",),
        ),
        Step(
            "find that factor from the marginal",
            to_text(margin.stated),
            f"{name} = {to_text(density)}",
            ("the integral of the shape is finite",),
            equality_checks(marginal, margin.target),
        ),
        Step(
            "evaluate the functional there",
            f"J at {name} = {to_text(density)}",
            to_text(value),
            (),
            equality_checks(substitute(work.expanded, {over: density}), value),
        ),
        Step("take the second variation", "integral(eta**2/q)", "of one sign for every direction: strictly convex"),
        *numbers.steps,
    )
    return dataclasses.replace(
        unfinished(work, "condition", "", started),
        status="solved",
        optima={name: density},
        unnormalised=kernel,
        value=value,
        minimum="global",
        unique=True,
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=numbers.value,
        scene=numbers.scene,
    )
