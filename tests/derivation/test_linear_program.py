"""Linear functionals of finite densities under linear constraints."""

import numpy as np
import pytest

from elbowroom.derivation.derive import derive
from elbowroom.functional.problem_file import read_problem_text

TRANSPORT = """
minimise = "E_q(a,b)[(a - b)**2]"
over = "q(a,b)"
subject_to = ["integral(q(a,b), b) = p(a)", "integral(q(a,b), a) = r(b)"]
[variables]
a = {finite = 3}
b = {finite = 3}
[laws]
"p(a)" = [0.2, 0.3, 0.5]
"r(b)" = [0.4, 0.4, 0.2]
"""
MEAN = """
{sense} = "E_q(z)[z**2]"
over = "q(z)"
subject_to = ["E_q(z)[z] {relation}"]
[variables]
z = {{finite = 4}}
"""


def test_transport_on_a_line_is_monotone():
    derivation = derive(read_problem_text(TRANSPORT))
    expected = np.array([[0.2, 0.0, 0.0], [0.2, 0.1, 0.0], [0.0, 0.3, 0.2]])
    assert (derivation.status, derivation.minimum) == ("solved", "global")
    assert np.allclose(np.array(derivation.table), expected, atol=1e-12)
    assert derivation.value_number == pytest.approx(0.5, abs=1e-12)
    assert all(check.passed for step in derivation.steps for check in step.checks)


@pytest.mark.parametrize(
    ("sense", "relation", "value"),
    [
        ("maximise", "= 1.5", 4.5),  # half at 0, half at 3
        ("minimise", "= 1.5", 2.5),  # half at 1, half at 2
        ("minimise", ">= 2", 4.0),
        ("minimise", "<= 2", 0.0),
        ("maximise", "<= 1", 3.0),
    ],
)
def test_moments_of_a_moment(sense, relation, value):
    derivation = derive(read_problem_text(MEAN.format(sense=sense, relation=relation)))
    assert derivation.value_number == pytest.approx(value, abs=1e-10)
    assert all(check.passed for step in derivation.steps for check in step.checks)


def test_a_mean_beyond_the_values_is_refused():
    derivation = derive(read_problem_text(MEAN.format(sense="minimise", relation="= 3.5")))
    assert derivation.status == "refused"
    assert "infeasible" in (derivation.reason or "")
