"""Is an identity true? Proved by normal form, or compared on finite worlds, or refuted by one of them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal

from elbowroom.derivation.normal_form import proves_equal
from elbowroom.derivation.random_world import random_world
from elbowroom.derivation.world import World, assignments, evaluate
from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Equation, Expression, as_expression
from elbowroom.functional.parse import parse, parse_equation
from elbowroom.functional.printing import to_text
from elbowroom.functional.traverse import free_variables

WORLDS = 40
WORLDS_BESIDE_PROOF = 10
SAME = 1e-10
DIFFERENT = 1e-7


@dataclasses.dataclass(frozen=True)
class Counterexample:
    """A finite world in which the two sides of an identity differ, and their values there."""

    world: World
    at: dict[str, int]
    left: float
    right: float

    def to_json(self) -> dict[str, Any]:
        """The tables, the values of the free variables and of both sides."""
        laws = {
            f"{letter}({','.join(roles)})": {
                ", ".join(f"{role}={value}" for role, value in zip(roles, point, strict=True)): probability
                for point, probability in table.items()
            }
            for letter, (roles, table) in self.world.joints.items()
        }
        return {
            "laws": laws,
            "parameters": dict(self.world.parameters),
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
        lines += [f"{name} = {value:.6g}" for name, value in self.world.parameters.items()]
        lines += [f"{name} = {value}" for name, value in self.at.items()]
        lines.append(f"left side = {self.left:.6g}, right side = {self.right:.6g}")
        return "\n".join(f"    {line}" for line in lines)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The answer to whether an identity holds, and what it rests on.

    `proof` is "normal-form" for a proved identity and "instances" for one that agreed on `instances` finite
    worlds, which is no proof. `max_error` is the largest difference seen, relative to the size of the sides.
    """

    identity: Equation
    verdict: Literal["holds", "fails", "undecided"]
    proof: Literal["normal-form", "instances"] | None
    instances: int
    max_error: float | None
    counterexample: Counterexample | None
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


def check(left: Expression | Equation | str, right: Expression | float | str | None = None) -> Verdict:
    """Is `left` equal to `right`, for all densities and all values of the free variables?

    Equal normal forms prove the identity. Otherwise both sides are evaluated in random finite worlds: one
    clear disagreement refutes it and is returned; agreement in all of them is reported as what it is,
    "checked on N instances". Neither is ever guessed: rounding alone decides nothing.

    **Arguments.** Two expressions, an `Equation`, or text: `check("LEFT = RIGHT")`.

    **Raises.** `InputError` if there is one side only; `FormulaError` for text that cannot be read.

    >>> from elbowroom.functional.law import laws, variables
    >>> check("E_q(z|x)[log p(x)] = log p(x)").proof
    'normal-form'
    >>> check("E_q(z|x)[log p(z)] = log p(x)").verdict
    'fails'
    """
    identity = _identity(left, right)
    proved, hypotheses = proves_equal(identity.left, identity.right)
    seen = _compare(identity, WORLDS_BESIDE_PROOF if proved else WORLDS)
    if isinstance(seen, Counterexample):
        if proved:
            raise AssertionError(f"A defect of elbowroom: {to_text(identity)} was proved, yet fails in\n{seen}")
        reason = "the two sides differ in a finite world"
        return Verdict(identity, "fails", None, 1, abs(seen.left - seen.right), seen, reason)
    if proved:
        reason = "proved: both sides have the same normal form"
        ordered = tuple(sorted(hypotheses))
        return Verdict(identity, "holds", "normal-form", seen.instances, seen.max_error, None, reason, ordered)
    if seen.instances >= WORLDS // 2 and seen.doubtful == 0:
        reason = f"checked on {seen.instances} instances (random finite worlds), not proved"
        if seen.instances < WORLDS:
            reason += f"; in {WORLDS - seen.instances} others a side had no real value"
        return Verdict(identity, "holds", "instances", seen.instances, seen.max_error, None, reason)
    return Verdict(identity, "undecided", None, seen.instances, seen.max_error, None, seen.trouble)


@dataclasses.dataclass(frozen=True)
class _Agreement:
    instances: int
    max_error: float | None
    doubtful: int
    trouble: str


def _identity(left: Expression | Equation | str, right: Expression | float | str | None) -> Equation:
    if isinstance(left, Equation) and right is None:
        return left
    if isinstance(left, str) and right is None:
        return parse_equation(left)
    if right is None or isinstance(left, Equation):
        raise InputError("check needs two sides: check(left, right), check(left == right) or check('LEFT = RIGHT').")
    sides = [parse(side) if isinstance(side, str) else as_expression(side) for side in (left, right)]
    return Equation(sides[0], sides[1])


def _compare(identity: Equation, worlds: int) -> Counterexample | _Agreement:
    left, right = expand(identity.left), expand(identity.right)
    free = tuple(sorted(free_variables(left) | free_variables(right), key=lambda variable: variable.name))
    agreed = doubtful = 0
    largest: float | None = None
    trouble = "no finite world gave both sides a finite value"
    for index in range(worlds):
        world = random_world((left, right), index)
        try:
            values = [(at, evaluate(left, world, at), evaluate(right, world, at)) for at in assignments(world, free)]
        except MissingRule as missing:
            return _Agreement(agreed, largest, doubtful, str(missing))
        except (ArithmeticError, ValueError):
            continue
        errors = [(_distance(a, b), at, a, b) for at, a, b in values]
        if not all(math.isfinite(error) for error, *_ in errors):
            continue
        error, at, a, b = max(errors, key=lambda entry: entry[0])
        if error > DIFFERENT:
            return Counterexample(world, at, a, b)
        largest = max(largest or 0.0, error)
        if error > SAME:
            doubtful += 1
            trouble = f"a difference of {error:.1e} in a finite world is too large for rounding and too small to count"
        else:
            agreed += 1
    return _Agreement(agreed, largest, doubtful, trouble)


def _distance(left: float, right: float) -> float:
    """The difference relative to the size of the sides, with 1 as the least size."""
    return abs(left - right) / max(1.0, abs(left), abs(right))
