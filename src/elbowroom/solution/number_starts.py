"""Where a search for unknown numbers starts: the best of places that are scattered over many orders of magnitude."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from elbowroom.errors import InputError
from elbowroom.functional.expression import Parameter
from elbowroom.functional.support import Interval, Positive
from elbowroom.solution.discretised import discretise
from elbowroom.solution.extent import foci
from elbowroom.solution.meshing import first_meshes, splines_of
from elbowroom.solution.start import start
from elbowroom.solution.statement import Statement

Array = np.ndarray
Numbers = Mapping[str, float]

_ALONG_ONE = 33
_SCATTERED = 32
_FARTHEST = 300.0
_MOST_STARTS = 3


def placed(statement: Statement, numbers: Numbers) -> Statement:
    """The problem with a first guess of its unknown numbers, by which meshes are made too."""
    setting = statement.setting
    known = dataclasses.replace(setting, parameters={**setting.parameters, **numbers})
    return dataclasses.replace(statement, setting=known, guesses={**statement.guesses, **numbers})


def value_there(statement: Statement, numbers: Numbers) -> tuple[float, float]:
    """What is minimised at some numbers, on meshes made for them, and how far the constraints fail there."""
    here = placed(statement, numbers)
    try:
        meshes = first_meshes(here)
        axes = {role: mesh.axis() for role, mesh in meshes.items()}
        problem = discretise(here, axes, splines_of(here, meshes))
    except (InputError, ValueError, OverflowError, FloatingPointError):
        return np.inf, np.inf
    x = start(problem)
    value, residual = problem.value_at(x)
    rows = problem.positivity.matrix @ x + problem.positivity.offset
    violation = float(np.abs(residual).sum() + np.maximum(-rows, 0.0).sum())
    return (value, violation) if np.isfinite(value) and np.isfinite(violation) else (np.inf, np.inf)


def number_starts(statement: Statement) -> list[Numbers]:
    """Those of the scattered ones where the functional is least, and the usual start."""
    usual = {number.name: _usual(number, statement) for number in statement.numbers}
    numbers = statement.numbers
    if len(numbers) == 1:
        (number,) = numbers
        places = [{number.name: float(value)} for value in _along(number)]
        merits = [_merit(value_there(statement, place)) for place in places]
        kept = list(_lowest_of_neighbours(merits))
    else:
        places = [*_at_foci(statement, usual), *_scattered(statement, usual)]
        merits = [_merit(value_there(statement, place)) for place in places]
        kept = [place for place in range(len(places)) if np.isfinite(merits[place])]
    best = sorted(kept, key=merits.__getitem__)[:_MOST_STARTS]
    return [*(places[place] for place in best), usual]


def _at_foci(statement: Statement, usual: Numbers) -> Iterator[Numbers]:
    """Where the known laws have their mass: locations there, and what is positive as wide as they are, or as usual."""
    for places in foci(statement).values():
        for focus in places:
            for scale in (focus.scale, None):
                yield {
                    number.name: focus.centre
                    if not isinstance(number.support, Positive | Interval)
                    else usual[number.name]
                    if scale is None or isinstance(number.support, Interval)
                    else scale
                    for number in statement.numbers
                }


def _merit(there: tuple[float, float]) -> float:
    value, violation = there
    return value + 1e3 * violation * (1 + abs(value))


def _usual(number: Parameter, statement: Statement) -> float:
    return statement.guesses.get(number.name, 1.0 if isinstance(number.support, Positive) else 0.0)


def _along(number: Parameter) -> Array:
    """Values of a number from small to large, or over all of its interval."""
    support = number.support
    if isinstance(support, Interval):
        lower, upper = float(support.lower), float(support.upper)
        return lower + (upper - lower) * (np.arange(_ALONG_ONE) + 0.5) / _ALONG_ONE
    times = np.linspace(-1, 1, _ALONG_ONE)
    if isinstance(support, Positive):
        return _FARTHEST**times
    return np.sinh(times * np.arcsinh(_FARTHEST)) + 1e-3


def _scattered(statement: Statement, usual: Numbers) -> Iterator[Numbers]:
    """Each number moved alone, and all of them at random."""
    generator = np.random.default_rng(0)
    grids = {number.name: _along(number) for number in statement.numbers}
    few = len(grids) <= 2
    for name, values in grids.items():
        for value in values[4:-4:6] if few else values[8:-8:8]:
            yield {**usual, name: float(value)}
    middle = _ALONG_ONE // 4
    for _ in range(_SCATTERED):
        yield {name: float(generator.choice(values[middle:-middle])) for name, values in grids.items()}


def _lowest_of_neighbours(values: list[float]) -> Iterator[int]:
    padded = [np.inf, *values, np.inf]
    for place, (before, here, after) in enumerate(zip(padded, padded[1:], padded[2:], strict=False)):
        if np.isfinite(here) and here <= before and here <= after:
            yield place


def directions(statement: Statement) -> Iterator[tuple[float, ...]]:
    """Ways in which numbers can go out to infinity: alone, or, where there are few, together."""
    count = len(statement.numbers)
    if count <= 3:
        yield from (signs for signs in itertools.product((-1.0, 0.0, 1.0), repeat=count) if any(signs))
        return
    for place in range(count):
        for sign in (-1.0, 1.0):
            yield tuple(sign if other == place else 0.0 for other in range(count))
