"""The fixed-point map of a finite density, and its iteration until it settles."""

from __future__ import annotations

import dataclasses

import numpy as np

from elbowroom.derivation.numeric.evaluate import values
from elbowroom.derivation.numeric.scene import Array, Scene, key_of
from elbowroom.derivation.polynomial import Applied, Density, from_atom
from elbowroom.derivation.render import render
from elbowroom.derivation.stationarity import coefficient_of_log
from elbowroom.derivation.worked import Worked
from elbowroom.functional.expression import Expression, as_expression
from elbowroom.functional.law import Variable
from elbowroom.functional.setting import Table
from elbowroom.functional.support import Finite

MOST_STEPS = 4000


@dataclasses.dataclass(frozen=True)
class FiniteMap:
    """The fixed-point map of a finite density, as arrays over the variables it is of and those given."""

    work: Worked
    scene: Scene
    derivative: Expression
    weight: Expression | None
    sign: int

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables in the order of the table: those it is a density of, then those given."""
        over = self.work.problem.density
        return (*over.of, *over.given)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each variable."""
        return tuple(v.support.size for v in self.variables if isinstance(v.support, Finite))

    def at(self, table: Array) -> Scene:
        """The scene in which the unknown has this table."""
        over = self.work.problem.density
        return self.scene.with_(densities={key_of(over): (over, Table(nested(table)))})

    def on_grid(self, expression: Expression, scene: Scene) -> Array:
        """An expression at all values of the variables."""
        places = np.meshgrid(*(np.arange(size, dtype=float) for size in self.shape), indexing="ij")
        at = {variable.name: place for variable, place in zip(self.variables, places, strict=True)}
        return values(expression, scene, at)

    def step(self, table: Array, pace: float = 1.0) -> Array:
        """One application of the map, or of its `pace`-th power, which has the same fixed points and overshoots less.

        Normalised for each value of what is given.
        """
        scene = self.at(table)
        slope = self.on_grid(self.derivative, scene)
        weight = self.sign if self.weight is None else self.on_grid(self.weight, scene)
        with np.errstate(all="ignore"):
            level = np.log(table) - pace * np.nan_to_num(slope, nan=0.0, posinf=0.0, neginf=0.0) / weight
        return self.normalised(level)

    def normalised(self, level: Array) -> Array:
        """The density with this logarithm up to a constant for each value of what is given."""
        axes = tuple(range(len(self.work.problem.density.of)))
        weights = np.exp(level - np.max(level, axis=axes, keepdims=True))
        return weights / np.sum(weights, axis=axes, keepdims=True)

    def residual(self, table: Array) -> float:
        """How far the condition is from constant where the density is positive, weighted by the density."""
        slope = self.on_grid(self.derivative, self.at(table))
        axes = tuple(range(len(self.work.problem.density.of)))
        slope = np.where(table > 1e-12, np.nan_to_num(slope), 0.0)
        mean = np.sum(table * slope, axis=axes, keepdims=True)
        return float(np.max(table * np.abs(slope - mean)))


def finite_map(work: Worked, scene: Scene, sign: int, multiplier: float = 0.0) -> FiniteMap:
    """The map, with the statistic of the constraint at its multiplier added to the condition."""
    over = work.problem.density
    atom = Density(over.letter, frozenset(over.of), frozenset(over.given))
    derivative = render(work.derivative)
    for one in work.restraints:
        derivative = derivative + as_expression(multiplier) * render(one.statistic)
    weight = coefficient_of_log_term(work, atom)
    return FiniteMap(work, scene, derivative, weight, sign)


def coefficient_of_log_term(work: Worked, atom: Density) -> Expression | None:
    """The factor of log q in the condition, whatever else the condition holds of q."""
    logarithm = Applied("log", from_atom(atom))
    own = [(part, c) for part, c in work.derivative.terms if any(a == logarithm for a, _ in part.powers)]
    if not own:
        return None
    found = coefficient_of_log(type(work.derivative)(tuple(own)), atom)
    return None if found is None else render(found)


def iterate(map_: FiniteMap, start: Array | None = None) -> Array:
    """The map applied until it settles, with an extrapolation of geometric convergence every few steps.

    Values that have no mass at the solution only fade: they are left out once they are small, and taken in again if
    the map makes them grow at the solution without them.
    """
    generator = np.random.default_rng(20240229)
    table = map_.normalised(0.3 * generator.standard_normal(map_.shape)) if start is None else start
    table = np.maximum(table, FADED)
    table = _settled(map_, table, 60)
    small = _marginal(map_, table) < 1e-2
    if np.any(small):
        trial = _settled(map_, np.where(small, FADED, table), MOST_STEPS)
        grown = np.log(_marginal(map_, map_.step(trial))) - np.log(_marginal(map_, trial))
        if np.max(grown[small]) <= 1e-9:
            return trial
    return _settled(map_, table, MOST_STEPS)


FADED = 1e-200
SLOWEST = 1 / 256


def _marginal(map_: FiniteMap, table: Array) -> Array:
    """The mean over what is given, of the same shape as the table."""
    axes = tuple(range(len(map_.work.problem.density.of), table.ndim))
    return np.broadcast_to(np.mean(table, axis=axes, keepdims=True), table.shape) if axes else table


def _settled(map_: FiniteMap, table: Array, most: int) -> Array:
    recent, pace, before = [table], 1.0, np.inf
    for count in range(most):
        moved = map_.step(table, pace)
        change = float(np.max(np.abs(moved - table)))
        table = moved
        recent = [*recent[-2:], table]
        if change < 1e-15:
            break
        if count % 6 == 5:
            table = _extrapolated(map_, recent)
            recent = [table]
            left = map_.residual(table)
            if left > 1e-12 and left > 0.999 * before:  # it turns in circles
                pace = max(0.5 * pace, SLOWEST)
            before = left
    return table


def _extrapolated(map_: FiniteMap, recent: list[Array]) -> Array:
    """Aitken's extrapolation of three iterates of the logarithm, kept only if the condition holds better there."""
    if len(recent) < 3:
        return recent[-1]
    faded = recent[-1] < 1e-150
    first, second, third = (np.where(faded, np.log(FADED), np.log(np.maximum(one, 1e-300))) for one in recent[-3:])
    d1, d2 = second - first, third - second
    rate = float(np.sum(d1 * d2) / max(float(np.sum(d1 * d1)), 1e-300))
    if not 0 < rate < 0.9999:
        return recent[-1]
    trial = map_.normalised(third + d2 * rate / (1 - rate))
    return trial if map_.residual(trial) < map_.residual(recent[-1]) else recent[-1]


def rounded(table: Array) -> str:
    """A table as text, to twelve digits."""
    return np.array2string(table, precision=12, separator=", ", threshold=60).replace("\n", "")


def nested(table: Array) -> tuple:
    """A table as nested tuples."""
    return tuple(nested(row) if np.ndim(row) else float(row) for row in table)
