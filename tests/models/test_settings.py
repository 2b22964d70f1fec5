"""Models from settings."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.errors import InputError
from elbowroom.models.decoder import BernoulliDecoder, GaussianDecoder
from elbowroom.models.networks import ACTIVATIONS
from elbowroom.models.settings import ModelSettings, build_model, likelihood_for

OBSERVED = 6


def _leaves(model):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_array))]


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("hidden", [(), (4,), (5, 3)])
def test_the_parts_fit_together_in_32_bits(likelihood, hidden):
    model = build_model(ModelSettings(likelihood, 2, hidden), OBSERVED, jr.key(0))
    z, x = model.simulate(jr.key(1))
    assert z.shape == (2,)
    assert x.shape == (OBSERVED,)
    assert x.dtype == z.dtype == jnp.float32
    assert model.encoder(x).event_shape == (2,)
    value = model.log_joint(x, z)
    assert value.shape == ()
    assert value.dtype == jnp.float32
    assert all(leaf.dtype == np.float32 for leaf in _leaves(model))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_D20_the_same_key_gives_the_same_bits_and_another_key_others(likelihood):
    settings = ModelSettings(likelihood, 2, (4,))
    first = _leaves(build_model(settings, OBSERVED, jr.key(3)))
    np.random.default_rng(0).normal(size=10)  # what else draws numbers makes no difference
    again = _leaves(build_model(settings, OBSERVED, jr.key(3)))
    other = _leaves(build_model(settings, OBSERVED, jr.key(4)))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, again, strict=True))
    assert any(a.tobytes() != b.tobytes() for a, b in zip(first, other, strict=True))


def test_a_bernoulli_decoder_begins_at_the_log_odds_of_the_means():
    mean = np.array([0.0, 0.2, 0.5, 0.9, 1.0, 0.4])
    decoder = build_model(ModelSettings("bernoulli", 2, (4,)), OBSERVED, jr.key(0), mean=mean).decoder
    assert isinstance(decoder, BernoulliDecoder)
    kept = np.clip(mean, 0.001, 0.999)
    np.testing.assert_allclose(decoder(jnp.zeros(2, jnp.float32)).mean, kept, rtol=2e-6)  # tanh(0) = 0


@pytest.mark.parametrize("noise", ["shared", "per-feature"])
def test_a_gaussian_decoder_begins_at_the_mean_and_scale_of_the_data(noise):
    mean, scale = np.linspace(-3, 40, OBSERVED), np.array([0.1, 2.0, 5.0, 1.0, 0.0, 3.0])
    settings = ModelSettings("gaussian", 2, (4,), noise=noise)
    decoder = build_model(settings, OBSERVED, jr.key(0), mean=mean, scale=scale).decoder
    assert isinstance(decoder, GaussianDecoder)
    filled = np.where(scale > 0, scale, 1.0)
    variance = filled**2 if noise == "per-feature" else np.full(OBSERVED, np.mean(filled**2))
    distribution = decoder(jnp.zeros(2, jnp.float32))
    np.testing.assert_allclose(distribution.mean, mean, rtol=1e-6)
    np.testing.assert_allclose(distribution.variance, variance, rtol=1e-6)
    assert decoder.log_scale.shape == ((OBSERVED,) if noise == "per-feature" else ())


def test_no_hidden_layers_is_a_linear_decoder():
    decoder = build_model(ModelSettings("gaussian", 2, ()), OBSERVED, jr.key(0)).decoder
    assert isinstance(decoder, GaussianDecoder)
    one, two = jnp.asarray([1.0, 2.0], jnp.float32), jnp.asarray([-3.0, 0.5], jnp.float32)
    np.testing.assert_allclose(
        decoder.network(one + two), decoder.network(one) + decoder.network(two) - decoder.network(0 * one), rtol=1e-5
    )


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activations_are_what_their_names_say(name):
    inputs = np.linspace(-3, 3, 13)
    expected = np.tanh(inputs) if name == "tanh" else np.maximum(inputs, 0)
    np.testing.assert_allclose(ACTIVATIONS[name](jnp.asarray(inputs)), expected, rtol=1e-14)


def test_the_likelihood_by_the_data():
    assert [likelihood_for(levels) for levels in (None, 1, 16, 255)] == [
        "gaussian",
        "bernoulli",
        "bernoulli",
        "bernoulli",
    ]


def test_a_likelihood_left_open_is_refused():
    with pytest.raises(InputError, match="not decided"):
        build_model(ModelSettings(), OBSERVED, jr.key(0))


@pytest.mark.parametrize(
    ("settings", "named"), [({"latent": 0}, "'model.latent' is 0"), ({"hidden": (4, 0)}, r"'model.hidden' is \[4, 0\]")]
)
def test_settings_without_meaning_are_refused_by_name(settings, named):
    with pytest.raises(InputError, match=named):
        ModelSettings(**settings)
