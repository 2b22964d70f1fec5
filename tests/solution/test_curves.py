"""Curves, numbers and several unknowns whose optimum is known by hand."""

import pathlib

import numpy as np
import pytest
from scipy import stats
from tests.solution.statements import FUNCTION, UNIT, holds, root, solved, stated

LENGTH = "integral(sqrt(1 + diff(y(x), x)**2), x)"
ENDS = ["y(0) = 0", "y(1) = 0"]


def curve(objective: str, to: list[str], variables: dict[str, str] | None = None) -> str:
    return stated(objective, over='"y(x)"', to=to, variables=variables or UNIT, unknowns=FUNCTION)


def chain(length: float) -> float:
    """The potential of a chain of this length that hangs between ends at distance 1."""
    scale = root(lambda c: 2 * c * np.sinh(1 / (2 * c)) - length, 0.05, 5)
    return scale**2 / 2 * np.sinh(1 / scale) + scale / 2 - scale * np.cosh(1 / (2 * scale)) * length


def segment(length: float) -> float:
    """The area between a chord of length 1 and the arc of this length."""
    radius = root(lambda r: 2 * r * np.arcsin(0.5 / r) - length, 0.5001, 50)
    return radius**2 * np.arcsin(0.5 / radius) - np.sqrt(radius**2 - 0.25) / 2


def catenoid() -> float:
    scale = root(lambda a: a * np.cosh(0.5 / a) - 1, 0.5, 2)
    return scale / 2 + scale**2 / 2 * np.sinh(1 / scale)


CURVES = {
    "hanging chain": (
        curve("minimise integral(y(x)*sqrt(1 + diff(y(x), x)**2), x)", [*ENDS, f"{LENGTH} = 1.5"]),
        chain(1.5),
    ),
    "Dido": (curve("maximise integral(y(x), x)", [*ENDS, f"{LENGTH} = 1.2"]), segment(1.2)),
    "Dido with a bound": (curve("maximise integral(y(x), x)", [*ENDS, f"{LENGTH} <= 1.2"]), segment(1.2)),
    "catenoid": (
        curve("minimise integral(y(x)*sqrt(1 + diff(y(x), x)**2), x)", ["y(0) = 1", "y(1) = 1"]),
        catenoid(),
    ),
    "membrane": (
        curve("minimise integral(diff(y(x), x)**2/2 - sin(pi*x)*y(x), x)", ENDS),
        -1 / (4 * np.pi**2),
    ),
    "free end": (curve("minimise integral(diff(y(x), x)**2/2 + y(x), x)", ["y(0) = 0"]), -1 / 6),
    "given integral": (curve("minimise integral(diff(y(x), x)**2, x)", [*ENDS, "integral(y(x), x) = 1"]), 12.0),
    "hyperbolic": (
        curve("minimise integral(diff(y(x), x)**2/2 + y(x)**2/2, x)", ["y(0) = 1", "y(1) = 2"]),
        (5 * np.cosh(1) - 4) / (2 * np.sinh(1)),
    ),
}


@pytest.mark.parametrize("name", CURVES)
def test_curve_in_closed_form(name: str, tmp_path: pathlib.Path) -> None:
    text, value = CURVES[name]
    holds(solved(text, tmp_path), float(value))


def test_an_obstacle_at_the_error_stated(tmp_path: pathlib.Path) -> None:
    """y'' = 10 where y > 0, of the width a = sqrt(1/5) at both ends: the value is 400 a³/3."""
    text = curve("minimise integral(diff(y(x), x)**2/2 + 10*y(x), x)", ["y(0) = 1", "y(1) = 1", "y(x) >= 0"])
    solution = solved(text, tmp_path)
    assert solution.status == "converged"
    assert abs(solution.value - 200 * 0.2**1.5 / 3) <= solution.error < 1e-3


