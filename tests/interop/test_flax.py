"""Flax modules as the parts of a model: the same numbers as the same weights in Equinox."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest

import elbowroom as er
from elbowroom.evidence.importance import importance_weighted_bound
from elbowroom.models.networks import Perceptron

pytest.importorskip("flax", reason="Flax is not installed: pip install flax")

from flax import linen, nnx

OBSERVED, LATENT = 6, 2


class Network(linen.Module):
    outputs: int

    @linen.compact
    def __call__(self, row):
        hidden = linen.tanh(linen.Dense(5, param_dtype=float)(row))
        return linen.Dense(self.outputs, param_dtype=float)(hidden)


def encode(parameters, x):
    mean, log_scale = jnp.split(Network(2 * LATENT).apply(parameters, x), 2)
    return dist.Normal(mean, jnp.exp(log_scale)).to_event(1)


def decode(parameters, z):
    return dist.Bernoulli(logits=Network(OBSERVED).apply(parameters, z)).to_event(1)


def equinox_network(parameters):
    layers = parameters["params"].values()
    return Perceptron(tuple(er.linear_with(layer["kernel"].T, layer["bias"]) for layer in layers), "tanh")


def test_linen_modules_give_the_numbers_of_equinox():
    encoder = Network(2 * LATENT).init(jr.key(0), jnp.zeros(OBSERVED))
    decoder = Network(OBSERVED).init(jr.key(1), jnp.zeros(LATENT))
    network = equinox_network(encoder)

    def same_encoder(x):
        mean, log_scale = jnp.split(network(x), 2)
        return dist.Normal(mean, jnp.exp(log_scale)).to_event(1)

    prior = er.StandardNormalPrior(LATENT)
    theirs = er.VAE(prior, jax.tree_util.Partial(encode, encoder), jax.tree_util.Partial(decode, decoder))
    ours = er.VAE(prior, same_encoder, er.BernoulliDecoder(equinox_network(decoder)))
    x = jr.bernoulli(jr.key(2), 0.4, (3, OBSERVED)).astype(float)
    made, expected = (importance_weighted_bound(m, x, key=jr.key(3), samples=50) for m in (theirs, ours))
    np.testing.assert_allclose(made, expected, rtol=1e-9)
    assert len(jax.tree.leaves(theirs)) == 8  # the parameters are arguments of compiled code, not constants in it


def test_an_nnx_module_is_split_into_a_function_and_its_state():
    network = nnx.Linear(LATENT, OBSERVED, param_dtype=float, rngs=nnx.Rngs(0))
    graph, state = nnx.split(network)
    decoder = jax.tree_util.Partial(
        lambda state, z: dist.Bernoulli(logits=nnx.merge(graph, state)(z)).to_event(1), state
    )
    z, x = jnp.array([0.3, -1.0]), jnp.ones(OBSERVED)
    logits = z @ np.asarray(network.kernel[...]) + np.asarray(network.bias[...])
    expected = float(jnp.sum(jax.nn.log_sigmoid(jnp.asarray(logits))))
    assert float(jax.jit(lambda d: d(z).log_prob(x))(decoder)) == pytest.approx(expected, rel=1e-9)
