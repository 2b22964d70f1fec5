"""Whether a density can be normalised, and where its natural parameters are looked for."""

import numpy as np
import pytest
from scipy import special

from elbowroom.derivation.derive import derive
from elbowroom.derivation.numeric.tails import diverges
from elbowroom.functional.problem_file import read_problem_text
from elbowroom.functional.support import Positive, Real

REAL, POSITIVE = Real(1), Positive()

DENSITIES = {
    "a normal law": (lambda z: -(z**2) / 2, REAL, None),
    "a wave": (lambda z: 3.5 * np.cos(z), REAL, "towards"),
    "a wave on the half line": (lambda z: 3.5 * np.cos(z), POSITIVE, "towards infinity"),
    "a slow wave in a fast decay": (lambda z: 3.5 * np.cos(z) - np.abs(z), REAL, None),
    "a Cauchy law": (lambda z: -np.log1p(z**2), REAL, None),
    "a tail like 1/z": (lambda z: -0.5 * np.log1p(z**2), REAL, "towards"),
    "a gamma law": (lambda z: -0.5 * np.log(z) - z, POSITIVE, None),
    "a pole at 0": (lambda z: -1.1 * np.log(z) - z, POSITIVE, "at 0"),
    "no value far out": (lambda z: np.where(np.abs(z) > 1e3, np.nan, -(z**2)), REAL, None),
    "growth": (lambda z: z**2 / 2, REAL, "towards"),
}


@pytest.mark.parametrize(("log_density", "support", "where"), DENSITIES.values(), ids=DENSITIES.keys())
def test_where_an_integral_is_infinite(log_density, support, where):
    found = diverges(log_density, support)
    assert (found is None) == (where is None)
    assert where is None or where in (found or "")


TEXT = """
maximise = "H(q(z))"
over = "q(z)"
subject_to = [{constraints}]
[variables]
z = "real"
"""


def entropy(*constraints: str):
    return derive(read_problem_text(TEXT.format(constraints=", ".join(f'"{one}"' for one in constraints))))


@pytest.mark.parametrize("fourth", [1.05, 1.5, 2.5, 2.95])
def test_a_fourth_moment_below_that_of_the_normal_law(fourth):
    derivation = entropy("E_q(z)[z**2] = 1", f"E_q(z)[z**4] = {fourth}")
    assert (derivation.status, derivation.minimum) == ("solved", "global")
    z = np.linspace(-12, 12, 40_001)
    density = derivation.density(z=z)
    for power, moment in ((0, 1.0), (2, 1.0), (4, fourth)):
        assert np.trapezoid(density * z**power, z) == pytest.approx(moment, abs=1e-9)
    assert derivation.value_number == pytest.approx(np.trapezoid(-special.xlogy(density, density), z), abs=1e-9)


@pytest.mark.parametrize(
    "constraints",
    [
        ("E_q(z)[z**2] = 1", "E_q(z)[z**4] = 3.5"),
        ("E_q(z)[cos(z)] = 0.5",),
        ("E_q(z)[z] = 1", "E_q(z)[z**2] = 0.5"),
        ("E_q(z)[z] = 0", "E_q(z)[z**2] = 1", "E_q(z)[z**3] = 1"),
    ],
)
def test_what_has_no_maximum_is_refused(constraints):
    assert entropy(*constraints).status == "refused"


def test_a_posterior_under_a_logistic_likelihood_is_found():
    derivation = derive(
        read_problem_text("""
maximise = "E_q(z)[log p(x|z)] - KL(q(z) || p(z))"
over = "q(z)"
[variables]
z = "real"
x = {finite = 2}
[laws]
"p(z)" = "Normal(z; 0, 1)"
"p(x|z)" = "Bernoulli(x; 1/(1+exp(-z)))"
[parameters]
x = 1
""")
    )
    assert derivation.status == "solved"
    assert derivation.value_number == pytest.approx(np.log(0.5), abs=1e-12)
