"""A strictly monotone function of one integral: it is optimal where the integral is, so the integral is optimised."""

from __future__ import annotations

import dataclasses
import time

from elbowroom.derivation.narrate import condition_text, opening
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.derivation.pointwise import holds
from elbowroom.derivation.polynomial import ONE, Applied, Atom, Density, Integrated, Polynomial, from_atom
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Derivation, Step
from elbowroom.derivation.worked import Worked
from elbowroom.functional.expression import Expression, as_expression
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem


@dataclasses.dataclass(frozen=True)
class Monotone:
    """The inner integral, and whether the functional rises or falls with it."""

    integral: Expression
    rises: bool


def inner_integral(work: Worked, scene: Scene) -> Monotone | None:
    """The integral that the functional is a monotone function of; None where it is not of that kind."""
    over = work.problem.density
    unknown = Density(over.letter, frozenset(over.of), frozenset(over.given))
    form = NormalForm(marginals=False).of(scene.grounded(work.expanded))
    depending = [(part, c) for part, c in form.terms if any(_holds(a, unknown) for a, _ in part.powers)]
    if len(depending) != 1:
        return None
    part, coefficient = depending[0]
    moving = [(atom, exponent) for atom, exponent in part.powers if _holds(atom, unknown)]
    others = [(atom, exponent) for atom, exponent in part.powers if not _holds(atom, unknown)]
    if len(moving) != 1 or others:
        return None
    atom, exponent = moving[0]
    if isinstance(atom, Applied) and atom.function == "log" and exponent == ONE:
        inner = _single(atom.argument)
        return None if inner is None else Monotone(render(from_atom(inner)), coefficient > 0)
    power = exponent.number
    if isinstance(atom, Integrated) and power is not None and power != 1:
        return Monotone(render(from_atom(atom)), coefficient * power > 0)
    return None


def inner_problem(problem: Problem, inner: Monotone) -> Problem:
    """The same problem for the inner integral."""
    opposite = "maximise" if problem.sense == "minimise" else "minimise"
    return dataclasses.replace(problem, functional=inner.integral, sense=problem.sense if inner.rises else opposite)


def through_monotone(work: Worked, inner: Monotone, found: Derivation, started: float) -> Derivation:
    """The answer for the functional from the answer for its inner integral."""
    verb = "rises" if inner.rises else "falls"
    step = Step(
        "optimise the inner integral instead",
        f"J is a strictly monotone function that {verb} with {to_text(inner.integral)}",
        f"{inner_problem(work.problem, inner).sense} {to_text(inner.integral)}",
        ("the inner integral is positive",),
    )
    steps = (*opening(work), step, *found.steps[4:])
    if found.scene is None or found.status != "solved":
        return dataclasses.replace(found, problem=work.problem, condition=condition_text(work), steps=steps)
    value = number(work.expanded, found.scene)
    return dataclasses.replace(
        found,
        problem=work.problem,
        condition=condition_text(work),
        steps=(*steps, Step("evaluate the functional there", f"J at this {work.problem.density}", f"{value:.12g}")),
        value=as_expression(round(value, 15)),
        value_number=value,
        multipliers={},
        seconds=time.perf_counter() - started,
    )


def _holds(atom: Atom, unknown: Density) -> bool:
    return holds(from_atom(atom), unknown)


def _single(form: Polynomial) -> Integrated | None:
    if len(form.terms) != 1 or form.terms[0][1] <= 0 or len(form.terms[0][0].powers) != 1:
        return None
    atom, exponent = form.terms[0][0].powers[0]
    return atom if isinstance(atom, Integrated) and exponent == ONE else None
