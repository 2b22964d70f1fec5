"""Linear functionals of finite densities."""

import numpy as np
import pytest

from elbowroom.derivation.derive import derive
from elbowroom.functional.problem_file import read_problem_text

TEXT = """
{sense} = "E_q(z)[{cost}]"
over = "q(z)"
[variables]
z = {{finite = 4}}
"""


@pytest.mark.parametrize(
    ("sense", "cost", "table", "value", "unique"),
    [
        ("minimise", "(z - 1)**2", [0, 1, 0, 0], 0.0, True),
        ("maximise", "(z - 1)**2", [0, 0, 0, 1], 4.0, True),
        ("minimise", "(z - 1)**2*(z - 3)**2", [0, 0.5, 0, 0.5], 0.0, False),
        ("minimise", "1", None, 1.0, False),
    ],
)
def test_all_mass_lies_on_the_best_values(sense, cost, table, value, unique):
    derivation = derive(read_problem_text(TEXT.format(sense=sense, cost=cost)))
    assert (derivation.status, derivation.minimum, derivation.unique) == ("solved", "global", unique)
    assert derivation.value_number == pytest.approx(value, abs=1e-14)
    assert derivation.table is not None
    if table is not None:
        assert np.allclose(derivation.table, table)
    assert all(check.passed for step in derivation.steps for check in step.checks)


def test_a_conditional_has_one_vertex_for_each_value_of_what_is_given():
    text = """
minimise = "E_p(x)[E_q(z|x)[(x - z)**2]]"
over = "q(z|x)"
[variables]
x = {finite = 2}
z = {finite = 3}
[laws]
"p(x)" = [0.4, 0.6]
"""
    derivation = derive(read_problem_text(text))
    assert np.allclose(np.array(derivation.table), [[1, 0], [0, 1], [0, 0]])
    assert derivation.value_number == pytest.approx(0.0, abs=1e-14)


def test_a_convex_functional_is_largest_at_a_vertex():
    text = """
maximise = "KL(q(z) || p(z))"
over = "q(z)"
[variables]
z = {finite = 3}
[laws]
"p(z)" = [0.2, 0.3, 0.5]
"""
    derivation = derive(read_problem_text(text))
    assert (derivation.status, derivation.minimum, derivation.unique) == ("solved", "global", True)
    assert derivation.value_number == pytest.approx(np.log(5), abs=1e-14)
    assert derivation.table == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("support", ['"real"', "[0, 1]"])
def test_where_no_density_attains_it_the_functional_is_refused(support):
    text = TEXT.format(sense="minimise", cost="z**2").replace("{finite = 4}", support)
    derivation = derive(read_problem_text(text))
    assert derivation.status == "refused"
    assert "linear in q(z)" in (derivation.reason or "")
