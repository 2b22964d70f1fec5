"""A derivation as data: a list of steps, each with its rule, its hypotheses and the checks it passed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from numpy.typing import NDArray

from elbowroom.derivation.display import derivation_html, derivation_latex, derivation_page
from elbowroom.derivation.kernel import Recognised
from elbowroom.derivation.numeric.evaluate import values
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.errors import InputError, Refused
from elbowroom.functional.expression import Constant, Expression
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem

LONGEST_VALUE = 160
"""How long the formula of a value is at most where a number can stand for it."""


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

    `status` is "solved", "fixed-point" (a self-consistent condition, iterated), "condition" (a stationarity
    condition for which no closed form was found) or "refused" (there is no optimum; `reason` says why). `minimum`
    speaks of the problem as a minimisation: under `maximise`, of the maximum. `optima` holds an expression for each
    unknown that has one; `value_number` is there where everything in the problem has a number.
    """

    problem: Problem
    status: Literal["solved", "fixed-point", "condition", "refused"]
    optima: Mapping[str, Expression]
    unnormalised: Expression | None
    value: Expression | None
    minimum: Literal["global", "local", "stationary", "none"]
    unique: bool | None
    multipliers: Mapping[str, Expression]
    condition: str
    steps: tuple[Step, ...]
    reason: str | None
    seconds: float
    value_number: float | None = None
    family: Mapping[str, Recognised] = dataclasses.field(default_factory=dict)
    boundary_terms: tuple[str, ...] = ()
    table: tuple[Any, ...] | None = None
    """The optimum of a finite density, indexed by the variables it is of and then those given."""
    fixed_point: str | None = None
    scene: Scene | None = dataclasses.field(default=None, compare=False, repr=False)
    """Where the optimum can be evaluated, if everything has a number."""

    @property
    def optimum(self) -> Expression | None:
        """The optimum of the only unknown, where there is one and it has an expression."""
        first, *others = self.problem.over
        return None if others else self.optima.get(to_text(first))

    def density(self, unknown: str | None = None, **at: Any) -> NDArray[Any]:
        """The values of the optimum at arrays of its variables; a curve y(x) and a number have values as well.

        **Arguments.** `unknown` is the unknown in the plain notation, such as "q(z)", needed where there are several;
        the other arguments are the values of its variables by name, arrays that broadcast together.

        **Raises.** `Refused` where there is no optimum, or a name in the problem has no value.
        """
        if self.scene is None or self.status == "refused":
            why = self.reason or "a name in the problem has no value"
            raise Refused(f"The optimum cannot be evaluated: {why}.")
        laws = {to_text(law): law for law in self.problem.given.laws}
        names = {to_text(node): node for node in self.problem.over}
        if (unknown is None and len(names) > 1) or unknown not in (None, *names, *laws):
            raise InputError(f"Say which unknown: {', '.join(names)}.")
        node = self.problem.over[0] if unknown is None else (laws | names)[unknown]
        return values(node, self.scene, at)

    def to_latex(self) -> str:
        """The derivation as LaTeX: a numbered list of its steps, and the optimum."""
        return derivation_latex(self)

    def to_html(self) -> str:
        """The derivation as one HTML page with MathML, which needs no network."""
        return derivation_page(self)

    def _repr_html_(self) -> str:
        return derivation_html(self)

    def to_json(self) -> dict[str, Any]:
        """The JSON document of `elbowroom derive`."""
        over = [to_text(unknown) for unknown in self.problem.over]
        families = {name: found.to_json() for name, found in self.family.items()}
        return {
            "problem": {
                "sense": self.problem.sense,
                "functional": to_text(self.problem.functional),
                "over": over[0] if len(over) == 1 else over,
                "subject_to": [to_text(constraint) for constraint in self.problem.subject_to],
            },
            "status": self.status,
            "optimum": self._optimum_text(),
            "unnormalised": _text(self.unnormalised),
            "family": families.get(over[0]) if len(over) == 1 else families or None,
            "value": _text(self.value),
            "value_number": self.value_number,
            "minimum": self.minimum,
            "unique": self.unique,
            "multipliers": {name: to_text(value) for name, value in self.multipliers.items()},
            "boundary_terms": list(self.boundary_terms),
            "condition": self.condition,
            "fixed_point": self.fixed_point,
            "steps": [dataclasses.asdict(step) for step in self.steps],
            "reason": self.reason,
            "seconds": self.seconds,
        }

    def _optimum_text(self) -> str | None:
        if self.table is not None:
            return str(_listed(self.table))
        if len(self.problem.over) == 1:
            return _text(self.optimum)
        return ", ".join(f"{name} = {to_text(found)}" for name, found in self.optima.items()) or None

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
        if self.table is not None:
            lines.append(f"optimum: {to_text(self.problem.over[0])} = {_listed(self.table, 9)}")
        for name, found in self.optima.items():
            lines.append(f"optimum: {name} = {to_text(found)}")
        if self.value is not None or self.value_number is not None:
            lines.append(f"value: {self._value_text()} ({self._claim()})")
        return "\n".join(lines)

    def _value_text(self) -> str:
        if self.value is None:
            return f"{self.value_number:.12g}"
        text = to_text(self.value)
        if self.value_number is None or isinstance(self.value, Constant):
            return text
        if len(text) > LONGEST_VALUE:  # a step above has it in full
            return f"{self.value_number:.12g}"
        return f"{text} = {self.value_number:.12g}"

    def _claim(self) -> str:
        extreme = "minimum" if self.problem.sense == "minimise" else "maximum"
        kind = f"{self.minimum} {extreme}" if self.minimum in ("global", "local") else self.minimum
        return f"{kind}{', unique' if self.unique else ''}"


def _listed(table: tuple[Any, ...], digits: int = 17) -> list[Any]:
    """A table as nested lists of numbers."""
    return [_listed(row, digits) if isinstance(row, tuple) else float(f"{row:.{digits}g}") for row in table]


def _text(expression: Expression | None) -> str | None:
    return None if expression is None else to_text(expression)
