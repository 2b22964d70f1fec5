"""The model as a whole: joint density, simulation, prior."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy import stats

from elbowroom.estimation.estimate import estimate
from elbowroom.estimation.symbols import p, q, x, z
from elbowroom.functional.expression import log
from elbowroom.models.prior import StandardNormalPrior
from elbowroom.models.settings import ModelSettings, build_model

DATUM = jnp.asarray([0.0, 1.0, 1.0, 0.0], jnp.float32)
LATENT = jnp.asarray([0.3, -1.1], jnp.float32)


@pytest.fixture(params=["bernoulli", "gaussian"])
def model(request):
    return build_model(ModelSettings(request.param, 2, (3,)), 4, jr.key(0))


def test_the_joint_is_the_prior_times_the_likelihood(model):
    expected = stats.norm.logpdf(np.asarray(LATENT)).sum() + float(model.decoder(LATENT).log_prob(DATUM))
    assert float(model.log_joint(DATUM, LATENT)) == pytest.approx(expected, rel=1e-6)


def test_the_bindings_say_what_the_symbols_are(model):
    def read(expression):
        values = {x: DATUM, z: LATENT}
        return float(estimate(expression, model.bindings(), values, key=jr.key(0)))

    assert read(log(p(x, z))) == pytest.approx(float(model.log_joint(DATUM, LATENT)), rel=1e-6)
    assert read(log(p(x | z))) == pytest.approx(float(model.decoder(LATENT).log_prob(DATUM)), rel=1e-6)
    assert read(log(q(z | x))) == pytest.approx(float(model.encoder(DATUM).log_prob(LATENT)), rel=1e-6)


def test_simulate_is_a_pure_function_and_a_loop_of_it_is_its_vmap(model):
    keys = jr.split(jr.key(2), 5)
    latents, data = jax.vmap(model.simulate)(keys)
    for index, key in enumerate(keys):
        one_latent, one_datum = model.simulate(key)
        np.testing.assert_allclose(latents[index], one_latent, rtol=1e-6)
        np.testing.assert_allclose(data[index], one_datum, rtol=1e-5, atol=1e-6)


def test_D29_the_prior_sampled_is_the_prior_of_the_weights(model):
    """Kolmogorov-Smirnov against the integral of the density; a false alarm in 5e-7 per coordinate (of another key).

    `simulate` draws what `log_joint` weighs: both sides are read off the model, neither is assumed to be normal.
    """
    latents = np.asarray(jax.vmap(model.simulate)(jr.split(jr.key(3), 4000))[0], np.float64)
    grid = np.linspace(-9, 9, 4001)
    for axis in range(2):
        line = jnp.zeros((grid.size, 2)).at[:, axis].set(grid)
        density = np.exp(np.asarray(jax.vmap(model.prior().log_prob)(line) - model.prior().log_prob(jnp.zeros(2))))
        distribution = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
        distribution /= distribution[-1]
        found = stats.kstest(latents[:, axis], lambda at, to=distribution: np.interp(at, grid, to))
        assert found.pvalue > 5e-7


def test_D29_the_density_of_the_prior_integrates_to_one():
    grid = np.linspace(-12, 12, 401)
    points = jnp.asarray(np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2))
    density = jnp.exp(jax.vmap(StandardNormalPrior(2)().log_prob)(points))
    assert float(density.sum()) * (grid[1] - grid[0]) ** 2 == pytest.approx(1.0, abs=1e-12)


def test_the_prior_is_of_the_latent_dimension():
    distribution = StandardNormalPrior(7)()
    assert distribution.event_shape == (7,)
    assert distribution.batch_shape == ()


def test_the_model_is_a_tree_of_its_weights(model):
    weights, rest = eqx.partition(model, eqx.is_inexact_array)
    again = eqx.combine(weights, rest)
    assert float(again.log_joint(DATUM, LATENT)) == float(model.log_joint(DATUM, LATENT))
