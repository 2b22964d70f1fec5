"""The search for axes on which the problem is solved: wider, finer, until two resolutions agree."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from elbowroom.solution.attempt import Attempt
from elbowroom.solution.boundaries import split_at_boundaries
from elbowroom.solution.curve_search import search_curve
from elbowroom.solution.discretised import discretise
from elbowroom.solution.feasibility import nearest
from elbowroom.solution.mesh import Mesh
from elbowroom.solution.meshing import attempt_on, first_meshes, has_double_integrals, joint_roles, splines_of
from elbowroom.solution.moving_kinks import downhill, has_moving_kinks
from elbowroom.solution.needles import with_needles
from elbowroom.solution.number_search import is_flat, is_only_approached, numbers_of, settled
from elbowroom.solution.number_starts import placed
from elbowroom.solution.point import Effort
from elbowroom.solution.refinement import Profile, divided, leaping, profile, reaching_further, widened
from elbowroom.solution.spikes import endless_fall
from elbowroom.solution.stages import ESCAPED, Search, Stage, is_pursued_in_vain, runs_away, stage_of
from elbowroom.solution.start import start
from elbowroom.solution.statement import Statement

Array = np.ndarray
Meshes = Mapping[str, Mesh]

_MOST_ROUNDS = 24
_MOST_NODES = 700
_MOST_SEPARABLE_NODES = 3000
_MOST_CONFIRMATIONS = 3
_FAR_OUT = 12
_NEAR = 1e-6
_FARTHEST = 1e9
_MOST_MOVES = 10
_ROUGH = Effort(tolerance=1e-8, smallest_barrier=1e-8, most_steps=25)
_FALLS = (
    "The functional has no bound: as the numbers go to the ends of where they range, its value keeps going, and "
    "is {value:.6g} as far as that was followed."
)
_FLAT = (
    "The functional is {value:.6g} and flat to all digits wherever the search came: nothing says that this is its "
    "optimum."
)
_ENDLESS = (
    "The functional has no bound: as a density {way}, its value keeps going, and is {value:.6g} as far as that was "
    "followed. Add a constraint that holds it, or a term that does."
)
_APPROACHED = (
    "The value {value:.8g} is approached as the numbers go to the ends of where they range: a bound that is not "
    "reached."
)


@dataclasses.dataclass(frozen=True)
class Thoroughness:
    """How far a search goes: shares of integrals that may be left out, and left unresolved; how many stages.

    After `most_lost` attempts in a row that lead nowhere it is given up; to confirm a solution, so many nodes are
    `added` to each panel, or half of those that it has.
    """

    negligible: float
    resolved: float
    most_rounds: int = _MOST_ROUNDS
    most_confirmations: int = _MOST_CONFIRMATIONS
    most_lost: int = 4
    added: int | None = None
    divides: bool = True
    halves: bool = False


def search(statement: Statement) -> Search:
    """Find axes and solve on them."""
    if statement.functions:
        return search_curve(statement)
    if len(statement.numbers) == len(statement.problem.over):
        return _search_numbers(statement)
    if statement.numbers:
        statement = _near_its_numbers(statement)
    meshes = with_needles(statement, first_meshes(statement))
    if statement.constraints and _hopeless(statement, meshes):
        now = attempt_on(statement, meshes, effort=Effort(most_steps=0))
        return Search(statement, (), meshes, now, now, is_hopeless=True)
    fall = endless_fall(statement, meshes)
    if fall is not None:
        now = attempt_on(statement, meshes, effort=Effort(most_steps=0))
        sentence = _ENDLESS.format(way=fall.way, value=fall.value)
        return Search(statement, (), meshes, now, now, verdict=("unbounded", sentence))
    effort = _effort(statement)
    stages, meshes, now = _explored(statement, meshes, effort)
    lost = len(stages) >= effort.most_lost and _is_lost(now)
    if lost or now.point.stopped == "unbounded" or runs_away(stages, statement.sign):
        return Search(statement, stages, meshes, now, now)
    return _confirmed(statement, stages, meshes, now, effort)


def _search_numbers(statement: Statement) -> Search:
    """Unknown numbers and nothing else: the best of several optima, then its own resolution."""
    found = settled(statement)
    meshes, now = first_meshes(found.statement), found.attempt
    if found.is_unbounded:
        value = statement.sign * found.beyond
        return Search(found.statement, (), meshes, now, now, verdict=("unbounded", _FALLS.format(value=value)))
    if has_moving_kinks(now):
        result = Search(found.statement, (), *downhill(found.statement, numbers_of(now))[1:])
    else:
        effort = _effort(found.statement)
        stages, meshes, now = _explored(found.statement, meshes, effort)
        result = _confirmed(found.statement, stages, meshes, now, effort)
    if is_only_approached(dataclasses.replace(found, attempt=result.fine)):
        bound = statement.sign * min(found.beyond, result.fine.point.value)
        return dataclasses.replace(result, verdict=("not-converged", _APPROACHED.format(value=bound)))
    if is_flat(result.fine):
        return dataclasses.replace(result, verdict=("not-converged", _FLAT.format(value=result.fine.value)))
    return dataclasses.replace(result, has_several=found.several)


def _near_its_numbers(statement: Statement) -> Statement:
    """The problem of densities and numbers, with meshes where laws are for the numbers that it comes to."""
    numbers = numbers_of(attempt_on(statement, first_meshes(statement), effort=Effort(most_steps=0)))
    here = placed(statement, numbers)
    for _ in range(_MOST_MOVES):
        found = attempt_on(here, first_meshes(here), effort=_ROUGH)
        after = numbers_of(found)
        usable = all(np.isfinite(value) and abs(value) < _FARTHEST for value in after.values())
        if not usable or all(abs(after[name] - numbers[name]) <= 1e-2 * (1 + abs(numbers[name])) for name in after):
            break
        here, numbers = placed(statement, after), after
    return here


def _effort(statement: Statement) -> Thoroughness:
    if any(statement.is_smooth(density) for density in statement.densities):
        return Thoroughness(1e-9, 1e-9, most_confirmations=1, halves=True)
    if joint_roles(statement):
        return Thoroughness(1e-7, 1e-5, most_rounds=3, most_confirmations=1, most_lost=2, divides=False)
    if has_double_integrals(statement):
        return Thoroughness(1e-11, 1e-9, added=2)
    return Thoroughness(1e-13, 1e-10)


def _explored(statement: Statement, meshes: Meshes, effort: Thoroughness) -> tuple[tuple[Stage, ...], Meshes, Attempt]:
    """Stage by stage wider and finer, while that changes anything."""
    stages: list[Stage] = []
    now = attempt_on(statement, meshes)
    lost = 0
    for _ in range(effort.most_rounds):
        lost = lost + 1 if _is_lost(now) else 0
        seen = {role: profile(now, role) for role, mesh in meshes.items() if mesh.is_continuous}
        stages.append(stage_of(now, meshes, seen))
        if lost >= effort.most_lost or (now.point.shifted_at_last and len(stages) > 2):
            break
        if now.point.stopped == "unbounded" or runs_away(stages, statement.sign) or is_pursued_in_vain(stages):
            break
        better = _better(meshes, now, seen, stages, effort)
        if better is None or not _affordable(better, now):
            break
        further = attempt_on(statement, better, now if now.is_feasible else None)
        if now.is_feasible and not further.is_feasible and further.point.stopped != "unbounded":
            break
        meshes, now = better, further
    return tuple(stages), meshes, now


def _is_lost(now: Attempt) -> bool:
    """Whether the minimisation is nowhere near an end, so that better axes alone will not bring it there."""
    if now.is_settled or now.point.stopped == "unbounded":
        return False
    return not now.is_feasible or not abs(now.point.decrement) <= _NEAR * (1 + abs(now.value))


def _better(
    meshes: Meshes, now: Attempt, seen: Mapping[str, Profile], stages: list[Stage], effort: Thoroughness
) -> Meshes | None:
    """Meshes that reach further out, or, where they reach far enough, finer ones; None if these are good enough."""
    better = {
        role: widened(mesh, seen[role], effort.negligible) if role in seen else mesh for role, mesh in meshes.items()
    }
    if all(better[role] is meshes[role] for role in meshes):
        if not effort.divides or _settled(stages):
            return None
        better = {
            role: divided(mesh, seen[role], effort.resolved) if role in seen else mesh for role, mesh in meshes.items()
        }
        better = split_at_boundaries(better, now)
    same = all(np.array_equal(better[role].edges, meshes[role].edges) for role in meshes)
    return None if same else better


def _settled(stages: list[Stage]) -> bool:
    if len(stages) < 2 or stages[-2].reach != stages[-1].reach:
        return False
    return _agree(stages[-2].value, stages[-1].value, 1e-12)


def _confirmed(
    statement: Statement, stages: tuple[Stage, ...], meshes: Meshes, now: Attempt, effort: Thoroughness
) -> Search:
    """The solution beside one on a finer mesh that reaches further out, until the two agree."""
    if not any(mesh.is_continuous for mesh in meshes.values()):
        return Search(statement, stages, meshes, now, now)
    before = None
    further = effort.divides and not effort.halves and bool(stages) and stages[-1].escape < ESCAPED
    for _ in range(effort.most_confirmations):
        fine = {role: _confirming(mesh, now, role, further, effort) for role, mesh in meshes.items()}
        if effort.divides:
            fine = split_at_boundaries(fine, now, anew=True)
        finest = attempt_on(statement, fine, now if now.is_feasible else None)
        if before is not None and now.is_feasible and not finest.is_feasible:
            return Search(statement, stages, meshes, before, now)
        before, meshes, now = now, fine, finest
        if _agree(before.value, now.value, 1e-11) or not _affordable(meshes, now):
            break
    assert before is not None
    return Search(statement, stages, meshes, before, now)


def _confirming(mesh: Mesh, now: Attempt, role: str, further: bool, effort: Thoroughness) -> Mesh:
    if not mesh.is_continuous:
        return mesh
    wider = leaping(mesh, profile(now, role)) if further else mesh
    return wider.halved() if effort.halves else wider.finer(effort.added)


def _agree(first: float, second: float, tolerance: float) -> bool:
    return abs(first - second) <= tolerance * (1 + abs(second))


def _hopeless(statement: Statement, meshes: Meshes) -> bool:
    """Whether nothing meets the constraints, however far out one looks."""
    wide = dict(meshes)
    for _ in range(_FAR_OUT):
        wide = {role: reaching_further(mesh) if mesh.is_continuous else mesh for role, mesh in wide.items()}
    axes = {role: mesh.axis() for role, mesh in wide.items()}
    discretised = discretise(statement, axes, splines_of(statement, wide))
    closest = nearest(discretised, start(discretised))
    return closest is not None and not closest.is_feasible


def _affordable(meshes: Meshes, now: Attempt) -> bool:
    """Whether another attempt would not take too long."""
    nodes = max((len(mesh.edges) * mesh.order for mesh in meshes.values() if mesh.is_continuous), default=0)
    return nodes <= (_MOST_SEPARABLE_NODES if now.is_separable else _MOST_NODES)
