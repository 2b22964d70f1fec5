"""Finite worlds: every variable has a few values, every law a table, so that every expression has a value.

An integral is a sum here. An identity that holds for every density in every space holds in every such
world, so one disagreement refutes it. Several worlds of one shape are evaluated together, in arrays whose
first axis counts the worlds.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce, singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from elbowroom.errors import MissingRule
from elbowroom.functional.elementary import Elementary, NamedConstant
from elbowroom.functional.expression import (
    Constant,
    Exp,
    Expression,
    Function,
    Log,
    Multiplier,
    Parameter,
    Power,
    Product,
    Sum,
)
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable

LARGEST_TABLE = 2_000_000
"""A table with more entries is not made: the expression is left undecided."""

Numbers = NDArray[np.float64]
Assignment = Mapping[str, int]
"""The value of each variable, by its name, as its place among the values of the variable."""

Key = tuple[str, tuple[str, ...], tuple[str, ...]]
"""A density by its letter, the roles it is of and the roles given, both in order."""


@dataclasses.dataclass(frozen=True)
class World:
    """Worlds of one shape: the values of the variables by role, tables for the letters, numbers for the names.

    **Arguments.** `weights` is the measure of each value of a variable. `joints[letter]` is the roles of a law in order
    and the table of its density with respect to that measure, with the worlds along the first axis; `parameters`
    and `phases` have one number for each world, the latter telling the opaque functions of the worlds apart.
    `functions` gives values of opaque functions at values of their arguments, and `pinned` densities that have a
    table of their own, whatever the joint says, over the roles they are of and those given.
    """

    values: Mapping[str, Numbers]
    weights: Mapping[str, Numbers]
    joints: Mapping[str, tuple[tuple[str, ...], Numbers]]
    parameters: Mapping[str, Numbers]
    phases: Numbers
    functions: Mapping[tuple[str, tuple[float, ...]], float] = dataclasses.field(default_factory=dict)
    pinned: Mapping[Key, Mapping[tuple[int, ...], float]] = dataclasses.field(default_factory=dict)
    known: dict[Any, Any] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    """Marginals that were summed before."""
    summed: list[Numbers] = dataclasses.field(default_factory=list, compare=False, repr=False)
    """The largest size of what was added up, in each world, for every sum: what rounding is judged by."""

    @property
    def sizes(self) -> dict[str, int]:
        """How many values each role has."""
        return {role: len(values) for role, values in self.values.items()}

    def one(self, index: int) -> World:
        """The world of that number alone."""
        chosen = slice(index, index + 1)
        return World(
            self.values,
            self.weights,
            {letter: (roles, table[chosen]) for letter, (roles, table) in self.joints.items()},
            {name: numbers[chosen] for name, numbers in self.parameters.items()},
            self.phases[chosen],
            self.functions,
            self.pinned,
        )

    def marginal(self, letter: str, roles: frozenset[str]) -> Numbers:
        """The table of a law over some of its roles, in their order."""
        key = (letter, roles)
        if key not in self.known:
            own, table = self.joints[letter]
            for place in range(len(own) - 1, -1, -1):
                if own[place] not in roles:
                    table = np.tensordot(table, self.weights[own[place]], axes=(1 + place, 0))
            self.known[key] = table
        return self.known[key]


@dataclasses.dataclass(frozen=True, slots=True)
class Tabulated:
    """Values for each world and each value of the variables named, which are in alphabetical order."""

    table: Numbers
    names: tuple[str, ...] = ()


def assignments(world: World, variables: tuple[Variable, ...]) -> Iterator[dict[str, int]]:
    """Every way to give values to `variables` in `world`."""
    ranges = [range(len(world.values[variable.role])) for variable in variables]
    for places in itertools.product(*ranges):
        yield {variable.name: place for variable, place in zip(variables, places, strict=True)}


def evaluate(node: Expression, world: World, assignment: Assignment) -> float:
    """The value of an expanded expression in a single world, its free variables having the values of `assignment`.

    **Raises.** `MissingRule` for a node without a rule, `ArithmeticError` where the value is not a finite real number.
    """
    found = tabulate(node, world)
    place = tuple(
        assignment[name] if size > 1 else 0 for name, size in zip(found.names, found.table.shape[1:], strict=True)
    )
    value = float(found.table[(0, *place)])
    if not np.isfinite(value):
        raise ArithmeticError("the value is not a finite real number")
    return value


def tabulate(node: Expression, world: World) -> Tabulated:
    """The values of an expanded expression in every world; where it has no real value they are not finite.

    **Raises.** `MissingRule` for a node without a rule.
    """
    with np.errstate(all="ignore"):
        return _tabulate(node, world)


def aligned(parts: Sequence[Tabulated]) -> tuple[list[Numbers], tuple[str, ...]]:
    """The tables of all parts over the variables of any of them, as arrays that broadcast together."""
    if all(part.names == parts[0].names for part in parts):
        return [part.table for part in parts], parts[0].names
    names = tuple(sorted({name for part in parts for name in part.names}))
    tables: list[Numbers] = []
    for part in parts:
        sizes = dict(zip(part.names, part.table.shape[1:], strict=True))
        tables.append(part.table.reshape(part.table.shape[0], *(sizes.get(name, 1) for name in names)))
    if math.prod(max(sizes) for sizes in zip(*(table.shape for table in tables), strict=True)) > LARGEST_TABLE:
        raise MissingRule("the expression has too many variables at once for a table in a finite world")
    return tables, names


@singledispatch
def _tabulate(node: Expression, world: World) -> Tabulated:
    raise MissingRule(f"no rule to evaluate {type(node).__name__} in a finite world; add one in derivation/world.py")


@_tabulate.register
def _(node: Constant, world: World) -> Tabulated:
    return Tabulated(np.array([float(node.value)]))


@_tabulate.register
def _(node: NamedConstant, world: World) -> Tabulated:
    return Tabulated(np.array([node.value]))


@_tabulate.register
def _(node: Parameter, world: World) -> Tabulated:
    return Tabulated(world.parameters[node.name])


@_tabulate.register
def _(node: Multiplier, world: World) -> Tabulated:
    return _opaque(world, node.name, node.of) if node.of else Tabulated(world.parameters[node.name])


@_tabulate.register
def _(node: Variable, world: World) -> Tabulated:
    return Tabulated(world.values[node.role][None, :], (node.name,))


@_tabulate.register
def _(node: Function, world: World) -> Tabulated:
    return _opaque(world, node.name, node.arguments)


@_tabulate.register
def _(node: DensityValue, world: World) -> Tabulated:
    of, given = tuple(sorted(v.role for v in node.of)), tuple(sorted(v.role for v in node.given))
    names = {variable.role: variable.name for variable in (*node.of, *node.given)}
    key = (node.letter, of, given)
    if key in world.pinned:
        return _named(_array(world, key), (*of, *given), names)
    roles, _ = world.joints[node.letter]
    both = tuple(role for role in roles if role in names)
    table = world.marginal(node.letter, frozenset(names))
    if given:
        below = world.marginal(node.letter, frozenset(given))
        shape = [below.shape[1 + given.index(role)] if role in given else 1 for role in both]
        table = table / below.reshape(below.shape[0], *shape)
    return _named(table, both, names)


@_tabulate.register
def _(node: Sum, world: World) -> Tabulated:
    tables, names = aligned([_tabulate(term, world) for term in node.terms])
    world.summed.extend(np.abs(table).reshape(len(table), -1).max(axis=1) for table in tables)
    return Tabulated(reduce(np.add, tables), names)


@_tabulate.register
def _(node: Product, world: World) -> Tabulated:
    tables, names = aligned([_tabulate(factor, world) for factor in node.factors])
    return Tabulated(reduce(np.multiply, tables), names)


@_tabulate.register
def _(node: Power, world: World) -> Tabulated:
    (base, exponent), names = aligned([_tabulate(node.base, world), _tabulate(node.exponent, world)])
    return Tabulated(np.power(base, exponent), names)


@_tabulate.register
def _(node: Log, world: World) -> Tabulated:
    inner = _tabulate(node.argument, world)
    return Tabulated(np.log(inner.table), inner.names)


@_tabulate.register
def _(node: Exp, world: World) -> Tabulated:
    inner = _tabulate(node.argument, world)
    return Tabulated(np.exp(inner.table), inner.names)


@_tabulate.register
def _(node: Elementary, world: World) -> Tabulated:
    inner = _tabulate(node.argument, world)
    return Tabulated(np.asarray(node.function.evaluate(np, special, inner.table)), inner.names)


@_tabulate.register
def _(node: Integral, world: World) -> Tabulated:
    if node.lower is not None:
        raise MissingRule("an integral between bounds has no value in a finite world")
    inner = _tabulate(node.integrand, world)
    weights = world.weights[node.variable.role]
    if node.variable.name not in inner.names:
        return Tabulated(inner.table * weights.sum(), inner.names)
    axis = 1 + inner.names.index(node.variable.name)
    names = tuple(name for name in inner.names if name != node.variable.name)
    return Tabulated(np.tensordot(inner.table, weights, axes=(axis, 0)), names)


def _named(table: Numbers, roles: tuple[str, ...], names: Mapping[str, str]) -> Tabulated:
    """A table over roles as one over the variables that have them, in alphabetical order."""
    own = [names[role] for role in roles]
    order = sorted(range(len(own)), key=lambda place: own[place])
    if order != list(range(len(own))):
        table = table.transpose(0, *(1 + place for place in order))
    return Tabulated(table, tuple(own[place] for place in order))


def _array(world: World, key: Key) -> Numbers:
    """The table of a pinned density as an array."""
    if ("pinned", key) not in world.known:
        table = np.zeros((1, *(len(world.values[role]) for role in (*key[1], *key[2]))))
        for point, value in world.pinned[key].items():
            table[(0, *point)] = value
        world.known["pinned", key] = table
    return world.known["pinned", key]


def _opaque(world: World, name: str, arguments: Sequence[Expression]) -> Tabulated:
    """An opaque function: from the world's table where it has one, and a fixed wild function elsewhere."""
    tables, names = aligned([_tabulate(argument, world) for argument in arguments])
    phase = sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 97
    phases = (phase + world.phases).reshape(-1, *(1,) * len(names))
    waves = [np.sin(phases + (3 + place) * table) for place, table in enumerate(tables)]
    whole = 0.3 + sum(waves[1:], waves[0]) / 2
    if any(known == name for known, _ in world.functions):
        points = np.broadcast_arrays(whole, *tables)
        flat = zip(*(part.ravel() for part in points), strict=True)
        found = [world.functions.get((name, tuple(map(float, point))), value) for value, *point in flat]
        whole = np.array(found).reshape(points[0].shape)
    return Tabulated(whole, names)
