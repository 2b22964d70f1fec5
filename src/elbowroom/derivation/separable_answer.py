"""The answer for a separable functional: the optimum with its value, its family, and the steps that led to it."""

from __future__ import annotations

import dataclasses
import time
from typing import Literal

import numpy as np

from elbowroom.derivation.inversion import Inverse
from elbowroom.derivation.kernel import Recognised
from elbowroom.derivation.narrate import condition_text, opening
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.kinks import edges
from elbowroom.derivation.numeric.quadrature import Mesh
from elbowroom.derivation.numeric.scene import Scene, key_of
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.valuation import mass_check, recognised_family
from elbowroom.derivation.worked import Worked
from elbowroom.functional.expression import Expression, Multiplier, as_expression
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.substitute import substitute
from elbowroom.functional.support import Finite


@dataclasses.dataclass(frozen=True)
class Solved:
    """The multipliers, the density they give, and the mesh on which the constraints hold."""

    multipliers: dict[str, float]
    density: Expression
    mesh: Mesh
    residual: float


def with_multipliers(expression: Expression, named: dict[str, float]) -> Expression:
    """`expression` with each multiplier replaced by its value."""
    pairs: dict[Expression, Expression] = {
        Multiplier(name): as_expression(float(value)) for name, value in named.items()
    }
    return substitute(expression, pairs)


def separable_answer(
    work: Worked, scene: Scene, inverse: Inverse, found: Solved, curvature: int | None, started: float
) -> Derivation:
    """The optimum with its value, its family, its claims and its steps."""
    over = work.problem.density
    name = to_text(over)
    (variable,) = over.of
    at_optimum = scene.with_(densities={key_of(over): (over, found.density)})
    role = over.of[0].role
    clipped = (
        edges(lambda z: values(over, at_optimum, {over.of[0].name: z}), found.mesh.nodes) if inverse.clipped else []
    )
    points = {**scene.points, role: (*scene.points.get(role, ()), *clipped, *_split_points(found.mesh))}
    at_optimum = dataclasses.replace(at_optimum, points=points)
    value = number(work.expanded, at_optimum)
    family = None if inverse.clipped else recognised_family(found.density, over, scene)
    named = family.density(over.of[0]) if family else None
    density = found.density if named is None else named
    minimum: Literal["global", "stationary"] = "global" if curvature is not None else "stationary"
    return Derivation(
        problem=work.problem,
        status="solved",
        optima={} if isinstance(variable.support, Finite) else {name: density},
        table=_table(at_optimum, over),
        unnormalised=inverse.density,
        value=as_expression(round(value, 15)),
        minimum=minimum,
        unique=True if minimum == "global" else None,
        multipliers={key: as_expression(float(size)) for key, size in found.multipliers.items()},
        condition=condition_text(work),
        steps=(*opening(work), *_steps(work, at_optimum, inverse, found, family, value, curvature)),
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        family={name: family} if family else {},
        scene=at_optimum,
    )


def _table(scene: Scene, over: DensityValue) -> tuple[float, ...] | None:
    """The values of a finite density."""
    (variable,) = over.of
    if not isinstance(variable.support, Finite):
        return None
    return tuple(map(float, values(over, scene, {variable.name: np.arange(variable.support.size, dtype=float)})))


def _split_points(mesh: Mesh) -> tuple[float, ...]:
    """Where the mesh is finest: the places at which later quadratures should split."""
    nodes = np.sort(mesh.nodes)
    return tuple(float(node) for node in nodes[:: max(1, len(nodes) // 24)])


def _steps(
    work: Worked,
    scene: Scene,
    inverse: Inverse,
    found: Solved,
    family: Recognised | None,
    value: float,
    curvature: int | None,
) -> tuple[Step, ...]:
    over = work.problem.density
    name = to_text(over)
    told = ", ".join(f"{key} = {size:.12g}" for key, size in found.multipliers.items())
    constraints = Check(
        "quadrature",
        found.residual < 1e-8,
        f"every constraint holds within {found.residual:.1e} on {len(found.mesh.nodes)} nodes",
    )
    steps = [
        Step(
            f"solve for {name} at each point",
            condition_text(work),
            f"{name} = {to_text(inverse.density)}",
            (inverse.how,),
            (stationarity_check(work, scene, found),),
        ),
        Step(
            "find the multipliers from the constraints",
            ", ".join([f"{to_text(work.mass)} = 1", *(to_text(one.stated) for one in work.restraints)]),
            told,
            (),
            (constraints, mass_check(scene, over)),
        ),
    ]
    if family is not None:
        steps.append(Step("recognise the family", to_text(inverse.density), family.text()))
    steps.append(Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"))
    side = "positive" if work.problem.sense == "minimise" else "negative"
    shown = f"{side} for every direction: the functional is strictly {'convex' if side == 'positive' else 'concave'}"
    steps.append(
        Step(
            "take the second variation",
            "the slope of the pointwise condition in q, times eta**2",
            shown if curvature is not None else "of no evident sign",
            ("the constraints are linear, so the set of densities is convex",),
        )
    )
    return tuple(steps)


def stationarity_check(work: Worked, scene: Scene, found: Solved) -> Check:
    """The condition at the optimum on the mesh: zero where q > 0, of one sign where q was clipped."""
    over = work.problem.density
    (variable,) = over.of
    at = {variable.name: found.mesh.nodes}
    condition = with_multipliers(work.condition().left, found.multipliers)
    density = np.broadcast_to(values(over, scene, at), found.mesh.nodes.shape)
    residual = np.broadcast_to(values(condition, scene, at), found.mesh.nodes.shape)
    positive = density > 1e-200
    weights = np.where(positive, np.nan_to_num(found.mesh.weights) * np.where(positive, density, 0.0), 0.0)
    residual = np.where(positive & np.isfinite(residual), residual, 0.0)
    size = float(np.sqrt(np.sum(weights * residual**2) / np.sum(weights)))
    return Check("kkt", size < 1e-7, f"the q-weighted root mean square of the condition is {size:.1e}")
