"""Decoders with known values."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy import stats

from elbowroom.models.decoder import BernoulliDecoder, GaussianDecoder
from elbowroom.models.networks import linear_with

WEIGHT = jnp.asarray([[1.0, -2.0], [0.5, 0.3], [0.0, 4.0]])
BIAS = jnp.asarray([0.1, -1.0, 2.0])
Z = jnp.asarray([0.7, -0.4])


def test_gaussian_with_given_weights():
    x = np.array([1.0, 2.0, -3.0])
    decoder = GaussianDecoder(linear_with(WEIGHT, BIAS), jnp.log(jnp.asarray(0.8)))
    expected = stats.norm(np.asarray(WEIGHT @ Z + BIAS), 0.8).logpdf(x).sum()
    assert float(decoder(Z).log_prob(jnp.asarray(x))) == pytest.approx(expected, rel=1e-14)


def test_bernoulli_with_given_weights():
    x = np.array([1.0, 0.0, 1.0])
    logits = np.asarray(WEIGHT @ Z + BIAS)
    expected = stats.bernoulli(1 / (1 + np.exp(-logits))).logpmf(x.astype(int)).sum()
    found = BernoulliDecoder(linear_with(WEIGHT, BIAS))(Z).log_prob(jnp.asarray(x))
    assert float(found) == pytest.approx(expected, rel=1e-13)


def test_bernoulli_is_finite_for_every_finite_logit():
    logits = jnp.asarray([1e4, -1e4, 0.0])
    decoder = BernoulliDecoder(linear_with(jnp.zeros((3, 2)), logits))
    value, gradient = jax.value_and_grad(lambda z: decoder(z).log_prob(jnp.asarray([0.0, 1.0, 1.0])))(Z)
    assert float(value) == pytest.approx(-2e4 - np.log(2), rel=1e-14)
    assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("factor", [1e-3, 0.5, 255.0])
@pytest.mark.parametrize("per_feature", [False, True])
def test_D13_rescaling_moves_the_log_density_by_the_log_of_the_factor(factor, per_feature):
    x = jr.normal(jr.key(0), (3,))
    log_scale = jnp.asarray([-1.0, 0.2, 0.5]) if per_feature else jnp.asarray(-0.7)
    plain = GaussianDecoder(linear_with(WEIGHT, BIAS), log_scale)
    scaled = GaussianDecoder(linear_with(factor * WEIGHT, factor * BIAS), log_scale + np.log(factor))
    moved = scaled(Z).log_prob(factor * x) - plain(Z).log_prob(x)
    assert float(moved) == pytest.approx(-3 * np.log(factor), rel=1e-12)


@pytest.mark.parametrize("learned", [False, True])
def test_a_fixed_scale_has_no_gradient_and_a_learned_one_has(learned):
    def log_density(log_scale):
        return GaussianDecoder(linear_with(WEIGHT, BIAS), log_scale, learn_scale=learned)(Z).log_prob(jnp.zeros(3))

    gradient = float(jax.grad(log_density)(jnp.asarray(0.3)))
    residual = np.asarray(WEIGHT @ Z + BIAS)
    assert gradient == pytest.approx((residual**2).sum() / np.exp(0.6) - 3 if learned else 0.0, rel=1e-12)
