"""Draws: shared at one level and under one measure, new at the next level, by the chain rule for several variables."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpyro.distributions as dist
import pytest

from elbowroom.errors import InputError, Refused
from elbowroom.estimation.bindings import Bindings
from elbowroom.estimation.estimate import estimate
from elbowroom.estimation.score_function import ScoreFunction
from elbowroom.estimation.sticking_the_landing import StickingTheLanding
from elbowroom.estimation.symbols import p, q, x, z
from elbowroom.functional.expression import log
from elbowroom.functional.functionals import KL, E
from elbowroom.functional.law import Law, variables

y, w = variables("y w")
r = Law("r")
BINDINGS = Bindings(
    {
        q(z | x): lambda x: dist.Normal(x, 0.5),
        q(y | z): lambda z: dist.Normal(2.0 * z, 1.5),
        r(z): lambda: dist.Normal(0.0, 1.0),
        p(z): lambda: dist.Normal(0.2, 1.0),
    }
)
AT = {x: jnp.asarray(1.0)}


def _read(expression, samples: int = 3, gradient=None, key: int = 0):
    keywords = {} if gradient is None else {"gradient": gradient}
    return estimate(expression, BINDINGS, AT, key=jr.key(key), samples=samples, **keywords)


def test_expectations_under_one_measure_share_its_draws():
    assert float(_read(E(q(z | x))[z] - E(q(z | x))[z])) == 0.0
    pair = q(z | x) * q(y | z)
    assert float(_read(E(pair)[y * z] - E(q(y | z) * q(z | x))[z * y])) == 0.0


def test_another_measure_has_its_own_draws():
    assert float(_read(E(q(z | x))[(z - x) / 0.5] - E(r(z))[z])) != 0.0


def test_an_inner_expectation_draws_anew_for_each_outer_draw():
    """With one noise for all, y - 2 z would be the same for each z, and its square equal to the square of its mean."""
    inner = E(q(y | z))[y - 2 * z]
    spread = float(_read(E(q(z | x))[inner**2] - E(q(z | x))[inner] ** 2, samples=4))
    assert spread > 1e-3


def test_a_product_of_conditionals_is_drawn_parents_first():
    """Mean and variance of y = 2 z + noise; within 5.03 standard errors: a false alarm in 5e-7 each."""
    measure = q(y | z) * q(z | x)
    draws = jax.vmap(lambda key: estimate(E(measure)[y], BINDINGS, AT, key=key))(jr.split(jr.key(1), 20_000))
    assert abs(draws.mean() - 2.0) < 5.03 * (3.25 / draws.size) ** 0.5
    assert abs(draws.var() - 3.25) < 5.03 * 3.25 * (2 / draws.size) ** 0.5


def test_a_network_is_applied_once_however_often_its_density_occurs():
    calls = []

    def encoder(x):
        calls.append(x)
        return dist.Normal(x, 0.5)

    counted = Bindings({q(z | x): encoder, p(z): lambda: dist.Normal(0.0, 1.0)})
    expression = E(q(z | x))[log(p(z) / q(z | x))] + KL(q(z | x), p(z)) + log(E(q(z | x))[p(z) / q(z | x)])
    estimate(expression, counted, AT, key=jr.key(0), samples=3)
    assert len(calls) == 1


def test_a_circle_of_factors_cannot_be_drawn_from():
    circle = Bindings({q(z | y): dist.Normal, r(y | z): dist.Normal})
    with pytest.raises(InputError, match="y, z of a product of densities are conditioned on each other in a circle"):
        estimate(E(q(z | y) * r(y | z))[z], circle, AT, key=jr.key(0))


def test_a_variable_without_a_value_is_named_with_those_that_have_one():
    with pytest.raises(InputError, match=r"The variable w has no value here.*\(with a value: x, z\)"):
        _read(E(q(z | x))[w])


@pytest.mark.parametrize(
    "expression",
    [
        E(q(z | x) * q(y | z))[log(q(y | z) * q(z | x))],
        E(q(z | x))[E(q(y | z))[-log(q(y | z))]],
        E(q(y, z | x))[log(q(y, z | x))],
    ],
    ids=str,
)
def test_parameters_are_not_held_fixed_where_that_would_cut_a_path(expression):
    """The first two are refused as written, the third because of what q(y, z | x) turns out to be bound to."""
    with pytest.raises(Refused, match=r"cannot hold the parameters of q\(y \| z\) fixed without cutting the path"):
        _read(expression, gradient=StickingTheLanding())


def test_a_discrete_measure_needs_the_score_function():
    coin = Bindings({q(z | x): lambda x: dist.Bernoulli(probs=x)})
    expression = E(q(z | x))[3 * z + 1]

    def mean(probability, key):
        at = {x: probability}
        return estimate(expression, coin, at, key=key, samples=2, gradient=ScoreFunction())

    many = jax.jit(jax.vmap(jax.value_and_grad(mean), in_axes=(None, 0)))
    with jax.numpy_dtype_promotion("standard"):  # the draws are integers
        values, gradients = many(jnp.asarray(0.3), jr.split(jr.key(2), 20_000))
    assert abs(values.mean() - 1.9) < 5.03 * values.std() / values.size**0.5  # a false alarm in 5e-7 each
    assert abs(gradients.mean() - 3.0) < 5.03 * gradients.std() / gradients.size**0.5
    with pytest.raises(InputError, match=r"Pathwise differentiates through the draw, and q\(z\) is a BernoulliProbs"):
        estimate(expression, coin, {x: jnp.asarray(0.3)}, key=jr.key(0))
