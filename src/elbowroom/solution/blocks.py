"""The unknowns as numbers: where each stands in the vector of all of them, and what table it makes."""

from __future__ import annotations

import abc
import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from elbowroom.errors import InputError
from elbowroom.functional.expression import Function
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.solution.graph import Known, Node, Unknown, add, multiply
from elbowroom.solution.spline import Spline

if TYPE_CHECKING:
    from elbowroom.solution.scene import Scene

Array = np.ndarray


class Block(abc.ABC):
    """A part of the vector of unknown numbers, `count` of them from `start` on, out of `total`."""

    start: int
    count: int
    total: int

    @abc.abstractmethod
    def leaf(self, scene: Scene, arguments: tuple[Variable, ...], order: int = 0) -> Node:
        """The values at `arguments`, or the derivative of `order` by the only argument."""

    def columns(self, matrix: sp.csr_array) -> sp.csr_array:
        """A matrix that acts on this block, as one that acts on the whole vector."""
        rows = len(matrix.indptr) - 1
        left = sp.csr_array((rows, self.start))
        right = sp.csr_array((rows, self.total - self.start - self.count))
        return sp.csr_array(sp.hstack([left, matrix, right]))


@dataclasses.dataclass(frozen=True, eq=False)
class NumberBlock(Block):
    """An unknown number."""

    name: str
    is_positive: bool
    start: int
    total: int
    count: int = 1

    def leaf(self, scene: Scene, arguments: tuple[Variable, ...], order: int = 0) -> Node:
        shape = (1,) * scene.rank
        return Unknown(self.columns(sp.csr_array(np.ones((1, 1)))), np.zeros(1), shape)


@dataclasses.dataclass(frozen=True, eq=False)
class SlackBlock(Block):
    """By how much a curved inequality holds, at each value of its free variables: positive numbers."""

    text: str
    shape: tuple[int, ...]
    start: int
    total: int

    @property
    def count(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return math.prod(self.shape)

    def leaf(self, scene: Scene, arguments: tuple[Variable, ...], order: int = 0) -> Node:
        return Unknown(self.columns(sp.csr_array(sp.eye_array(self.count))), np.zeros(self.count), self.shape)


@dataclasses.dataclass(frozen=True, eq=False)
class TableBlock(Block):
    """A density by its values at all nodes of its variables, the given ones last.

    `alive` says where it may be positive: where a law that it is compared with is zero, it has to be zero too.
    """

    density: DensityValue
    alive: Array
    start: int
    total: int

    @property
    def count(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return int(self.alive.sum())

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of nodes of each variable."""
        return self.alive.shape

    def leaf(self, scene: Scene, arguments: tuple[Variable, ...], order: int = 0) -> Node:
        own = (*self.density.of, *self.density.given)
        dimensions = _own_dimensions(scene, self.density, own, arguments)
        places = np.argsort(dimensions)
        numbers = np.full(self.shape, -1)
        numbers[self.alive] = np.arange(self.count)
        numbers = numbers.transpose(places).ravel()
        shape = [1] * scene.rank
        for dimension, length in zip(dimensions, self.shape, strict=True):
            shape[dimension] = length
        rows = np.flatnonzero(numbers >= 0)
        matrix = sp.csr_array((np.ones(len(rows)), (rows, numbers[rows])), shape=(len(numbers), self.count))
        return Unknown(self.columns(matrix), np.zeros(len(numbers)), tuple(shape))

    def table(self, values: Array) -> Array:
        """The values as a table."""
        table = np.zeros(self.shape)
        table[self.alive] = values
        return table


class SplineBlock(Block):
    """An unknown of one variable as a spline, or as the square of a spline, its amplitude, above a floor.

    A density is a square: squares are not negative, and Fisher's information, the integral of q'^2/q, is quadratic
    in the amplitude. A function with a bound y >= c that it touches at an end is c plus a square.
    """

    role: str
    spline: Spline
    floor: float | None

    def leaf(self, scene: Scene, arguments: tuple[Variable, ...], order: int = 0) -> Node:
        """The values, or by Leibniz' rule the derivative of `order`, of the square above the floor."""
        if self.floor is None:
            return self.amplitude(scene, arguments, order)
        derivatives = [self.amplitude(scene, arguments, lower) for lower in range(order + 1)]
        terms = [
            multiply(scene.number(math.comb(order, lower)), multiply(derivatives[lower], derivatives[order - lower]))
            for lower in range(order + 1)
        ]
        return add(scene.number(0.0 if order else self.floor), *terms)

    def amplitude(self, scene: Scene, arguments: tuple[Variable, ...], order: int = 0) -> Node:
        """The spline itself."""
        (argument,) = arguments
        values = scene.variable(argument)
        if not isinstance(values, Known):
            raise InputError("An unknown function is evaluated at an unknown place, which solve cannot do.")
        axis = scene.axis(argument)
        positions = values.array.ravel()
        times = axis.times if np.array_equal(positions, axis.nodes) else self.spline.chart.times(positions)
        matrix = self.spline.matrix(times, order)
        return Unknown(self.columns(matrix), np.zeros(len(times)), values.shape)

    def values(self, times: Array, coefficients: Array) -> Array:
        """The values at coordinates of the axis."""
        amplitude = self.spline.matrix(times) @ coefficients
        return amplitude if self.floor is None else self.floor + amplitude**2


@dataclasses.dataclass(frozen=True, eq=False)
class CurveBlock(SplineBlock):
    """A function y(x)."""

    function: Function
    role: str
    spline: Spline
    start: int
    total: int
    floor: float | None = None

    @property
    def count(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.spline.count


@dataclasses.dataclass(frozen=True, eq=False)
class SmoothBlock(SplineBlock):
    """A density of one variable with derivatives, or with values at points."""

    density: DensityValue
    role: str
    spline: Spline
    start: int
    total: int
    floor: float | None = 0.0

    @property
    def count(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.spline.count


def _own_dimensions(
    scene: Scene, density: DensityValue, own: tuple[Variable, ...], arguments: tuple[Variable, ...]
) -> list[int]:
    by_role = {variable.role: variable for variable in arguments}
    dimensions = []
    for variable in own:
        argument = by_role[variable.role]
        values = scene.variable(argument)
        wide = [place for place, length in enumerate(values.shape) if length > 1]
        whole = isinstance(values, Known) and np.array_equal(values.array.ravel(), scene.axis(variable).nodes)
        if not whole or len(wide) > 1:
            raise InputError(
                f"{density} is needed at a point, and solve knows it at the nodes of its axes only. State it "
                "as an integral."
            )
        dimensions.append(wide[0] if wide else scene.dimensions[argument.name])
    return dimensions
