"""Where an average may replace an expectation, and how the log-density of a draw enters an integrand."""

from fractions import Fraction

import pytest

from elbowroom.estimation.linearity import is_unbiased, log_coefficient, positions
from elbowroom.estimation.objectives import beta_elbo, elbo, importance_weighted, renyi
from elbowroom.estimation.symbols import p, q, x, z
from elbowroom.functional.expression import Parameter, exp, log
from elbowroom.functional.functionals import KL, E, Integral, entropy
from elbowroom.functional.law import variables

(y,) = variables("y")
MEAN = E(q(z | x))[z]
WEIGHT = p(x, z) / q(z | x)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (MEAN, ["linear"]),
        (x * MEAN + 1, ["linear"]),
        (KL(q(z | x), p(z)) - entropy(q(y)), ["linear", "linear"]),
        (Integral(q(z | x) * z, z), ["linear"]),
        (log(MEAN), ["log"]),
        (2 * log(MEAN), ["log"]),
        (log(3 * MEAN**2), ["log"]),
        (MEAN * MEAN, ["nonlinear", "nonlinear"]),
        (MEAN**2, ["nonlinear"]),
        (exp(MEAN), ["nonlinear"]),
        (log(MEAN + 1), ["nonlinear"]),
        (log(log(MEAN)), ["nonlinear"]),
        (1 / MEAN, ["nonlinear"]),
        (E(q(z | x))[z * E(q(y))[y]], ["linear", "linear"]),
        (E(q(z | x))[log(E(q(y))[y])], ["linear", "log"]),
        (E(q(z | x))[E(q(y))[y] ** 2], ["linear", "nonlinear"]),
        (log(E(q(z | x))[E(q(y))[y]]), ["log", "nonlinear"]),
    ],
    ids=str,
)
def test_positions(expression, wanted):
    assert [position for _, position in positions(expression)] == wanted
    assert is_unbiased(expression) == all(position == "linear" for position in wanted)


def test_the_elbo_is_unbiased_and_the_tighter_bounds_are_not():
    assert is_unbiased(elbo())
    assert is_unbiased(beta_elbo(4.0).bound)
    assert not is_unbiased(importance_weighted(5).bound)
    assert not is_unbiased(renyi(0.5, 5).bound)


@pytest.mark.parametrize(
    ("integrand", "wanted"),
    [
        (log(p(x, z)), ()),
        (log(WEIGHT), (-1,)),
        (log(WEIGHT**0.5), (Fraction(-1, 2),)),
        (log(p(x, z)) - 3 * log(q(z | x)), (-3,)),
        (log(q(z | x)) - log(q(z | x)), (1, -1)),
        (Parameter("b") * log(q(z | x)), (None,)),
        (x * log(q(z | x)), (None,)),
        (z * log(q(z | x)), None),
        (log(q(z | x)) ** 2, None),
        (q(z | x), None),
        (exp(log(q(z | x))), None),
        (log(q(z | x) + p(z)), None),
        (log(q(y, z | x)), None),
        (log(q(y | z)), ()),
        (E(q(y))[log(q(z | x))], None),
    ],
    ids=str,
)
def test_how_log_q_enters(integrand, wanted):
    assert log_coefficient(integrand, q(z | x)) == wanted


def test_the_order_of_the_variables_of_a_density_has_no_meaning():
    assert log_coefficient(-log(q(y, z)), q(z, y)) == (-1,)
