"""What `solve` answers: the optimum as numbers, with how well it meets the conditions of optimality."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import numpy as np

from elbowroom.functional.problem import Problem

Status = Literal["converged", "not-converged", "infeasible", "unbounded"]


@dataclasses.dataclass(frozen=True)
class ConstraintValue:
    """A constraint as stated, and the values of its two sides at the answer: the worst ones, where it has several."""

    text: str
    value: float
    target: float


@dataclasses.dataclass(frozen=True)
class Box:
    """The part of an unbounded variable that was covered, and an estimate of the mass that is outside."""

    lower: float
    upper: float
    outside: float


@dataclasses.dataclass(frozen=True, eq=False)
class Solution:
    """The optimum in function space.

    **Arguments.** `value` is that of the functional as stated. `error` is an estimate of its error: the difference
    between two resolutions, and what optimality, constraints met only nearly, the box and rounding leave open.
    `multipliers` are those of L = J + Σ λ (left - right), one number, or one for each node. `stationarity_residual`
    is the root mean square of δL/δq under q; `kkt_gap` bounds what complementarity and another Newton step would
    change. `grid` holds the nodes of each variable, `density` the values of each unknown there, its variables in
    their order; `importance` says, of a conditional density, how likely what is given is at the nodes, relative to
    the likeliest: where that is next to nothing, nothing determines the density. `boxes` says which part of each
    unbounded variable was covered. `sentence` says in words what happened.
    """

    problem: Problem
    status: Status
    sentence: str
    value: float
    error: float
    multipliers: dict[str, float | list[float]]
    constraints: tuple[ConstraintValue, ...]
    stationarity_residual: float
    kkt_gap: float
    grid: dict[str, np.ndarray]
    density: dict[str, np.ndarray]
    boxes: dict[str, Box]
    is_convex: bool
    seconds: float
    importance: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The JSON document of `elbowroom solve`; a number that does not exist is null."""
        return {
            "status": self.status,
            "sentence": self.sentence,
            "value": _number(self.value),
            "error": _number(self.error),
            "multipliers": self.multipliers,
            "constraints": [
                {"text": held.text, "value": _number(held.value), "target": _number(held.target)}
                for held in self.constraints
            ],
            "stationarity_residual": _number(self.stationarity_residual),
            "kkt_gap": _number(self.kkt_gap),
            "grid": {name: nodes.tolist() for name, nodes in self.grid.items()},
            "density": {name: table.tolist() for name, table in self.density.items()},
            "boxes": {name: dataclasses.asdict(box) for name, box in self.boxes.items()},
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        lines = [f"{self.status}: {self.sentence}"]
        if np.isfinite(self.value):
            lines.append(f"value: {self.value:.12g} (estimated error {self.error:.1e})")
        for held in self.constraints:
            lines.append(f"constraint: {held.text} ({held.value:.10g}, target {held.target:.10g})")
        for name, value in self.multipliers.items():
            if isinstance(value, float):
                lines.append(f"multiplier: {name} = {value:.10g}")
        for name, table in self.density.items():
            if table.size <= 8:
                lines.append(f"{name}: {np.array2string(table, precision=10)}")
        for name, box in self.boxes.items():
            lines.append(f"{name} from {box.lower:.6g} to {box.upper:.6g}, mass outside about {box.outside:.1e}")
        lines.append(f"stationarity residual {self.stationarity_residual:.1e}, KKT gap {self.kkt_gap:.1e}")
        return "\n".join(lines)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
