"""The checks that each step of a derivation passes, on finite worlds beside the algebra."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random

from elbowroom.derivation.check import check
from elbowroom.derivation.random_world import random_world
from elbowroom.derivation.steps import Check
from elbowroom.derivation.variation import DIRECTION
from elbowroom.derivation.world import World, assignments, evaluate
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import DensityValue
from elbowroom.functional.traverse import free_variables

TAYLOR_WORLDS = 5
STEP = 1e-3


def equality_checks(left: Expression, right: Expression) -> tuple[Check, ...]:
    """The equality of two expressions, by normal form and on finite worlds; a failure is shown as such."""
    verdict = check(left, right)
    proved = verdict.proof == "normal-form"
    found: list[Check] = []
    if proved:
        found.append(Check("normal-form", True, "both sides have the same normal form"))
    if verdict.instances:
        passed = verdict.verdict == "holds"
        error = f", largest relative difference {verdict.max_error:.1e}" if verdict.max_error is not None else ""
        found.append(Check("instances", passed, f"compared on {verdict.instances} finite worlds{error}"))
    return tuple(found)


def taylor_check(functional: Expression, first: Expression, of: DensityValue) -> Check:
    """Whether the first variation leaves an error of order 2 in random directions on finite worlds.

    **Arguments.** `functional` is expanded; `first` is its first variation in the direction eta.
    """
    orders: list[float] = []
    for index in itertools.count(20):
        if len(orders) == TAYLOR_WORLDS or index > 60:
            break
        order = _taylor_order(functional, first, of, index)
        if order is not None:
            orders.append(order)
    if not orders:
        return Check("taylor", True, "the functional is linear on every finite world tried")
    worst = min(orders)
    return Check("taylor", worst > 1.9, f"order {worst:.2f} at worst on {len(orders)} finite worlds (2 is right)")


def _taylor_order(functional: Expression, first: Expression, of: DensityValue, index: int) -> float | None:
    """log2 of how the error shrinks when the step is halved; None where there is no error to speak of."""
    world = random_world((functional, first), index)
    generator = random.Random(f"elbowroom direction {index}")
    key = (of.letter, tuple(sorted(v.role for v in of.of)), tuple(sorted(v.role for v in of.given)))
    roles = (*key[1], *key[2])
    points = list(itertools.product(*(range(world.sizes[role]) for role in roles)))
    density = {point: generator.uniform(0.2, 0.8) for point in points}
    direction = {point: generator.uniform(-1.0, 1.0) for point in points}
    functions = {
        (DIRECTION, tuple(float(world.values[role][place]) for role, place in zip(roles, point, strict=True))): size
        for point, size in direction.items()
    }
    at = next(assignments(world, tuple(free_variables(functional))), {})

    def moved(step: float) -> World:
        table = {point: density[point] + step * direction[point] for point in points}
        return dataclasses.replace(world, functions=functions, pinned={key: table}, known={})

    try:
        base, slope = evaluate(functional, moved(0.0), at), evaluate(first, moved(0.0), at)
        errors = [abs(evaluate(functional, moved(step), at) - base - step * slope) for step in (STEP, STEP / 2)]
    except (ArithmeticError, ValueError):
        return None
    if errors[1] < 1e-13 * max(1.0, abs(base)):
        return None
    return math.log2(errors[0] / errors[1])
