"""Taylor tests on the line, for functionals of derivatives, which have no value in a finite world."""

from __future__ import annotations

import math

import numpy as np

from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import MissingNumber, Scene, key_of
from elbowroom.derivation.steps import Check
from elbowroom.errors import MissingRule
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import Expression, Function, as_expression, exp
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.support import Interval, Real

STEP = 1e-3
INSTANCES = 2


def taylor_on_line(
    functional: Expression, derivative: Expression, of: DensityValue | Function, scene: Scene
) -> tuple[Check, ...]:
    """Whether J[q + h eta] - J[q] - h * integral(derivative * eta) is of order h**2 for smooth q and eta.

    The strong form stands in the place of the first variation, so integration by parts is tested with it. Empty where
    a name has no value, or the support is neither the line nor an interval.
    """
    variable = of.of[0] if isinstance(of, DensityValue) else of.arguments[0]
    assert isinstance(variable, Variable)
    orders: list[float] = []
    for seed in range(INSTANCES):
        pair = _instance(variable, seed)
        if pair is None:
            return ()
        try:
            order = _order(functional, derivative, of, scene, variable, *pair)
        except (MissingNumber, MissingRule):
            return ()
        if order is not None:
            orders.append(order)
    if not orders:
        return ()
    worst = min(orders)
    return (Check("taylor", worst > 1.9, f"order {worst:.2f} at worst on {len(orders)} smooth instances (2 is right)"),)


def _order(
    functional: Expression,
    derivative: Expression,
    of: DensityValue | Function,
    scene: Scene,
    variable: Variable,
    base: Expression,
    eta: Expression,
) -> float | None:
    def at(step: float) -> Scene:
        moved = base + as_expression(step) * eta if step else base
        if isinstance(of, DensityValue):
            return scene.with_(densities={key_of(of): (of, moved)})
        return scene.with_(curves={of.name: ((variable,), moved)})

    level = number(functional, at(0.0))
    slope = number(Integral(derivative * eta, variable), at(0.0))
    errors = [abs(number(functional, at(step)) - level - step * slope) for step in (STEP, STEP / 2)]
    if not np.all(np.isfinite(errors)) or errors[1] < 1e-12 * max(1.0, abs(level)):
        return None
    return math.log2(errors[0] / errors[1])


def _instance(variable: Variable, seed: int) -> tuple[Expression, Expression] | None:
    """A smooth positive function, and a direction that vanishes at the ends with its derivative."""
    x = variable
    shift = as_expression(0.2 + 0.3 * seed)
    match variable.support:
        case Interval(lower, upper):
            width = as_expression(upper - lower)
            u = (x - as_expression(lower)) / width
            base = 1 + shift + Elementary("sin", u + shift) / 3
            return base, u**2 * (1 - u) ** 2 * (1 + 2 * u + shift)
        case Real(1):
            base = exp(-((x - shift) ** 2) / 2) * (1 + x**2 / 4) / 3
            return base, exp(-(x**2)) * (x + shift) / 5
    return None
