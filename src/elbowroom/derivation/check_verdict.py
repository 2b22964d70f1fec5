"""The answer to whether a statement is true, and a world in which it is not."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any, Literal

from elbowroom.derivation.world import World
from elbowroom.functional.expression import Equation, Inequality
from elbowroom.functional.printing import to_text


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
            f"{letter}({','.join(roles)})": {
                ", ".join(
                    f"{role}={world.values[role][place]:g}" for role, place in zip(roles, point, strict=True)
                ): float(table[(0, *point)])
                for point in itertools.product(*map(range, table.shape[1:]))
            }
            for letter, (roles, table) in world.joints.items()
        }
        measures = {
            role: {
                f"{role}={value:g}": float(weight) for value, weight in zip(values, world.weights[role], strict=True)
            }
            for role, values in world.values.items()
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
        lines.append(f"left side = {self.left:.6g}, right side = {self.right:.6g}")
        return "\n".join(f"    {line}" for line in lines)


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
        lines.append(f"left side = {self.left:.6g}, right side = {self.right:.6g}")
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
