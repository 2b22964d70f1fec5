"""The answer for a product of densities: its steps, its value, and what is shown of it block by block."""

from __future__ import annotations

import dataclasses
import time
from typing import Literal

import numpy as np

from elbowroom.derivation.dependence import atoms_in
from elbowroom.derivation.kernel import Recognised
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.scene import Scene, key_of
from elbowroom.derivation.polynomial import Density, Polynomial, Symbol, from_atom
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.verification import equality_checks, taylor_check
from elbowroom.functional.expression import Equation, Exp, Expression, Multiplier, Sum, as_expression
from elbowroom.functional.functionals import KL
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.setting import Table
from elbowroom.functional.support import Finite, Positive


@dataclasses.dataclass(frozen=True)
class Block:
    """One factor: its density, its derivative and its logarithm up to a constant, as a form in the other factors."""

    over: DensityValue
    derivative: Polynomial
    first: Expression
    log_density: Polynomial
    weight: int


@dataclasses.dataclass(frozen=True)
class Fixed:
    """The fixed point: a scene that holds every factor, their families, the sweeps, and how far values still moved.

    `alone` says why there is no other fixed point, where that is known.
    """

    scene: Scene
    families: dict[str, Recognised]
    sweeps: int
    movement: float
    values: tuple[float, ...]
    alone: str | None = None


def stationarity(block: Block, index: int) -> Equation:
    """The condition of one block, with its own multiplier."""
    return Equation(Sum((render(block.derivative), Multiplier(f"lambda{index}"))), as_expression(0))


def mean_field_answer(
    problem: Problem,
    expanded: Expression,
    blocks: tuple[Block, ...],
    found: Fixed,
    condition: str,
    opening: tuple[Step, ...],
    started: float,
) -> Derivation:
    """The fixed point with its value, its steps and its claims."""
    value = number(expanded, found.scene)
    optima = {
        to_text(one.over): _shown(found.scene.densities[key_of(one.over)][1])  # pyright: ignore[reportIndexIssue]
        for one in blocks
    }
    quadratic = isinstance(problem.functional, KL) and _is_quadratic(blocks, found)
    claims = ["in each factor alone the functional is strictly convex: every update is the only minimum of its block"]
    minimum: Literal["global", "stationary"] = "stationary"
    if quadratic:
        minimum = "global"
        claims.append(
            "log p is quadratic and its matrix negative definite: the updates of the means are one regular linear "
            "system, so there is one stationary product, which is the minimum"
        )
    elif isinstance(problem.functional, KL) and found.alone is not None:
        minimum = "global"
        claims.append(found.alone)
    return Derivation(
        problem=problem,
        status="solved" if quadratic else "fixed-point",
        optima=optima,
        unnormalised=None,
        value=as_expression(round(value, 15)),
        minimum=minimum,
        unique=True if minimum == "global" else None,
        multipliers={},
        condition=condition,
        steps=(*opening, *_closing(blocks, found, optima, value, claims)),
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        family=found.families,
        scene=found.scene,
    )


def _closing(
    blocks: tuple[Block, ...], found: Fixed, optima: dict[str, Expression], value: float, claims: list[str]
) -> tuple[Step, ...]:
    """The steps from the updates to what is known of their fixed point."""
    residual, settled = _residual(blocks, found), found.movement < 1e-9
    return (
        Step(
            "iterate the updates",
            "; ".join(_map_text(one) for one in blocks),
            ", ".join(f"{name} = {to_text(density)}" for name, density in optima.items()),
            ("the functional cannot rise in an update, since each minimises it in its block",),
            (
                Check("kkt", residual < 1e-8, f"the conditions hold within {residual:.1e} at the fixed point"),
                Check("quadrature", settled, f"{found.sweeps} sweeps, last movement {found.movement:.1e}"),
            ),
        ),
        Step("evaluate the functional there", "J at this product", f"{value:.12g}"),
        Step("take the second variation in each block", "integral(eta_j**2/q_j)", "; ".join(claims)),
    )


def _residual(blocks: tuple[Block, ...], found: Fixed) -> float:
    """The largest spread, over places with mass, of a condition that should be constant there."""
    worst = 0.0
    for one in blocks:
        (variable,) = one.over.of
        if isinstance(variable.support, Finite):
            nodes = np.arange(variable.support.size, dtype=float)
        else:
            places = found.scene.points.get(variable.role, (0.3, 0.7))
            nodes = np.array(places[3:-3])
            if isinstance(variable.support, Positive):
                nodes = nodes[nodes > 0]
        level = values(render(one.derivative), found.scene, {variable.name: nodes})
        worst = max(worst, float(np.ptp(level)))
    return worst


def _is_quadratic(blocks: tuple[Block, ...], found: Fixed) -> bool:
    """Whether every factor is Normal and its update linear in first moments of the others, the whole system regular."""
    if len(found.families) != len(blocks) or any(f.name != "Normal" for f in found.families.values()):
        return False
    for one in blocks:
        form = NormalForm(marginals=False).of(found.scene.spelled_out(render(one.log_density)))
        own = from_atom(Symbol("variable", one.over.of[0].name, (one.over.of[0],)))
        for part, _ in form.terms:
            powers = dict(part.powers)
            mine = powers.get(own.terms[0][0].powers[0][0])
            moments = [a for a in powers if any(isinstance(b, Density) for b in atoms_in(from_atom(a)))]
            if mine is not None and mine.number == 2 and moments:
                return False
    return True


def _shown(density: Expression | Table) -> Expression:
    if isinstance(density, Table):
        return Sum(tuple(as_expression(float(value)) for value in density.values))  # pyright: ignore
    return density


def _map_text(block: Block) -> str:
    return f"{to_text(block.over)} = C*{to_text(Exp(render(block.log_density)))}"


def mean_field_opening(
    problem: Problem, expanded: Expression, blocks: tuple[Block, ...], conditions: list[Equation]
) -> tuple[Step, ...]:
    """The steps from the problem to the coordinate updates."""
    names = ", ".join(to_text(one.over) for one in blocks)
    simplified = render(NormalForm(marginals=False).of(expanded))
    functional = to_text(problem.functional)
    steps = [
        Step("state the problem", f"{problem.sense} J = {functional} over {names}", "each factor has total mass 1"),
        Step(
            "expand the functional",
            functional,
            to_text(simplified),
            (),
            equality_checks(problem.functional, simplified),
        ),
    ]
    for one, condition in zip(blocks, conditions, strict=True):
        steps.append(
            Step(
                f"vary {to_text(one.over)} with the other factors held fixed",
                f"d/d epsilon S[{to_text(one.over)} + epsilon*eta] at epsilon = 0",
                to_text(condition),
                ("eta is an arbitrary function, and the integrals may be differentiated under their sign",),
                (taylor_check(expanded, one.first, one.over),),
            )
        )
    maps = "; ".join(_map_text(one) for one in blocks)
    steps.append(Step("solve each condition for its factor", "; ".join(map(to_text, conditions)), maps))
    return tuple(steps)


def without_optimum(
    problem: Problem,
    status: Literal["condition", "refused"],
    reason: str,
    condition: str,
    steps: tuple[Step, ...],
    started: float,
) -> Derivation:
    """The answer without an optimum, and why."""
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
