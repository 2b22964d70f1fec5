"""A problem on given axes: a program of the unknown numbers, with equations and positivity."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable, Mapping

import numpy as np
import scipy.sparse as sp

from elbowroom.functional.differential import PointValue
from elbowroom.functional.expression import Function
from elbowroom.functional.functionals import Integral
from elbowroom.functional.joint import part_of
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.solution.axis import Axis
from elbowroom.solution.blocks import Block, CurveBlock, NumberBlock, SlackBlock, SplineBlock, TableBlock
from elbowroom.solution.coverage import Coverage, coverage
from elbowroom.solution.curvature import Curvature
from elbowroom.solution.graph import Applied, Integrated, Known, Node, Scaled, add, is_affine, multiply
from elbowroom.solution.layout import curved_inequalities, is_floor, key_of, scene_of, slack_key
from elbowroom.solution.point import Local, Positivity
from elbowroom.solution.program import Evaluation, Program
from elbowroom.solution.scene import Scene
from elbowroom.solution.spline import Spline
from elbowroom.solution.statement import Constraint, Statement
from elbowroom.solution.tabulate import tabulate

Array = np.ndarray

_ENORMOUS = 1e150
_LEAST_SLACK = 1e-2


@dataclasses.dataclass(frozen=True, eq=False)
class Condition:
    """A constraint as an array: `node` is zero, at every value of its free variables."""

    text: str
    node: Node
    implied: bool
    constraint: Constraint | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Discretised:
    """The unknown numbers of a problem and its functions of them.

    **Arguments.** `blocks` are the unknowns, and for each curved inequality c >= 0 a positive s that makes it an
    equation, c - s = 0. `conditions` are the equations that contain unknowns, `stated` all of them; `bounds` are the
    affine inequalities. `coverage` tells where the axes cover the laws that depend on unknown numbers: elsewhere
    nothing has a value.
    """

    statement: Statement
    axes: Mapping[str, Axis]
    scene: Scene
    blocks: Mapping[Hashable, Block]
    size: int
    conditions: tuple[Condition, ...]
    stated: tuple[Condition, ...]
    bounds: tuple[Condition, ...]
    program: Program
    positivity: Positivity
    coverage: Coverage | None = None

    def at(self, x: Array) -> Local | None:
        """Values and derivatives at `x`; None where they are not finite."""
        here = self.program.at(x)
        value, residual = self._values(here)
        if not np.isfinite(value) or not np.isfinite(residual).all() or not self.covers(x):
            return None
        seeds: list[Array | None] = [np.full(node.shape, 1.0) for node in self.program.outputs[:1]]
        seeds += [None] * len(self.conditions)
        gradient = here.gradient(seeds)
        rows = [here.jacobian(condition.node) for condition in self.conditions]
        jacobian = sp.csr_array(sp.vstack(rows)) if rows else sp.csr_array((0, self.size))
        if not np.isfinite(gradient).all() or not np.isfinite(jacobian.data).all():
            return None

        def curvature(multipliers: Array) -> Curvature:
            weights: list[Array | None] = [np.full(self.program.outputs[0].shape, 1.0)]
            start = 0
            for condition in self.conditions:
                end = start + condition.node.size
                weights.append(multipliers[start:end].reshape(condition.node.shape))
                start = end
            return here.hessian(weights)

        return Local(value, gradient, residual, jacobian, curvature)

    def livable(self, x: Array) -> dict[Hashable, Array] | None:
        """Where densities can be positive, if not everywhere: where the functional is not infinitely steep at `x`."""
        here = self.program.at(x)
        seeds: list[Array | None] = [np.ones(self.program.outputs[0].shape), *(None for _ in self.conditions)]
        bends = here.hessian(seeds).diagonal()
        finite = np.isfinite(here.gradient(seeds)) & np.isfinite(bends) & ~self._overweighted(here)
        found: dict[Hashable, Array] = {}
        for key, block in self.blocks.items():
            if isinstance(block, TableBlock) and not finite[block.start : block.start + block.count].all():
                found[key] = block.table(finite[block.start : block.start + block.count]) > 0
        return found or None

    def _overweighted(self, here: Evaluation) -> Array:
        """The unknowns that something enormous is multiplied with, such as 1/p(z) where p(z) is zero to all digits."""
        found = np.zeros(self.size, bool)
        for node in self.program.order:
            if isinstance(node, Scaled) and node.inputs[0].size == node.size:
                enormous = np.broadcast_to(~(np.abs(node.factor) < _ENORMOUS), node.shape)
                if enormous.any():
                    found |= here.jacobian(node.inputs[0]).T @ enormous.ravel() != 0
        return found

    def value_at(self, x: Array) -> tuple[float, Array]:
        """The value of what is minimised, and the residuals of the equations."""
        value, residual = self._values(self.program.at(x))
        return (value, residual) if self.covers(x) else (math.nan, residual)

    def covers(self, x: Array) -> bool:
        """Whether the axes cover the laws that depend on unknown numbers."""
        return self.coverage is None or self.coverage.holds(x)

    @property
    def is_kinked(self) -> bool:
        """Whether something is not smooth in the unknowns, so that Newton's method may stop at a kink."""
        return any(isinstance(node, Applied) and node.smooth.is_kinked for node in self.program.order)

    @property
    def has_only_integrated_kinks(self) -> bool:
        """Whether all unknowns are numbers, and integrals are taken: that of abs(z - m) is smooth, on moving meshes."""
        numbers = all(isinstance(block, NumberBlock) for block in self.blocks.values())
        return numbers and any(isinstance(node, Integrated) for node in self.program.order)

    @property
    def is_affine(self) -> bool:
        """Whether all constraints are affine in the unknowns."""
        return all(is_affine(condition.node) for condition in self.conditions)

    @property
    def is_convexly_constrained(self) -> bool:
        """Whether every equation is affine; those that stand for a curved inequality are not counted."""
        own = (
            condition
            for condition in self.conditions
            if condition.constraint is None or condition.constraint.is_equation
        )
        return all(is_affine(condition.node) for condition in own)

    def with_slacks(self, x: Array) -> Array:
        """`x` with the slacks of curved inequalities at their values there, or small where these do not hold."""
        slacks = [block for block in self.blocks.values() if isinstance(block, SlackBlock)]
        if not slacks:
            return x
        x = x.copy()
        for block in slacks:
            x[block.start : block.start + block.count] = 0.0
        values = self.program.at(x).values
        nodes = {condition.text: condition.node for condition in self.conditions}
        for block in slacks:
            held = np.nan_to_num(values[nodes[block.text]].ravel(), nan=1.0, posinf=1.0, neginf=0.0)
            least = _LEAST_SLACK * max(1.0, float(np.abs(held).max()))
            x[block.start : block.start + block.count] = np.maximum(held, least)
        return x

    @property
    def targets(self) -> dict[str, float]:
        """The right sides of those constraints where they are one known number."""
        found: dict[str, float] = {}
        for condition in self.stated:
            if condition.constraint is not None:
                right = tabulate(condition.constraint.right, self.scene)
                if isinstance(right, Known) and right.size == 1:
                    found[condition.text] = float(right.array.item())
        return found

    def table(self, unknown: Hashable, x: Array) -> Array:
        """The values of an unknown at the nodes, its variables in their order."""
        block = self.blocks[unknown]
        part = x[block.start : block.start + block.count]
        if isinstance(block, TableBlock):
            return block.table(part)
        if isinstance(block, SplineBlock):
            return block.values(self.axes[block.role].times, part)
        return part

    def _values(self, here: Evaluation) -> tuple[float, Array]:
        value, *residuals = here.outputs
        flat = [residual.ravel() for residual in residuals]
        return float(value.item()), np.concatenate(flat) if flat else np.zeros(0)


