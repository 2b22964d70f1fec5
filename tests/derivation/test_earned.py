"""No optimum is claimed that was not earned: far peaks, ignored constraints, kinks, maxima taken for minima."""

import math

import pytest

from elbowroom.derivation.derive import derive
from elbowroom.functional.problem_file import read_problem_text

CURVE = '[variables]\nx = [0, {end}]\n[unknowns]\n"y(x)" = "function"\n'
FAMILY = (
    '[variables]\nz = "real"\n[unknowns]\nm = "real"\n[laws]\n"q(z)" = "Normal(z; m, 1)"\n"p(z)" = "Normal(z; 0, 1)"\n'
)


def _density(functional: str, constraints: str = "", support: str = '"real"', laws: str = ""):
    text = f'minimise = "{functional}"\nover = "q(z)"\nsubject_to = [{constraints}]\n[variables]\nz = {support}\n{laws}'
    return derive(read_problem_text(text))


def _curve(integrand: str, values: str, end: int = 1):
    head = f'minimise = "integral({integrand}, x)"\nover = "y(x)"\nsubject_to = [{values}]\n'
    return derive(read_problem_text(head + CURVE.format(end=end)))


def _numbers(functional: str, constraints: str = ""):
    head = f'minimise = "{functional}"\nover = ["m"]\nsubject_to = [{constraints}]\n'
    return derive(read_problem_text(head + FAMILY))


def test_a_peak_far_from_zero_has_its_value() -> None:
    derivation = _density("E_q(z)[(z - 1000)**2] - H(q(z))")
    assert derivation.value_number == pytest.approx(-0.5 * math.log(math.pi), abs=1e-9)


@pytest.mark.parametrize("shape", [120, 400, 400_000])
def test_a_gamma_density_of_a_large_shape_is_normalisable(shape: int) -> None:
    derivation = _density(f"E_q(z)[500*z] - {shape}*E_q(z)[log(z)] - H(q(z))", support='"positive"')
    value = (shape + 1) * math.log(500) - math.lgamma(shape + 1)  # minus the logarithm of the mass
    assert (derivation.status, derivation.minimum) == ("solved", "global")
    # The logarithm of the density is a difference of numbers of 5e6, hence exact to about 1e-9 only.
    assert derivation.value_number == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 0.2), (3.0, 1.0), (0.0, 1e-4)])
def test_the_least_square_of_given_moments_is_a_parabola(mean: float, variance: float) -> None:
    derivation = _density("integral(q(z)**2, z)", f'"E_q(z)[z] = {mean}", "E_q(z)[(z - {mean})**2] = {variance}"')
    assert derivation.minimum == "global"
    assert derivation.value_number == pytest.approx(0.6 / math.sqrt(5 * variance), rel=1e-8)


def test_no_multipliers_found_is_no_proof_that_there_are_none() -> None:
    derivation = _density("integral(p(z)**2/q(z), z)", '"E_q(z)[z] = 0.5"', laws='[laws]\n"p(z)" = "Normal(z; 0, 1)"\n')
    assert (derivation.status, derivation.value_number) == ("condition", None)


def test_a_fixed_point_that_mass_elsewhere_improves_is_no_optimum() -> None:
    laws = '[laws]\n"p(z)" = [0.6, 0.3, 0.1]\n'
    derivation = _density("integral(abs(q(z) - p(z)), z)", '"E_q(z)[z] = 1"', "{finite = 3}", laws)
    assert (derivation.status, derivation.value_number, derivation.table) == ("condition", None, None)
    assert "which is no optimum" in (derivation.reason or "")


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ('"y(0) = 0", "y(1) = 1", "y(0.5) = 2"', "condition", "inside the interval, at 0.5"),
        ('"y(0) = 0", "y(0.5) = 2"', "condition", "inside the interval"),
        ('"y(0) = 0", "y(0) = 1"', "refused", "infeasible"),
    ],
)
def test_every_value_given_counts(values: str, status: str, words: str) -> None:
    derivation = _curve("diff(y(x), x)**2", values)
    assert (derivation.status, derivation.value_number) == (status, None)
    assert words in (derivation.reason or "")


@pytest.mark.parametrize(
    ("integrand", "end"),
    [
        ("diff(y(x), x)**2/2 + 9*cos(y(x))", 4),  # y = 0 is no minimum: -12.0006 is reached
        ("diff(y(x), x)**2/2 + 30*exp(-y(x)**2)", 1),  # y = 0 gives 30, another curve 17.79
        ("diff(y(x), x)**2 - abs(y(x))", 1),  # y = 0 gives 0, a small arc less
        ("diff(diff(y(x), x), x)**2", 1),
    ],
)
def test_what_is_not_shown_of_a_curve_is_left_as_a_condition(integrand: str, end: int) -> None:
    derivation = _curve(integrand, f'"y(0) = 0", "y({end}) = 0"', end)
    assert (derivation.status, derivation.minimum) == ("condition", "stationary")


def test_convexity_is_not_read_where_the_rule_is_missing() -> None:
    derivation = _curve("diff(y(x), x)**2/2 + cos(y(x))", '"y(0) = 0", "y(1) = 0"')
    assert (derivation.minimum, derivation.unique) == ("local", None)


@pytest.mark.parametrize(
    ("functional", "least"),
    [("E_q(z)[(z**2 - 4)**2]", 10.0), ("E_q(z)[cos(z)]", -math.exp(-0.5))],  # at 0 both have a maximum
)
def test_a_maximum_is_not_taken_for_a_minimum(functional: str, least: float) -> None:
    derivation = _numbers(functional)
    assert derivation.minimum == "local"
    assert derivation.value_number == pytest.approx(least, abs=1e-10)


@pytest.mark.parametrize("constraint", ['"E_q(z)[z] = 2"', '"E_q(z)[z] >= 2"'])
def test_a_constraint_on_numbers_is_never_passed_over(constraint: str) -> None:
    derivation = _numbers("KL(q(z) || p(z))", constraint)
    assert (derivation.status, derivation.value_number) == ("condition", None)


def test_a_failed_check_withdraws_the_claim() -> None:
    derivation = _numbers("abs(m - 1) + m**2/8")  # least at the kink, where no derivative vanishes
    assert (derivation.status, derivation.minimum, derivation.value_number) == ("condition", "stationary", None)
    assert "no optimum is claimed" in (derivation.reason or "")
