"""A linear functional of a finite density under linear constraints: a linear program, with its dual as the proof."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
from scipy import optimize

from elbowroom.derivation.finite_map import FiniteMap, nested, rounded
from elbowroom.derivation.narrate import condition_text, opening, unfinished
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Array, MissingNumber, Scene
from elbowroom.derivation.pointwise import holds
from elbowroom.derivation.polynomial import Density
from elbowroom.derivation.render import render
from elbowroom.derivation.restraint import Restraint
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.worked import Worked
from elbowroom.errors import MissingRule
from elbowroom.functional.expression import as_expression
from elbowroom.functional.printing import to_text
from elbowroom.functional.support import Finite


@dataclasses.dataclass(frozen=True)
class Rows:
    """Constraints as rows of numbers: equations, and bounds from below."""

    equal: Array
    equal_to: Array
    least: Array
    least_of: Array


def solve_linear_program(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """The best density of a linear functional; None where it is not finite or a constraint is not linear."""
    over = work.problem.density
    unknown = Density(over.letter, frozenset(over.of), frozenset(over.given))
    if over.given or not work.restraints or not all(isinstance(v.support, Finite) for v in over.of):
        return None
    if any(holds(one.statistic, unknown) or not set(one.free) <= set(over.of) for one in work.restraints):
        return None
    sign = 1 if work.problem.sense == "minimise" else -1
    map_ = FiniteMap(work, scene, render(work.derivative), None, sign)
    try:
        cost = sign * np.broadcast_to(map_.on_grid(map_.derivative, scene), map_.shape).ravel()
        rows = _rows(work, map_, scene)
    except (MissingNumber, MissingRule):
        return None
    found = optimize.linprog(
        cost, A_ub=-rows.least if len(rows.least) else None, b_ub=-rows.least_of if len(rows.least) else None,
        A_eq=rows.equal, b_eq=rows.equal_to, bounds=(0, None), method="highs",
    )  # fmt: skip
    if found.status == 2:
        told = ", ".join(to_text(one.stated) for one in work.restraints)
        return unfinished(work, "refused", f"No density satisfies {told} (infeasible). Check the targets.", started)
    if not found.success:
        return None
    return _answer(work, map_, found, rows, cost, started)


def _rows(work: Worked, map_: FiniteMap, scene: Scene) -> Rows:
    equal, equal_to = [np.ones(int(np.prod(map_.shape)))], [1.0]
    least: list[Array] = []
    least_of: list[float] = []
    for one in work.restraints:
        statistic = np.broadcast_to(map_.on_grid(render(one.statistic), scene), map_.shape)
        targets = np.broadcast_to(map_.on_grid(one.target, scene), map_.shape)
        for chosen in _cells(one, map_):
            row, target = np.where(chosen, statistic, 0.0).ravel(), float(targets[chosen].flat[0])
            (least if one.is_inequality else equal).append(row)
            (least_of if one.is_inequality else equal_to).append(target)
    return Rows(np.array(equal), np.array(equal_to), np.array(least), np.array(least_of))


def _cells(one: Restraint, map_: FiniteMap) -> list[Array]:
    """For each value of what is free in a constraint, the cells of the table that it speaks of."""
    places = np.indices(map_.shape)
    axes = [map_.variables.index(variable) for variable in one.free]
    keys = np.stack([places[axis] for axis in axes], axis=-1) if axes else np.zeros((*map_.shape, 1), int)
    return [np.all(keys == key, axis=-1) for key in np.unique(keys.reshape(-1, keys.shape[-1]), axis=0)]


def _answer(work: Worked, map_: FiniteMap, found, rows: Rows, cost: Array, started: float) -> Derivation:
    table = np.asarray(found.x).reshape(map_.shape)
    at = map_.at(table)
    value = number(work.expanded, at)
    reduced = cost - rows.equal.T @ found.eqlin.marginals
    bound = float(rows.equal_to @ found.eqlin.marginals)
    if len(rows.least):
        reduced = reduced + rows.least.T @ found.ineqlin.marginals
        bound -= float(rows.least_of @ found.ineqlin.marginals)
    worst, apart = float(np.min(reduced)), abs(bound - float(cost @ found.x))
    off = float(np.max(np.abs(rows.equal @ found.x - rows.equal_to)))
    name = to_text(work.problem.density)
    steps = (
        *opening(work),
        Step(
            "see that functional and constraints are linear: a linear program",
            to_text(map_.derivative),
            f"{name} = {rounded(table)}",
            ("solved by the dual simplex method",),
            (
                Check(
                    "kkt", worst > -1e-9 and apart < 1e-9, f"its dual is feasible and has the value within {apart:.1e}"
                ),
                Check("quadrature", off < 1e-9, f"the constraints hold within {off:.1e}"),
            ),
        ),
        Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"),
    )
    return dataclasses.replace(
        unfinished(work, "condition", "", started),
        status="solved",
        value=as_expression(round(value, 15)),
        minimum="global",
        unique=None,
        condition=condition_text(work),
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        table=nested(table),
        scene=at,
    )
