"""A derivation as data: a list of steps, each with its rule, its hypotheses and the checks it passed."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from elbowroom.functional.expression import Expression
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem


@dataclasses.dataclass(frozen=True)
class Check:
    """One check of one step: `normal-form` is a proof, the other kinds are numerical."""

    kind: Literal["normal-form", "instances", "taylor", "quadrature", "kkt"]
    passed: bool
    detail: str


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of a derivation, from `before` to `after` by `rule`, both in the plain notation."""

    rule: str
    before: str
    after: str
    hypotheses: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclasses.dataclass(frozen=True)
class Derivation:
    """What `derive` answers: the optimum, its value, and how it was reached.

    `status` is "solved", "condition" (a stationarity condition for which no closed form was found) or
    "refused" (there is no optimum; `reason` says why). `minimum` speaks of the problem as a minimisation:
    under `maximise`, of the maximum.
    """

    problem: Problem
    status: Literal["solved", "fixed-point", "condition", "refused"]
    optimum: Expression | None
    unnormalised: Expression | None
    value: Expression | None
    minimum: Literal["global", "local", "stationary", "none"]
    unique: bool | None
    multipliers: dict[str, Expression]
    condition: str
    steps: tuple[Step, ...]
    reason: str | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The JSON document of `elbowroom derive`."""
        return {
            "problem": {
                "sense": self.problem.sense,
                "functional": to_text(self.problem.functional),
                "over": ", ".join(map(to_text, self.problem.over)),
                "subject_to": [to_text(constraint) for constraint in self.problem.subject_to],
            },
            "status": self.status,
            "optimum": _text(self.optimum),
            "unnormalised": _text(self.unnormalised),
            "family": None,
            "value": _text(self.value),
            "value_number": None,
            "minimum": self.minimum,
            "unique": self.unique,
            "multipliers": {name: to_text(value) for name, value in self.multipliers.items()},
            "boundary_terms": [],
            "condition": self.condition,
            "steps": [dataclasses.asdict(step) for step in self.steps],
            "reason": self.reason,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        lines: list[str] = []
        for number, step in enumerate(self.steps, start=1):
            lines.append(f"{number}. {step.rule}")
            lines.append(f"     {step.before}")
            if step.after != step.before:
                lines.append(f"   = {step.after}" if step.rule.startswith("expand") else f"   → {step.after}")
            for hypothesis in step.hypotheses:
                lines.append(f"     assuming {hypothesis}")
            for check in step.checks:
                lines.append(f"     {'✓' if check.passed else '✗'} {check.kind}: {check.detail}")
        if self.reason:
            lines.append(f"{self.status}: {self.reason}")
        if self.optimum is not None:
            lines.append(f"optimum: {to_text(self.problem.density)} = {to_text(self.optimum)}")
        if self.value is not None:
            extreme = "minimum" if self.problem.sense == "minimise" else "maximum"
            kind = f"{self.minimum} {extreme}" if self.minimum in ("global", "local") else self.minimum
            lines.append(f"value: {to_text(self.value)} ({kind}{', unique' if self.unique else ''})")
        return "\n".join(lines)


def _text(expression: Expression | None) -> str | None:
    return None if expression is None else to_text(expression)
