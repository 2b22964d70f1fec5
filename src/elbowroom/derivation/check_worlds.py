"""Two expressions compared on finite worlds, as an identity or as an inequality."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Mapping

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
_ROUNDS = 12
_SEARCHED = 48
_KEPT = 6


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
    roles = _roles(left, right)
    agreed = doubtful = 0
    largest: float | None = None
    trouble = "no finite world gave both sides a finite value"
    try:
        for world, (one, other), names in _tables(left, right, batches, positive):
            with np.errstate(invalid="ignore"):
                errors = np.abs(one - other) / np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
            flat = errors.reshape(errors.shape[0], -1)
            usable = np.isfinite(flat).all(axis=1)
            worst = np.where(usable, np.nan_to_num(flat).max(axis=1), 0.0)
            if (worst > DIFFERENT).any():
                number = int(np.argmax(worst > DIFFERENT))
                return _counterexample(world, number, names, roles, one, other, flat[number])
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


def search(left: Expression, right: Expression, positive: Collection[str] = ()) -> Counterexample | Agreement:
    """Whether `left >= right` in random finite worlds and in worlds that come of moving towards a violation."""
    seen = 0
    roles = _roles(left, right)
    try:
        for world, (one, other), names in _tables(left, right, BATCHES, positive):
            slack = _slack(one, other)
            usable = np.isfinite(slack).all(axis=1)
            lowest = np.where(usable, slack.min(axis=1), np.inf)
            if (lowest < -DIFFERENT).any():
                number = int(np.argmax(lowest < -DIFFERENT))
                return _counterexample(world, number, names, roles, one, other, -slack[number])
            seen += int(usable.sum())
        return _descend(left, right, positive, seen)
    except MissingRule as missing:
        return Agreement(seen, None, 0, str(missing))


def _descend(left: Expression, right: Expression, positive: Collection[str], seen: int) -> Counterexample | Agreement:
    """Move the laws of the worlds where the sides are closest, towards a violation."""
    sides = expand(left), expand(right)
    roles = _roles(left, right)
    worlds = random_worlds(sides, WORLDS, _SEARCHED, positive)
    generator = np.random.default_rng(1)
    step = 2.0
    for _ in range(_ROUNDS):
        (one, other), names = _both(sides, worlds)
        slack = _slack(one, other)
        usable = np.isfinite(slack).all(axis=1)
        lowest = np.where(usable, slack.min(axis=1), np.inf)
        seen += int(usable.sum())
        if (lowest < -DIFFERENT).any():
            number = int(np.argmin(lowest))
            return _counterexample(worlds, number, names, roles, one, other, -slack[number])
        worlds = _moved(worlds, np.argsort(lowest)[:_KEPT], step, generator, positive)
        step *= 0.8
    return Agreement(seen, None, 0, "no finite world gave both sides a finite value")


def _moved(
    worlds: World, best: np.ndarray, step: float, generator: np.random.Generator, positive: Collection[str]
) -> World:
    """As many worlds again, around the best ones: their laws and parameters with noise."""
    chosen = np.resize(best, _SEARCHED)
    joints: dict[str, tuple[tuple[str, ...], Numbers]] = {}
    for letter, (roles, table) in worlds.joints.items():
        measures = np.ones(())
        for role in roles:
            measures = measures[..., None] * worlds.weights[role]
        moved = table[chosen] * np.exp(step * generator.standard_normal(table[chosen].shape))
        mass = (moved * measures).reshape(_SEARCHED, -1).sum(axis=1)
        joints[letter] = (roles, moved / mass.reshape(-1, *(1,) * (moved.ndim - 1)))
    parameters = {
        name: numbers[chosen] * np.exp(0.5 * step * generator.standard_normal(_SEARCHED))
        for name, numbers in worlds.parameters.items()
    }
    phases = worlds.phases[chosen] + step * generator.standard_normal(_SEARCHED)
    return World(worlds.values, worlds.weights, joints, parameters, phases)


def _slack(one: Numbers, other: Numbers) -> Numbers:
    """How far the left side is above the right one, relative to their size, for each world."""
    with np.errstate(invalid="ignore"):
        relative = (one - other) / np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
    return relative.reshape(relative.shape[0], -1)


def _tables(
    left: Expression, right: Expression, batches: tuple[int, ...], positive: Collection[str]
) -> Iterator[tuple[World, tuple[Numbers, Numbers], tuple[str, ...]]]:
    sides = expand(left), expand(right)
    first = 0
    for count in batches:
        world = random_worlds(sides, first, count, positive)
        first += count
        values, names = _both(sides, world)
        yield world, values, names


def _both(sides: tuple[Expression, Expression], world: World) -> tuple[tuple[Numbers, Numbers], tuple[str, ...]]:
    tables, names = aligned([tabulate(side, world) for side in sides])
    one, other = np.broadcast_arrays(*tables)
    count = len(world.phases)
    if one.shape[0] != count:
        one, other = (np.broadcast_to(table, (count, *table.shape[1:])) for table in (one, other))
    return (one, other), names


def _counterexample(
    worlds: World,
    number: int,
    names: tuple[str, ...],
    roles: Mapping[str, str],
    one: Numbers,
    other: Numbers,
    badness: Numbers,
) -> Counterexample:
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


def _roles(*sides: Expression) -> dict[str, str]:
    """The role of every variable by its name."""
    return {node.name: node.role for side in sides for node in walk(side) if isinstance(node, Variable)}
