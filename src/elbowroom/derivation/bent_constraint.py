r"""A constraint that is no linear statement about the density, such as KL(q || p) <= 0.5: its multiplier is sought.

For each lambda the problem of $J - \lambda (C - c)$, without the constraint, is derived; lambda is the one at which
$C[q] = c$. What makes that least among all densities, and meets the constraint, makes J least among those that do.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy import optimize

from elbowroom.derivation.narrate import condition_text, opening, unfinished
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.pointwise import holds
from elbowroom.derivation.polynomial import Density
from elbowroom.derivation.restraint import Restraint
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.worked import Worked
from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.expression import Sum, as_expression
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem

SIZES = tuple(float(size) for size in np.geomspace(0.01, 100.0, 7))
Solve = Callable[[Problem], Derivation]


def bent_restraint(work: Worked) -> Restraint | None:
    """The only constraint whose derivative contains the unknown, where there is exactly one."""
    over = work.problem.density
    unknown = Density(over.letter, frozenset(over.of), frozenset(over.given))
    bent = [one for one in work.restraints if holds(one.statistic, unknown)]
    return bent[0] if len(bent) == 1 and not bent[0].free else None


def solve_bent(work: Worked, bent: Restraint, solve: Solve, started: float) -> Derivation:
    """The optimum under the constraint, by its multiplier."""
    free = _answer(work, bent, 0.0, solve) if bent.is_inequality else None
    if free is not None and _excess(bent, free) >= -1e-10:
        return _told(work, bent, 0.0, free, started)
    found: list[tuple[float, Derivation]] = []
    for sign in (1.0,) if bent.is_inequality else (-1.0, 1.0):
        for multiplier in _roots(work, bent, sign, solve):
            answer = _answer(work, bent, multiplier, solve)
            if answer is not None and abs(_excess(bent, answer)) < 1e-8:
                found.append((multiplier, answer))
                break
        if any(answer.minimum == "global" for _, answer in found):
            break
    if not found:
        reason = (
            f"no multiplier of {to_text(bent.stated)} was found with which the problem has an optimum that meets it: "
            "the constraint cannot be met, or its optimum is of no closed form"
        )
        return unfinished(work, "condition", reason, started)
    sense = 1 if work.problem.sense == "minimise" else -1
    surest = [one for one in found if one[1].minimum == "global"] or found
    multiplier, answer = min(surest, key=lambda one: sense * _value(work, one[1]))
    return _told(work, bent, multiplier, answer, started)


def _problem(work: Worked, bent: Restraint, multiplier: float) -> Problem:
    """The problem of J - lambda*(C - c), of J + lambda*(C - c) for a maximisation, without the constraint."""
    problem = work.problem
    rest = tuple(one for one in problem.subject_to if one is not bent.stated)
    size = multiplier if problem.sense == "maximise" else -multiplier
    functional = problem.functional
    if size:
        functional = Sum((functional, as_expression(float(f"{size:.15g}")) * bent.excess))
    return dataclasses.replace(problem, functional=functional, subject_to=rest)


def _answer(work: Worked, bent: Restraint, multiplier: float, solve: Solve) -> Derivation | None:
    try:
        answer = solve(_problem(work, bent, multiplier))
    except (InputError, MissingRule, ArithmeticError):
        return None
    return answer if answer.status in ("solved", "fixed-point") and answer.scene is not None else None


def _excess(bent: Restraint, answer: Derivation) -> float:
    assert answer.scene is not None
    with np.errstate(all="ignore"):
        return number(bent.excess, answer.scene)


def _value(work: Worked, answer: Derivation) -> float:
    assert answer.scene is not None
    return number(work.expanded, answer.scene)


def _roots(work: Worked, bent: Restraint, sign: float, solve: Solve) -> Iterator[float]:
    """Multipliers of this sign at which the excess changes its own, between two sizes: a root, or a jump."""

    def excess(size: float) -> float:
        answer = _answer(work, bent, sign * math.exp(size), solve)
        return math.nan if answer is None else _excess(bent, answer)

    seen = [(math.log(size), excess(math.log(size))) for size in SIZES]
    for (low, left), (high, right) in itertools.pairwise(seen):
        if left * right <= 0:
            yield sign * math.exp(float(optimize.brentq(excess, low, high, xtol=1e-14, rtol=1e-14)))  # pyright: ignore[reportArgumentType]


def _told(work: Worked, bent: Restraint, multiplier: float, answer: Derivation, started: float) -> Derivation:
    name, value, excess = to_text(work.problem.density), _value(work, answer), _excess(bent, answer)
    active = multiplier != 0.0
    told = f"lambda = {multiplier:.12g}" if active else "lambda = 0: the constraint holds by itself"
    steps = (
        *opening(work),
        Step(
            "take the constraint into the functional, with its multiplier",
            condition_text(work),
            f"{answer.problem.sense} {to_text(answer.problem.functional)}",
            (told,),
            (
                Check(
                    "kkt",
                    abs(excess) < 1e-8 or (not active and excess >= -1e-10),
                    f"{to_text(bent.stated)} holds there, with {excess:.1e} to spare",
                ),
            ),
        ),
        *answer.steps[4:],
        Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"),
        Step(
            "see that the constraint is no obstacle to the claim",
            "what is best of J with the multiplier among all densities, and meets the constraint",
            "is best among the densities that meet it",
        ),
    )
    return dataclasses.replace(
        answer,
        problem=work.problem,
        condition=condition_text(work),
        steps=steps,
        value=as_expression(round(value, 15)),
        value_number=value,
        multipliers={**answer.multipliers, to_text(bent.multiplier): as_expression(float(f"{multiplier:.15g}"))},
        seconds=time.perf_counter() - started,
    )
