"""Curves under the constraint of an integral, with answers known from books."""

import math

import numpy as np
import pytest

from elbowroom.derivation.derive import derive
from elbowroom.derivation.numeric.evaluate import values
from elbowroom.functional.law import Variable
from elbowroom.functional.problem_file import read_problem_text

FRAME = """
{sense} = "{functional}"
over = "y(x)"
subject_to = [{ends}, "{constraint}"]
[variables]
x = {interval}
[unknowns]
"y(x)" = "function"
"""


def problem(sense: str, functional: str, ends: tuple[str, ...], constraint: str, interval: str = "[0, 1]"):
    shown = ", ".join(f'"{end}"' for end in ends)
    text = FRAME.format(sense=sense, functional=functional, ends=shown, constraint=constraint, interval=interval)
    return read_problem_text(text)


ZERO = ("y(0) = 0", "y(1) = 0")
DEPTH = 0.6164729394720827  # 2 c sinh(1/c) = 3, solved apart
CASES = {
    "the largest area for an energy": (
        problem("maximise", "integral(y(x), x)", ZERO, "integral(diff(y(x), x)**2, x) = 1"),
        lambda x: math.sqrt(3) * x * (1 - x),
        1 / math.sqrt(12),
        ("global", True),
    ),
    "the least energy for an area": (
        problem("minimise", "integral(diff(y(x), x)**2, x)", ZERO, "integral(y(x), x) = 1/6"),
        lambda x: x * (1 - x),
        1 / 3,
        ("global", True),
    ),
    "the first eigenfunction": (
        problem("minimise", "integral(diff(y(x), x)**2, x)", ZERO, "integral(y(x)**2, x) = 1"),
        lambda x: math.sqrt(2) * np.sin(math.pi * x),
        math.pi**2,
        ("global", False),
    ),
    "an eigenfunction with a weight": (
        problem(
            "minimise",
            "integral(2*diff(y(x), x)**2 + 3*y(x)**2, x)",
            ("y(1) = 0", "y(3) = 0"),
            "integral(y(x)**2, x) = 5",
            "[1, 3]",
        ),
        lambda x: math.sqrt(5) * np.sin(math.pi * (x - 1) / 2),
        5 * (2 * (math.pi / 2) ** 2 + 3),
        ("global", False),
    ),
    "a hanging chain": (
        problem(
            "minimise",
            "integral(y(x)*sqrt(1 + diff(y(x), x)**2), x)",
            ("y(-1) = 0", "y(1) = 0"),
            "integral(sqrt(1 + diff(y(x), x)**2), x) = 3",
            "[-1, 1]",
        ),
        lambda x: DEPTH * (np.cosh(x / DEPTH) - math.cosh(1 / DEPTH)),
        DEPTH * (1 + DEPTH * math.sinh(2 / DEPTH) / 2) - 3 * DEPTH * math.cosh(1 / DEPTH),
        ("stationary", None),
    ),
    "the largest area for a length": (
        problem(
            "maximise",
            "integral(y(x), x)",
            ("y(-1) = 0", "y(1) = 0"),
            f"integral(sqrt(1 + diff(y(x), x)**2), x) = {2 * math.pi / 3 * 2 / math.sqrt(3)}",
            "[-1, 1]",
        ),
        lambda x: np.sqrt(4 / 3 - x**2) - 1 / math.sqrt(3),
        4 / 9 * math.pi - 1 / math.sqrt(3),
        ("global", True),
    ),
    "bounds as long as the interval": (
        problem("minimise", "integral(diff(y(x), x)**2, x, 0, 1)", ZERO, "integral(y(x), x, 0, 1) = 1/6"),
        lambda x: x * (1 - x),
        1 / 3,
        ("global", True),
    ),
}


@pytest.mark.parametrize(("stated", "curve", "value", "claim"), CASES.values(), ids=CASES.keys())
def test_the_curve_of_the_book(stated, curve, value, claim):
    derivation = derive(stated)
    assert derivation.status == "solved"
    assert derivation.value_number == pytest.approx(value, abs=1e-9)
    (found,) = derivation.optima.values()
    x = next(v for v in stated.given.variables.values()) if hasattr(stated.given.variables, "values") else Variable("x")
    low, high = float(x.support.lower), float(x.support.upper)
    places = np.linspace(low, high, 21)[1:-1]
    seen = values(found, derivation.scene, {"x": places})
    expected = curve(places)
    opposite = derivation.unique is False
    assert np.allclose(seen, expected, atol=1e-8) or (opposite and np.allclose(-seen, expected, atol=1e-8))
    assert (derivation.minimum, derivation.unique) == claim
    assert all(check.passed for step in derivation.steps for check in step.checks)
    assert "lambda" in derivation.multipliers


LENGTH = 2 * math.pi / 3 * 2 / math.sqrt(3)


@pytest.mark.parametrize(
    ("bound", "value", "claim"),
    [
        (f"integral(sqrt(1 + diff(y(x), x)**2), x) <= {LENGTH}", 4 / 9 * math.pi - 1 / math.sqrt(3), "global"),
        (f"{LENGTH} >= integral(sqrt(1 + diff(y(x), x)**2), x)", 4 / 9 * math.pi - 1 / math.sqrt(3), "global"),
    ],
)
def test_a_bound_on_an_integral_that_is_reached(bound, value, claim):
    derivation = derive(problem("maximise", "integral(y(x), x)", ("y(-1) = 0", "y(1) = 0"), bound, "[-1, 1]"))
    assert (derivation.status, derivation.minimum) == ("solved", claim)
    assert derivation.value_number == pytest.approx(value, abs=1e-9)


def test_a_bound_on_an_integral_that_holds_by_itself():
    stated = problem("minimise", "integral(diff(y(x), x)**2, x)", ("y(0) = 0", "y(1) = 1"), "integral(y(x), x) <= 2")
    derivation = derive(stated)
    assert (derivation.status, derivation.minimum, derivation.value_number) == ("solved", "global", pytest.approx(1.0))


def test_a_bound_on_an_integral_from_below_that_is_reached():
    stated = problem("minimise", "integral(diff(y(x), x)**2, x)", ZERO, "integral(y(x), x) >= 1/6")
    derivation = derive(stated)
    assert (derivation.minimum, derivation.unique) == ("global", True)
    assert derivation.value_number == pytest.approx(1 / 3, abs=1e-10)


def test_what_no_curve_meets_is_left_as_a_condition():
    stated = problem("minimise", "integral(diff(y(x), x)**2, x)", ZERO, "integral(y(x)**2, x) = -1")
    derivation = derive(stated)
    assert derivation.status == "condition"
    assert "no closed form was found for a curve that meets" in (derivation.reason or "")