NUMBERS = {
    "exponential family member": (
        stated(
            "minimise KL(p(z) || q(z))",
            over='["b"]',
            variables={"z": '"positive"'},
            laws={"p(z)": '"Gamma(z; 3, 1)"', "q(z)": '"Gamma(z; 1, b)"'},
            unknowns={"b": '"positive"'},
        ),
        1 + np.log(3) - stats.gamma(3).entropy(),
    ),
    "normal for a Laplace": (
        stated(
            "minimise KL(q(z) || p(z))",
            over='["m", "s"]',
            laws={"p(z)": '"Laplace(z; 0, 1)"', "q(z)": '"Normal(z; m, s)"'},
            unknowns={"m": '"real"', "s": '"positive"'},
        ),
        0.5 + np.log(2) - np.log(np.pi),
    ),
    "density and number": (
        stated(
            "minimise KL(q(z) || p(z)) + m**2",
            over='["q(z)", "m"]',
            to=["E_q(z)[z] = 2 - m"],
            laws={"p(z)": '"Normal(z; 0, 1)"'},
            unknowns={"m": '"real"'},
        ),
        4 / 3,
    ),
    "constant in the number": (
        stated(
            "minimise m + 0.5*log(integral(p(z)*exp((z - m)/0.5), z))",
            over='["m"]',
            laws={"p(z)": '"Normal(z; 0, 1)"'},
            unknowns={"m": '"real"'},
        ),
        1.0,
    ),
}

SEVERAL = {
    "mean field": (
        stated(
            "minimise KL(q(a)*r(b) || p(a,b))",
            over='["q(a)", "r(b)"]',
            variables={"a": '"real"', "b": '"real"'},
            laws={"p(a)": '"Normal(a; 0, 1)"', "p(b|a)": '"Normal(b; 0.6*a, 0.8)"'},
        ),
        -np.log(0.64) / 2,
    ),
    "shared budget": (
        stated(
            "maximise H(q(a)) + H(r(b))",
            over='["q(a)", "r(b)"]',
            to=["E_q(a)[a] + E_r(b)[b] = 2"],
            variables={"a": '"positive"', "b": '"positive"'},
        ),
        2.0,
    ),
    "capacity": (
        stated(
            "maximise MI(p; x, y)",
            over='"p(x)"',
            variables={"x": "{finite = 2}", "y": "{finite = 2}"},
            laws={"p(y|x)": "[[0.9, 0.1], [0.1, 0.9]]"},
        ),
        np.log(2) + 0.1 * np.log(0.1) + 0.9 * np.log(0.9),
    ),
    "rate at a distortion": (
        stated(
            "minimise MI(q; x, z)",
            over='"q(z|x)"',
            to=["E_q(x,z)[(x - z)**2] <= 0.1"],
            variables={"x": "{finite = 2}", "z": "{finite = 2}"},
            laws={"q(x)": "[0.5, 0.5]"},
        ),
        np.log(2) + 0.1 * np.log(0.1) + 0.9 * np.log(0.9),
    ),
    "two dimensions": (
        stated(
            "maximise H(q(x,y))",
            over='"q(x,y)"',
            to=["E_q(x,y)[x*y] = 0.5", "E_q(x,y)[x**2] = 1", "E_q(x,y)[y**2] = 1"],
            variables={"x": '"real"', "y": '"real"'},
        ),
        np.log(2 * np.pi * np.e) + np.log(0.75) / 2,
    ),
    "entropic transport": (
        stated(
            "minimise E_q(x,y)[(x - y)**2/2] + KL(q(x,y) || p(x)*r(y))",
            over='"q(x,y)"',
            to=["integral(q(x,y), y) = p(x)", "integral(q(x,y), x) = r(y)"],
            variables={"x": '"real"', "y": '"real"'},
            laws={"p(x)": '"Normal(x; 0, 1)"', "r(y)": '"Normal(y; 1, 1)"'},
        ),
        # The covariance c of the plan solves c = 1 - c².
        1.5 - (np.sqrt(5) - 1) / 2 - np.log((np.sqrt(5) - 1) / 2) / 2,
    ),
    "transport of least cost": (
        stated(
            "minimise E_q(x,y)[abs(x - y)]",
            over='"q(x,y)"',
            to=["integral(q(x,y), y) = p(x)", "integral(q(x,y), x) = r(y)"],
            variables={"x": "{finite = 3}", "y": "{finite = 3}"},
            laws={"p(x)": "[0.5, 0.3, 0.2]", "r(y)": "[0.2, 0.2, 0.6]"},
        ),
        0.7,
    ),
}


@pytest.mark.parametrize("name", [*NUMBERS, *SEVERAL])
def test_numbers_and_several_unknowns(name: str, tmp_path: pathlib.Path) -> None:
    text, value = (NUMBERS | SEVERAL)[name]
    holds(solved(text, tmp_path), float(value))
