"""Arrays that depend on the unknown numbers, as a graph of operations with first and second derivatives.

Every array has one dimension for each variable of the problem, of length one where it does not depend on
that variable, so that operations are plain broadcasting. What is done with a graph is in program.py.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

Array = np.ndarray
Pointwise = Callable[[Array], Array]


class Node(abc.ABC):
    """An array of the graph: how its value follows from those of its inputs, and how derivatives pass through.

    `shape` is that of its value; `inputs` are the arrays that depend on the unknown numbers, constants left out.
    """

    shape: tuple[int, ...]
    inputs: tuple[Node, ...]

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.prod(self.shape))

    @abc.abstractmethod
    def value(self, *inputs: Array) -> Array:
        """The value, from the values of the inputs."""

    @abc.abstractmethod
    def pull(self, adjoint: Array, *inputs: Array) -> tuple[Array, ...]:
        """The derivative of a number by each input, from its derivative `adjoint` by this node."""

    @abc.abstractmethod
    def partials(self, *inputs: Array) -> tuple[sp.csr_array, ...]:
        """The Jacobian of this node by each input."""

    def curvature(self, adjoint: Array, *inputs: Array) -> tuple[tuple[int, int, sp.csr_array], ...]:
        """Second derivatives, weighted by `adjoint`: (input, input, matrix between their entries); none if linear."""
        return ()


@dataclasses.dataclass(frozen=True, eq=False)
class Known(Node):
    """An array that does not depend on the unknown numbers."""

    array: Array
    inputs: tuple[Node, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.array.shape

    def value(self, *inputs: Array) -> Array:
        return self.array

    def pull(self, adjoint: Array, *inputs: Array) -> tuple[Array, ...]:
        return ()

    def partials(self, *inputs: Array) -> tuple[sp.csr_array, ...]:
        return ()


@dataclasses.dataclass(frozen=True, eq=False)
class Unknown(Node):
    """An affine image `matrix @ x + offset` of the vector x of all unknown numbers."""

    matrix: sp.csr_array
    offset: Array
    shape: tuple[int, ...]
    inputs: tuple[Node, ...] = ()

    def value(self, *inputs: Array) -> Array:
        (x,) = inputs
        return (self.matrix @ x + self.offset).reshape(self.shape)

    def pull(self, adjoint: Array, *inputs: Array) -> tuple[Array, ...]:
        return ()

    def partials(self, *inputs: Array) -> tuple[sp.csr_array, ...]:
        return ()


@dataclasses.dataclass(frozen=True, eq=False)
class Added(Node):
    """A sum of arrays and of the known array `constant`."""

    inputs: tuple[Node, ...]
    constant: Array
    shape: tuple[int, ...]

    def value(self, *inputs: Array) -> Array:
        total = self.constant
        for array in inputs:
            total = total + array
        return np.broadcast_to(total, self.shape)

    def pull(self, adjoint: Array, *inputs: Array) -> tuple[Array, ...]:
        return tuple(summed_to(adjoint, array.shape) for array in inputs)

    def partials(self, *inputs: Array) -> tuple[sp.csr_array, ...]:
        return tuple(spread(array.shape, self.shape, np.ones(self.shape)) for array in inputs)


@dataclasses.dataclass(frozen=True, eq=False)
class Scaled(Node):
    """An array times the known array `factor`."""

    inputs: tuple[Node, ...]
    factor: Array
    shape: tuple[int, ...]

    def value(self, *inputs: Array) -> Array:
        return times(inputs[0], self.factor)

    def pull(self, adjoint: Array, *inputs: Array) -> tuple[Array, ...]:
        return (summed_to(times(adjoint, self.factor), inputs[0].shape),)

    def partials(self, *inputs: Array) -> tuple[sp.csr_array, ...]:
        return (spread(inputs[0].shape, self.shape, self.factor),)


@dataclasses.dataclass(frozen=True, eq=False)
class Multiplied(Node):
    """The product of two arrays."""

    inputs: tuple[Node, ...]
    shape: tuple[int, ...]

    def value(self, *inputs: Array) -> Array:
        return times(inputs[0], inputs[1])

    def pull(self, adjoint: Array, *inputs: Array) -> tuple[Array, ...]:
        left, right = inputs
        return summed_to(times(adjoint, right), left.shape), summed_to(times(adjoint, left), right.shape)

    def partials(self, *inputs: Array) -> tuple[sp.csr_array, ...]:
        left, right = inputs
        return spread(left.shape, self.shape, right), spread(right.shape, self.shape, left)

    def curvature(self, adjoint: Array, *inputs: Array) -> tuple[tuple[int, int, sp.csr_array], ...]:
        left, right = inputs
        rows, columns = entries(left.shape, self.shape), entries(right.shape, self.shape)
        between = sp.csr_array((adjoint.ravel(), (rows, columns)), shape=(left.size, right.size))
        return (0, 1, between), (1, 0, sp.csr_array(between.T))


@dataclasses.dataclass(frozen=True)
class Smooth:
    """A function of one number with its first two derivatives, elementwise on arrays; `is_kinked` if it has kinks."""

    function: Pointwise
    first: Pointwise
    second: Pointwise
    is_kinked: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Applied(Node):
    """A function of one number at every entry of an array."""

    smooth: Smooth
    inputs: tuple[Node, ...]

    @property
    def shape(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.inputs[0].shape

    def value(self, *inputs: Array) -> Array:
        return self.smooth.function(inputs[0])

    def pull(self, adjoint: Array, *inputs: Array) -> tuple[Array, ...]:
        return (times(adjoint, self.smooth.first(inputs[0])),)

    def partials(self, *inputs: Array) -> tuple[sp.csr_array, ...]:
        return (sp.csr_array(sp.diags_array(self.smooth.first(inputs[0]).ravel())),)

    def curvature(self, adjoint: Array, *inputs: Array) -> tuple[tuple[int, int, sp.csr_array], ...]:
        bent = times(adjoint, self.smooth.second(inputs[0]))
        return ((0, 0, sp.csr_array(sp.diags_array(bent.ravel()))),)


@dataclasses.dataclass(frozen=True, eq=False)
class Integrated(Node):
    """The sum along one dimension: an integral, the weights being in the array already."""

    inputs: tuple[Node, ...]
    dimension: int
    shape: tuple[int, ...]

    def value(self, *inputs: Array) -> Array:
        return inputs[0].sum(axis=self.dimension, keepdims=True)

    def pull(self, adjoint: Array, *inputs: Array) -> tuple[Array, ...]:
        return (np.broadcast_to(adjoint, inputs[0].shape),)

    def partials(self, *inputs: Array) -> tuple[sp.csr_array, ...]:
        return (sp.csr_array(spread(self.shape, inputs[0].shape, np.ones(inputs[0].shape)).T),)


def add(*nodes: Node) -> Node:
    """The sum of arrays."""
    shape = np.broadcast_shapes(*(node.shape for node in nodes))
    constant = sum((node.array for node in nodes if isinstance(node, Known)), np.zeros((1,) * len(shape)))
    unknown = tuple(node for node in nodes if not isinstance(node, Known))
    if not unknown:
        return Known(constant)
    if len(unknown) == 1 and not np.any(constant) and unknown[0].shape == shape:
        return unknown[0]
    return Added(unknown, constant, shape)


def multiply(left: Node, right: Node) -> Node:
    """The product of two arrays."""
    if isinstance(left, Known) and isinstance(right, Known):
        return Known(times(left.array, right.array))
    shape = np.broadcast_shapes(left.shape, right.shape)
    if isinstance(left, Known):
        return Scaled((right,), left.array, shape)
    if isinstance(right, Known):
        return Scaled((left,), right.array, shape)
    return Multiplied((left, right), shape)


def apply(smooth: Smooth, node: Node) -> Node:
    """A function of one number, elementwise."""
    return Known(smooth.function(node.array)) if isinstance(node, Known) else Applied(smooth, (node,))


def integrate(node: Node, weights: Array, dimension: int) -> Node:
    """The sum of `node` times `weights` along a dimension; both have the full number of dimensions."""
    weighted = multiply(node, Known(weights))
    if isinstance(weighted, Known):
        return Known(weighted.array.sum(axis=dimension, keepdims=True))
    shape = tuple(1 if place == dimension else length for place, length in enumerate(weighted.shape))
    return Integrated((weighted,), dimension, shape)


def times(left: Array, right: Array) -> Array:
    """The product, zero times anything being zero: the convention 0 log 0 = 0 of densities."""
    product = left * right
    if not np.isfinite(product.sum()):
        product = np.where((left == 0) | (right == 0), 0.0, product)
    return product


def summed_to(array: Array, shape: tuple[int, ...]) -> Array:
    """`array` summed over the dimensions along which `shape` was broadcast."""
    dimensions = tuple(place for place, length in enumerate(shape) if length == 1 and array.shape[place] > 1)
    return array.sum(axis=dimensions, keepdims=True) if dimensions else array


def entries(shape: tuple[int, ...], target: tuple[int, ...]) -> Array:
    """For each entry of `target`, the entry of an array of `shape` that broadcasting puts there."""
    return np.broadcast_to(np.arange(np.prod(shape)).reshape(shape), target).ravel()


def spread(shape: tuple[int, ...], target: tuple[int, ...], factor: Array) -> sp.csr_array:
    """The matrix that broadcasts an array of `shape` to `target` and multiplies it by `factor`."""
    size = int(np.prod(target))
    data = np.broadcast_to(factor, target).ravel()
    return sp.csr_array((data, entries(shape, target), np.arange(size + 1)), shape=(size, int(np.prod(shape))))


def is_affine(node: Node) -> bool:
    """Whether an array is affine in the unknown numbers, by the operations that make it."""
    waiting, seen = [node], set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, Applied | Multiplied):
            return False
        waiting.extend(other for other in part.inputs if other not in seen)
        seen.update(part.inputs)
    return True
