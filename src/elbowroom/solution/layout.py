"""Where each unknown of a problem stands in the vector of all unknown numbers."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping

import numpy as np

from elbowroom.functional.expression import Function
from elbowroom.functional.law import DensityValue
from elbowroom.functional.support import Positive
from elbowroom.solution.axis import Axis
from elbowroom.solution.blocks import Block, CurveBlock, NumberBlock, SlackBlock, SmoothBlock, TableBlock
from elbowroom.solution.graph import is_affine
from elbowroom.solution.scene import Scene
from elbowroom.solution.spline import Spline
from elbowroom.solution.statement import Constraint, Statement
from elbowroom.solution.tabulate import tabulate

Array = np.ndarray


def scene_of(
    statement: Statement,
    axes: Mapping[str, Axis],
    splines: Mapping[Hashable, Spline],
    alive: Mapping[Hashable, Array],
    slacks: Mapping[Hashable, tuple[int, ...]],
) -> tuple[Scene, int]:
    """The scene of a problem on `axes`, and how many unknown numbers there are, those of `slacks` the last."""
    blocks, size = _blocks(statement, axes, splines, alive, slacks)
    dimensions = {name: place for place, name in enumerate(statement.names)}
    return Scene(setting=statement.setting, dimensions=dimensions, axes=axes, blocks=blocks), size


def curved_inequalities(statement: Statement, scene: Scene) -> dict[Hashable, tuple[int, ...]]:
    """The inequalities that are not affine in the unknowns, with the shape of their two sides."""
    found: dict[Hashable, tuple[int, ...]] = {}
    for constraint in statement.constraints:
        if not constraint.is_equation and not is_floor(constraint, scene):
            node = tabulate(constraint.left - constraint.right, scene)
            if not is_affine(node):
                found[slack_key(constraint)] = node.shape
    return found


def slack_key(constraint: Constraint) -> Hashable:
    """How the slack of a curved inequality is known in a scene."""
    return ("slack", id(constraint))


def _blocks(
    statement: Statement,
    axes: Mapping[str, Axis],
    splines: Mapping[Hashable, Spline],
    alive: Mapping[Hashable, Array],
    slacks: Mapping[Hashable, tuple[int, ...]],
) -> tuple[dict[Hashable, Block], int]:
    sizes: list[int] = []
    masks: dict[Hashable, Array] = {}
    for unknown in statement.problem.over:
        key = key_of(unknown)
        if key in splines:
            sizes.append(splines[key].count)
        elif isinstance(unknown, DensityValue):
            everywhere = np.ones([axes[variable.role].size for variable in (*unknown.of, *unknown.given)], bool)
            masks[key] = alive.get(key, everywhere)
            sizes.append(int(masks[key].sum()))
        else:
            sizes.append(1)
    total = sum(sizes) + sum(math.prod(shape) for shape in slacks.values())
    blocks: dict[Hashable, Block] = {}
    start = 0
    for unknown, size in zip(statement.problem.over, sizes, strict=True):
        key = key_of(unknown)
        if isinstance(unknown, DensityValue) and key in splines:
            blocks[key] = SmoothBlock(unknown, unknown.of[0].role, splines[key], start, total)
        elif isinstance(unknown, DensityValue):
            blocks[key] = TableBlock(unknown, masks[key], start, total)
        elif key in splines:
            role = unknown.arguments[0].role  # pyright: ignore
            blocks[key] = CurveBlock(unknown, role, splines[key], start, total, statement.floor(unknown))  # pyright: ignore
        else:
            blocks[key] = NumberBlock(unknown.name, isinstance(unknown.support, Positive), start, total)  # pyright: ignore
        start += size
    texts = {slack_key(constraint): constraint.text for constraint in statement.constraints}
    for key, shape in slacks.items():
        blocks[key] = SlackBlock(texts[key], shape, start, total)
        start += math.prod(shape)
    return blocks, total


def key_of(unknown: object) -> Hashable:
    """How an unknown is known in a scene."""
    if isinstance(unknown, DensityValue):
        return unknown
    arguments = getattr(unknown, "arguments", None)
    return unknown.name if arguments is None else (unknown.name, len(arguments))  # pyright: ignore


def is_floor(constraint: Constraint, scene: Scene) -> bool:
    """Whether a bound holds by itself, the function being a square above it."""
    block = scene.blocks.get(key_of(constraint.left)) if isinstance(constraint.left, Function) else None
    return not constraint.is_equation and isinstance(block, CurveBlock) and block.floor is not None
