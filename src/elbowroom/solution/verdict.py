"""Converged, not converged, infeasible or unbounded: what a search amounts to, in a word and a sentence."""

from __future__ import annotations

import math

from elbowroom.solution.attempt import Attempt
from elbowroom.solution.descent import KINK
from elbowroom.solution.far_out import better_far_out
from elbowroom.solution.feasibility import contradiction, nearest
from elbowroom.solution.refinement import missed_at_ends, profile
from elbowroom.solution.solution import Status
from elbowroom.solution.stages import ESCAPED, Search
from elbowroom.solution.stationarity import stationarity

_STATIONARY = 1e-2
_AGREEMENT = 1e-4
_MISSED = 1e-5
_UNCOVERED = 1e-6
_OF_THE_BARRIER = 1e3
"""The barrier of q >= 0 keeps so much of itself, relative to a hundredth of what is largest, far out."""


def verdict(found: Search) -> tuple[Status, str]:
    """The status of a search, and why."""
    last = found.fine
    text = contradiction(last.discretised)
    if text is not None:
        return "infeasible", f"The constraint {text} contains no unknown and does not hold."
    if found.verdict is not None:
        return found.verdict
    extreme = "below" if found.statement.sign > 0 else "above"
    if last.is_feasible and (last.point.stopped == "unbounded" or found.runs_away):
        reach = found.stages[-1].reach if found.stages else 0.0
        moving = f", and at {last.value:.6g} where {_open(found)} reaches over a width of {reach:.3g}" if reach else ""
        return "unbounded", (
            f"The functional is unbounded {extreme}: its value keeps going{moving}. Add a constraint that holds it, "
            "such as one on a variance."
        )
    if not last.is_feasible:
        return _infeasible(found)
    if found.stages and found.stages[-1].escape > max(ESCAPED, _OF_THE_BARRIER * last.point.barrier):
        return "not-converged", (
            f"A part of the solution moves out as far as {_open(found)} is followed, while the value approaches "
            f"{last.value:.10g}: a bound that no density reaches."
        )
    concentrated = _concentrated(found)
    if concentrated:
        return "not-converged", concentrated
    if last.point.shifted_at_last:
        return "not-converged", _no_optimum(last)
    if last.point.stopped not in ("converged", "no further progress", KINK) or last.point.decrement > 1e-7 * _size(
        found
    ):
        return "not-converged", (
            f"After {last.point.steps} steps another one still promises {last.point.decrement:.1e}. The value shown is "
            "that of the last step."
        )
    if found.difference > _AGREEMENT * _size(found):
        return "not-converged", (
            f"Two resolutions give the values {found.coarse.value:.8g} and {last.value:.8g}, which do not agree."
        )
    uncovered = _uncovered(found)
    if uncovered is not None:
        return "not-converged", uncovered
    if last.point.stopped == KINK:
        return _at_a_kink(found)
    residual = stationarity(last)
    if not residual <= _STATIONARY * _size(found) or not math.isfinite(last.point.decrement):
        return "not-converged", (
            f"Newton's method stopped at the value {last.value:.8g}, where the condition of stationarity still fails "
            f"by {residual:.1e}."
        )
    place = better_far_out(found)
    if place is not None:
        return "not-converged", (
            f"Newton's method converged to {last.value:.8g} where {_open(found)} was covered, but a share of the mass "
            f"at {place:.3g} would do better: the functional may have no bound."
        )
    return "converged", _converged(found)


def _no_optimum(last: Attempt) -> str:
    """Where a search stopped that has better values beside it."""
    if last.discretised.is_kinked:
        return (
            f"The functional has kinks in the unknown, and the search stopped at one, with the value {last.value:.8g}, "
            "that is no optimum: there are better values beside it."
        )
    return (
        f"Newton's method stopped where the functional is stationary, with the value {last.value:.8g}, and bends "
        "down in some direction: that is no optimum."
    )