def discretise(
    statement: Statement,
    axes: Mapping[str, Axis],
    splines: Mapping[Hashable, Spline],
    alive: Mapping[Hashable, Array] | None = None,
) -> Discretised:
    """The problem on `axes`, one for each role.

    `splines` holds the spline of each unknown that is smooth; `alive` says where densities may be positive, which
    is everywhere unless something else is known.
    """
    scene, size = scene_of(statement, axes, splines, alive or {}, {})
    slacks = curved_inequalities(statement, scene)
    if slacks:
        scene, size = scene_of(statement, axes, splines, alive or {}, slacks)
    sign = statement.sign
    objective = tabulate(sign * statement.objective, scene)
    conditions = [_mass(density, scene) for density in statement.densities]
    bounds: list[Condition] = []
    for constraint in statement.constraints:
        if is_floor(constraint, scene):
            continue
        node = _amplitude_condition(constraint, scene) or tabulate(constraint.left - constraint.right, scene)
        slack = scene.blocks.get(slack_key(constraint))
        if slack is not None:
            node = add(node, multiply(scene.number(-1.0), slack.leaf(scene, ())))
        condition = Condition(constraint.text, node, implied=False, constraint=constraint)
        (conditions if constraint.is_equation or slack is not None else bounds).append(condition)
    stated = tuple(conditions)
    conditions = [condition for condition in conditions if not isinstance(condition.node, Known)]
    program = Program((objective, *(condition.node for condition in conditions)), size)
    return Discretised(
        statement=statement,
        axes=axes,
        scene=scene,
        blocks=scene.blocks,
        size=size,
        conditions=tuple(conditions),
        stated=stated,
        bounds=tuple(bounds),
        program=program,
        positivity=_positivity(statement, scene, size, bounds),
        coverage=coverage(statement, scene, size) if statement.numbers else None,
    )


