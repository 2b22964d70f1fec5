"""Finite worlds drawn at random for an expression: simple ones first, so that a refutation can be followed by hand."""

from __future__ import annotations

import itertools
import math
import random

from elbowroom.derivation.world import World
from elbowroom.functional.expression import Expression, Multiplier, Parameter
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.support import Finite
from elbowroom.functional.traverse import walk

SIMPLE_WORLDS = 12
"""The first worlds have two values for each variable and probabilities that are whole tenths or hundredths."""

LARGEST_TABLE = 729


def random_world(expressions: tuple[Expression, ...], index: int) -> World:
    """The world with this number for what occurs in `expressions`; the same each time it is asked for."""
    generator = random.Random(f"elbowroom world {index}")  # seeded, so that every answer can be had again
    simple = index < SIMPLE_WORLDS
    nodes = [node for expression in expressions for node in walk(expression)]
    roles: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, Variable):
            fixed = node.support.size if isinstance(node.support, Finite) else None
            roles.setdefault(node.role, fixed or (2 if simple else generator.choice((2, 2, 3))))
    letters: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, DensityValue):
            own = {variable.role for variable in (*node.of, *node.given)}
            letters.setdefault(node.letter, set()).update(own)
    joints = {
        letter: (tuple(sorted(own)), _table(tuple(sorted(own)), roles, generator, simple))
        for letter, own in sorted(letters.items())
    }
    names = sorted({node.name for node in nodes if isinstance(node, Parameter | Multiplier)})
    parameters = {name: _number(generator, simple) for name in names}
    return World(roles, joints, parameters, {})


def _table(
    roles: tuple[str, ...], sizes: dict[str, int], generator: random.Random, simple: bool
) -> dict[tuple[int, ...], float]:
    while len(roles) and math.prod(sizes[role] for role in roles) > LARGEST_TABLE:
        largest = max(roles, key=lambda role: sizes[role])
        sizes[largest] = max(2, sizes[largest] // 2)
        if all(sizes[role] == 2 for role in roles):
            break
    points = list(itertools.product(*(range(sizes[role]) for role in roles)))
    if simple and len(points) <= 50:
        total = 10 if len(points) <= 5 else 100
        cuts = sorted(generator.sample(range(1, total), len(points) - 1))
        shares = [b - a for a, b in itertools.pairwise([0, *cuts, total])]
        return {point: share / total for point, share in zip(points, shares, strict=True)}
    weights = [generator.expovariate(1.0) + 0.02 for _ in points]
    whole = math.fsum(weights)
    return {point: weight / whole for point, weight in zip(points, weights, strict=True)}


def _number(generator: random.Random, simple: bool) -> float:
    return generator.choice((2.0, 0.5, 3.0, 1.5)) if simple else generator.uniform(0.3, 3.0)
