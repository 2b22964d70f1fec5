"""What every likelihood has to satisfy."""

import itertools

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from tests.models.likelihoods import LATENT, LIKELIHOODS, Case, data_for

from elbowroom.errors import InputError


@pytest.fixture(params=sorted(LIKELIHOODS))
def case(request) -> Case:
    return LIKELIHOODS[request.param]


@pytest.mark.parametrize("latent_scale", [1.0, 30.0])
def test_D14_the_total_mass_is_one(case, latent_scale):
    """By enumeration of all 64 rows of bits; by the trapezoid rule, which is spectrally exact here, in two features."""
    z = latent_scale * jr.normal(jr.key(3), (LATENT,))
    if case.support == "bits":
        rows, cell = np.array(list(itertools.product([0.0, 1.0], repeat=6))), 1.0
        distribution = case.decoder(6)(z)
    else:
        distribution = case.decoder(2)(z)
        means, scales = np.asarray(distribution.mean), np.sqrt(np.asarray(distribution.variance))
        axes = [np.linspace(m - 12 * s, m + 12 * s, 201) for m, s in zip(means, scales, strict=True)]
        rows = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
        cell = float(np.prod([axis[1] - axis[0] for axis in axes]))
    mass = cell * np.exp(np.asarray(jax.vmap(distribution.log_prob)(jnp.asarray(rows)))).sum()
    assert mass == pytest.approx(1.0, abs=1e-10)


def test_one_event_of_rank_one(case):
    distribution = case.decoder(5)(jnp.zeros(LATENT))
    assert distribution.event_shape == (5,)
    assert distribution.batch_shape == ()
    assert distribution.log_prob(jnp.asarray(data_for(case, 1, 5)[0])).shape == ()


def test_vmap_is_a_loop_and_jit_is_eager(case):
    decoder = case.decoder(5)
    z, x = jr.normal(jr.key(4), (7, LATENT)), jnp.asarray(data_for(case, 7, 5))

    def one(z, x):
        return decoder(z).log_prob(x)

    loop = [float(one(*pair)) for pair in zip(z, x, strict=True)]
    np.testing.assert_allclose(jax.vmap(one)(z, x), loop, rtol=1e-13)
    np.testing.assert_allclose(jax.jit(jax.vmap(one))(z, x), loop, rtol=1e-13)


def test_draws_are_data_of_the_likelihood(case):
    decoder = case.decoder(5)
    drawn = decoder(jnp.ones(LATENT)).sample(jr.key(5), (50,))
    assert drawn.dtype == jnp.float64
    decoder.check_data(np.asarray(drawn))


def test_draws_have_the_stated_mean(case):
    """Each of five means within 5.03 standard errors: a false alarm in 5e-7 per mean (of another key)."""
    distribution = case.decoder(5)(jnp.ones(LATENT))
    drawn = np.asarray(distribution.sample(jr.key(6), (20_000,)))
    stderr = np.sqrt(np.asarray(distribution.variance) / len(drawn))
    assert np.all(np.abs(drawn.mean(0) - np.asarray(distribution.mean)) < 5.03 * stderr)


def test_the_gradient_is_finite_far_out(case):
    decoder = case.decoder(5)
    x = jnp.asarray(data_for(case, 1, 5)[0])
    gradient = jax.grad(lambda z: decoder(z).log_prob(x))(1e3 * jnp.ones(LATENT))
    assert np.all(np.isfinite(gradient))


def test_good_data_pass_the_check(case):
    case.decoder(5).check_data(data_for(case, 20, 5), (5,))
    case.decoder(4).check_data(data_for(case, 20, 4), (2, 2))


def test_data_that_are_not_finite_are_refused(case):
    x = data_for(case, 20, 4)
    x[3, 2] = np.nan
    with pytest.raises(InputError, match=r"nan in row 3, pixel \(1, 0\)"):
        case.decoder(4).check_data(x, (2, 2))


@pytest.mark.parametrize("name", ["bernoulli", "bernoulli-linear"])
def test_D12_bernoulli_refuses_grey_pixels_and_names_them(name):
    x = np.zeros((6, 4))
    x[2, 1], x[4, 3] = 0.25, 0.75
    with pytest.raises(InputError) as refusal:
        LIKELIHOODS[name].decoder(4).check_data(x, (2, 2))
    message = str(refusal.value)
    assert "2 of 24" in message
    assert "0.25 in row 2, pixel (0, 1)" in message
    assert "pixel (0, 1) to pixel (1, 1) are concerned, from 0.25 to 0.75" in message
    assert "--likelihood gaussian" in message


def test_D12_a_column_is_named_where_there_are_no_pixels():
    x = np.zeros((6, 4))
    x[0, 2] = -1
    with pytest.raises(InputError, match="column 2"):
        LIKELIHOODS["bernoulli"].decoder(4).check_data(x, (4,))


@pytest.mark.parametrize("value", [-0.5, 1 / 255, 2.0, 255.0])
def test_D12_any_value_beside_0_and_1_is_refused(value):
    with pytest.raises(InputError):
        LIKELIHOODS["bernoulli"].decoder(1).check_data(np.array([[value]]))