def _uncovered(found: Search) -> str | None:
    """A sentence if a part of the answer is where no node is: at the end of a support, or of a law that moved."""
    last = found.fine
    continuous = {role: mesh for role, mesh in found.meshes.items() if mesh.is_continuous}
    missed = max((missed_at_ends(mesh, profile(last, role)) for role, mesh in continuous.items()), default=0.0)
    if missed > _MISSED:
        return (
            f"Towards an end of its support an integrand grows so fast that a share of {missed:.1e} of it is nearer to "
            f"the end than numbers resolve; the value is {last.value:.6g}, at about that error."
        )
    coverage = last.discretised.coverage
    if coverage is not None and coverage.worst(last.point.x) > _UNCOVERED:
        return (
            f"At the numbers found a law fails to have mass one by {coverage.worst(last.point.x):.1e} on the nodes: it "
            f"is narrower than these are dense, or wider than they reach. The value there is {last.value:.6g}."
        )
    return None


def _at_a_kink(found: Search) -> tuple[Status, str]:
    value = found.fine.value
    if found.difference > 1e-9 * _size(found):
        return "not-converged", (
            f"Two resolutions give the values {found.coarse.value:.10g} and {value:.10g} at a kink, which do not agree."
        )
    return "converged", (
        "The optimum is at a kink of the functional: its values get worse to all sides that were tried, and its "
        "derivatives do not say whether it is the only one."
    )


def _size(found: Search) -> float:
    return 1 + abs(found.fine.value)


def _converged(found: Search) -> str:
    kind = "Newton's method converged"
    if found.has_several or found.fine.point.shifted or not found.fine.discretised.is_convexly_constrained:
        return f"{kind}; the problem is not convex, so that the optimum may be a local one."
    return f"{kind}, and two resolutions agree to {max(found.difference, 1e-16):.1e}."


def _open(found: Search) -> str:
    roles = [role for role, mesh in found.meshes.items() if any(mesh.open_ends)]
    return ", ".join(roles) or "the unknown"


def _infeasible(found: Search) -> tuple[Status, str]:
    problem, point = found.fine.discretised, found.fine.point
    closest = nearest(problem, point.x)
    if closest is None:
        reason = (
            "they and the unknowns are too many to decide" if problem.is_affine else "not all of them are linear in it"
        )
        return "not-converged", (
            f"After {point.steps} steps the constraints still fail by {point.residual:.1e}. Whether any choice of the "
            f"unknown meets them is not known, since {reason}: try other numbers in them."
        )
    is_bounded = not any(any(mesh.open_ends) for mesh in found.meshes.values())
    if not closest.is_feasible and (found.is_hopeless or is_bounded):
        texts = [condition.text for condition in (*problem.conditions, *problem.bounds) if not condition.implied]
        which = f"{closest.worst} fails by most" if closest.worst in texts else "none of mass one meets them"
        return "infeasible", (
            f"No choice of the unknown meets all constraints ({'; '.join(texts) or 'normalisation'}): {which}. "
            "Change or leave out one of them."
        )
    if not closest.is_feasible:
        return "not-converged", (
            f"Nothing meets the constraints where {_open(found)} was covered, and whether anything does further out is "
            "not known."
        )
    return (
        "not-converged",
        f"The constraints can be met, but after {point.steps} steps they still fail by {point.residual:.1e}.",
    )


def _concentrated(found: Search) -> str | None:
    """A sentence if a good part of the mass sits in ever narrower places: the optimum is no density."""
    problem = found.fine.discretised
    for density in found.statement.densities:
        if len(density.of) != 1 or density.given or found.statement.is_smooth(density):
            continue
        (variable,) = density.of
        axis = problem.axes[variable.role]
        if not axis.is_continuous:
            continue
        masses = found.fine.table(density) * axis.weights
        place = int(masses.argmax())
        if masses[place] > 0.3:
            return (
                f"The mass of {density} concentrates at {variable} = {axis.nodes[place]:.6g}, the more the finer "
                f"the nodes are; no density is optimal, and the value tends to {found.fine.value:.8g}."
            )
    return None
