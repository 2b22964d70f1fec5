"""How a search went: a stage for each mesh it tried, and what follows from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from elbowroom.solution.attempt import Attempt
from elbowroom.solution.mesh import Mesh
from elbowroom.solution.refinement import Profile
from elbowroom.solution.solution import Status
from elbowroom.solution.statement import Statement

ESCAPED = 1e-7
"""More than this share of an integral beyond the box is a part of the solution that is missed."""

_SPECTRAL = 1e-7
_SLOW_FACTOR = 3.0
"""With 24 panels for 16 an error that falls as their width squared is 0.8 of the difference."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """What one round of the search found: its reach, the value, and what share of an integral is beyond the ends."""

    reach: float
    value: float
    escape: float
    feasible: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Search:
    """How the search went: its stages, and the last two attempts, the finer one last.

    **Arguments.** `verdict` is a status and its sentence, where the search itself has found what there is to say;
    `has_several` whether it came to several optima, of which this is the best; `is_hopeless` whether nothing meets the
    constraints however far out one looks.
    """

    statement: Statement
    stages: tuple[Stage, ...]
    meshes: Mapping[str, Mesh]
    coarse: Attempt
    fine: Attempt
    verdict: tuple[Status, str] | None = None
    has_several: bool = False
    is_hopeless: bool = False

    @property
    def difference(self) -> float:
        """By how much the values of the two resolutions differ."""
        return abs(self.fine.value - self.coarse.value)

    @property
    def resolution_error(self) -> float:
        """The error of the finer one that this tells of: more than the difference, where that falls slowly."""
        slowly = self.difference > _SPECTRAL * (1 + abs(self.fine.value))
        return self.difference * (_SLOW_FACTOR if slowly else 1.0)

    @property
    def runs_away(self) -> bool:
        """Whether the value keeps improving the further out the search goes."""
        return runs_away(self.stages, self.statement.sign)


def stage_of(now: Attempt, meshes: Mapping[str, Mesh], seen: Mapping[str, Profile]) -> Stage:
    """The stage of an attempt on `meshes`, with the profiles of its integrals."""
    reach, escape = 0.0, 0.0
    for role, found in seen.items():
        mesh = meshes[role]
        for is_open, share in zip(mesh.open_ends, found.escape, strict=True):
            if is_open:
                reach = max(reach, mesh.box[1] - mesh.box[0])
                escape = max(escape, share)
    return Stage(reach, now.value, escape, now.is_feasible)


def runs_away(stages: Sequence[Stage], sign: float) -> bool:
    """Whether the value keeps improving, the further out the search goes: by steps that do not shrink, or that grow."""
    values = [sign * stage.value for stage in stages if stage.feasible]
    if len(values) < 3 or stages[-1].escape < ESCAPED:
        return False
    steps, sizes = -np.diff(values), 1 + np.abs(values)
    if (steps[-2:] > 10 * sizes[-3:-1]).all():
        return True
    last = steps[-4:]
    enough = len(last) == 4 and bool((last > 1e-3 * sizes[-4:].min()).all())
    return enough and bool(last[-1] > 0.5 * last[0])


def is_pursued_in_vain(stages: Sequence[Stage]) -> bool:
    """Whether a part of an integral keeps out of reach, while the value hardly depends on where: no density is optimal.

    A heavy tail changes the value by about the share of it that is missed; an atom that goes to infinity does not.
    """
    if len(stages) < 3:
        return False
    for before, after in zip(stages[-3:-1], stages[-2:], strict=True):
        moved = abs(after.value - before.value) / (1 + abs(after.value))
        if after.reach <= before.reach or after.escape < ESCAPED or moved > 1e-3 * after.escape:
            return False
    return True
