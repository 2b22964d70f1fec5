"""Whether a table is a law: as large as its variables, non-negative, and of total mass one."""

from __future__ import annotations

import itertools
import math
from typing import Any

from elbowroom.errors import InputError
from elbowroom.functional.law import DensityValue
from elbowroom.functional.setting import Table
from elbowroom.functional.support import Finite

MASS_TOLERANCE = 1e-9
"""A table may sum to one only as exactly as its numbers are written."""


def check_table(density: DensityValue, table: Table) -> None:
    """Refuse a table that is no density of its variables. Raises `InputError` with the place in the table."""
    variables = (*density.of, *density.given)
    sizes: list[int] = []
    for variable in variables:
        if not isinstance(variable.support, Finite):
            raise InputError(
                f"{density} is a table, and {variable} is {variable.support}. A table needs finite variables: declare "
                f"{variable} = {{finite = n}}, or give a formula."
            )
        sizes.append(variable.support.size)
    _check_shape(density, table.values, tuple(sizes), ())
    of = range(len(density.of))
    sums: dict[tuple[int, ...], list[float]] = {}
    for place in itertools.product(*map(range, sizes)):
        value = _entry(table.values, place)
        if value < 0:
            raise InputError(f"The table of {density} has {value:g} at {list(place)}, and a density is not negative.")
        sums.setdefault(place[len(of) :], []).append(value)
    for given, values in sums.items():
        total = math.fsum(values)
        if abs(total - 1) > MASS_TOLERANCE:
            at = f" at {list(given)} of what is given" if given else ""
            raise InputError(
                f"The table of {density} sums to {total:.12g}{at}, and a density to 1. Its indices are "
                f"{', '.join(map(str, variables))}, in this order; write the numbers out, or divide by their sum."
            )


def _check_shape(density: DensityValue, level: Any, sizes: tuple[int, ...], place: tuple[int, ...]) -> None:
    where = f" at {list(place)}" if place else ""
    if not sizes:
        if isinstance(level, tuple):
            raise InputError(f"The table of {density} has more levels of brackets than variables{where}.")
        return
    if not isinstance(level, tuple) or len(level) != sizes[0]:
        found = f"{len(level)} entries" if isinstance(level, tuple) else "a number"
        raise InputError(
            f"The table of {density} has {found}{where}, where {sizes[0]} entries are expected: one level of brackets "
            "for each variable, one entry for each of its values."
        )
    for index, entry in enumerate(level):
        _check_shape(density, entry, sizes[1:], (*place, index))


def _entry(values: Any, place: tuple[int, ...]) -> float:
    for index in place:
        values = values[index]
    return values
