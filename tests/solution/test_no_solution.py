"""Problems without an optimum: which of unbounded, infeasible and not converged they are, never a number instead."""

import pathlib

import pytest
from tests.solution.statements import FUNCTION, NORMAL, UNIT, solved, stated

PAIR = {"x": "{finite = 2}", "y": "{finite = 2}"}


def curve(objective: str, to: list[str], variables: dict[str, str] | None = None) -> str:
    return stated(objective, over='"y(x)"', to=to, variables=variables or UNIT, unknowns=FUNCTION)


CASES = {
    "second moment": (stated("maximise E_q(z)[z**2]"), "unbounded"),
    "second moment with a mean": (stated("maximise E_q(z)[z**2]", to=["E_q(z)[z] = 0"]), "unbounded"),
    "entropy with a mean": (stated("maximise H(q(z))", to=["E_q(z)[z] = 1"]), "unbounded"),
    "a cube that wins far out": (
        stated("minimise KL(q(z) || p(z)) - 0.00001*E_q(z)[z**3]", laws={"p(z)": NORMAL}),
        "unbounded",
    ),
    "a cube that wins far out, with a mean": (
        stated("minimise KL(q(z) || p(z)) - 0.001*E_q(z)[z**3]", to=["E_q(z)[z] = 0"], laws={"p(z)": NORMAL}),
        "not-converged",
    ),
    "a mean farther than one looks": (
        stated("minimise KL(q(z) || p(z))", to=["E_q(z)[z] >= 10000"], laws={"p(z)": NORMAL}),
        "not-converged",
    ),
    "past the conjugate point": (
        curve("minimise integral(diff(y(x), x)**2 - 20*y(x)**2, x)", ["y(0) = 0", "y(1) = 0"]),
        "unbounded",
    ),
    "linear in the curve": (curve("minimise integral(y(x), x)", ["y(0) = 0", "y(1) = 0"]), "unbounded"),
    "two atoms": (stated("minimise E_q(z)[(z**2 - 1)**2]"), "not-converged"),
    "a mean under heavy tails": (
        stated("minimise KL(q(z) || p(z))", to=["E_q(z)[z] = 0.5"], laws={"p(z)": '"StudentT(z; 5, 0, 1)"'}),
        "not-converged",
    ),
    "Weierstrass": (
        curve("minimise integral(x**2*diff(y(x), x)**2, x)", ["y(-1) = -1", "y(1) = 1"], {"x": "[-1, 1]"}),
        "not-converged",
    ),
    "too short": (
        curve(
            "maximise integral(y(x), x)",
            ["y(0) = 0", "y(1) = 0", "integral(sqrt(1 + diff(y(x), x)**2), x) = 0.9"],
        ),
        "not-converged",
    ),
    "negative KL": (
        stated("maximise E_q(z)[z]", to=["KL(q(z) || p(z)) <= -1"], laws={"p(z)": NORMAL}),
        "not-converged",
    ),
    "bound above the support": (
        stated("maximise H(q(z))", to=["E_q(z)[z] >= 2"], variables={"z": "[0, 1]"}),
        "infeasible",
    ),
    "two values of one end": (curve("minimise integral(diff(y(x), x)**2, x)", ["y(0) = 0", "y(0) = 1"]), "infeasible"),
    "marginal against moment": (
        stated(
            "minimise KL(q(x,y) || p(x)*p(y))",
            over='"q(x,y)"',
            to=["integral(q(x,y), y) = p(x)", "E_q(x,y)[x] = 0.9"],
            variables=PAIR,
            laws={"p(x)": "[0.5, 0.5]", "p(y)": "[0.5, 0.5]"},
        ),
        "infeasible",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_has_no_solution(name: str, tmp_path: pathlib.Path) -> None:
    text, status = CASES[name]
    solution = solved(text, tmp_path)
    assert solution.status == status, solution.sentence
    assert solution.sentence
