"""Whether axes cover the laws that depend on unknown numbers: their mass on the nodes is one only while they do.

A Normal(z; m, s) whose m leaves the box, or whose s falls below the distance of the nodes, has no mass there any
more, and neither has anything that is integrated against it: a functional seems to fall to zero.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from elbowroom.errors import InputError
from elbowroom.functional.expression import Expression, Parameter
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue
from elbowroom.functional.setting import Table
from elbowroom.functional.traverse import walk
from elbowroom.solution.graph import Known, Node
from elbowroom.solution.program import Program
from elbowroom.solution.scene import Scene
from elbowroom.solution.statement import Statement
from elbowroom.solution.tabulate import tabulate

Array = np.ndarray

_AT_THE_START = 1e-4
_ON_THE_WAY = 1e-3


@dataclasses.dataclass(frozen=True, eq=False)
class Coverage:
    """The masses of some laws, as a program of the unknown numbers."""

    program: Program

    def worst(self, x: Array) -> float:
        """By how much a mass fails to be one."""
        return max((_gap(mass) for mass in self.program.at(x).outputs), default=0.0)

    def holds(self, x: Array) -> bool:
        """Whether the axes still cover all laws, well enough for a search that looks again where it ends."""
        return self.worst(x) <= _ON_THE_WAY

    def normalised(self, x: Array) -> Coverage | None:
        """The same for those laws that have mass one at `x`: the others may not be normalised by what they are."""
        masses = zip(self.program.outputs, self.program.at(x).outputs, strict=True)
        kept = tuple(node for node, mass in masses if _gap(mass) <= _AT_THE_START)
        return Coverage(Program(kept, self.program.size)) if kept else None


def coverage(statement: Statement, scene: Scene, size: int) -> Coverage | None:
    """The coverage of the laws that depend on unknown numbers, on the axes of `scene`."""
    nodes: list[Node] = []
    for part in moving_laws(statement):
        mass = _mass(part, statement)
        if mass is None:
            continue
        try:
            node = tabulate(mass, scene)
        except InputError:
            continue
        if not isinstance(node, Known):
            nodes.append(node)
    return Coverage(Program(tuple(nodes), size)) if nodes else None


def moving_laws(statement: Statement) -> Iterator[DensityValue]:
    """The laws that depend on unknown numbers."""
    names = {number.name for number in statement.numbers}
    for part, meaning in statement.setting.laws.items():
        if not isinstance(meaning, Table) and any(
            isinstance(node, Parameter) and node.name in names for node in walk(meaning)
        ):
            yield part


def _mass(part: DensityValue, statement: Statement) -> Expression | None:
    """The mass of a law, on average over a known law of what is given; None where there is no such law."""
    mass: Expression = part
    for variable in part.of:
        mass = Integral(mass, variable)
    for variable in part.given:
        if variable.role in {observed.role for observed in statement.setting.observed}:
            continue
        laws = [law for law in statement.setting.laws if law.of == (variable,) and not law.given]
        if not laws:
            return None
        mass = Integral(laws[0] * mass, variable)
    return mass


def _gap(mass: Array) -> float:
    gap = float(np.abs(mass - 1).max())
    return gap if np.isfinite(gap) else np.inf
