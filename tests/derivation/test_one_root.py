"""Where one fixed point is claimed, a scan of the update written by hand finds one, and the claim is made."""

import numpy as np
import pytest

from elbowroom.derivation.derive import derive
from elbowroom.functional.problem_file import read_problem_text

SEMI = """
minimise = "KL(q1(m)*q2(t) || p(m,t|x))"
over = ["q1(m)", "q2(t)"]
[variables]
m = "real"
t = "positive"
x = "real"
[laws]
"p(t)" = "Gamma(t; {shape}, {rate})"
"p(m)" = "Normal(m; 0, {spread})"
"p(x|m,t)" = "Normal(x; m, 1/sqrt(t))"
[parameters]
x = {x}
"""


def _updated(t, shape, rate, spread, x):
    """One sweep of the mean of t: mean and variance of m at this t, then the Gamma density there."""
    precision = 1 / spread**2 + t
    mean, variance = t * x / precision, 1 / precision
    return (shape + 0.5) / (rate + ((x - mean) ** 2 + variance) / 2)


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("x", [0.0, 1.5, 12.0])
def test_one_fixed_point_is_claimed_only_where_a_scan_finds_one(shape, x) -> None:
    numbers = {"shape": shape, "rate": 0.05, "spread": 2.0, "x": x}
    derivation = derive(read_problem_text(SEMI.format(**numbers)))
    t = np.geomspace(1e-6, 1e6, 200_001)
    above = _updated(t, **numbers) > t
    roots = np.flatnonzero(above[1:] != above[:-1])
    if derivation.minimum == "global":
        assert len(roots) == 1
        assert derivation.unique
    else:
        assert derivation.minimum == "stationary"
        assert derivation.unique is None


def test_one_of_three_fixed_points_is_not_called_the_minimum() -> None:
    numbers = {"shape": 4.0, "rate": 0.05, "spread": 2.0, "x": 12.0}
    t = np.geomspace(1e-6, 1e6, 200_001)
    above = _updated(t, **numbers) > t
    assert np.count_nonzero(above[1:] != above[:-1]) == 3
    derivation = derive(read_problem_text(SEMI.format(**numbers)))
    assert (derivation.minimum, derivation.unique) == ("stationary", None)


def test_one_fixed_point_is_claimed_for_conjugate_blocks() -> None:
    laws = '"p(b)" = "Gamma(b; 2, 1)"\n"p(a|b)" = "Gamma(a; 3, b)"\n'
    head = 'minimise = "KL(q1(a)*q2(b) || p(a,b))"\nover = ["q1(a)", "q2(b)"]\n'
    text = head + '[variables]\na = "positive"\nb = "positive"\n[laws]\n' + laws
    derivation = derive(read_problem_text(text))
    assert (derivation.minimum, derivation.unique) == ("global", True)
    assert "Descartes" in derivation.steps[-1].after
