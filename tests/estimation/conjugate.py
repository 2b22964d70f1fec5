"""A conjugate Gaussian model with one latent, and the expected value of every functional of the suite by quadrature.

The by-hand functions know nothing of the interpreter: plain formulas of the draws, with constants kept.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array

from elbowroom.estimation.bindings import Bindings
from elbowroom.estimation.objectives import elbo
from elbowroom.estimation.symbols import p, q, x, z
from elbowroom.functional.expression import Expression, Function, Parameter, exp, log
from elbowroom.functional.functionals import KL, E, entropy

PRIOR_MEAN, PRIOR_SCALE = 0.3, 1.2
SLOPE, SHIFT = 1.5, -0.4
DATUM = jnp.asarray(1.1)
TEMPERATURE = 1.7
PARAMETERS = {"slope": 0.3, "shift": 0.1, "log_scale": -0.4, "log_noise": -0.3}
"""q(z | x) = N(slope x + shift, exp(log_scale)^2), wider than the posterior; p(x | z) = N(1.5 z - 0.4, ...)."""

Parameters = dict[str, Any]


def parameters() -> Parameters:
    return {name: jnp.asarray(value) for name, value in PARAMETERS.items()}


def encoded(at: Parameters) -> tuple[Array, Array]:
    return at["slope"] * DATUM + at["shift"], jnp.exp(at["log_scale"])


def bindings(at: Parameters) -> Bindings:
    return Bindings(
        {
            p(z): lambda: dist.Normal(PRIOR_MEAN, PRIOR_SCALE),
            p(x | z): lambda z: dist.Normal(SLOPE * z + SHIFT, jnp.exp(at["log_noise"])),
            q(z | x): lambda x: dist.Normal(at["slope"] * x + at["shift"], jnp.exp(at["log_scale"])),
        },
        parameters={"b": jnp.asarray(TEMPERATURE)},
        functions={"l": loss},
    )


def loss(x, z):
    """A loss that is no negative log-likelihood, smooth so that quadrature is exact to rounding."""
    return (x - z) ** 2 / 3 + jnp.cos(z)


def normal(value: Any, mean: Any, scale: Any) -> Any:
    return -0.5 * ((value - mean) / scale) ** 2 - jnp.log(scale) - 0.5 * jnp.log(2 * jnp.pi)


def log_likelihood(at: Parameters, z: Array) -> Array:
    return normal(DATUM, SLOPE * z + SHIFT, jnp.exp(at["log_noise"]))


def log_weight(at: Parameters, z: Array) -> Array:
    return normal(z, PRIOR_MEAN, PRIOR_SCALE) + log_likelihood(at, z) - normal(z, *encoded(at))


def divergence(at: Parameters) -> Array:
    mean, scale = encoded(at)
    ratio = (scale / PRIOR_SCALE) ** 2
    return 0.5 * (ratio + ((mean - PRIOR_MEAN) / PRIOR_SCALE) ** 2 - 1 - jnp.log(ratio))


def log_evidence(at: Parameters) -> Array:
    scale = jnp.sqrt((SLOPE * PRIOR_SCALE) ** 2 + jnp.exp(2 * at["log_noise"]))
    return normal(DATUM, SLOPE * PRIOR_MEAN + SHIFT, scale)


def posterior(at: Parameters) -> tuple[Array, Array]:
    precision = PRIOR_SCALE**-2 + SLOPE**2 * jnp.exp(-2 * at["log_noise"])
    mean = (PRIOR_MEAN * PRIOR_SCALE**-2 + SLOPE * (DATUM - SHIFT) * jnp.exp(-2 * at["log_noise"])) / precision
    return mean, precision**-0.5


def log_mean(logs: Array) -> Array:
    return jax.scipy.special.logsumexp(logs) - jnp.log(logs.shape[0] * 1.0)


def draws_of(at: Parameters, key: Array, samples: int) -> Array:
    """The draws from q(z | x) that an estimate with `key` takes: one key each where there are several."""
    mean, scale = encoded(at)
    keys = jr.split(key, samples) if samples > 1 else key[None]
    return mean + scale * jax.vmap(lambda one: jr.normal(one, ()))(keys)


class Case(NamedTuple):
    """A functional, its estimate from given draws `(sample,)` written by hand, and the estimators that are valid."""

    expression: Expression
    by_hand: Callable[[Parameters, Array], Array]
    valid: set[str]


ALL = {"pathwise", "sticking-the-landing", "doubly-reparameterised", "score-function"}
WEIGHT = p(x, z) / q(z | x)
LOSS = Function("l", (x, z))

CASES: dict[str, Case] = {
    "elbo": Case(elbo(), lambda at, z: log_likelihood(at, z).mean() - divergence(at), ALL),
    "elbo-as-a-ratio": Case(E(q(z | x))[log(WEIGHT)], lambda at, z: log_weight(at, z).mean(), ALL),
    "importance-weighted": Case(
        log(E(q(z | x))[WEIGHT]), lambda at, z: log_mean(log_weight(at, z)), ALL - {"sticking-the-landing"}
    ),
    "renyi": Case(
        2 * log(E(q(z | x))[WEIGHT**0.5]),
        lambda at, z: 2 * log_mean(log_weight(at, z) / 2),
        {"pathwise", "score-function"},
    ),
    "chi-square": Case(
        log(E(q(z | x))[WEIGHT**2]) / 2,
        lambda at, z: log_mean(2 * log_weight(at, z)) / 2,
        {"pathwise", "score-function"},
    ),
    "generalised-posterior": Case(
        -E(q(z | x))[LOSS] - KL(q(z | x), p(z)) / Parameter("b"),
        lambda at, z: -loss(DATUM, z).mean() - divergence(at) / TEMPERATURE,
        ALL,
    ),
    "entropy": Case(entropy(q(z | x)), lambda at, z: 0.5 * jnp.log(2 * jnp.pi * jnp.e) + at["log_scale"], ALL),
    "a-moment": Case(3 * E(q(z | x))[z**2 * exp(-z)], lambda at, z: 3 * (z**2 * jnp.exp(-z)).mean(), ALL),
    "a-function-of-a-moment": Case(
        exp(E(q(z | x))[z]) - 1, lambda at, z: jnp.exp(z.mean()) - 1, {"pathwise", "sticking-the-landing"}
    ),
    "a-squared-bound": Case(E(q(z | x))[log(WEIGHT)] ** 2, lambda at, z: log_weight(at, z).mean() ** 2, {"pathwise"}),
}

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)


def expected(case: Case, at: Parameters, samples: int) -> Array:
    """The mean of the estimate over its `samples` draws (1 or 2), by Gauss-Hermite quadrature."""
    mean, scale = encoded(at)
    axes = np.stack(np.meshgrid(*[_NODES] * samples, indexing="ij"), -1).reshape(-1, samples)
    mass = np.prod(np.stack(np.meshgrid(*[_WEIGHTS] * samples, indexing="ij"), -1).reshape(-1, samples), axis=1)
    values = jax.vmap(lambda noise: case.by_hand(at, mean + scale * noise))(jnp.asarray(axes))
    return jnp.sum(values * jnp.asarray(mass / mass.sum()))
