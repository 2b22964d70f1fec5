"""Whether what is given is defined without a circle, and is not beyond all size once everything is put in."""

from __future__ import annotations

import graphlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from elbowroom.errors import InputError
from elbowroom.functional.expression import Expression, Function
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import DensityValue
from elbowroom.functional.setting import Setting
from elbowroom.functional.traverse import extent, walk

LARGEST_DEFINITION = 50_000
DEEPEST_DEFINITION = 150


def check_definitions(given: Setting) -> None:
    """Refuse a law or function that is defined through itself, or by too long a formula.

    Definitions through other definitions double at each level if each is used twice, so their length is reckoned
    before anything is put in.
    """
    bodies: dict[str, list[Expression]] = {}
    for key, body in (*given.laws.items(), *given.functions.items()):
        name = key.letter if isinstance(key, DensityValue) else key.name
        bodies.setdefault(name, []).extend([body] if isinstance(body, Expression) else [])
    uses = {name: [used for body in own for used in _used(body) if used in bodies] for name, own in bodies.items()}
    order, circle = in_order({name: set(used) for name, used in uses.items()})
    if circle:
        raise InputError(f"{' is defined through '.join(shortened(circle))}. Define one of them without the other.")
    sizes: dict[str, tuple[int, int]] = {}
    for name in order:
        own = [extent(body) for body in bodies[name]]
        nodes = sum(size for size, _ in own) + sum(sizes[used][0] for used in uses[name])
        levels = max((depth for _, depth in own), default=0) + max((sizes[used][1] for used in uses[name]), default=0)
        if nodes > LARGEST_DEFINITION or levels > DEEPEST_DEFINITION:
            raise InputError(
                f"The definition of {name} is too long once all that it is defined through is put in. Shorten it: at "
                f"most {LARGEST_DEFINITION:,} nodes in {DEEPEST_DEFINITION} levels are read."
            )
        sizes[name] = (nodes, levels)


def in_order(needs: Mapping[Any, Collection[Any]]) -> tuple[list[Any], list[Any]]:
    """The keys, each behind those that it needs, and a circle of keys that need one another, if there is one."""
    try:
        return list(graphlib.TopologicalSorter(needs).static_order()), []
    except graphlib.CycleError as error:
        return [], list(reversed(error.args[1]))


def shortened(names: list[Any]) -> list[str]:
    """The names of a circle, without its middle where that is long."""
    shown = list(map(str, names))
    return shown if len(shown) <= 8 else [*shown[:6], "...", shown[-1]]


def _used(body: Expression) -> Iterator[str]:
    for node in walk(body):
        if isinstance(node, DensityValue | MutualInformation):
            yield node.letter
        elif isinstance(node, Function):
            yield node.name
