"""Every problem file of the external truth through `solve`: status, value and density, at its own error."""

import pathlib
import tomllib
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from elbowroom.functional.problem_file import read_problem
from elbowroom.solution.solution import Solution
from elbowroom.solution.solve import solve

SLOW = {"C5-normal"}
"""Problems with densities of several continuous variables."""

ILL_DETERMINED = {"C1"}
"""A smooth kernel hardly sees the fine structure of q: values are compared, densities are not."""

HARDLY_DETERMINED = {"C5-normal": 2e-3}
"""The law of z has to be deconvolved: errors of its density that change the value by 1e-9 only."""

NAMES = [
    "A1",
    "A10",
    "A10-mean",
    "A11",
    "A11-normal",
    "A14",
    "A15-chi2",
    "A15-hellinger",
    "A15-jeffreys",
    "A15-js",
    "A15-reverse-kl",
    "A16",
    "A18",
    "A18-beta4",
    "A19-alpha",
    "A19-chi2",
    "A19-hellinger",
    "A19-js",
    "A19-neyman",
    "A19-renyi",
    "A2",
    "A4",
    "A5",
    "A6",
    "A8",
    "A9",
    "B1",
    "B2",
    "C1",
    "C3",
    "C4",
    "C5-binary",
    "C5-normal",
    "C6",
    "C8",
    "D1",
    "E-catenary",
    "E-cycloid",
    "E-dirichlet",
    "E-line",
    "E-oscillator",
    "R1",
    "R1-bounded",
    "R2",
    "R3",
]


def cases() -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in NAMES]


@pytest.mark.parametrize("name", cases())
def test_truth(name: str, shared: pathlib.Path) -> None:
    file = shared / "truth" / "problems" / f"{name}.toml"
    document = tomllib.loads(file.read_text())
    expected = document["expect"]
    solution = solve(read_problem(file))
    if expected["solve"] != "not-applicable":
        assert solution.status == expected["solve"], solution.sentence
    else:
        assert solution.status in ("not-converged", "unbounded"), solution.sentence
    if "value" not in expected:
        return
    assert solution.error < 1e-6
    assert abs(solution.value - expected["value"]) <= 2 * solution.error  # the error that is stated is an honest one
    compare_numbers(document, solution)
    if name not in ILL_DETERMINED:
        compare_densities(name, document, solution)
    for constraint in solution.constraints:
        assert constraint.value == pytest.approx(constraint.target, abs=1e-7)


def compare_numbers(document: dict[str, Any], solution: Solution) -> None:
    for name in document.get("unknowns", {}):
        if name in document["expect"].get("derived", {}):
            assert solution.density[name].item() == pytest.approx(document["expect"]["derived"][name], abs=1e-6)


def compare_densities(name: str, document: dict[str, Any], solution: Solution) -> None:
    expected = document["expect"]
    tolerance = HARDLY_DETERMINED.get(name, max(1e-6, 10 * np.sqrt(solution.error)))
    if "optimum_table" in expected:
        table = solution.density[document["over"]]
        np.testing.assert_allclose(table, expected["optimum_table"], atol=tolerance)
    texts = expected.get("optimum_density", expected.get("optimum_function", {}))
    if isinstance(texts, str):
        texts = {document["over"]: texts} if isinstance(document["over"], str) else {}
    for unknown, text in texts.items():
        arguments = unknown[unknown.index("(") + 1 : -1].replace("|", ",").split(",")
        grids = np.meshgrid(*(solution.grid[name] for name in arguments), indexing="ij")
        names = {"np": np, "stats": stats, "special": special}
        names |= document.get("parameters", {}) | expected.get("derived", {}) | dict(zip(arguments, grids, strict=True))
        wanted = eval(text, names)
        weight = 1.0 if len(arguments) == 1 else weights_of_given(document, solution, arguments[1], grids[1])
        np.testing.assert_allclose(solution.density[unknown] * weight, wanted * weight, atol=tolerance)


def weights_of_given(document: dict[str, Any], solution: Solution, name: str, grid: np.ndarray) -> np.ndarray:
    """A conditional density matters as much as what it is given: C5-normal gives x the law Normal(0, sqrt(s2))."""
    return stats.norm.pdf(grid, 0, np.sqrt(document["parameters"]["s2"]))
