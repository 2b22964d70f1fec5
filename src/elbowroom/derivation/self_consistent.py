r"""Conditions in which a marginal of the unknown occurs: the map q -> C exp(-rest[q]/a) is iterated to its fixed point.

Rate-distortion and the information bottleneck keep log q in the condition and solve for it; channel capacity does not,
and the same step multiplies the old density by the exponential of the condition (Blahut, Arimoto).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import optimize

from elbowroom.derivation.finite_map import FiniteMap, coefficient_of_log_term, finite_map, iterate, nested, rounded
from elbowroom.derivation.information_convexity import Shape, convexity
from elbowroom.derivation.narrate import condition_text, opening, unfinished
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Array, Scene
from elbowroom.derivation.polynomial import Applied, Density, from_atom
from elbowroom.derivation.render import render
from elbowroom.derivation.restraint import Restraint
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.worked import Worked
from elbowroom.errors import Refused
from elbowroom.functional.expression import as_expression
from elbowroom.functional.printing import to_text
from elbowroom.functional.support import Finite

UNSETTLED = 1e-4

BETTER = 1e-3
"""The rate from which on mass at an empty value improves the functional beyond the error of the iteration."""


def solve_self_consistent(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """The fixed point for a finite density; None where the unknown or the condition is of another kind."""
    over = work.problem.density
    if not all(isinstance(v.support, Finite) for v in (*over.of, *over.given)):
        return None
    if len(work.restraints) > 1 or any(one.free or one.is_inequality for one in work.restraints):
        return None
    shape = convexity(work, scene)
    wanted = 1 if work.problem.sense == "minimise" else -1
    try:
        multiplier, found, map_ = _solve(work, scene, wanted)
    except Refused as reason:
        return unfinished(work, "refused", str(reason), started)
    return _answer(work, map_, found, multiplier, shape, started)


def _solve(work: Worked, scene: Scene, sign: int) -> tuple[float, Array, FiniteMap]:
    if not work.restraints:
        map_ = finite_map(work, scene, sign)
        return 0.0, iterate(map_), map_
    (one,) = work.restraints
    last: list[Array] = []

    def excess(multiplier: float) -> float:
        map_ = finite_map(work, scene, sign, multiplier)
        last[:] = [iterate(map_, last[0] if last else None)]
        return _excess(one, map_, last[0])

    bracket = _bracket(excess)
    if bracket is None:
        raise Refused(
            f"No fixed point satisfies {to_text(one.stated)}: the constraint cannot be met, or is met with the "
            "multiplier zero only (it is infeasible or not binding). Change its target."
        )
    multiplier = float(optimize.brentq(excess, *bracket, xtol=1e-12))  # pyright: ignore[reportArgumentType]
    map_ = finite_map(work, scene, sign, multiplier)
    return multiplier, iterate(map_, last[0]), map_


def _bracket(excess: Callable[[float], float]) -> tuple[float, float] | None:
    """Two multipliers between which the constraint is met, looked for at growing sizes of either sign."""
    start = 0.5
    known = {s: (s * start, excess(s * start)) for s in (1, -1)}
    if known[1][1] * known[-1][1] <= 0:
        return -start, start
    for _ in range(8):
        for s in (1, -1):
            size, value = known[s]
            further = (2 * size, excess(2 * size))
            if further[1] * value <= 0:
                return min(size, further[0]), max(size, further[0])
            known[s] = further
    return None


def _excess(one: Restraint, map_: FiniteMap, table: Array) -> float:
    return number(one.excess, map_.at(table))


def _answer(work: Worked, map_: FiniteMap, table: Array, multiplier: float, shape: Shape, started: float) -> Derivation:
    over = work.problem.density
    scene = map_.at(table)
    value = number(work.expanded, scene)
    residual = map_.residual(table)
    slope = map_.on_grid(map_.derivative, scene)
    axes = tuple(range(len(over.of)))
    mean = np.sum(np.where(table > 0, table * np.nan_to_num(slope), 0.0), axis=axes, keepdims=True)
    off = table < 1e-9
    kkt = float(np.min(np.where(off, map_.sign * (slope - mean), 0.0)))
    settled = residual < 1e-8 and kkt > -1e-6
    if residual > UNSETTLED:
        reason = (
            f"the fixed-point iteration does not settle: where it stopped, the condition holds within {residual:.1e}"
        )
        return unfinished(work, "condition", reason, started)
    if kkt < -BETTER:
        reason = (
            f"the map ends at {to_text(over)} = {rounded(table)}, which is no optimum: mass at a value that has none "
            f"there would improve the functional, at the rate {-kkt:.3g}"
        )
        return unfinished(work, "condition", reason, started)
    minimum: Literal["global", "stationary"] = "global" if shape.convex and settled else "stationary"
    unique = True if minimum == "global" and shape.injective(scene, table) else None
    text = fixed_point_text(work)
    told = f"{to_text(over)} = {rounded(table)}"
    steps = _steps(work, text, told, value, residual, settled, _mass(table, len(over.of)), shape)
    return Derivation(
        problem=work.problem,
        status="fixed-point",
        optima={},
        unnormalised=None,
        value=as_expression(round(value, 15)),
        minimum=minimum,
        unique=unique,
        multipliers={one.multiplier.name: as_expression(multiplier) for one in work.restraints},
        condition=condition_text(work),
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        scene=scene,
        table=nested(table),
        fixed_point=text,
    )


def _steps(
    work: Worked, text: str, told: str, value: float, residual: float, settled: bool, mass: float, shape: Shape
) -> tuple[Step, ...]:
    """The steps from the problem to its fixed point."""
    name = to_text(work.problem.density)
    return (
        *opening(work),
        Step(
            "read the condition as a fixed-point map",
            condition_text(work),
            text,
            ("the value of the multiplier is absorbed in C, one for each value of what is given",),
        ),
        Step(
            "iterate the map",
            text,
            told,
            (),
            (
                Check("kkt", settled, f"the condition holds within {residual:.1e} where {name} > 0"),
                Check("quadrature", abs(mass - 1) < 1e-12, "the sums over the finite values are 1"),
            ),
        ),
        Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"),
        Step("look for convexity", to_text(work.problem.functional), shape.words),
    )


def fixed_point_text(work: Worked) -> str:
    """The map in the plain notation."""
    over = work.problem.density
    atom = Density(over.letter, frozenset(over.of), frozenset(over.given))
    weight = coefficient_of_log_term(work, atom)
    name = to_text(over)
    if weight is None:
        side = "" if work.problem.sense == "maximise" else "-"
        return f"{name} <- C*{name}*exp({side}({to_text(render(work.derivative))}))"
    logarithm = from_atom(Applied("log", from_atom(atom)))
    rest = [
        (p, c)
        for p, c in work.derivative.terms
        if not any(a == logarithm.terms[0][0].powers[0][0] for a, _ in p.powers)
    ]
    inside = to_text(render(type(work.derivative)(tuple(rest))))
    below = to_text(weight)
    return f"{name} <- C*exp(-({inside})/({below}))" if below != "1" else f"{name} <- C*exp(-({inside}))"


def _mass(table: Array, dimensions: int) -> float:
    return float(np.min(np.sum(table, axis=tuple(range(dimensions)))))
