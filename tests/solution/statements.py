"""Problem files for the tests of `solve`, written from their parts, and how an answer is held to a closed form."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from scipy import optimize

from elbowroom.functional.problem_file import read_problem
from elbowroom.solution.solution import Solution
from elbowroom.solution.solve import solve

NORMAL = '"Normal(z; 0, 1)"'
FUNCTION = {"y(x)": '"function"'}
UNIT = {"x": "[0, 1]"}
LEAST = 1e-13
"""Below this a difference is that of two ways to round."""


def root(function: Callable[[float], Any], lower: float, upper: float) -> float:
    """The root of a function between two places."""
    return float(optimize.brentq(function, lower, upper, xtol=1e-15))  # pyright: ignore[reportArgumentType]


def stated(
    objective: str,
    *,
    over: str = '"q(z)"',
    to: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    laws: Mapping[str, str] | None = None,
    unknowns: Mapping[str, str] | None = None,
    functions: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> str:
    """The text of a problem file; `objective` begins with the sense, and z is real where nothing else is said."""
    sense, functional = objective.split(" ", 1)
    constraints = ", ".join(f'"{text}"' for text in to)
    lines = [f'{sense} = "{functional}"', f"over = {over}", f"subject_to = [{constraints}]"]
    tables = {
        "variables": variables or {"z": '"real"'},
        "laws": laws or {},
        "unknowns": unknowns or {},
        "functions": functions or {},
        "parameters": parameters or {},
    }
    for name, table in tables.items():
        lines += [f"[{name}]", *(f'"{key}" = {value}' for key, value in table.items())]
    return "\n".join(lines)


def solved(text: str, folder: pathlib.Path) -> Solution:
    """The solution of the problem file of this text."""
    file = folder / "problem.toml"
    file.write_text(text)
    return solve(read_problem(file))


def holds(solution: Solution, value: float) -> None:
    """The answer converged to `value`, at twice the error that it states, which is small."""
    assert solution.status == "converged", solution.sentence
    assert abs(solution.value - value) <= 2 * solution.error + LEAST
    assert solution.error < 1e-8
    for held in solution.constraints:
        assert held.value == pytest.approx(held.target, abs=1e-7) or "<=" in held.text or ">=" in held.text
