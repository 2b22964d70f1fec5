"""What is given in a problem: the laws that are known, the functions, the numbers, and what was observed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from elbowroom.functional.expression import Expression, Function
from elbowroom.functional.law import DensityValue, Variable

NestedNumbers = tuple[Any, ...]
"""Numbers, in tuples of tuples of equal length: one level for each variable."""


@dataclasses.dataclass(frozen=True)
class Table:
    """A density of finite variables by its values, indexed by the variables of the density, the given ones last."""

    values: NestedNumbers

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each variable."""
        shape: list[int] = []
        level: Any = self.values
        while isinstance(level, tuple):
            shape.append(len(level))
            level = level[0]
        return tuple(shape)


Definition = Expression | Table


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is known beside the functional itself; every part may be left out.

    **Arguments.** `laws` holds the density of each known part of a joint law, as an expression in its variables
    or as a table; the joint law of a letter is the product of its parts, the unknown among them. `functions`
    holds the expression of each opaque function, `parameters` the value of each number, and `observed` the value
    of each variable that was observed. `variables` are those that were declared, by name.
    """

    laws: Mapping[DensityValue, Definition] = dataclasses.field(default_factory=dict)
    functions: Mapping[Function, Expression] = dataclasses.field(default_factory=dict)
    parameters: Mapping[str, float] = dataclasses.field(default_factory=dict)
    observed: Mapping[Variable, float] = dataclasses.field(default_factory=dict)
    variables: Mapping[str, Variable] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, MappingProxyType(dict(getattr(self, field.name))))


NOTHING_GIVEN = Setting()
"""The setting of a problem that stands on its own."""
