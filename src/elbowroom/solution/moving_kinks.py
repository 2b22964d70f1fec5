"""The minimum over numbers of integrals with kinks that move with them, such as that of abs(z - m) p(z).

Such an integral is smooth, but its second derivative is not the integral of a second derivative, and it is exact only
on a mesh that has an edge where the kink is. So values and slopes are taken on a mesh for each place, and a method
that builds its own second derivatives goes downhill (Broyden, Fletcher, Goldfarb and Shanno 1970).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import scipy.optimize

from elbowroom.functional.support import Positive
from elbowroom.solution.attempt import Attempt
from elbowroom.solution.descent import KINK
from elbowroom.solution.discretised import discretise
from elbowroom.solution.mesh import Mesh
from elbowroom.solution.meshing import attempt_on, first_meshes, splines_of
from elbowroom.solution.number_starts import Numbers, placed, value_there
from elbowroom.solution.point import Effort, Local
from elbowroom.solution.refinement import profile, reaching_further, widened
from elbowroom.solution.start import start
from elbowroom.solution.statement import Statement

Array = np.ndarray

_NO_STEP = Effort(most_steps=0)
_SMALL_SLOPE = 1e-6
_BESIDE = (1e-1, 1e-3)
_FALLS = 1e-9
_MOST_WIDENED = 8
_NEGLIGIBLE = 1e-13


def has_moving_kinks(attempt: Attempt) -> bool:
    """Whether a search is for numbers alone, without constraints, and kinks are integrated over."""
    problem = attempt.discretised
    free = not len(attempt.point.multipliers) and not len(problem.positivity.offset)
    return free and problem.is_kinked and problem.has_only_integrated_kinks


def downhill(statement: Statement, numbers: Numbers) -> tuple[Statement, Mapping[str, Mesh], Attempt, Attempt]:
    """The problem placed at its optimum, its meshes, and the attempts on two resolutions that end right there."""
    names = [number.name for number in statement.numbers]
    direct = np.array([isinstance(number.support, Positive) for number in statement.numbers])

    def unfolded(u: Array) -> dict[str, float]:
        x = np.where(direct, np.exp(np.clip(u, -300, 300)), u)
        return dict(zip(names, map(float, x), strict=True))

    rounds = _rounds_of_widening(placed(statement, numbers))

    def slopes(u: Array) -> tuple[float, Array]:
        local = _local(statement, unfolded(u), rounds)
        if local is None:
            return np.inf, np.zeros_like(u)
        return local.value, local.gradient * np.where(direct, np.exp(u), 1.0)

    here = np.array([numbers[name] for name in names])
    begin = np.where(direct, np.log(np.maximum(here, 1e-300)), here)
    found = scipy.optimize.minimize(slopes, begin, jac=True, method="BFGS", options={"gtol": 1e-10, "maxiter": 60})
    place = unfolded(found.x)
    at_rest = bool(np.abs(found.jac).max() <= _SMALL_SLOPE * (1 + abs(found.fun))) and not _falls(statement, place)
    left = float(found.jac @ found.hess_inv @ found.jac)
    there = placed(statement, place)
    meshes = _meshes(there, rounds)
    finer = {role: mesh.finer() if mesh.is_continuous else mesh for role, mesh in meshes.items()}
    return there, finer, _ending(there, meshes, at_rest, left), _ending(there, finer, at_rest, left)


def _rounds_of_widening(here: Statement) -> int:
    """How many times the first meshes have to be widened until integrands have decayed at their ends."""
    meshes = first_meshes(here)
    for rounds in range(_MOST_WIDENED):
        now = attempt_on(here, meshes, effort=_NO_STEP)
        continuous = [role for role, mesh in meshes.items() if mesh.is_continuous]
        wider = {role: widened(meshes[role], profile(now, role), _NEGLIGIBLE) for role in continuous}
        if all(wider[role] is meshes[role] for role in continuous):
            return rounds
        meshes = {role: reaching_further(mesh) if mesh.is_continuous else mesh for role, mesh in meshes.items()}
    return _MOST_WIDENED


def _meshes(here: Statement, rounds: int) -> dict[str, Mesh]:
    meshes = first_meshes(here)
    for _ in range(rounds):
        meshes = {role: reaching_further(mesh) if mesh.is_continuous else mesh for role, mesh in meshes.items()}
    return meshes


def _local(statement: Statement, numbers: Numbers, rounds: int) -> Local | None:
    here = placed(statement, numbers)
    meshes = _meshes(here, rounds)
    axes = {role: mesh.axis() for role, mesh in meshes.items()}
    problem = discretise(here, axes, splines_of(here, meshes))
    return problem.at(start(problem))


def _falls(statement: Statement, place: Numbers) -> bool:
    """Whether the value is lower where one of the numbers is changed alone, by much or by little."""
    value, _ = value_there(statement, place)
    for name, number in place.items():
        for size in (*_BESIDE, *(-size for size in _BESIDE)):
            changed = number * (1 + size) if abs(number) > 1e-3 else number + size
            beside, _ = value_there(statement, {**place, name: changed})
            if beside < value - _FALLS * (1 + abs(value)):
                return True
    return False


def _ending(statement: Statement, meshes: Mapping[str, Mesh], at_rest: bool, left: float) -> Attempt:
    attempt = attempt_on(statement, meshes, effort=_NO_STEP)
    point = dataclasses.replace(
        attempt.point,
        decrement=left,
        barrier=0.0,
        bound_multipliers=np.zeros_like(attempt.point.bound_multipliers),
        stopped=KINK if at_rest else attempt.point.stopped,
        shifted_at_last=not at_rest,
    )
    return Attempt(attempt.discretised, point)
