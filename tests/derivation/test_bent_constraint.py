"""Constraints that are no linear statement about the density: divergences and entropies that are given or bounded."""

import math

import numpy as np
import pytest
from scipy import optimize

from elbowroom.derivation.derive import derive
from elbowroom.functional.problem_file import read_problem_text

REAL = """
{sense} = "{functional}"
over = "q(z)"
subject_to = ["{constraint}"]
[variables]
z = "real"
[laws]
"p(z)" = "Normal(z; 0, 1)"
"""
CASES = {
    "the worst mean in a ball": ("maximise", "E_q(z)[z]", "KL(q(z) || p(z)) <= 0.5", 1.0),  # sqrt(2*0.5)
    "the worst mean on a sphere": ("maximise", "E_q(z)[z]", "KL(q(z) || p(z)) = 2", 2.0),
    "the least mean in a ball": ("minimise", "E_q(z)[z]", "KL(q(z) || p(z)) <= 0.5", -1.0),
    "the least spread for an entropy": ("minimise", "E_q(z)[z**2]", "H(q(z)) >= 1", math.e / (2 * math.pi)),
    "a bound that holds by itself": ("minimise", "KL(q(z) || p(z))", "H(q(z)) >= 1", 0.0),
}


@pytest.mark.parametrize(("sense", "functional", "constraint", "value"), CASES.values(), ids=CASES.keys())
def test_the_optimum_of_the_book(sense, functional, constraint, value):
    text = REAL.format(sense=sense, functional=functional, constraint=constraint)
    derivation = derive(read_problem_text(text))
    assert (derivation.status, derivation.minimum) == ("solved", "global")
    assert derivation.value_number == pytest.approx(value, abs=1e-9)
    assert all(check.passed for step in derivation.steps for check in step.checks)


FINITE = """
maximise = "E_q(z)[z**2]"
over = "q(z)"
subject_to = ["KL(q(z) || p(z)) {relation}"]
[variables]
z = {{finite = 4}}
[laws]
"p(z)" = [0.4, 0.3, 0.2, 0.1]
"""
PRIOR, COST = np.array([0.4, 0.3, 0.2, 0.1]), np.arange(4.0) ** 2


def worst(radius: float) -> float:
    """The largest mean cost at this divergence, by the dual in one number."""
    return optimize.minimize_scalar(
        lambda t: t * radius + t * np.log(PRIOR @ np.exp(COST / t)), bounds=(0.01, 500), method="bounded",
        options={"xatol": 1e-12},
    ).fun  # fmt: skip


@pytest.mark.parametrize("radius", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("relation", ["<=", "="])
def test_the_worst_case_over_a_ball_is_its_dual(relation, radius):
    derivation = derive(read_problem_text(FINITE.format(relation=f"{relation} {radius}")))
    assert derivation.value_number == pytest.approx(worst(radius), abs=1e-8)
    assert (derivation.minimum, derivation.unique) == ("global", True)


def test_a_ball_that_holds_every_density_is_no_constraint():
    derivation = derive(read_problem_text(FINITE.format(relation="<= 5")))
    assert derivation.value_number == pytest.approx(9.0, abs=1e-12)


def test_what_cannot_be_met_is_left_as_a_condition():
    derivation = derive(read_problem_text(FINITE.format(relation="= 50")))
    assert derivation.status == "condition"
    assert "no multiplier of KL" in (derivation.reason or "")
