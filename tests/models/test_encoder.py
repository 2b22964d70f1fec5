"""Encoders: what is drawn is what the density says."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy import stats
from tests.models.likelihoods import doubled

from elbowroom.models.distributions import softplus
from elbowroom.models.encoder import DiagonalGaussianEncoder, linear_gaussian_encoder
from elbowroom.models.networks import linear_with, make_perceptron

X = jnp.asarray([0.3, -1.2, 2.0, 0.5])
ENCODER = DiagonalGaussianEncoder(doubled(make_perceptron((4, 5, 6), "tanh", jr.key(0))))
SLOPE = jnp.asarray([[1.0, 2.0], [0.0, -1.0], [0.5, 0.5]])


def _encoder_at(raw: float) -> DiagonalGaussianEncoder:
    return DiagonalGaussianEncoder(linear_with(jnp.zeros((2, 4)), jnp.asarray([0.0, raw])))


def test_D09_the_noise_recovered_is_the_noise_drawn():
    """From the mean and the scale alone, as read off the network."""
    mean, raw = np.split(np.asarray(ENCODER.network(X)), 2)
    scale = np.logaddexp(raw, 0) + ENCODER.scale_floor
    z = ENCODER(X).sample(jr.key(7), (100,))
    np.testing.assert_allclose((np.asarray(z) - mean) / scale, jr.normal(jr.key(7), (100, 3)), rtol=1e-9, atol=1e-12)


def test_D09_the_density_has_the_scale_of_the_draws():
    mean, raw = np.split(np.asarray(ENCODER.network(X)), 2)
    z = np.asarray(ENCODER(X).sample(jr.key(8)))
    expected = stats.norm(mean, np.logaddexp(raw, 0) + ENCODER.scale_floor).logpdf(z).sum()
    assert float(ENCODER(X).log_prob(jnp.asarray(z))) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("raw", [-1e4, -200.0, -100.0, 0.0, 1e4])
def test_the_scale_is_positive_and_finite_for_every_output(raw):
    distribution = _encoder_at(raw)(X)
    variance = float(distribution.variance[0])
    assert 0 < variance < np.inf
    assert np.isfinite(float(distribution.log_prob(jnp.zeros(1))))


@pytest.mark.parametrize("raw", [-87.0, -30.0, 0.0, 30.0, 1e4])
def test_D27_there_is_no_clamp_on_which_a_datum_could_sit(raw):
    """In float32 too the scale follows the network everywhere: what is reported elsewhere cannot happen here."""
    scale = jax.grad(lambda at: softplus(at) + ENCODER.scale_floor)(jnp.asarray(raw, jnp.float32))
    assert float(scale) > 0


def test_the_scale_is_differentiable_where_it_is_small():
    gradient = jax.grad(lambda raw: jnp.log(_encoder_at_array(raw)(X).variance[0]))(jnp.asarray(-8.0))
    assert np.isfinite(float(gradient))
    assert float(gradient) > 0.1


def _encoder_at_array(raw):
    return DiagonalGaussianEncoder(linear_with(jnp.zeros((2, 4)), jnp.stack([jnp.zeros(()), raw])))


def test_vmap_is_a_loop_and_jit_is_eager():
    x, z = jr.normal(jr.key(1), (6, 4)), jr.normal(jr.key(2), (6, 3))

    def one(x, z):
        return ENCODER(x).log_prob(z)

    loop = [float(one(*pair)) for pair in zip(x, z, strict=True)]
    np.testing.assert_allclose(jax.vmap(one)(x, z), loop, rtol=1e-12)
    np.testing.assert_allclose(jax.jit(jax.vmap(one))(x, z), loop, rtol=1e-12)


def test_linear_gaussian_with_given_slope_centre_shift_and_scale():
    scale, centre, shift = jnp.asarray([0.1, 2.0, 1.0]), jnp.asarray([3.0, -1.0]), jnp.asarray([1.0, 0.0, -4.0])
    x = jnp.asarray([0.2, 0.9])
    distribution = linear_gaussian_encoder(SLOPE, scale, centre, shift)(x)
    np.testing.assert_allclose(distribution.mean, np.asarray(SLOPE) @ (np.asarray(x - centre)) + shift, rtol=1e-13)
    np.testing.assert_allclose(distribution.variance, np.asarray(scale) ** 2, rtol=1e-13)
