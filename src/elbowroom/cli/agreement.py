"""Two answers to one problem compared: what was derived and what was solved numerically."""

import contextlib
import math
import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from elbowroom.derivation.derive import derive
from elbowroom.derivation.steps import Derivation
from elbowroom.errors import InputError, Refused
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.solution.solution import Solution
from elbowroom.solution.solve import solve

TOLERANCE = 1e-6
"""By how much values may differ, relative to 1 or to their size, beside ten times the error that solve estimates."""

PATIENCE = 15
"""How many seconds `derive` waits for the numerical solution that it compares with."""

_DENSITY_TOLERANCE = 5e-2


class Disagreement(Refused):
    """`derive` and `solve` answer differently, so that at least one of them is wrong."""


def derived(problem: Problem) -> Derivation | str:
    """What `derive` answers, or the reason why it has none."""
    try:
        return derive(problem)
    except (InputError, Refused) as error:
        return str(error).split("\n")[0]


def solved(problem: Problem) -> Solution | str:
    """What `solve` answers within `PATIENCE` seconds, or the reason why it has no answer."""
    try:
        with _patience(PATIENCE):
            return solve(problem)
    except (InputError, Refused) as error:
        return str(error).split("\n")[0]
    except TimeoutError:
        return f"solve takes more than {PATIENCE} seconds; ask it alone"


@contextlib.contextmanager
def _patience(seconds: int) -> Iterator[None]:
    """Raise `TimeoutError` inside after so many seconds, where the system can interrupt (Unix, the main thread)."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def out_of_time(number: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def compared(derivation: Derivation | str, solution: Solution | str) -> dict[str, Any] | None:
    """How the two answers compare; None where one of the two has no answer to compare.

    **Raises.** `Disagreement` that names both answers.
    """
    if isinstance(derivation, str) or isinstance(solution, str):
        return None
    has_optimum = derivation.status in ("solved", "fixed-point")
    if has_optimum and solution.status in ("unbounded", "infeasible"):
        raise Disagreement(
            f"derive and solve disagree: derive found the optimum {_optimum(derivation)}, and solve says that the "
            f"problem is {solution.status}: {solution.sentence} {_ADVICE}"
        )
    if derivation.status == "refused" and derivation.minimum == "none" and solution.status == "converged":
        raise Disagreement(
            f"derive and solve disagree: derive says that there is no optimum ({derivation.reason}), and solve found "
            f"one with the value {solution.value:.10g}. {_ADVICE}"
        )
    if not has_optimum or solution.status != "converged" or derivation.value_number is None:
        return None
    return _values_compared(derivation, derivation.value_number, solution)


_ADVICE = "At least one of them is wrong; please report the problem."


def _optimum(derivation: Derivation) -> str:
    return ", ".join(f"{name} = {to_text(found)}" for name, found in derivation.optima.items()) or "as a fixed point"


def _values_compared(derivation: Derivation, value: float, solution: Solution) -> dict[str, Any] | None:
    difference = abs(value - solution.value)
    allowed = TOLERANCE * max(1.0, abs(value)) + 10 * (solution.error if math.isfinite(solution.error) else 0.0)
    sign = 1 if derivation.problem.sense == "minimise" else -1
    solve_is_worse = sign * (solution.value - value) > allowed
    if difference > allowed:
        if not solution.is_convex and (solve_is_worse or derivation.minimum != "global"):
            if solve_is_worse:
                return None
            # two stationary points of a problem that has several
            return {"value": solution.value, "difference": difference, "density_difference": None, "better": True}
        raise Disagreement(
            f"derive and solve disagree: derive gives the value {value:.12g} and solve {solution.value:.12g} "
            f"(estimated error {solution.error:.1e}). {_ADVICE}"
        )
    answer: dict[str, Any] = {"value": solution.value, "difference": difference, "density_difference": None}
    if derivation.unique and derivation.scene is not None:
        answer["density_difference"] = _densities_compared(derivation, solution)
    return answer


def _densities_compared(derivation: Derivation, solution: Solution) -> float | None:
    """The largest difference of the densities at the nodes, relative to their largest value.

    A conditional density counts in proportion to how likely what is given is: where it never is, anything is optimal.
    """
    largest = 0.0
    for unknown in derivation.problem.over:
        name = to_text(unknown)
        if not isinstance(unknown, DensityValue) or name not in solution.density:
            continue
        variables = (*unknown.of, *unknown.given)
        table = solution.density[name]
        if table.ndim != len(variables):
            return None
        nodes = np.meshgrid(*(solution.grid[variable.role] for variable in variables), indexing="ij")
        at = {variable.name: node for variable, node in zip(variables, nodes, strict=True)}
        try:
            own = derivation.density(name, **at)
        except (InputError, Refused):
            return None
        weight = solution.importance.get(name, np.ones_like(table))
        share = float((weight * np.abs(own - table)).max() / (weight * np.abs(table)).max())
        if share > _DENSITY_TOLERANCE:
            raise Disagreement(
                f"derive and solve disagree: their values agree, and their densities {name} differ by {share:.1%} of "
                f"the largest value, though the optimum is unique. {_ADVICE}"
            )
        largest = max(largest, share)
    return largest
