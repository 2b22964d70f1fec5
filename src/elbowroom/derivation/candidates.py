"""Guess and verify: a density that stands in the functional is tried as the optimum, and the claim is checked."""

from __future__ import annotations

import time

from elbowroom.derivation.dependence import variables_of
from elbowroom.derivation.narrate import condition_text, opening
from elbowroom.derivation.nonnegative import is_zero_only_at
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import MissingNumber, Scene, key_of
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.valuation import mass_check, with_points
from elbowroom.derivation.worked import Worked
from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.substitute import substitute
from elbowroom.functional.traverse import walk


def verified_candidate(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """The optimum, if a density of the same variables in the functional satisfies the condition; None otherwise."""
    if work.restraints:
        return None
    for candidate in _candidates(work):
        multiplier = _multiplier_at(work, candidate)
        if multiplier is not None:
            return _answer(work, scene, candidate, multiplier, started)
    return None


def _candidates(work: Worked) -> list[DensityValue]:
    over = work.problem.density
    found = [node for node in walk(work.expanded) if isinstance(node, DensityValue)]
    same = [node for node in found if set(node.of) == set(over.of) and set(node.given) <= set(over.given)]
    return [node for node in dict.fromkeys(same) if node.letter != over.letter]


def _multiplier_at(work: Worked, candidate: DensityValue) -> Expression | None:
    """Minus the functional derivative at the candidate, if it does not depend on the variables of the density."""
    over = work.problem.density
    try:
        at = NormalForm(marginals=False).of(substitute(render(work.derivative), {over: candidate}))
    except (NotDecidedError, InputError):
        return None
    return None if variables_of(at) & set(over.of) else render(-at)


def _answer(work: Worked, scene: Scene, candidate: DensityValue, multiplier: Expression, started: float) -> Derivation:
    over = work.problem.density
    name = to_text(over)
    why = is_zero_only_at(work, candidate, scene)
    form = NormalForm(marginals=False).of(substitute(work.expanded, {over: candidate}))
    value = render(form)
    numeric, known, checks = _numbers(work, scene, candidate)
    if not form:
        numeric = 0.0
    steps = (
        *opening(work),
        Step(
            "guess a density of the functional, and verify the condition",
            condition_text(work),
            f"{name} = {to_text(candidate)}, {to_text(work.multiplier)} = {to_text(multiplier)}",
            (),
            (Check("normal-form", True, "the condition at the guess does not depend on the variable"), *checks),
        ),
        Step("evaluate the functional there", f"J at {name} = {to_text(candidate)}", to_text(value)),
        Step(
            "compare with a bound",
            f"J[{work.problem.density}]",
            why.words if why is not None else "no bound is known: the point is stationary",
            why.hypotheses if why is not None else (),
        ),
    )
    return Derivation(
        problem=work.problem,
        status="solved",
        optima={name: candidate},
        unnormalised=candidate,
        value=value,
        minimum="global" if why is not None else "stationary",
        unique=True if why is not None and why.only_there else None,
        multipliers={to_text(work.multiplier): multiplier},
        condition=condition_text(work),
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=numeric,
        boundary_terms=tuple(work.boundary_terms),
        scene=known,
    )


def _numbers(
    work: Worked, scene: Scene, candidate: DensityValue
) -> tuple[float | None, Scene | None, tuple[Check, ...]]:
    over = work.problem.density
    try:
        at = with_points(scene, candidate, over)
        at = at.with_(densities={key_of(over): (over, candidate)})
        value = number(work.expanded, at)
        checks = (mass_check(at, over),) if len(over.of) == 1 and not over.given else ()
    except (MissingNumber, MissingRule):
        return None, None, ()
    return value, at, checks
