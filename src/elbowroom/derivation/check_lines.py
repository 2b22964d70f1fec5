"""Two expressions compared on the supports themselves, where what they say depends on Lebesgue's measure.

A finite world knows no derivative, no bounds and no length, so it neither refutes nor supports
`integral(exp(-z**2), z) = sqrt(pi)`. Here the laws are smooth densities of named families, and the integrals are
evaluated by adaptive quadrature.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from elbowroom.derivation.check_verdict import Instance
from elbowroom.derivation.check_worlds import Agreement
from elbowroom.derivation.line_laws import Dials, Laws, random_laws, random_point
from elbowroom.derivation.numeric.budget import limited
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.errors import InputError
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression, Function
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.support import Finite
from elbowroom.functional.traverse import children, free_variables, walk

INSTANCES = 4
SAME = 1e-8
DIFFERENT = 1e-6
RELIABLE = 1e-7
NOISE = 1e-2
UNDEFINED = "no instance gave both sides a finite value"
INACCURATE = "the integrals over the laws of an instance are not accurate"
CLEAR = 1e-4
"""What counts as a violation where laws were moved, and integrals over them are less certain."""

WORK = 30_000_000
"""How many values of integrands one comparison may take: about one second."""

_ENOUGH = 2
"""After so many instances in which a side has no value, no further one is looked at."""

_KEPT = 2
_TRIES = (60, 6, 2)
"""How often the laws are moved, by the number of variables."""


def needs_lines(*sides: Expression) -> bool:
    """Whether the sides depend on what a variable with a continuum of values is worth where it is integrated over.

    Densities and opaque functions of it do not count: every measure will do for them.
    """
    return any(_measures(expand(side)) for side in sides)


def _measures(node: Expression) -> bool:
    if isinstance(node, Derivative | PointValue):
        return True
    if isinstance(node, Integral):
        continuous = not isinstance(node.variable.support, Finite)
        if node.lower is not None or (continuous and _is_worth(node.integrand, node.variable)):
            return True
    return any(_measures(child) for child in children(node) if not isinstance(child, Variable))


def _is_worth(node: Expression, variable: Variable) -> bool:
    """Whether the value of the variable is used, outside the arguments of densities and opaque functions."""
    if isinstance(node, DensityValue):
        return False
    if isinstance(node, Function):
        return any(_is_worth(a, variable) for a in node.arguments if not isinstance(a, Variable))
    if isinstance(node, Integral) and node.variable == variable:
        return False
    return any(child == variable or _is_worth(child, variable) for child in _parts(node))


def _parts(node: Expression) -> list[Expression]:
    parts = list(children(node))
    if isinstance(node, Integral | Derivative):
        parts = [part for part in parts if part is not node.variable]
    return parts


def compare_on_lines(
    statement_sides: tuple[Expression, Expression], *, inequality: bool, instances: int = INSTANCES
) -> Instance | Agreement:
    """Whether the sides are equal, or the left one is at least the right one, for random laws on the supports.

    Where an inequality holds for all of these, the laws that come closest to a violation are moved towards one.
    """
    with limited(WORK):
        return _compared(expand(statement_sides[0]), expand(statement_sides[1]), inequality, instances)


def _compared(left: Expression, right: Expression, inequality: bool, instances: int) -> Instance | Agreement:
    sides = left, right
    seen: list[_Seen | str] = []
    for index in range(instances):
        one = _look(sides, f"elbowroom line {index}", 1 if index == 0 else 2)
        seen.append(one)
        if isinstance(one, _Seen) and _gap(one, inequality) > DIFFERENT:
            return one.instance
        if seen[-_ENOUGH:] == [UNDEFINED] * _ENOUGH:
            break
    compared = [one for one in seen if isinstance(one, _Seen)]
    gaps = [_gap(one, inequality) for one in compared]
    more = 0
    if inequality and compared:
        found, more = _descend(sides, sorted(compared, key=lambda one: -one.below)[:_KEPT])
        if found is not None:
            return found.instance
    agreed = sum(gap <= SAME for gap in gaps)
    reasons = [one for one in seen if isinstance(one, str)]
    trouble = reasons[-1] if reasons else "a difference is too large for rounding and too small to count"
    largest = None if inequality or not gaps else max(gaps)
    return Agreement(agreed + more, largest, len(gaps) - agreed, trouble)


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What was seen for the laws of a name and their turns: `below` is how far the left side lies below the right."""

    name: str
    parts: int
    turns: tuple[float, ...]
    instance: Instance
    below: float


def _gap(seen: _Seen, inequality: bool) -> float:
    """How far the sides are from what is stated of them."""
    return seen.below if inequality else abs(seen.below)


def _look(
    sides: tuple[Expression, Expression], name: str, parts: int, turns: tuple[float, ...] | None = None
) -> _Seen | str:
    """Both sides for the laws of this name, or why they have no value there."""
    dials = Dials(name, turns or ())
    free = sorted(free_variables(sides[0]) | free_variables(sides[1]), key=str)
    try:
        laws = random_laws(sides, dials, parts)
        at = {variable.name: random_point(variable, dials) for variable in free}
        with np.errstate(all="ignore"):
            scene = laws.scene()
            if any(abs(number(mass, scene) - 1.0) > RELIABLE for mass in laws.masses()):
                return INACCURATE
            one, other = (number(side, scene, at) for side in sides)
            if abs(one - other) > SAME * max(1.0, abs(one), abs(other)) and _is_noise(sides, laws, at, one - other):
                return INACCURATE
    except (InputError, ArithmeticError, ValueError) as error:
        return str(error).split("\n")[0]
    if not (math.isfinite(one) and math.isfinite(other)):
        return UNDEFINED
    below = (other - one) / max(1.0, abs(one), abs(other))
    return _Seen(name, parts, turns or (0.0,) * dials.count, Instance(laws.shown(), at, one, other), below)


def _is_noise(sides: tuple[Expression, Expression], laws: Laws, at: dict[str, float], difference: float) -> bool:
    """Whether a difference may come of rounding: on other meshes the sides differ by another amount."""
    for stretch in (0.83, 1.19):
        scene = laws.scene(stretch)
        again = number(sides[0], scene, at) - number(sides[1], scene, at)
        if not abs(again - difference) < NOISE * abs(difference):
            return True
    return False


def _descend(sides: tuple[Expression, Expression], closest: Sequence[_Seen]) -> tuple[_Seen | None, int]:
    """Turn the numbers of the laws that come closest to a violation, keeping what comes closer still."""
    roles = {node.role for side in sides for node in walk(side) if isinstance(node, Variable)}
    tries = _TRIES[min(len(roles), len(_TRIES)) - 1]
    looked = 0
    for best in closest:
        generator, step = np.random.default_rng(2), 1.0
        for _ in range(tries):
            turns = np.asarray(best.turns) + step * generator.standard_normal(len(best.turns))
            found = _look(sides, best.name, best.parts, tuple(map(float, turns)))
            if isinstance(found, str):
                step *= 0.7
                continue
            looked += 1
            if found.below > CLEAR:
                return found, looked
            closer = found.below > best.below
            step, best = (1.6 * step, found) if closer else (0.85 * step, best)
    return None, looked
