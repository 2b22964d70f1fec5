"""The values of a graph of arrays at a point, and its first and second derivatives by the unknown numbers.

Jacobians are sparse: an array that depends pointwise on the unknown has a diagonal one. The Hessian of an output y is
assembled from its nonlinear operations only,

    d²y = Σ over operations f(u, v) of  J_uᵀ diag(y' f_uv) J_v ,      y' the derivative of y by that operation,

(edge pushing, Gower & Mello 2012). An integral that gives fewer numbers than it takes, a marginal, has a Jacobian V
with long rows. It is kept as a factor, J = D + C V with D and C sparse, so that

    d²y = Dᵀ B D + U V + Vᵀ Uᵀ + Vᵀ E V ,      U = Dᵀ B C ,   E = Cᵀ B C ,

is as sparse as the problem is, beside a matrix of low rank.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from elbowroom.solution.curvature import Curvature
from elbowroom.solution.graph import Array, Integrated, Node, Unknown

_LONG = 8
"""From this many entries in each row on, the Jacobian of an integral is kept as a factor."""


@dataclasses.dataclass(frozen=True, eq=False)
class Program:
    """Some outputs of a graph, and the nodes they need, inputs first.

    **Arguments.** `size` is the length of the vector of unknown numbers.
    """

    outputs: tuple[Node, ...]
    size: int
    order: tuple[Node, ...] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        order: dict[Node, None] = {}
        waiting: list[tuple[Node, bool]] = [(node, False) for node in reversed(self.outputs)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                order[node] = None
            elif node not in order:
                waiting.append((node, True))
                waiting.extend((part, False) for part in node.inputs)
        object.__setattr__(self, "order", tuple(order))

    def at(self, x: Array) -> Evaluation:
        """The values of all nodes at the unknown numbers `x`."""
        values: dict[Node, Array] = {}
        with np.errstate(all="ignore"):
            for node in self.order:
                arguments = (x,) if isinstance(node, Unknown) else (values[part] for part in node.inputs)
                values[node] = node.value(*arguments)
        return Evaluation(self, values)


@dataclasses.dataclass(frozen=True, eq=False)
class Factored:
    """The Jacobian of a node, D + Σ C V: `direct` is D, and `through` the C of each marginal, whose Jacobian is V."""

    direct: sp.csr_array
    through: Mapping[Node, sp.csr_array]


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """The values of a program at one point, and the derivatives there."""

    program: Program
    values: dict[Node, Array]
    _factored: dict[Node, Factored] = dataclasses.field(default_factory=dict)
    _marginals: dict[Node, sp.csr_array] = dataclasses.field(default_factory=dict)

    @property
    def outputs(self) -> list[Array]:
        """The value of each output."""
        return [self.values[node] for node in self.program.outputs]

    def gradient(self, seeds: Sequence[Array | None]) -> Array:
        """The gradient by x of Σ seed · output."""
        adjoints = self.adjoints(seeds)
        total = np.zeros(self.program.size)
        for node, adjoint in adjoints.items():
            if isinstance(node, Unknown):
                total += node.matrix.T @ np.broadcast_to(adjoint, node.shape).ravel()
        return total

    def jacobian(self, node: Node) -> sp.csr_array:
        """The sparse Jacobian by x of the entries of a node."""
        factored = self._split(node)
        total = factored.direct
        for marginal, coefficients in factored.through.items():
            total = total + coefficients @ self._marginals[marginal]
        return sp.csr_array(total)

    def hessian(self, seeds: Sequence[Array | None]) -> Curvature:
        """The Hessian by x of Σ seed · output."""
        size = self.program.size
        plain = sp.csr_array((size, size))
        one_sided: dict[Node, sp.csr_array] = {}
        both_sided: dict[tuple[Node, Node], sp.csr_array] = {}
        for node, adjoint in self.adjoints(seeds).items():
            adjoint = np.broadcast_to(adjoint, node.shape)
            with np.errstate(all="ignore"):
                bends = node.curvature(adjoint, *(self.values[part] for part in node.inputs))
            for first, second, between in bends:
                left, right = self._split(node.inputs[first]), self._split(node.inputs[second])
                pulled = left.direct.T @ between
                plain = plain + pulled @ right.direct
                for marginal, coefficients in right.through.items():
                    _accumulate(one_sided, marginal, pulled @ coefficients)
                    for other, others in left.through.items():
                        _accumulate(both_sided, (other, marginal), others.T @ between @ coefficients)
        return self._assembled(sp.csr_array(plain), one_sided, both_sided)

    def adjoints(self, seeds: Sequence[Array | None]) -> dict[Node, Array]:
        """The derivative of Σ seed · output by every node that it depends on."""
        adjoints: dict[Node, Array] = {}
        for node, seed in zip(self.program.outputs, seeds, strict=True):
            if seed is not None:
                adjoints[node] = adjoints[node] + seed if node in adjoints else seed
        with np.errstate(all="ignore"):
            for node in reversed(self.program.order):
                if node not in adjoints:
                    continue
                adjoint = np.broadcast_to(adjoints[node], node.shape)
                pulled = node.pull(adjoint, *(self.values[part] for part in node.inputs))
                for part, piece in zip(node.inputs, pulled, strict=True):
                    adjoints[part] = adjoints[part] + piece if part in adjoints else piece
        return adjoints

    def _split(self, node: Node) -> Factored:
        known = self._factored.get(node)
        if known is not None:
            return known
        if isinstance(node, Unknown):
            known = Factored(node.matrix, {})
        else:
            direct: sp.csr_array = sp.csr_array((node.size, self.program.size))
            through: dict[Node, sp.csr_array] = {}
            with np.errstate(all="ignore"):
                partials = node.partials(*(self.values[part] for part in node.inputs))
            for part, partial in zip(node.inputs, partials, strict=True):
                inner = self._split(part)
                direct = direct + partial @ inner.direct
                for marginal, coefficients in inner.through.items():
                    _accumulate(through, marginal, partial @ coefficients)
            known = Factored(sp.csr_array(direct), through)
        self._factored[node] = known
        if isinstance(node, Integrated) and known.direct.nnz > _LONG * node.size:
            self._marginals[node] = self.jacobian(node)
            known = Factored(
                sp.csr_array((node.size, self.program.size)), {node: sp.csr_array(sp.eye_array(node.size))}
            )
            self._factored[node] = known
        return known

    def _assembled(
        self,
        plain: sp.csr_array,
        one_sided: Mapping[Node, sp.csr_array],
        both_sided: Mapping[tuple[Node, Node], sp.csr_array],
    ) -> Curvature:
        marginals = list(dict.fromkeys([*one_sided, *(pair[0] for pair in both_sided)]))
        if not marginals:
            return Curvature.of(plain)
        size = self.program.size
        places = np.cumsum([0, *(marginal.size for marginal in marginals)])
        left = [one_sided.get(marginal, sp.csr_array((size, marginal.size))).T for marginal in marginals]
        right = [self._marginals[marginal] for marginal in marginals]
        inner = np.zeros((places[-1], places[-1]))
        for (first, second), block in both_sided.items():
            start, across = places[marginals.index(first)], places[marginals.index(second)]
            inner[start : start + first.size, across : across + second.size] = block.toarray()
        none, unit = np.zeros_like(inner), np.eye(len(inner))
        return Curvature(
            plain=plain,
            rows=sp.csr_array(sp.vstack([*left, *right])),
            middle=np.block([[none, unit], [unit, inner]]),
            inverse=np.block([[-inner, unit], [unit, none]]),
            negative=len(inner),
        )


def _accumulate(found: dict[Any, sp.csr_array], key: Hashable, matrix: sp.csr_array) -> None:
    found[key] = found[key] + matrix if key in found else matrix
