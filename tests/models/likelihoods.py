"""The registry of likelihoods: what is added here is held to the conformance suite of `test_likelihoods`."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from elbowroom.models.decoder import AbstractDecoder, BernoulliDecoder, GaussianDecoder
from elbowroom.models.networks import Activation, make_linear, make_perceptron

LATENT = 3


class Case(NamedTuple):
    """A decoder for a number of observed features, and the set of numbers its data are in."""

    decoder: Callable[[int], AbstractDecoder]
    support: Literal["bits", "reals"]


def doubled(model: Any) -> Any:
    """The same parts in 64 bits."""
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float64) if isinstance(leaf, jax.Array) else leaf, model)


def _perceptron(observed: int, activation: Activation = "tanh") -> Any:
    return doubled(make_perceptron((LATENT, 4, observed), activation, jr.key(1)))


def _linear(observed: int) -> Any:
    return doubled(make_linear(LATENT, observed, jr.key(2)))


LIKELIHOODS: dict[str, Case] = {
    "bernoulli": Case(lambda n: BernoulliDecoder(_perceptron(n)), "bits"),
    "bernoulli-linear": Case(lambda n: BernoulliDecoder(_linear(n)), "bits"),
    "gaussian": Case(lambda n: GaussianDecoder(_perceptron(n, "relu"), jnp.asarray(-0.3)), "reals"),
    "gaussian-per-feature": Case(lambda n: GaussianDecoder(_perceptron(n), jnp.linspace(-1.0, 0.5, n)), "reals"),
    "gaussian-linear-fixed": Case(lambda n: GaussianDecoder(_linear(n), jnp.asarray(0.4), learn_scale=False), "reals"),
}


def data_for(case: Case, count: int, observed: int) -> np.ndarray:
    """Data that the likelihood can have produced."""
    generator = np.random.default_rng(5)
    drawn = generator.normal(size=(count, observed))
    return (drawn > 0).astype(np.float64) if case.support == "bits" else drawn
