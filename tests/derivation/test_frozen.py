"""Functions of integrals, whose optimum has the values at which the integrals were frozen."""

import math

import numpy as np
import pytest
from scipy import optimize

from elbowroom.derivation.derive import derive
from elbowroom.functional.problem_file import read_problem_text

REAL = """
minimise = "{functional}"
over = "q(z)"
subject_to = [{constraints}]
[variables]
z = "real"
[laws]
"p(z)" = "Normal(z; 0, 1)"
"""
FINITE = """
minimise = "{functional}"
over = "q(z)"
[variables]
z = {{finite = 3}}
[laws]
"p(z)" = [0.2, 0.3, 0.5]
"""
PRIOR = np.array([0.2, 0.3, 0.5])
PLACES = np.arange(3.0)


def real(functional: str, constraints: str = ""):
    return derive(read_problem_text(REAL.format(functional=functional, constraints=constraints)))


def test_a_penalty_on_the_mean_moves_a_normal_law():
    derivation = real("KL(q(z) || p(z)) + (E_q(z)[z] - 2)**2")
    assert (derivation.status, derivation.minimum, derivation.unique) == ("solved", "global", True)
    assert derivation.value_number == pytest.approx(4 / 3, abs=1e-12)  # m**2/2 + (m - 2)**2 is least at m = 4/3
    z = np.linspace(-3, 5, 9)
    assert np.allclose(derivation.density(z=z), np.exp(-((z - 4 / 3) ** 2) / 2) / math.sqrt(2 * math.pi), atol=1e-12)


def test_a_square_beside_a_constraint():
    derivation = real("E_q(z)[z]**2 - H(q(z))", '"E_q(z)[z**2] = 1"')
    assert derivation.value_number == pytest.approx(-0.5 * math.log(2 * math.pi * math.e), abs=1e-12)
    assert derivation.minimum == "global"


def test_the_exponential_of_an_integral():
    derivation = real("KL(q(z) || p(z)) + exp(E_q(z)[z])")
    m = float(optimize.brentq(lambda m: m + math.exp(m), -2, 0))  # of m**2/2 + exp(m)
    assert derivation.value_number == pytest.approx(m**2 / 2 + math.exp(m), abs=1e-11)
    assert derivation.minimum in ("global", "stationary")


def reference(functional) -> float:
    """The least value over the simplex, by another method from many starts."""
    ends = {"type": "eq", "fun": lambda q: q.sum() - 1}
    starts = np.random.default_rng(3).dirichlet(np.ones(3), 12)
    options = {"maxiter": 500, "ftol": 1e-15}
    return min(
        optimize.minimize(functional, start, bounds=[(1e-12, 1)] * 3, constraints=ends, options=options).fun
        for start in starts
    )


CASES = {
    "E_q(z)[z] + Renyi(2; q(z) || p(z))": lambda q: q @ PLACES + np.log(np.sum(q**2 / PRIOR)),
    "KL(q(z) || p(z)) + 3*E_q(z)[z]*E_q(z)[(z - 1)**2]": (
        lambda q: np.sum(q * np.log(q / PRIOR)) + 3 * (q @ PLACES) * (q @ (PLACES - 1) ** 2)
    ),
    "KL(q(z) || p(z)) + 2*log(1 + E_q(z)[z])": lambda q: np.sum(q * np.log(q / PRIOR)) + 2 * np.log(1 + q @ PLACES),
    "KL(q(z) || p(z)) - 4*E_q(z)[z]**2": lambda q: np.sum(q * np.log(q / PRIOR)) - 4 * (q @ PLACES) ** 2,
}


@pytest.mark.parametrize(("text", "functional"), CASES.items(), ids=CASES.keys())
def test_the_value_is_that_of_another_method(text, functional):
    derivation = derive(read_problem_text(FINITE.format(functional=text)))
    assert derivation.status == "solved"
    assert derivation.value_number == pytest.approx(reference(functional), abs=1e-7)
    table = np.array(derivation.density(z=PLACES))
    assert functional(table) == pytest.approx(derivation.value_number, abs=1e-12)
    assert all(check.passed for step in derivation.steps for check in step.checks)
    if "- 4*" in text or "log" in text:
        assert derivation.minimum == "stationary", "what is not seen to be convex is not called a minimum"
