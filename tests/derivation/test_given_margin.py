"""A joint density with one marginal given: q(x,z) = t(x) K(x,z) / integral(K, z)."""

import math

import numpy as np
import pytest

from elbowroom.derivation.derive import derive
from elbowroom.functional.problem_file import read_problem_text

FINITE = """
minimise = "KL(q(x,z) || p(x,z)){more}"
over = "q(x,z)"
subject_to = ["integral(q(x,z), z) = f(x)"]
[variables]
x = {{finite = 2}}
z = {{finite = 3}}
[laws]
"p(x,z)" = [[0.1, 0.2, 0.1], [0.2, 0.3, 0.1]]
[functions]
"f(x)" = "{margin}"
"""
LAW = np.array([[0.1, 0.2, 0.1], [0.2, 0.3, 0.1]])


@pytest.mark.parametrize("cost", [0.0, 1.5])
def test_the_conditional_stays_and_the_marginal_is_the_one_given(cost):
    more = f" + {cost}*E_q(x,z)[x*z]" if cost else ""
    derivation = derive(read_problem_text(FINITE.format(more=more, margin="0.3 + 0.4*x")))
    kernel = LAW * np.exp(-cost * np.outer([0, 1], [0, 1, 2]))
    expected = np.array([0.3, 0.7])[:, None] * kernel / kernel.sum(axis=1, keepdims=True)
    assert (derivation.status, derivation.minimum, derivation.unique) == ("solved", "global", True)
    x, z = np.meshgrid([0.0, 1.0], [0.0, 1.0, 2.0], indexing="ij")
    assert np.allclose(derivation.density(x=x, z=z), expected, atol=1e-14)
    value = np.sum(expected * np.log(expected / LAW)) + cost * np.sum(expected * np.outer([0, 1], [0, 1, 2]))
    assert derivation.value_number == pytest.approx(value, abs=1e-13)
    assert all(check.passed for step in derivation.steps for check in step.checks)


def test_a_continuous_marginal():
    text = """
minimise = "KL(q(x,z) || p(x,z))"
over = "q(x,z)"
subject_to = ["integral(q(x,z), z) = Normal(x; 1, 1)"]
[variables]
x = "real"
z = "real"
[laws]
"p(z)" = "Normal(z; 0, 1)"
"p(x|z)" = "Normal(x; z, 0.5)"
"""
    derivation = derive(read_problem_text(text))
    assert derivation.value_number == pytest.approx(0.5 * (2 / 1.25 - 1 + math.log(1.25)), abs=1e-12)


def test_a_marginal_of_another_mass_is_refused():
    derivation = derive(read_problem_text(FINITE.format(more="", margin="0.3 + 0.5*x")))
    assert derivation.status == "refused"
    assert "has the mass 1.1" in (derivation.reason or "")
