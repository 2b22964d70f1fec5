"""Unknown numbers: meshes follow the laws that depend on them, kinks and maxima are no minima, ends are not reached."""

import math
import pathlib

import numpy as np
import pytest
from scipy import stats
from tests.solution.statements import LEAST, root, solved, stated

M, S = {"m": '"real"'}, {"s": '"positive"'}
PAIR = {"a": '"real"', "b": '"real"'}
WALKING = {"q(z)": '"Normal(z; m, 1)"'}
QUANTILE = stats.norm.pdf(stats.norm.ppf(0.9))
WAVE = root(lambda m: 0.1 * m + 3 * np.sin(3 * m - 7), 0, 0.5)
LEAST_OF_WAVES = 0.05 * WAVE**2 - math.cos(3 * WAVE - 7)

LEAST_VALUES = {
    "two wells of a mean": (stated("minimise E_q(z)[(z**2 - 4)**2]", over='["m"]', unknowns=M, laws=WALKING), 10.0),
    "a far mean": (stated("minimise E_q(z)[(z - 400)**2]", over='["m"]', unknowns=M, laws=WALKING), 1.0),
    "a far and narrow law": (
        stated(
            "minimise KL(q(z) || p(z))",
            over='["m", "s"]',
            unknowns=M | S,
            laws={"q(z)": '"Normal(z; m, s)"', "p(z)": '"Normal(z; 500, 0.01)"'},
        ),
        0.0,
    ),
    "the better of two modes": (
        stated(
            "minimise KL(q(z) || p(z))",
            over='["m", "s"]',
            unknowns=M | S,
            laws={"q(z)": '"Normal(z; m, s)"', "p(z)": '"0.3*Normal(z; -40, 1) + 0.7*Normal(z; 40, 2)"'},
        ),
        -math.log(0.7),
    ),
    "a kink that is a maximum": (stated("minimise m**2 - abs(m)", over='["m"]', unknowns=M), -0.25),
    "a kink beside a minimum": (stated("minimise m**2 - 2*abs(m - 1)", over='["m"]', unknowns=M), -3.0),
    "a kink that is the minimum": (stated("minimise abs(m - 1) + 0.1*m**2", over='["m"]', unknowns=M), 0.1),
    "two kinks": (stated("minimise abs(a - 0.3) + abs(b + a)", over='["a", "b"]', unknowns=PAIR), 0.0),
    "a median": (
        stated("minimise E_p(z)[abs(z - m)]", over='["m"]', unknowns=M, laws={"p(z)": '"Normal(z; 2, 1)"'}),
        math.sqrt(2 / math.pi),
    ),
    "a quantile": (
        stated(
            "minimise E_p(z)[0.9*max(0, z - m) + 0.1*max(0, m - z)]",
            over='["m"]',
            unknowns=M,
            laws={"p(z)": '"Normal(z; 2, 3)"'},
        ),
        3 * QUANTILE,
    ),
    "a family with kinks": (
        stated(
            "minimise KL(q(z) || p(z))",
            over='["m", "s"]',
            unknowns=M | S,
            laws={"q(z)": '"Laplace(z; m, s)"', "p(z)": '"Normal(z; 0, 1)"'},
        ),
        (math.log(math.pi) - 1) / 2,
    ),
    "many waves": (stated("minimise 0.05*m**2 - cos(3*m - 7)", over='["m"]', unknowns=M), LEAST_OF_WAVES),
    "a saddle": (stated("minimise a**2 - b**2 + b**4", over='["a", "b"]', unknowns=PAIR), -0.25),
    "the end of an interval": (stated("minimise (m - 3)**2", over='["m"]', unknowns={"m": "[0, 1]"}), 4.0),
    "inside an interval": (stated("minimise cos(7*m)", over='["m"]', unknowns={"m": "[0, 1]"}), -1.0),
    "a kink in an interval": (stated("minimise abs(m - 0.25)", over='["m"]', unknowns={"m": "[0, 1]"}), 0.0),
    "the end beyond a kink": (stated("minimise -abs(m - 0.25)", over='["m"]', unknowns={"m": "[0, 1]"}), -0.75),
    "a kink beside a bound": (stated("minimise abs(m)", over='["m"]', unknowns=M, to=["m >= -1"]), 0.0),
    "an overlap": (
        stated(
            "maximise integral(q(z)*p(z), z)", over='["m"]', unknowns=M, laws=WALKING | {"p(z)": '"Normal(z; 40, 1)"'}
        ),
        1 / math.sqrt(4 * math.pi),
    ),
    "a circle": (stated("minimise a + b", over='["a", "b"]', unknowns=PAIR, to=["a**2 + b**2 = 2"]), -2.0),
}

WITHOUT = {
    "falls for ever": (stated("minimise m", over='["m"]', unknowns=M), "unbounded"),
    "rises slowly": (stated("maximise log(s)", over='["s"]', unknowns=S), "unbounded"),
    "an entropy": (
        stated("maximise H(q(z))", over='["s"]', unknowns=S, laws={"q(z)": '"Normal(z; 0, s)"'}),
        "unbounded",
    ),
    "a divergence": (
        stated("maximise KL(q(z) || p(z))", over='["m"]', unknowns=M, laws=WALKING | {"p(z)": '"Normal(z; 0, 1)"'}),
        "unbounded",
    ),
    "an exponential": (stated("minimise exp(m)", over='["m"]', unknowns=M), "not-converged"),
    "an arc tangent": (stated("minimise arctan(m)", over='["m"]', unknowns=M), "not-converged"),
    "the least width": (
        stated(
            "maximise integral(q(z)*p(z), z)",
            over='["s"]',
            unknowns=S,
            laws={"q(z)": '"Normal(z; 0, s)"', "p(z)": '"Normal(z; 0, 1)"'},
        ),
        "not-converged",
    ),
    "a hill that underflows": (stated("maximise exp(-(m - 1000)**2)", over='["m"]', unknowns=M), "not-converged"),
    "an open end": (stated("minimise s**2", over='["s"]', unknowns=S), "not-converged"),
    "a width of nothing": (
        stated("minimise E_q(z)[z**2]", over='["s"]', unknowns=S, laws={"q(z)": '"Normal(z; 0, s)"'}),
        "not-converged",
    ),
}


@pytest.mark.parametrize("name", LEAST_VALUES)
def test_the_least_value_is_found(name: str, tmp_path: pathlib.Path) -> None:
    text, value = LEAST_VALUES[name]
    solution = solved(text, tmp_path)
    assert solution.status == "converged", solution.sentence
    assert abs(solution.value - value) <= 2 * solution.error + LEAST
    assert solution.error < 1e-9


@pytest.mark.parametrize("name", WITHOUT)
def test_what_is_not_reached_is_no_optimum(name: str, tmp_path: pathlib.Path) -> None:
    text, status = WITHOUT[name]
    solution = solved(text, tmp_path)
    assert solution.status == status, solution.sentence
