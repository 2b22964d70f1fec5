"""Where integrands are not smooth: zeros of the arguments of abs, sign and max(0, .), and edges of clipped densities.

An adaptive rule closes in on a kink, and can be deceived by one: where the place is known, panels end there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from scipy import optimize

from elbowroom.derivation.numeric.evaluate import values
from elbowroom.derivation.numeric.scene import Array, MissingNumber, Scene
from elbowroom.derivation.numeric.tails import scan
from elbowroom.errors import MissingRule
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import Variable
from elbowroom.functional.support import Finite, Support
from elbowroom.functional.traverse import free_variables, walk

KINKED = frozenset({"abs", "sign", "positive_part"})


def kink_points(expressions: Iterable[Expression], variable: Variable, scene: Scene) -> tuple[float, ...]:
    """The values of `variable` at which something in the expressions has a kink, laws and functions looked into."""
    found: list[float] = []
    if isinstance(variable.support, Finite):
        return ()
    bodies = [*scene.setting.functions.values(), *scene.setting.laws.values()]
    spelled = [body for body in bodies if isinstance(body, Expression)]
    for whole in (*expressions, *spelled):
        for node in walk(whole):
            if isinstance(node, Elementary) and node.name in KINKED and free_variables(node) == {variable}:
                found.extend(_zeros(node.argument, variable, scene))
    return tuple(dict.fromkeys(found))


def _zeros(argument: Expression, variable: Variable, scene: Scene) -> list[float]:
    try:
        return zeros(lambda z: values(argument, scene, {variable.name: z}), variable.support)
    except (MissingNumber, MissingRule):
        return []


def zeros(function: Callable[[Array], Array], support: Support) -> list[float]:
    """The places where a function changes its sign, seen on a scan of the support and closed in on."""
    places = scan(support)
    seen = np.asarray(function(places), dtype=float)
    exact = [float(place) for place in places[seen == 0]]
    crossing = np.flatnonzero(seen[:-1] * seen[1:] < 0)
    return exact + [
        float(
            optimize.brentq(  # pyright: ignore[reportArgumentType]
                lambda z: float(function(np.array([z]))[0]), places[i], places[i + 1], xtol=1e-15
            )
        )
        for i in crossing
    ]


def edges(density: Callable[[Array], Array], nodes: Array) -> list[float]:
    """Where a density becomes exactly zero between two nodes at which it is not small, by bisection."""
    ordered = np.sort(nodes)
    seen = np.asarray(density(ordered))
    positive = seen > 0
    found: list[float] = []
    for index in np.flatnonzero(positive[:-1] != positive[1:]):
        if max(seen[index], seen[index + 1]) < 1e-200:
            continue  # underflow in a tail is no edge
        low, high, inside = ordered[index], ordered[index + 1], bool(positive[index])
        for _ in range(100):
            middle = (low + high) / 2
            if high - low < 1e-13 * (1 + abs(middle)):
                break
            same = bool(np.asarray(density(np.array([middle])))[0] > 0) == inside
            low, high = (middle, high) if same else (low, middle)
        found.append(float(low))
    return found
