"""What the nodes of a first mesh do not see: far modes, needles, poles at ends, a margin wider than its conditional."""

import math
import pathlib

import pytest
from scipy import integrate, stats
from tests.solution.statements import LEAST, holds, solved, stated

NORMAL = {"p(z)": '"Normal(z; 0, 1)"'}
UNIT = {"z": "[0, 1]"}
KL = "minimise KL(q(z) || p(z))"


def tilt(height: float, place: float, width: float) -> float:
    """-log E exp(l) under Normal(0, 1), for a hill l of this height and width."""
    inside, _ = integrate.quad(
        lambda z: stats.norm.pdf(z) * math.expm1(height * math.exp(-((z - place) ** 2) / (2 * width**2))),
        place - 8 * width,
        place + 8 * width,
        points=[place],
        epsrel=1e-13,
        limit=400,
    )
    return -math.log1p(inside)


@pytest.mark.parametrize(
    "law",
    [
        "0.5*Normal(z; -300, 1) + 0.5*Normal(z; 300, 0.01)",
        "0.999*Normal(z; 0, 1) + 0.001*Normal(z; 1000, 1)",
        "0.9*Laplace(z; 0, 1) + 0.1*Normal(z; 60, 0.001)",
    ],
)
def test_all_modes_of_a_mixture_are_covered(law: str, tmp_path: pathlib.Path) -> None:
    holds(solved(stated(KL, laws={"p(z)": f'"{law}"'}), tmp_path), 0.0)


@pytest.mark.parametrize(("height", "place", "width"), [(20, 3.3, 1e-3), (50, 9.0, 0.1), (12, -0.77, 2e-3)])
def test_needles_between_the_nodes_are_seen(height: float, place: float, width: float, tmp_path: pathlib.Path) -> None:
    needle = {"l(z)": f'"{height}*exp(-(z - ({place}))**2/(2*{width}**2))"'}
    text = stated(f"{KL} - E_q(z)[l(z)]", laws=NORMAL, functions=needle)
    holds(solved(text, tmp_path), tilt(height, place, width))


@pytest.mark.parametrize(
    ("law", "variables"),
    [
        ("Beta(z; 0.5, 0.5)", UNIT),
        ("Beta(z; 0.3, 2)", UNIT),
        ("Beta(z; 0.1, 0.2)", UNIT),
        ("Gamma(z; 0.05, 1)", {"z": '"positive"'}),
        ("Gamma(z; 0.4, 3)", {"z": '"positive"'}),
    ],
)
def test_what_is_missed_at_a_pole_is_in_the_error(law: str, variables: dict[str, str], tmp_path: pathlib.Path) -> None:
    solution = solved(stated(KL, laws={"p(z)": f'"{law}"'}, variables=variables), tmp_path)
    assert abs(solution.value) <= 2 * solution.error + LEAST
    assert solution.status == "converged" or solution.error > 1e-5


def with_margin(law: str) -> str:
    return stated(
        "minimise KL(q(x,z) || p(x,z))",
        over='"q(x,z)"',
        to=[f"integral(q(x,z), z) = {law}"],
        variables={"x": '"real"', "z": '"real"'},
        laws={"p(z)": '"Normal(z; 0, 1)"', "p(x|z)": '"Normal(x; z, 0.5)"'},
    )


def test_a_joint_density_with_a_given_margin(tmp_path: pathlib.Path) -> None:
    holds(solved(with_margin("Normal(x; 1, 1)"), tmp_path), 0.3 + math.log(1.25) / 2)


def test_a_joint_density_with_a_margin_of_two_hills(tmp_path: pathlib.Path) -> None:
    """What is left is the divergence of the margins, the rest being p(z|x)."""
    margin = 1.25

    def half(x: float) -> float:
        density = float(stats.norm.pdf(x, -2, 0.3) + stats.norm.pdf(x, 3, 0.3))
        return (
            density / 2 * (math.log(density / 2) + x**2 / (2 * margin) + math.log(2 * math.pi * margin) / 2)
            if density > 0
            else 0.0
        )

    value = sum(integrate.quad(half, a, a + 1, epsabs=1e-14)[0] for a in range(-6, 8))
    holds(solved(with_margin("0.5*Normal(x; -2, 0.3) + 0.5*Normal(x; 3, 0.3)"), tmp_path), value)


def test_a_margin_of_mass_two_is_never_met(tmp_path: pathlib.Path) -> None:
    assert solved(with_margin("2*Normal(x; 0, 1)"), tmp_path).status in ("not-converged", "infeasible")


@pytest.mark.parametrize(("target", "value"), [("20", 100 / 3), ("-40", 400 / 3)])
def test_a_law_whose_number_is_sought_beside_a_density(target: str, value: float, tmp_path: pathlib.Path) -> None:
    """The density is Normal around its mean t, and (t - m)²/2 + m²/10 is least at m = 5t/6."""
    text = stated(
        "minimise KL(q(z) || p(z)) + m**2/10",
        over='["q(z)", "m"]',
        to=[f"E_q(z)[z] = {target}"],
        laws={"p(z)": '"Normal(z; m, 1)"'},
        unknowns={"m": '"real"'},
    )
    holds(solved(text, tmp_path), value)


def test_a_joint_density_that_wants_to_be_a_point_mass_has_no_bound(tmp_path: pathlib.Path) -> None:
    text = stated("minimise H(q(x,z))", over='"q(x,z)"', variables={"x": "[0, 1]", "z": '"real"'})
    assert solved(text, tmp_path).status == "unbounded"
