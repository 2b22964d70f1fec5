"""The answer to whether a statement is true, and a world in which it is not."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from elbowroom.derivation.world import Numbers, World
from elbowroom.functional.expression import Equation, Inequality
from elbowroom.functional.printing import to_text


def sides(left: float, right: float) -> str:
    """The values of both sides, with as many digits as tell them apart.

    >>> sides(-0.0, 1.5), sides(1.0, 1.0000001)
    ('left side = 0, right side = 1.5', 'left side = 1, right side = 1.0000001')
    """
    digits = next((n for n in range(6, 17) if f"{left:.{n}g}" != f"{right:.{n}g}"), 17)
    return f"left side = {left + 0.0:.{digits}g}, right side = {right + 0.0:.{digits}g}"


MOST_SHOWN = 60
"""How many values of a law are shown one by one."""


@dataclasses.dataclass(frozen=True)
class Counterexample:
    """A finite world in which a statement is false, and the values of its two sides there."""

    world: World
    at: Mapping[str, float]
    left: float
    right: float

    def to_json(self) -> dict[str, Any]:
        """The tables, the values of the free variables and of both sides."""
        world = self.world
        laws = {
            f"{letter}({','.join(roles)})": _table(world, roles, table[0])
            for letter, (roles, table) in world.joints.items()
        }
        measures = {
            role: _table(world, (role,), world.weights[role])
            for role in world.values
            if any(weight != 1 for weight in world.weights[role])
        }
        return {
            "laws": laws,
            **({"measure": measures} if measures else {}),
            "parameters": {name: float(numbers[0]) for name, numbers in world.parameters.items()},
            "at": dict(self.at),
            "left": self.left,
            "right": self.right,
        }

    def __str__(self) -> str:
        document = self.to_json()
        lines = [
            f"{law}: " + ", ".join(f"{value:.4g} at {point}" for point, value in table.items())
            for law, table in document["laws"].items()
        ]
        lines += [
            f"measure of {role}: " + ", ".join(f"{weight:g} at {point}" for point, weight in table.items())
            for role, table in document.get("measure", {}).items()
        ]
        lines += [f"{name} = {value:.6g}" for name, value in document["parameters"].items()]
        lines += [f"{name} = {value:g}" for name, value in self.at.items()]
        lines.append(sides(self.left, self.right))
        return "\n".join(f"    {line}" for line in lines)


def _table(world: World, roles: tuple[str, ...], table: Numbers) -> dict[str, float]:
    """A value for each combination of values of the roles, or for all that have it where the table is large."""

    def named(point: tuple[int, ...]) -> str:
        return ", ".join(f"{role}={world.values[role][place]:g}" for role, place in zip(roles, point, strict=True))

    if table.size <= MOST_SHOWN:
        return {named(point): float(table[point]) for point in itertools.product(*map(range, table.shape))}
    values, first, counts = np.unique(table, return_index=True, return_counts=True)
    places = [tuple(map(int, np.unravel_index(one, table.shape))) for one in first]
    return {
        f"{count:,} points, such as {named(place)}": float(value)
        for value, place, count in zip(values, places, counts, strict=True)
    }


@dataclasses.dataclass(frozen=True)
class Instance:
    """Laws and numbers on the supports themselves in which a statement is false, as text, and both sides there."""

    given: Mapping[str, str]
    at: Mapping[str, float]
    left: float
    right: float

    def to_json(self) -> dict[str, Any]:
        """What is given, the values of the free variables and of both sides."""
        return {"given": dict(self.given), "at": dict(self.at), "left": self.left, "right": self.right}

    def __str__(self) -> str:
        lines = [f"{name} = {text}" for name, text in self.given.items()]
        lines += [f"{name} = {value:.6g}" for name, value in self.at.items()]
        lines.append(sides(self.left, self.right))
        return "\n".join(f"    {line}" for line in lines)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The answer to whether a statement holds, and what it rests on.

    `proof` is "normal-form" for a proved statement and "instances" for one that agreed on `instances` worlds, which is
    no proof. `max_error` is the largest difference seen between the sides of an identity, relative to their size.
    """

    identity: Equation | Inequality
    verdict: Literal["holds", "fails", "undecided"]
    proof: Literal["normal-form", "instances"] | None
    instances: int
    max_error: float | None
    counterexample: Counterexample | Instance | None
    reason: str
    hypotheses: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON document of `elbowroom check`."""
        return {
            "verdict": self.verdict,
            "proof": self.proof,
            "instances": self.instances,
            "max_error": self.max_error,
            "counterexample": self.counterexample.to_json() if self.counterexample else None,
            "reason": self.reason,
            "hypotheses": list(self.hypotheses),
            "relation": ">=" if isinstance(self.identity, Inequality) else "=",
            "left": to_text(self.identity.left),
            "right": to_text(self.identity.right),
        }

    def __str__(self) -> str:
        lines = [to_text(self.identity), f"{self.verdict}: {self.reason}"]
        if self.hypotheses:
            lines.append(f"assuming that {'; '.join(self.hypotheses)}")
        if self.counterexample:
            lines.append(str(self.counterexample))
        return "\n".join(lines)
