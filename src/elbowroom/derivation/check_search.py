"""An inequality on finite worlds: random ones, then worlds that are moved towards a violation.

A continuum can have any measure, and its laws can have any correlation: the search leaves from worlds of a small and of
a large measure, and from large ones in which one variable all but determines the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from elbowroom.derivation.check_verdict import Counterexample
from elbowroom.derivation.check_worlds import BATCHES, DIFFERENT, WORLDS, Agreement, both, counterexample, roles, tables
from elbowroom.derivation.random_world import Shape, cell_measures, random_worlds
from elbowroom.derivation.world import Numbers, World
from elbowroom.errors import MissingRule
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import Variable
from elbowroom.functional.support import Circle, Finite, Interval
from elbowroom.functional.traverse import walk

_ROUNDS = 12
_SEARCHED = 48
_KEPT = 6
_MEASURES = (1e-6, 1 / 64, 8.0, 512.0, 1e5)  # beyond, rounding of q(z) + 1 would count
_LARGE = ((8, 16), (64, 8), (512, 2))
"""Sizes of large worlds, and how many of each are looked at."""


def search(left: Expression, right: Expression, positive: Collection[str] = ()) -> Counterexample | Agreement:
    """Whether `left >= right` in random finite worlds and in worlds that come of moving towards a violation."""
    seen = 0
    trouble = "no finite world gave both sides a finite value"
    try:
        for world, (one, other), names in tables(left, right, BATCHES, positive):
            found, usable = _violated(world, one, other, names, left, right)
            if found is not None:
                return found
            seen += usable
        for shape in (Shape(), *_shapes(left, right)):
            found, more = _descend(left, right, positive, shape)
            if found is not None:
                return found
            seen += more
        for worlds in _determined(left, right, positive):
            (one, other), names = both((expand(left), expand(right)), worlds)
            found, usable = _violated(worlds, one, other, names, left, right)
            if found is not None:
                return found
            seen += usable
    except MissingRule as missing:
        trouble = str(missing)
    return Agreement(seen, None, 0, trouble)


def _violated(
    worlds: World, one: Numbers, other: Numbers, names: tuple[str, ...], left: Expression, right: Expression
) -> tuple[Counterexample | None, int]:
    """The world in which `one >= other` fails most clearly, if there is one, and in how many both have values."""
    lowest, slack = _lowest(one, other)
    if (lowest < -DIFFERENT).any():
        first = int(np.argmax(lowest < -DIFFERENT))
        return counterexample(worlds, first, names, roles(left, right), one, other, -slack[first]), 0
    return None, int(np.isfinite(lowest).sum())


def _lowest(one: Numbers, other: Numbers) -> tuple[Numbers, Numbers]:
    """How far the left side is above the right one, relative to their size: the least in each world, and all."""
    with np.errstate(invalid="ignore"):
        relative = (one - other) / np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
    slack = relative.reshape(relative.shape[0], -1)
    usable = np.isfinite(slack).all(axis=1)
    return np.where(usable, np.nan_to_num(slack).min(axis=1), np.inf), slack


def _shapes(left: Expression, right: Expression) -> list[Shape]:
    """Worlds of other measures, where a support has no end."""
    endless = any(not isinstance(one.support, Finite | Interval | Circle) for one in _variables(left, right))
    return [Shape(measure) for measure in _MEASURES] if endless else []


def _variables(*sides: Expression) -> set[Variable]:
    return {node for side in sides for node in walk(side) if isinstance(node, Variable)}


def _descend(
    left: Expression, right: Expression, positive: Collection[str], shape: Shape
) -> tuple[Counterexample | None, int]:
    """Move the laws of the worlds where the sides are closest, towards a violation."""
    sides = expand(left), expand(right)
    worlds = random_worlds(sides, WORLDS, _SEARCHED, positive, shape)
    generator = np.random.default_rng(1)
    step, seen, closest = 2.0, 0, np.inf
    for _ in range(_ROUNDS):
        (one, other), names = both(sides, worlds)
        found, usable = _violated(worlds, one, other, names, left, right)
        if found is not None:
            return found, seen
        seen += usable
        lowest = _lowest(one, other)[0]
        step *= 1.5 if lowest.min() < closest else 0.6
        closest = min(closest, float(lowest.min()))
        worlds = _moved(worlds, np.argsort(lowest)[:_KEPT], step, generator)
    return None, seen


def _moved(worlds: World, best: np.ndarray, step: float, generator: np.random.Generator) -> World:
    """As many worlds again, around the best ones: their laws and parameters with noise."""
    chosen = np.resize(best, _SEARCHED)
    joints: dict[str, tuple[tuple[str, ...], Numbers]] = {}
    for letter, (names, table) in worlds.joints.items():
        moved = table[chosen] * np.exp(step * generator.standard_normal(table[chosen].shape))
        joints[letter] = (names, _normalised(moved, cell_measures(names, worlds.weights)))
    parameters = {
        name: numbers[chosen] * np.exp(0.5 * step * generator.standard_normal(_SEARCHED))
        for name, numbers in worlds.parameters.items()
    }
    phases = worlds.phases[chosen] + step * generator.standard_normal(_SEARCHED)
    return World(worlds.values, worlds.weights, joints, parameters, phases)


def _normalised(table: Numbers, measures: Numbers) -> Numbers:
    mass = (table * measures).reshape(len(table), -1).sum(axis=1)
    return table / mass.reshape(-1, *(1,) * (table.ndim - 1))


def _determined(left: Expression, right: Expression, positive: Collection[str]) -> Iterator[World]:
    """Large worlds in which two continuous variables all but determine each other, and the rest is uniform."""
    sides = expand(left), expand(right)
    if sum(not isinstance(one.support, Finite) for one in {v.role: v for v in _variables(*sides)}.values()) < 2:
        return
    for size, count in _LARGE:
        worlds = random_worlds(sides, WORLDS, count, positive, Shape(size=size))
        endless = {one.role for one in _variables(*sides) if not isinstance(one.support, Interval | Circle)}
        weights = {
            role: np.full(len(own), 1.0 if role in endless else own.mean()) for role, own in worlds.weights.items()
        }
        joints: dict[str, tuple[tuple[str, ...], Numbers]] = {}
        for place, (letter, (names, table)) in enumerate(worlds.joints.items()):
            made = _concentrated(count, size, place) if table.shape[1:] == (size, size) else np.ones(table.shape)
            joints[letter] = (names, _normalised(made, cell_measures(names, weights)))
        yield World(worlds.values, weights, joints, worlds.parameters, worlds.phases)


def _concentrated(count: int, size: int, shift: int) -> Numbers:
    """Tables with nearly all mass on a diagonal, more of it in each further one; every other one is shifted."""
    numbers = np.arange(size)
    rest = 10.0 ** -np.linspace(2.0, 250.0, count) / size
    tables = np.array([np.equal.outer((numbers + shift * (world % 2)) % size, numbers) for world in range(count)])
    return np.where(tables, 1.0, rest[:, None, None])
