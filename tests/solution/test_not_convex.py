"""Problems whose stationary point is no optimum: the answer is the optimum, or that there is none; never that point."""

import math

import numpy as np
import pytest
from tests.solution.statements import root

from elbowroom.functional.problem_file import read_problem_text
from elbowroom.solution.solve import solve

FINITE = """
{sense} = "{functional}"
over = "q(z)"
[variables]
z = {{finite = 3}}
[laws]
"p(z)" = [0.2, 0.3, 0.5]
"""
CURVE = """
minimise = "integral(diff(y(x), x)**2 - y(x)**2, x)"
over = "y(x)"
subject_to = ["y(0) = 0", "y({end}) = 0"]
[variables]
x = [0, {end}]
[unknowns]
"y(x)" = "function"
"""
INTERVAL = """
minimise = "H(q(z))"
over = "q(z)"
[variables]
z = [0, 1]
"""
LINE = """
maximise = "KL(q(z) || p(z))"
over = "q(z)"
[variables]
z = "real"
[laws]
"p(z)" = "Normal(z; 0, 1)"
"""
WELL = root(lambda m: m - 2 * np.tanh(2 * m), 1, 3)
TWO_WELLS = WELL**2 / 2 - math.log(2 * math.cosh(2 * WELL))


@pytest.mark.parametrize(
    ("sense", "functional", "value"),
    [
        ("maximise", "KL(q(z) || p(z))", math.log(5)),
        ("minimise", "H(q(z))", 0.0),
        ("minimise", "H(q(z)) + 0.1*E_q(z)[(z - 2)**2]", 0.0),
    ],
)
def test_a_functional_that_is_bent_the_wrong_way_has_its_optimum_at_a_vertex(sense, functional, value):
    solution = solve(read_problem_text(FINITE.format(sense=sense, functional=functional)))
    assert solution.status == "converged"
    assert solution.value == pytest.approx(value, abs=1e-8)


def test_a_curve_beyond_its_conjugate_point_is_called_unbounded():
    assert solve(read_problem_text(CURVE.format(end=4))).status == "unbounded"


MEAN = INTERVAL.replace('over = "q(z)"', 'over = "q(z)"\nsubject_to = ["E_q(z)[z] = 0.3"]')
CIRCLE = INTERVAL.replace("z = [0, 1]", 'z = "circle"')
SQUARES = INTERVAL.replace('minimise = "H(q(z))"', 'maximise = "integral(q(z)**2, z)"')


@pytest.mark.parametrize(
    "text",
    [INTERVAL, LINE, MEAN, CIRCLE, SQUARES],
    ids=["an entropy", "a divergence", "two atoms", "a circle", "squares"],
)
def test_a_density_that_wants_to_be_a_point_mass_has_no_bound(text):
    assert solve(read_problem_text(text)).status == "unbounded"


@pytest.mark.parametrize(
    ("functional", "value"),
    [
        ("KL(q(z) || p(z)) - 0.4*E_q(z)[z]**2", 0.0),
        ("KL(q(z) || p(z)) - log(exp(2*E_q(z)[z]) + exp(-2*E_q(z)[z]))", TWO_WELLS),
        ("KL(q(z) || p(z)) - abs(E_q(z)[z])", -0.5),
        ("KL(q(z) || p(z)) + abs(E_q(z)[z] - 1)", 0.5),
    ],
    ids=["hardly convex", "two wells", "a kink", "the end of a kink"],
)
def test_functions_of_a_mean_beside_a_divergence(functional, value):
    """KL is least, m²/2, at the Normal of the same mean m: what is left is a function of m."""
    solution = solve(read_problem_text(LINE.replace("maximise", "minimise").replace("KL(q(z) || p(z))", functional)))
    assert solution.status == "converged"
    assert abs(solution.value - value) <= 2 * solution.error


def test_a_curve_without_a_conjugate_point_is_a_minimum():
    solution = solve(read_problem_text(CURVE.format(end=3)))
    assert (solution.status, solution.value) == ("converged", pytest.approx(0.0, abs=1e-9))


TOTAL_VARIATION = """
minimise = "{functional}"
over = "y(x)"
subject_to = ["y(0) = 0", "y(1) = {end}"]
[variables]
x = [0, 1]
[unknowns]
"y(x)" = "function"
"""


@pytest.mark.parametrize(
    ("functional", "end", "value"),
    [
        ("integral(abs(diff(y(x), x)), x)", 1, 1.0),
        ("integral(abs(diff(y(x), x)) + (y(x) - x**2)**2, x)", 1, 1.0),
        ("integral(diff(y(x), x)**2/2 - abs(y(x)), x)", 0, -1 / 24),
    ],
    ids=["a path", "a path along a target", "a kink that is a maximum"],
)
def test_a_functional_with_kinks_in_a_curve(functional, end, value):
    solution = solve(read_problem_text(TOTAL_VARIATION.format(functional=functional, end=end)))
    assert solution.status == "converged", solution.sentence
    assert abs(solution.value - value) <= 2 * solution.error + 1e-13


def test_a_curve_that_rests_on_a_kink_is_right_or_not_called_an_optimum():
    text = TOTAL_VARIATION.format(functional="integral(diff(y(x), x)**2/2 + 64*abs(y(x) - x), x)", end=0)
    solution = solve(read_problem_text(text))
    width = 32**-0.5  # y = x, and over this width y'' = -64 down to y(1) = 0
    value = -1 / 2 + 4096 / 3 * width**3
    assert solution.status == "not-converged" or abs(solution.value - value) <= 2 * solution.error