def _mass(density: DensityValue, scene: Scene) -> Condition:
    mass = density
    for variable in density.of:
        mass = Integral(mass, variable)
    node = tabulate(mass - 1, scene)
    return Condition(f"{mass} = 1", node, implied=True)


def _amplitude_condition(constraint: Constraint, scene: Scene) -> Node | None:
    """A value of a square at a point, as a condition on the amplitude: q(a) = 0 alone has no slope there."""
    left, right = constraint.left, constraint.right
    block, variable, point = None, None, None
    if isinstance(left, PointValue) and isinstance(left.expression, DensityValue):
        part = part_of(left.expression, scene.parts)
        block = scene.blocks.get(part) if part is not None else None
        variable, point = left.variable, left.point
    elif isinstance(left, Function) and not isinstance(left.arguments[0], Variable):
        block = scene.blocks.get(key_of(left))
        variable, point = block.function.arguments[0] if isinstance(block, CurveBlock) else None, left.arguments[0]
    target = tabulate(right, scene)
    if not isinstance(block, SplineBlock) or block.floor is None or not isinstance(target, Known):
        return None
    above = target.array - block.floor
    if not constraint.is_equation or above.min() < 0 or not isinstance(variable, Variable) or point is None:
        return None
    there = scene.binding(**{variable.name: tabulate(point, scene)})
    return add(block.amplitude(there, (variable,)), Known(-np.sqrt(above)))


def _positivity(statement: Statement, scene: Scene, size: int, bounds: list[Condition]) -> Positivity:
    direct = np.zeros(size, bool)
    weights = np.zeros(size)
    rows: list[tuple[sp.csr_array, Array, Array]] = []
    for block in scene.blocks.values():
        part = slice(block.start, block.start + block.count)
        if isinstance(block, TableBlock):
            direct[part] = True
            variables = (*block.density.of, *block.density.given)
            share = np.ones(())
            for variable in variables:
                along = scene.axis(variable).weights
                share = share[..., None] * along / along.sum()
            weights[part] = share[block.alive]
        elif isinstance(block, NumberBlock) and block.is_positive:
            direct[part] = True
            weights[part] = 1.0
        elif isinstance(block, SlackBlock):
            direct[part] = True
            weights[part] = 1.0 / block.count
    for bound in bounds:
        rows.append(_affine(bound, size))
    if not rows:
        return Positivity(direct, sp.csr_array((0, size)), np.zeros(0), weights[direct])
    matrix = sp.csr_array(sp.vstack([row[0] for row in rows]))
    shares = np.concatenate([weights[direct], *(row[2] for row in rows)])
    return Positivity(direct, matrix, np.concatenate([row[1] for row in rows]), shares)


def _affine(bound: Condition, size: int) -> tuple[sp.csr_array, Array, Array]:
    here = Program((bound.node,), size).at(np.zeros(size))
    count = bound.node.size
    return here.jacobian(bound.node), here.outputs[0].ravel(), np.full(count, 1.0 / count)
