"""Where expressions are evaluated: an axis for every variable, a number or a block for everything else."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping

import numpy as np

from elbowroom.errors import InputError
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.setting import Setting
from elbowroom.solution.axis import Axis
from elbowroom.solution.blocks import Block
from elbowroom.solution.graph import Known, Node

SPARE_DIMENSIONS = 2
"""Dimensions for bound variables that would otherwise catch a variable of what stands for another."""


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """Everything that `tabulate` needs to turn an expression into an array of the graph.

    **Arguments.** `dimensions` gives each variable, by name, its dimension in every array; `axes` the axis of
    each role; `blocks` the unknowns: a density by itself, a function by name and number of arguments, a number by
    name; `bound` the arrays that stand for variables here; `spares_used` how many spare dimensions are taken;
    `known_integrals` collects, as expressions are tabulated, the role and the contributions of the nodes of each
    integral without unknowns.
    """

    setting: Setting
    dimensions: Mapping[str, int]
    axes: Mapping[str, Axis]
    blocks: Mapping[Hashable, Block]
    bound: Mapping[str, Node] = dataclasses.field(default_factory=dict)
    spares_used: int = 0
    known_integrals: list[tuple[str, np.ndarray]] = dataclasses.field(default_factory=list)

    @property
    def rank(self) -> int:
        """The number of dimensions of every array."""
        return len(self.dimensions) + SPARE_DIMENSIONS

    @property
    def parts(self) -> tuple[DensityValue, ...]:
        """The parts of all joint laws, the known ones and the unknown ones."""
        unknown = (key for key in self.blocks if isinstance(key, DensityValue))
        return (*unknown, *(law for law in self.setting.laws if law not in self.blocks))

    def binding(self, **bound: Node) -> Scene:
        """The same scene where the variables of these names have these arrays as their values."""
        return dataclasses.replace(self, bound={**self.bound, **bound})

    def opening(self, variable: Variable) -> tuple[Scene, int]:
        """The same scene where `variable` ranges over its axis, and the dimension along which it does."""
        others = {name: node for name, node in self.bound.items() if name != variable.name}
        dimension = self.dimensions.get(variable.name)
        free = dimension is not None and all(node.shape[dimension] == 1 for node in others.values())
        if free and dimension is not None:
            return dataclasses.replace(self, bound=others), dimension
        if self.spares_used == SPARE_DIMENSIONS:
            raise InputError(
                "The definitions of laws and functions contain one another's variables too deeply for solve."
            )
        spare = len(self.dimensions) + self.spares_used
        others[variable.name] = Known(self.along(self.axis(variable).nodes, spare))
        return dataclasses.replace(self, bound=others, spares_used=self.spares_used + 1), spare

    def note(self, variable: Variable, contributions: np.ndarray, dimension: int) -> None:
        """Keep what each node contributes to an integral without unknowns, so that axes can be judged by it."""
        others = tuple(place for place in range(contributions.ndim) if place != dimension)
        self.known_integrals.append((variable.role, np.abs(contributions).sum(axis=others)))

    def number(self, value: float) -> Known:
        """A number as an array."""
        return Known(np.full((1,) * self.rank, float(value)))

    def axis(self, variable: Variable) -> Axis:
        """The axis of a variable."""
        return self.axes[variable.role]

    def along(self, values: np.ndarray, dimension: int) -> np.ndarray:
        """A vector as an array along one dimension."""
        shape = [1] * self.rank
        shape[dimension] = -1
        return values.reshape(shape)

    def variable(self, variable: Variable) -> Node:
        """The values of a variable: what is bound to it, or its nodes along its own dimension."""
        if variable.name in self.bound:
            return self.bound[variable.name]
        return Known(self.along(self.axis(variable).nodes, self.dimensions[variable.name]))

    def parameter(self, name: str) -> Node:
        """The value of a parameter, or the unknown number of this name."""
        if name in self.blocks:
            return self.blocks[name].leaf(self, ())
        if name in self.setting.parameters:
            return self.number(self.setting.parameters[name])
        raise InputError(
            f"solve needs a number for {name}, and the problem gives none. Write {name} = 1.0 (or another number) "
            "under [parameters]."
        )
