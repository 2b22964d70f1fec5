"""`solve` on every support against closed forms, what has no solution, the box, invariances, and the JSON keys."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from elbowroom.errors import InputError
from elbowroom.functional.builders import mutual_information
from elbowroom.functional.differential import diff
from elbowroom.functional.expression import Function, Parameter, as_expression, exp, log
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import KL, E, Integral, entropy
from elbowroom.functional.law import DensityValue, Variable, laws, variables
from elbowroom.functional.problem import Maximise, Minimise, Problem
from elbowroom.functional.setting import Setting, Table
from elbowroom.functional.support import REAL, Circle, Finite, Interval, Positive, Support
from elbowroom.solution.solution import Solution
from elbowroom.solution.solve import solve

p, q, r = laws("p q r")


def normal(z: Variable, mean: float, deviation: float) -> FamilyDensity:
    return FamilyDensity("Normal", z, (as_expression(mean), as_expression(deviation)))


def entropic(support: Support, *statistics: tuple[Any, float]) -> Solution:
    (z,) = variables("z", support=support)
    constraints = [E(q(z))[statistic(z)] == as_expression(value) for statistic, value in statistics]
    return solve(Maximise(entropy(q(z)), over=q(z), subject_to=constraints))


@pytest.mark.parametrize(
    ("support", "statistics", "value"),
    [
        (REAL, [(lambda z: z, 0.5), (lambda z: z**2, 2.25)], np.log(2 * np.pi * np.e * 2.0) / 2),
        (Positive(), [(lambda z: z, 0.25)], 1 + np.log(0.25)),
        (Positive(), [(log, -0.4), (lambda z: log(z) ** 2, 1.16)], np.log(2 * np.pi * np.e) / 2 - 0.4),
        (Interval(Fraction(-1), Fraction(3)), [], np.log(4)),
        (Circle(), [], np.log(2 * np.pi)),
        (Finite(5), [], np.log(5)),
        (Finite(3), [(lambda z: z, 1)], np.log(3)),
    ],
    ids=["real", "positive", "log-normal", "interval", "circle", "finite", "finite with a mean"],
)
def test_greatest_entropy_in_closed_form(support: Support, statistics: list[Any], value: float) -> None:
    solution = entropic(support, *statistics)
    assert solution.status == "converged"
    assert solution.error < 1e-8
    assert solution.value == pytest.approx(value, abs=max(solution.error, 1e-11))


def test_multipliers_are_those_of_the_lagrangian_as_stated() -> None:
    solution = entropic(REAL, (lambda z: z, 1.0), (lambda z: z**2, 3.0))
    # log q = const - (z - 1)²/(2·2), and δL/δq = -log q - 1 + λ₀ + λ₁ z + λ₂ z² = 0.
    assert solution.multipliers["E_q(z)[z] = 1"] == pytest.approx(1 / 2, abs=1e-8)
    assert solution.multipliers["E_q(z)[z**2] = 3"] == pytest.approx(-1 / 4, abs=1e-8)
    assert solution.stationarity_residual < 1e-6


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1e4, 1e-2), (-3e3, 50.0), (0.0, 1e-5)])
def test_the_box_follows_the_variable(shift: float, scale: float) -> None:
    solution = entropic(REAL, (lambda z: z, shift), (lambda z: (z - as_expression(shift)) ** 2, scale**2))
    assert solution.status == "converged"
    assert solution.value == pytest.approx(np.log(2 * np.pi * np.e * scale**2) / 2, abs=1e-7)
    box = solution.boxes["z"]
    assert box.lower < shift - 5 * scale < shift + 5 * scale < box.upper
    assert box.outside < 1e-9


def test_the_box_is_wide_where_tails_are_heavy() -> None:
    solution = entropic(REAL, (lambda z: log(1 + z**2), float(2 * np.log(2))))  # Cauchy's density has this mean
    assert solution.status == "converged"
    assert solution.value == pytest.approx(np.log(4 * np.pi), abs=1e-11)
    assert solution.multipliers["E_q(z)[log(1 + z**2)] = 1.3862943611198906"] == pytest.approx(-1, abs=1e-8)
    assert solution.boxes["z"].upper > 1e12


@pytest.mark.parametrize(
    ("support", "statistics"),
    [
        (REAL, [(lambda z: z, 0), (lambda z: z, 1)]),
        (Interval(Fraction(0), Fraction(1)), [(lambda z: z, 2)]),
        (REAL, [(lambda z: z, 1), (lambda z: z**2, 0.5)]),
        (Finite(3), [(lambda z: z, 2.5)]),
        (Positive(), [(lambda z: z, -1)]),
    ],
    ids=["two means", "mean outside", "negative variance", "finite", "negative mean"],
)
def test_contradicting_constraints_are_infeasible(support: Support, statistics: list[Any]) -> None:
    solution = entropic(support, *statistics)
    assert solution.status == "infeasible"
    assert "E_q(z)" in solution.sentence
    assert solution.to_json()["value"] is None


def test_a_false_statement_about_known_numbers_is_infeasible() -> None:
    (z,) = variables("z", support=Finite(2))
    solution = solve(Maximise(entropy(q(z)), over=q(z), subject_to=[as_expression(1) == as_expression(2)]))
    assert solution.status == "infeasible"


@pytest.mark.parametrize("restated", [1, 2])
def test_redundant_constraints_change_nothing(restated: int) -> None:
    (z,) = variables("z", support=Positive())
    constraints = [E(q(z))[z] == 1] * restated + [Integral(q(z), z) == 1]
    solution = solve(Maximise(entropy(q(z)), over=q(z), subject_to=constraints))
    assert solution.status == "converged"
    assert solution.value == pytest.approx(1, abs=1e-9)


def test_unbounded_problems_are_told() -> None:
    (z,) = variables("z")
    assert solve(Minimise(E(q(z))[z], over=q(z))).status == "unbounded"
    assert solve(Maximise(E(q(z))[z**2], over=q(z))).status == "unbounded"
    assert solve(Maximise(entropy(q(z)), over=q(z))).status == "unbounded"


def test_a_bound_that_no_density_reaches_is_not_converged() -> None:
    (z,) = variables("z", support=Interval(Fraction(0), Fraction(1)))
    solution = solve(Minimise(E(q(z))[(z - as_expression(0.4)) ** 2], over=q(z)))
    assert solution.status == "not-converged"
    assert "concentrates" in solution.sentence


def test_inequality_constraints_bind_or_do_not() -> None:
    (z,) = variables("z")
    given = Setting(laws={p(z): normal(z, 0, 1)})
    binding = solve(Minimise(KL(q(z), p(z)), over=q(z), subject_to=[E(q(z))[z] >= 1], given=given))
    slack = solve(Minimise(KL(q(z), p(z)), over=q(z), subject_to=[E(q(z))[z] >= -1], given=given))
    assert binding.value == pytest.approx(0.5, abs=1e-8)
    assert slack.value == pytest.approx(0.0, abs=1e-8)


def test_a_law_that_is_zero_somewhere_keeps_the_density_zero_there() -> None:
    (z,) = variables("z", support=Finite(3))
    given = Setting(laws={p(z): Table((0.5, 0.0, 0.5))})
    solution = solve(Minimise(KL(q(z), p(z)), over=q(z), given=given))
    assert solution.status == "converged"
    np.testing.assert_allclose(solution.density["q(z)"], [0.5, 0.0, 0.5], atol=1e-9)


def test_entropic_transport_between_tables() -> None:
    (x,), (y,) = variables("x", support=Finite(2)), variables("y", support=Finite(2))
    given = Setting(laws={p(x): Table((0.3, 0.7)), p(y): Table((0.6, 0.4))})
    cost = (x - y) ** 2
    problem = Minimise(
        E(q(x, y))[cost] + KL(q(x, y), p(x) * p(y)) / 2,
        over=q(x, y),
        subject_to=[Integral(q(x, y), y) == p(x), Integral(q(x, y), x) == p(y)],
        given=given,
    )
    plan = solve(problem).density["q(x,y)"]
    np.testing.assert_allclose(plan.sum(axis=1), [0.3, 0.7], atol=1e-10)
    np.testing.assert_allclose(plan.sum(axis=0), [0.6, 0.4], atol=1e-10)
    # The optimum is a(x) b(y) exp(-2 cost): its cross ratio is that of exp(-2 cost).
    assert plan[0, 0] * plan[1, 1] / (plan[0, 1] * plan[1, 0]) == pytest.approx(np.exp(4), rel=1e-7)


def test_rate_distortion_at_no_cost_is_independence() -> None:
    (x,), (z,) = variables("x", support=Finite(3)), variables("z", support=Finite(3))
    given = Setting(laws={q(x): Table((0.2, 0.5, 0.3))})
    distortion = (x - z) ** 2
    solution = solve(Minimise(mutual_information(q, x, z) + E(q(x, z))[distortion] / 100, over=q(z | x), given=given))
    table = solution.density["q(z|x)"]
    np.testing.assert_allclose(table.sum(axis=0), 1, atol=1e-10)
    np.testing.assert_allclose(table[1], 1, atol=1e-6)  # 100 times too dear to say more than the best constant


def test_posterior_of_a_table() -> None:
    (x,), (z,) = variables("x", support=Finite(2)), variables("z", support=Finite(3))
    likelihood, prior = np.array([[0.9, 0.5, 0.2], [0.1, 0.5, 0.8]]), np.array([0.5, 0.3, 0.2])
    given = Setting(laws={p(x | z): Table(tuple(map(tuple, likelihood))), p(z): Table(tuple(prior))}, observed={x: 1.0})
    solution = solve(Minimise(KL(q(z), p(z | x)), over=q(z), given=given))
    joint = likelihood[1] * prior
    np.testing.assert_allclose(solution.density["q(z)"], joint / joint.sum(), atol=1e-9)
    assert solution.value == pytest.approx(0, abs=1e-10)


def test_an_unknown_number() -> None:
    (z,) = variables("z")
    mean = Parameter("m")
    family = FamilyDensity("Normal", z, (mean, as_expression(1)))
    given = Setting(laws={p(z): normal(z, 2, 3), q(z): family})
    solution = solve(Minimise(KL(q(z), p(z)), over=mean, given=given))
    assert solution.status == "converged"
    assert solution.density["m"].item() == pytest.approx(2, abs=1e-8)


def test_a_curve_with_a_second_derivative() -> None:
    (x,) = variables("x", support=Interval(Fraction(0), Fraction(1)))
    y = Function("y", (x,))
    zero, one = as_expression(0), as_expression(1)
    conditions = [Function("y", (zero,)) == zero, Function("y", (one,)) == zero]
    bent = diff(diff(y, x), x)
    solution = solve(Minimise(Integral(bent**2 / 2 - y, x), over=y, subject_to=conditions))
    # A beam on two supports under its weight: y = (x - 2x³ + x⁴)/24.
    nodes = solution.grid["x"]
    np.testing.assert_allclose(solution.density["y(x)"], (nodes - 2 * nodes**3 + nodes**4) / 24, atol=1e-8)


def test_an_isoperimetric_curve() -> None:
    (x,) = variables("x", support=Interval(Fraction(0), Fraction(1)))
    y = Function("y", (x,))
    conditions = [Function("y", (as_expression(end),)) == as_expression(0) for end in (0, 1)]
    conditions.append(Integral(y**2, x) == 1)
    solution = solve(Minimise(Integral(diff(y, x) ** 2, x), over=y, subject_to=conditions))
    assert solution.value == pytest.approx(np.pi**2, abs=1e-7)


def test_an_oscillator_beyond_its_conjugate_point_is_unbounded() -> None:
    (x,) = variables("x", support=Interval(Fraction(0), Fraction(4)))
    y = Function("y", (x,))
    conditions = [Function("y", (as_expression(0),)) == 0, Function("y", (as_expression(4),)) == as_expression(1)]
    solution = solve(Minimise(Integral(diff(y, x) ** 2 / 2 - y**2 / 2, x), over=y, subject_to=conditions))
    assert solution.status == "unbounded"


def test_the_json_document_has_its_keys() -> None:
    document = entropic(Finite(2), (lambda z: z, 0.3)).to_json()
    keys = [
        "status",
        "value",
        "multipliers",
        "constraints",
        "stationarity_residual",
        "kkt_gap",
        "grid",
        "density",
        "seconds",
    ]
    assert set(keys) <= set(document)
    assert document["grid"]["z"] == [0.0, 1.0]
    assert document["density"]["q(z)"] == pytest.approx([0.7, 0.3])
    assert {"text", "value", "target"} == set(document["constraints"][0])


def missing(name: str) -> Problem:
    (z,) = variables("z")
    match name:
        case "beta":
            return Minimise(E(q(z))[z**2] + KL(q(z), p(z)) / Parameter("beta"), over=q(z), given=given_normal(z))
        case "l":
            return Minimise(E(q(z))[Function("l", (z,))] + KL(q(z), p(z)), over=q(z), given=given_normal(z))
        case "r(z)":
            return Minimise(KL(q(z), r(z)), over=q(z))
        case _:
            return Minimise(KL(q(z), p(z)) + z, over=q(z), given=given_normal(z))


def given_normal(z: Variable) -> Setting:
    return Setting(laws={p(z): normal(z, 0, 1)})


@pytest.mark.parametrize("name", ["beta", "l", "r(z)", "z"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(InputError, match=name.replace("(", r"\(").replace(")", r"\)")):
        solve(missing(name))


def test_variables_of_several_dimensions_are_refused() -> None:
    from elbowroom.functional.support import Real  # noqa: PLC0415

    z = Variable("z", Real(3))
    with pytest.raises(InputError, match="one dimension"):
        solve(Maximise(entropy(DensityValue("q", (z,))), over=DensityValue("q", (z,))))


def test_a_tempered_posterior() -> None:
    (z,) = variables("z")
    given = Setting(laws={p(z): normal(z, 0, 1)})
    solution = solve(Minimise(E(q(z))[z**2] + KL(q(z), p(z)), over=q(z), given=given))
    nodes = solution.grid["z"]
    np.testing.assert_allclose(solution.density["q(z)"], np.sqrt(3 / (2 * np.pi)) * np.exp(-1.5 * nodes**2), atol=1e-9)
    assert solution.value == pytest.approx(np.log(3) / 2, abs=1e-10)
    assert exp(z) is not None
