"""Measures: which expectations share their draws, and integrals that are expectations."""

import pytest

from elbowroom.errors import InputError
from elbowroom.estimation.measures import as_expectation, factors_of, identity, levels, measure_of, mentions
from elbowroom.estimation.symbols import p, q, x, z
from elbowroom.functional.expression import log
from elbowroom.functional.functionals import KL, E, Integral, entropy
from elbowroom.functional.law import variables

(y,) = variables("y")


def test_the_factors_of_a_measure_have_no_order():
    assert factors_of(q(z | x) * q(y)) == (q(z | x), q(y))
    assert identity(q(z | x) * q(y)) == identity(q(y) * q(z | x))


def test_a_functional_is_an_average_over_its_measure():
    assert measure_of(E(q(z) * q(y))[z]) == (q(z), q(y))
    assert measure_of(KL(q(z | x), p(z))) == (q(z | x),)
    assert measure_of(entropy(q(z))) == (q(z),)
    assert measure_of(log(q(z))) == ()


def test_levels_hold_the_outermost_measures_and_whether_they_nest():
    flat = E(q(z | x))[z] + KL(q(z | x), p(z)) - 2 * entropy(q(y))
    assert levels(flat) == {identity(q(z | x)): False, identity(q(y)): False}
    assert levels(E(q(z | x))[E(q(y))[y * z]] + E(q(z | x))[z]) == {identity(q(z | x)): True}
    assert levels(log(p(z)) + z) == {}


def test_an_integral_with_a_density_is_an_expectation():
    found = as_expectation(Integral(q(z | x) * log(p(z)), z))
    assert bool(found == E(q(z | x))[log(p(z))])
    assert levels(Integral(q(z | x) * log(p(z)), z)) == {identity(q(z | x)): False}


@pytest.mark.parametrize("integrand", [log(q(z)), p(x, z), q(z) + p(z)])
def test_an_integral_without_a_density_to_draw_from_is_refused(integrand):
    with pytest.raises(InputError, match=r"^The integral over z cannot be estimated.*Write it as an expectation"):
        as_expectation(Integral(integrand, z))


def test_a_variable_is_mentioned_as_itself_and_as_an_argument():
    assert mentions(log(p(x | z)), {"z"})
    assert mentions(z + 1, {"z", "y"})
    assert not mentions(p(x), {"z"})
