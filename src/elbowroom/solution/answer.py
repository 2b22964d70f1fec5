"""The answer of a search, as it is shown: values, multipliers, constraints and residuals."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from elbowroom.errors import InputError
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.solution.attempt import Attempt
from elbowroom.solution.blocks import TableBlock
from elbowroom.solution.graph import Known
from elbowroom.solution.layout import key_of
from elbowroom.solution.refinement import conditioning, magnitude, missed_at_ends, profile
from elbowroom.solution.solution import Box, ConstraintValue, Solution
from elbowroom.solution.stages import Search
from elbowroom.solution.stationarity import stationarity
from elbowroom.solution.tabulate import tabulate
from elbowroom.solution.verdict import verdict

Array = np.ndarray

_ROUNDING = 2e-14
"""Relative to the largest sum; 90 units in the last place."""

_STEEP = 3.0
"""What is missed at a pole is estimated from the panels beside it, and rounding blurs the last of them."""


def answer(found: Search) -> Solution:
    """What a search found; how long it took is filled in by the caller."""
    status, sentence = verdict(found)
    last = found.fine
    gap = float(last.point.slacks @ last.point.bound_multipliers) + max(last.point.decrement, 0.0)
    value = last.value if status != "infeasible" else math.nan
    if status == "unbounded":
        value = -found.statement.sign * math.inf
    boxes = _boxes(found)
    unknowns = found.statement.problem.over
    return Solution(
        problem=found.statement.problem,
        status=status,
        sentence=sentence,
        value=value,
        error=_error(found, gap, boxes),
        multipliers=_multipliers(last),
        constraints=tuple(_constraints(last)),
        stationarity_residual=stationarity(last),
        kkt_gap=gap,
        grid=_grid(found),
        density={to_text(unknown): last.table(key_of(unknown)) for unknown in unknowns},
        boxes=boxes,
        is_convex=not found.has_several and not last.point.shifted and last.discretised.is_convexly_constrained,
        seconds=math.nan,
        importance=dict(_importance(last)),
    )


def _error(found: Search, gap: float, boxes: dict[str, Box]) -> float:
    """What two resolutions, optimality, constraints met only nearly, the box and rounding leave open, together."""
    last = found.fine
    residuals = np.concatenate(
        [np.zeros(0), *(last.evaluation.values[held.node].ravel() for held in last.discretised.conditions)]
    )
    violation = float(np.abs(last.point.multipliers) @ np.abs(residuals))
    size = magnitude(last)
    outside = sum(box.outside for box in boxes.values())
    meshes = {role: mesh for role, mesh in found.meshes.items() if mesh.is_continuous}
    far = max((conditioning(mesh, profile(last, role)) for role, mesh in meshes.items()), default=0.0)
    missed = sum(missed_at_ends(mesh, profile(last, role)) for role, mesh in meshes.items())
    coverage = last.discretised.coverage
    missed += coverage.worst(last.point.x) if coverage is not None and np.isfinite(size) else 0.0
    return (
        found.resolution_error
        + gap
        + violation
        + outside * size
        + _STEEP * missed * (1 + size)
        + _ROUNDING * (1 + size)
        + float(np.finfo(float).eps) * size * far
    )


def _grid(found: Search) -> dict[str, Array]:
    roles: list[str] = []
    for unknown in found.statement.problem.over:
        if isinstance(unknown, DensityValue):
            roles.extend(variable.role for variable in (*unknown.of, *unknown.given))
        else:
            roles.extend(argument.role for argument in getattr(unknown, "arguments", ()))
    return {role: found.fine.discretised.axes[role].nodes for role in dict.fromkeys(roles)}


def _importance(last: Attempt) -> Iterator[tuple[str, Array]]:
    """For each conditional density the law of what is given, at the nodes of all its variables, largest value one."""
    scene = last.discretised.scene
    for block in last.discretised.blocks.values():
        if isinstance(block, TableBlock) and block.density.given:
            weight = np.ones(block.shape)
            for place, variable in enumerate(block.density.given, start=len(block.density.of)):
                try:
                    law = tabulate(DensityValue(block.density.letter, (variable,)), scene)
                except InputError:
                    continue
                if isinstance(law, Known) and law.size == block.shape[place]:
                    shape = [1] * weight.ndim
                    shape[place] = -1
                    weight = weight * (law.array.ravel() / law.array.max()).reshape(shape)
            yield to_text(block.density), weight


def _boxes(found: Search) -> dict[str, Box]:
    boxes: dict[str, Box] = {}
    for role, mesh in found.meshes.items():
        if any(mesh.open_ends):
            outside = sum(
                share
                for share, is_open in zip(profile(found.fine, role).escape, mesh.open_ends, strict=True)
                if is_open
            )
            boxes[role] = Box(*mesh.box, outside)
    return boxes


def _multipliers(last: Attempt) -> dict[str, float | list[float]]:
    """λ of L = J + Σ λ (left - right), in the sense of the problem as stated; a density per node where it has many."""
    sign = last.discretised.statement.sign
    found: dict[str, float | list[float]] = {}
    start = 0
    for condition in last.discretised.conditions:
        part = sign * last.point.multipliers[start : start + condition.node.size]
        start += condition.node.size
        if condition.node.size == 1:
            found[condition.text] = float(part[0])
        else:
            found[condition.text] = (part / _node_weights(last, condition.node.shape)).tolist()
    return found


def _node_weights(last: Attempt, shape: tuple[int, ...]) -> Array:
    """The weights of the nodes over which a constraint is spread."""
    names = list(last.discretised.scene.dimensions)
    weights = np.ones(())
    for place, length in enumerate(shape):
        if length > 1 and place < len(names):
            axis = last.discretised.axes[last.discretised.statement.names[names[place]]]
            weights = weights[..., None] * axis.weights
        else:
            weights = weights[..., None]
    return weights.ravel()


def _constraints(last: Attempt) -> Iterator[ConstraintValue]:
    here = last.evaluation
    for condition in last.discretised.conditions:
        residual = here.values[condition.node].ravel()
        worst = float(residual[int(np.abs(residual).argmax())])
        target = last.discretised.targets.get(condition.text, 1.0 if condition.implied else 0.0)
        yield ConstraintValue(condition.text, target + worst, target)
