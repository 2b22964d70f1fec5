"""Each family beside NumPyro's of the same name: parameters, their order, and the log-density with its constants."""

import inspect
from fractions import Fraction

import jax.numpy as jnp
import jax.scipy.special
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.special
from tests.functional.values import value

from elbowroom.errors import InputError
from elbowroom.functional.elementary import ELEMENTARY
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Constant
from elbowroom.functional.families import FAMILIES, FamilyDensity
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import Variable
from elbowroom.functional.parse import parse
from elbowroom.functional.support import Circle, Finite, Interval, Positive, Real

PARAMETERS = {
    "Normal": (0.3, 1.7),
    "Laplace": (-0.4, 0.8),
    "Cauchy": (0.5, 2.0),
    "Logistic": (0.1, 0.7),
    "Gumbel": (-0.3, 1.2),
    "StudentT": (3.5, 0.2, 1.4),
    "LogNormal": (0.2, 0.6),
    "HalfNormal": (1.3,),
    "Exponential": (2.5,),
    "Gamma": (2.3, 1.9),
    "InverseGamma": (3.1, 0.8),
    "Beta": (2.2, 0.7),
    "Uniform": (-1.0, 2.5),
    "VonMises": (0.4, 2.0),
    "Bernoulli": (0.3,),
    "Categorical": (0.2, 0.5, 0.3),
    "Binomial": (5.0, 0.3),
    "Poisson": (2.7,),
}


def points(name):
    match FAMILIES[name].support:
        case Real():
            return np.array([-2.1, -0.3, 0.0, 0.7, 3.2])
        case Positive():
            return np.array([0.05, 0.6, 1.0, 4.5])
        case Interval():
            return np.array([0.1, 0.45, 0.9])
        case Circle():
            return np.array([-3.0, -0.4, 0.4, 2.0])
        case Finite(size):
            return np.arange(size, dtype=float)
    return {"Uniform": np.array([-0.9, 0.0, 2.4]), "Categorical": np.arange(3.0)}.get(name, np.arange(6.0))


def test_every_family_is_compared():
    assert set(PARAMETERS) == set(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_parameters_have_the_names_and_the_order_of_numpyro(name):
    signature = inspect.signature(getattr(dist, name))
    known = [parameter for parameter in signature.parameters if parameter not in ("validate_args", "logits")]
    given = FAMILIES[name].parameters
    assert tuple(known[: len(given)]) == given


@pytest.mark.parametrize("name", FAMILIES)
def test_the_log_density_is_that_of_numpyro(name):
    z = Variable("z")
    node = FamilyDensity(name, z, PARAMETERS[name])
    numbers = (jnp.asarray(PARAMETERS[name]),) if FAMILIES[name].repeats else PARAMETERS[name]
    named = dict(zip(FAMILIES[name].parameters, numbers, strict=True))
    theirs = getattr(dist, name)(**({**named, "total_count": 5} if name == "Binomial" else named))
    for point in points(name):
        ours = value(node.log_density, {z: point})
        there = jnp.asarray(point, dtype=int if FAMILIES[name].repeats else float)
        expected = float(theirs.log_prob(there))
        assert ours == pytest.approx(expected, abs=2e-12, rel=2e-12)
        assert value(expand(node), {z: point}) == pytest.approx(np.exp(expected), rel=1e-11)


def test_a_family_wants_its_parameters():
    with pytest.raises(TypeError, match="Normal has the parameters loc, scale, and 1 are given"):
        FamilyDensity("Normal", Variable("z"), (1,))
    with pytest.raises(TypeError, match="There is no family Norml"):
        FamilyDensity("Norml", Variable("z"), (1,))


@pytest.mark.parametrize("name", sorted(set(ELEMENTARY) - {"trigamma"}))
def test_the_derivative_of_an_elementary_function_is_its_slope(name):
    function = ELEMENTARY[name]
    u = Variable("u")
    for point in (-1.3, -0.4, 0.3, 0.8, 2.6):
        if name in ("lgamma", "digamma") and point < 0:
            continue
        step = 1e-6
        ends = [function.evaluate(np, scipy.special, point + side * step) for side in (-1, 1)]
        slope = (ends[1] - ends[0]) / (2 * step)
        assert value(function.derivative(u), {u: point}) == pytest.approx(slope, abs=1e-8)


def test_trigamma_has_no_derivative_and_says_so():
    with pytest.raises(InputError, match=r"no derivative of trigamma; add one in functional/elementary\.py"):
        ELEMENTARY["trigamma"].derivative(Constant(Fraction(1)))


@pytest.mark.parametrize("name", sorted(set(ELEMENTARY) - {"wrightomega"}))
def test_jax_has_the_elementary_functions_too(name):
    point = np.array([0.3, 1.8])
    theirs = ELEMENTARY[name].evaluate(jnp, jax.scipy.special, jnp.asarray(point))
    np.testing.assert_allclose(theirs, ELEMENTARY[name].evaluate(np, scipy.special, point), rtol=1e-12)


def test_a_law_of_a_family_is_read_as_one():
    z = Variable("z")
    assert parse("integral(Normal(z; 0, 1), z)") == Integral(FamilyDensity("Normal", z, (0, 1)), z)
