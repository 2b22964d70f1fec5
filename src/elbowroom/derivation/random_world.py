"""Finite worlds drawn at random for expressions: simple ones first, so that a refutation can be followed by hand."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from elbowroom.derivation.world import Numbers, World
from elbowroom.errors import MissingRule
from elbowroom.functional.expression import Expression, Multiplier, Parameter
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.support import Circle, Finite, Interval, Positive, Support
from elbowroom.functional.traverse import walk

SIMPLE_WORLDS = 12
"""The first worlds have two values for each variable and probabilities that are whole tenths or hundredths."""

LARGEST_TABLE = 729
_SAME_SHAPE = 14
_LARGEST_LAW = 5000


def random_world(expressions: tuple[Expression, ...], index: int) -> World:
    """The world with this number for what occurs in `expressions`; the same each time it is asked for."""
    return random_worlds(expressions, index, 1)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What the worlds of a search may have that the simple ones have not.

    `measure` multiplies the measure of every value of a variable whose support has no end; `size` is the number of
    values of every variable that is not finite, two or three where it is None.
    """

    measure: float = 1.0
    size: int | None = None


PLAIN = Shape()


def random_worlds(
    expressions: Sequence[Expression], first: int, count: int, positive: Collection[str] = (), shape: Shape = PLAIN
) -> World:
    """Several worlds of the shape of the first of them, from that number on.

    Parameters are positive in the simple worlds, and those named `positive` in all of them; elsewhere they have
    either sign. The measure of all values of an interval or of the circle is its length.
    """
    nodes = list(dict.fromkeys(node for expression in expressions for node in walk(expression)))
    supports = {node.role: node.support for node in nodes if isinstance(node, Variable)}
    letters: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, DensityValue):
            letters.setdefault(node.letter, set()).update(v.role for v in (*node.of, *node.given))
    names = sorted({node.name for node in nodes if isinstance(node, Parameter | Multiplier)})
    sizes = _sizes(supports, letters, first, shape.size)
    generators = [random.Random(f"elbowroom world {index}") for index in range(first, first + count)]
    simple = [index < SIMPLE_WORLDS for index in range(first, first + count)]
    weights = {role: _weights(support, sizes[role], role, first, shape.measure) for role, support in supports.items()}
    joints: dict[str, tuple[tuple[str, ...], Numbers]] = {}
    for letter, own in sorted(letters.items()):
        roles = tuple(sorted(own))
        lengths = tuple(sizes[role] for role in roles)
        if math.prod(lengths) > max(_LARGEST_LAW, (shape.size or 0) ** 2):
            raise MissingRule(f"the law {letter} has too many variables for a table in a finite world")
        tables = [_table(math.prod(lengths), *pair) for pair in zip(generators, simple, strict=True)]
        joints[letter] = (roles, np.array(tables).reshape(count, *lengths) / cell_measures(roles, weights))
    numbers = [
        [_number(generator, easy, name in positive) for name in names]
        for generator, easy in zip(generators, simple, strict=True)
    ]
    parameters = {name: np.array([row[place] for row in numbers]) for place, name in enumerate(names)}
    phases = np.array([0.0 if easy else g.uniform(0.0, 6.0) for g, easy in zip(generators, simple, strict=True)])
    values = {role: _values(support, sizes[role], first) for role, support in supports.items()}
    return World(values, weights, joints, parameters, phases)


def _weights(support: Support, size: int, role: str, first: int, measure: float) -> Numbers:
    """The measure of each value: one where the values are counted, and anything where they stand for a continuum."""
    if isinstance(support, Finite):
        return np.ones(size)
    if first < SIMPLE_WORLDS:
        found = np.ones(size)
    else:
        generator = random.Random(f"elbowroom weights {first // _SAME_SHAPE} {role}")
        found = np.array([generator.choice((0.25, 0.5, 1.0, 2.0)) for _ in range(size)])
    if isinstance(support, Interval | Circle):
        lower, upper = _ends(support)
        return found * (upper - lower) / found.sum()
    return measure * found


def _ends(support: Interval | Circle) -> tuple[float, float]:
    return (float(support.lower), float(support.upper)) if isinstance(support, Interval) else (-math.pi, math.pi)


def cell_measures(roles: tuple[str, ...], weights: Mapping[str, Numbers]) -> Numbers:
    """The measure of each combination of values of the roles."""
    measures = np.ones(())
    for role in roles:
        measures = measures[..., None] * weights[role]
    return measures


def _sizes(
    supports: Mapping[str, Support], letters: Mapping[str, set[str]], first: int, wanted: int | None
) -> dict[str, int]:
    generator = random.Random(f"elbowroom sizes {first // _SAME_SHAPE}")
    sizes = {
        role: support.size
        if isinstance(support, Finite)
        else wanted
        if wanted is not None
        else 2
        if first < SIMPLE_WORLDS
        else generator.choice((2, 2, 3))
        for role, support in sorted(supports.items())
    }
    for roles in letters.values() if wanted is None else ():
        while math.prod(sizes[role] for role in roles) > LARGEST_TABLE:
            largest = max(roles, key=lambda role: sizes[role])
            if sizes[largest] <= 2:
                break
            sizes[largest] = max(2, sizes[largest] // 2)
    return sizes


def _values(support: Support, size: int, first: int) -> Numbers:
    """What a variable is worth at each of its values: whole numbers in the simple worlds, and where they are all."""
    if isinstance(support, Finite):
        return np.arange(size, dtype=float)
    if isinstance(support, Interval | Circle):
        return np.linspace(*_ends(support), size + 2)[1:-1]
    whole = np.arange(size, dtype=float) + isinstance(support, Positive)
    if first < SIMPLE_WORLDS:
        return whole
    generator = random.Random(f"elbowroom values {first // _SAME_SHAPE} {support}")
    shifts = np.array([generator.uniform(0.0, 0.9) for _ in range(size)])
    return whole + shifts if isinstance(support, Positive) else 1.3 * (whole + shifts) - 1.7


def _table(cells: int, generator: random.Random, simple: bool) -> list[float]:
    if simple and cells <= 50:
        total = 10 if cells <= 5 else 100
        cuts = sorted(generator.sample(range(1, total), cells - 1))
        return [(b - a) / total for a, b in itertools.pairwise([0, *cuts, total])]
    if cells > _LARGEST_LAW:
        many = np.random.default_rng(generator.getrandbits(32)).exponential(size=cells) + 0.02
        return list(many / many.sum())
    weights = [generator.expovariate(1.0) + 0.02 for _ in range(cells)]
    whole = math.fsum(weights)
    return [weight / whole for weight in weights]


def _number(generator: random.Random, simple: bool, positive: bool) -> float:
    if simple:
        return generator.choice((2.0, 0.5, 3.0, 1.5))
    size = generator.uniform(0.3, 3.0)
    return size if positive or generator.random() < 0.5 else -size
