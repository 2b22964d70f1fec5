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


def test_a_joint_density_with_a_given_margin(tmp_path: pathlib.Path) -> None:
    text = stated(
        "minimise KL(q(x,z) || p(x,z))",
        over='"q(x,z)"',
        to=["integral(q(x,z), z) = Normal(x; 1, 1)"],
        variables={"x": '"real"', "z": '"real"'},
        laws={"p(z)": '"Normal(z; 0, 1)"', "p(x|z)": '"Normal(x; z, 0.5)"'},
    )
    holds(solved(text, tmp_path), 0.3 + math.log(1.25) / 2)
