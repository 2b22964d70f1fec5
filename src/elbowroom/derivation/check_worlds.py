"""Two expressions compared on finite worlds, as an identity."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Mapping
from functools import reduce

import numpy as np

from elbowroom.derivation.check_verdict import Counterexample
from elbowroom.derivation.random_world import random_worlds
from elbowroom.derivation.world import Numbers, World, aligned, tabulate
from elbowroom.errors import MissingRule
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression, Multiplier, Parameter
from elbowroom.functional.law import Variable
from elbowroom.functional.traverse import walk

BATCHES = (2, 10, 14, 14)
"""How many worlds are evaluated together: few at first, since most false statements are seen at once."""

BATCHES_BESIDE_PROOF = (12,)
WORLDS = sum(BATCHES)
SAME = 1e-10
DIFFERENT = 1e-7
ROUNDING = 1e-12
"""A difference is believed where it is larger than this share of the largest number added up."""


@dataclasses.dataclass(frozen=True)
class Agreement:
    """What was seen where nothing refuted a statement; `doubtful` counts differences that rounding does not explain."""

    instances: int
    max_error: float | None
    doubtful: int
    trouble: str


def compare(
    left: Expression, right: Expression, batches: tuple[int, ...], positive: Collection[str] = ()
) -> Counterexample | Agreement:
    """Whether two expressions are equal in random finite worlds: the first in which they differ, or what was seen."""
    by_name = roles(left, right)
    agreed = doubtful = 0
    largest: float | None = None
    trouble = "no finite world gave both sides a finite value"
    try:
        for world, (one, other), names in tables(left, right, batches, positive):
            with np.errstate(invalid="ignore"):
                errors = np.abs(one - other) / np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
            flat = errors.reshape(errors.shape[0], -1)
            usable = np.isfinite(flat).all(axis=1)
            worst = np.where(usable, np.nan_to_num(flat).max(axis=1), 0.0)
            if (worst > DIFFERENT).any():
                number = int(np.argmax(worst > DIFFERENT))
                return counterexample(world, number, names, by_name, one, other, flat[number])
            if usable.any():
                largest = max(largest or 0.0, float(worst.max()))
            between = worst > SAME
            doubtful += int(between.sum())
            agreed += int((usable & ~between).sum())
            if between.any():
                size = f"{worst.max():.1e}"
                trouble = f"a difference of {size} in a finite world is too large for rounding and too small to count"
    except MissingRule as missing:
        return Agreement(agreed, largest, doubtful, str(missing))
    return Agreement(agreed, largest, doubtful, trouble)


def tables(
    left: Expression, right: Expression, batches: tuple[int, ...], positive: Collection[str]
) -> Iterator[tuple[World, tuple[Numbers, Numbers], tuple[str, ...]]]:
    """Batches of random worlds, the values of both sides there, and the variables that these depend on."""
    sides = expand(left), expand(right)
    first = 0
    for count in batches:
        world = random_worlds(sides, first, count, positive)
        first += count
        values, names = both(sides, world)
        yield world, values, names


def both(sides: tuple[Expression, Expression], world: World) -> tuple[tuple[Numbers, Numbers], tuple[str, ...]]:
    """The values of expanded sides in each world and for each value of the variables named.

    They are `nan` where the sides differ by no more than rounding can make of what was added up on the way to them.
    """
    world.summed.clear()
    found, names = aligned([tabulate(side, world) for side in sides])
    one, other = np.broadcast_arrays(*found)
    count = len(world.phases)
    if one.shape[0] != count:
        one, other = (np.broadcast_to(table, (count, *table.shape[1:])) for table in (one, other))
    if world.summed:
        largest = reduce(np.maximum, world.summed).reshape(-1, *(1 for _ in names))
        apart = np.abs(one - other)
        lost = (apart > SAME * np.maximum(1.0, np.abs(one))) & (apart <= ROUNDING * largest)
        if np.any(lost):
            one = np.where(lost, np.nan, one)
    return (one, other), names


def counterexample(
    worlds: World,
    number: int,
    names: tuple[str, ...],
    roles: Mapping[str, str],
    one: Numbers,
    other: Numbers,
    badness: Numbers,
) -> Counterexample:
    """The world of that number, at the values of the free variables where it is worst."""
    place = np.unravel_index(int(np.argmax(badness)), one.shape[1:]) if names else ()
    at = {name: float(worlds.values[roles[name]][int(index)]) for name, index in zip(names, place, strict=True)}
    left, right = (float(table[(number, *place)]) for table in (one, other))
    return Counterexample(worlds.one(number), at, left, right)


def parameters_of(*sides: Expression) -> frozenset[str]:
    """The names of the numbers in the sides."""
    return frozenset(node.name for side in sides for node in walk(side) if isinstance(node, Parameter | Multiplier))


def has_negative_parameter(found: Counterexample) -> bool:
    """Whether a parameter is negative in a counterexample."""
    return any(math.copysign(1.0, float(numbers[0])) < 0 for numbers in found.world.parameters.values())


def roles(*sides: Expression) -> dict[str, str]:
    """The role of every variable by its name."""
    return {node.name: node.role for side in sides for node in walk(side) if isinstance(node, Variable)}
