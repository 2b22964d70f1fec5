"""The values of variables by name and by role, and of densities that are tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from elbowroom.derivation.numeric.scene import Array, MissingNumber
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.setting import Table

At = Mapping[str, Array]
"""The values of variables by name, arrays that broadcast together."""


def by_role(node: DensityValue, at: At) -> dict[str, Array]:
    """The values of the variables of a density by role."""
    return {v.role: np.asarray(value_of(v, at), dtype=float) for v in (*node.of, *node.given)}


def value_of(variable: Variable, at: At) -> Array:
    """The values of a variable. Raises `MissingNumber` where it has none."""
    if variable.name not in at:
        raise MissingNumber(variable.name)
    return at[variable.name]


def at_law(node: DensityValue, own: DensityValue, at: At) -> dict[str, Array]:
    """The values of the variables of a law, as its definition calls them, where `node` is asked for."""
    values = by_role(node, at)
    return dict(at) | {v.name: values[v.role] for v in (*own.of, *own.given)}


def looked_up(node: DensityValue, own: DensityValue, table: Table, at: At) -> Array:
    """The values of a density that is a table."""
    values = by_role(node, at)
    places = tuple(np.rint(values[v.role]).astype(int) for v in (*own.of, *own.given))
    return table_array(table)[places]


@cache
def table_array(table: Table) -> Array:
    """The values of a table as an array."""
    return np.asarray(table.values, dtype=float)
