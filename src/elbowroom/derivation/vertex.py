"""Linear and concave functionals of a finite density: the optimum is a vertex of the simplex, all mass on one value."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from elbowroom.derivation.finite_map import FiniteMap, nested, rounded
from elbowroom.derivation.narrate import condition_text, opening, unfinished
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import MissingNumber, Scene
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.worked import Worked
from elbowroom.errors import MissingRule
from elbowroom.functional.expression import as_expression
from elbowroom.functional.printing import to_text
from elbowroom.functional.support import Finite


def solve_vertex(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """All mass on the values where the derivative is best; None where the density is not finite or is constrained."""
    over = work.problem.density
    if (
        work.restraints
        or not work.derivative
        or not all(isinstance(v.support, Finite) for v in (*over.of, *over.given))
    ):
        return None
    sign = 1 if work.problem.sense == "minimise" else -1
    slope = render(work.derivative)
    map_ = FiniteMap(work, scene, slope, None, sign)
    try:
        level = sign * map_.on_grid(slope, scene)
    except (MissingNumber, MissingRule):
        return None
    if not np.all(np.isfinite(level)):
        return None
    axes = tuple(range(len(over.of)))
    best = level == np.min(level, axis=axes, keepdims=True)
    table = best / np.sum(best, axis=axes, keepdims=True)
    unique = bool(np.all(np.sum(best, axis=axes) == 1))
    at = map_.at(table)
    kkt = float(np.min(level - np.max(np.where(table > 0, level, -np.inf), axis=axes, keepdims=True)))
    value = number(work.expanded, at)
    name = to_text(over)
    seen = "the derivative is least" if sign == 1 else "the derivative is largest"
    shared = "" if unique else "; any other share among equal values is as good"
    steps = (
        *opening(work),
        Step(
            "see that the functional is linear, so that a vertex of the simplex is best",
            to_text(slope),
            f"{name} = {rounded(table)}",
            (f"all mass where {seen}{shared}",),
            (
                Check("kkt", kkt >= 0.0, f"the derivative is nowhere better than where the mass is, by {kkt:.1e}"),
                Check(
                    "quadrature", bool(np.allclose(table.sum(axis=axes), 1.0)), "the sums over the finite values are 1"
                ),
            ),
        ),
        Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"),
    )
    return dataclasses.replace(
        unfinished(work, "condition", "", started),
        status="solved",
        value=as_expression(round(value, 15)),
        minimum="global",
        unique=unique,
        condition=condition_text(work),
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        table=nested(table),
        scene=at,
    )


def solve_concave(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """The best vertex, where the second variation has the wrong sign for every direction; None where q is not finite.

    A functional that is concave, in a minimisation, is nowhere less inside the simplex than at its vertices.
    """
    over = work.problem.density
    if work.restraints or over.given or not all(isinstance(v.support, Finite) for v in over.of):
        return None
    sign = 1 if work.problem.sense == "minimise" else -1
    map_ = FiniteMap(work, scene, render(work.derivative), None, sign)
    size = int(np.prod(map_.shape))
    vertices = np.eye(size).reshape(size, *map_.shape)
    try:
        with np.errstate(all="ignore"):
            values = np.array([number(work.expanded, map_.at(vertex)) for vertex in vertices])
    except (MissingNumber, MissingRule):
        return None
    if not np.all(np.isfinite(values)):
        return None
    best = int(np.argmin(sign * values))
    even = np.isclose(values, values[best], rtol=1e-12, atol=1e-14)
    name, value = to_text(over), float(values[best])
    bent = "concave" if sign == 1 else "convex"
    steps = (
        *opening(work),
        Step(
            "take the second variation",
            to_text(work.problem.functional),
            f"of the wrong sign for every direction: {bent}, so that a stationary point inside is no optimum",
        ),
        Step(
            "compare the vertices of the simplex",
            ", ".join(f"{one:.9g}" for one in values),
            f"{name} = {rounded(vertices[best])}",
            (f"a {bent} functional has its {'least' if sign == 1 else 'largest'} value at a vertex",),
            (Check("instances", _no_better(map_, work, value, sign), "none of a hundred random densities is better"),),
        ),
        Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"),
    )
    return dataclasses.replace(
        unfinished(work, "condition", "", started),
        status="solved",
        value=as_expression(round(value, 15)),
        minimum="global",
        unique=bool(even.sum() == 1),
        condition=condition_text(work),
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        table=nested(vertices[best]),
        scene=map_.at(vertices[best]),
    )


def _no_better(map_: FiniteMap, work: Worked, value: float, sign: int) -> bool:
    """Whether random densities, most of them near a face, are no better than the best vertex."""
    generator = np.random.default_rng(20261125)
    tables = generator.dirichlet(np.full(int(np.prod(map_.shape)), 0.3), 100).reshape(100, *map_.shape)
    found = np.array([number(work.expanded, map_.at(np.maximum(table, 1e-300))) for table in tables])
    return bool(np.all(sign * found > sign * value - 1e-9))
