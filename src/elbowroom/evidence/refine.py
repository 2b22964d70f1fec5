"""Refine the encoder's q to the best diagonal Gaussian of each datum."""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jax.scipy.stats import norm
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel, moments

WINDOWS = 10


class Refinement(NamedTuple):
    """The refined q of each datum, its ELBO while it was fitted, and whether that had stopped to rise.

    `window_elbo` are means over ten windows of steps, for the record of convergence only: the draws behind them
    fitted q,
    so they are never used as an estimate.
    """

    mean: Float[Array | np.ndarray, "*datum latent"]
    scale: Float[Array | np.ndarray, "*datum latent"]
    converged: Bool[Array | np.ndarray, "*datum"]
    window_elbo: Float[Array | np.ndarray, "*datum windows"]


@eqx.filter_jit
def refine(
    model: LatentVariableModel,
    settings: CertifySettings,
    x: Float[Array, "datum observed"],
    keys: PRNGKeyArray,
    moment_keys: PRNGKeyArray,
) -> Refinement:
    r"""Maximise the ELBO over diagonal Gaussians, for each datum apart, from the encoder's q.

    $$\hat q \approx \arg\max_{m, s} E_{\epsilon}[\log p(x, z) - \log N(z; m, s^2)], \qquad z = m + s\epsilon$$

    Adam on $(m - m_0)/s_0$ and $\log s$, where $m_0, s_0$ are mean and standard deviations of the encoder's q;
    antithetic draws; the gradient through z alone, whose noise vanishes as q nears the posterior; a rate that decays
    to a twentieth; the average of the last fifth of the iterates. `keys` holds one key per datum, `moment_keys` those
    for the moments of an encoder without closed ones. A step whose gradient is not finite is left out.

    **Validity.** Any result is a legitimate q: a bad one makes bounds loose, never wrong. `converged` is true where
    the mean ELBO of the last tenth of the steps exceeds that of the tenth before by less than 0.05 nats or three
    standard errors.

    **Reference.** `cremer2018inference` for the refinement; `roeder2017sticking` for the gradient.
    """
    return jax.vmap(partial(_refine_one, model, settings))(x, keys, moment_keys)


def _refine_one(
    model: LatentVariableModel, settings: CertifySettings, x: Array, key: PRNGKeyArray, moment_key: PRNGKeyArray
) -> Refinement:
    mean, scale = moments(model.encoder(x), moment_key)
    steps = settings.refine_steps
    if steps == 0:
        return Refinement(mean, scale, jnp.zeros((), bool), jnp.full_like(mean, jnp.nan, shape=(WINDOWS,)))

    def elbo(parameters: tuple[Array, Array], noise: Array) -> Array:
        shift, log_factor = parameters
        centre, spread = mean + scale * shift, scale * jnp.exp(log_factor)
        held = jax.lax.stop_gradient((centre, spread))

        def log_weight(noise):
            z = centre + spread * noise
            return model.log_joint(x, z) - jnp.sum(norm.logpdf(z, *held))

        return jnp.mean(jax.vmap(log_weight)(noise))

    # a rate per unit of the encoder's standard deviation: far means are reached, small scales are kept
    optimiser = optax.chain(
        optax.scale(-1.0), optax.adam(optax.cosine_decay_schedule(settings.refine_rate, steps, alpha=0.05))
    )

    def step(carry, inputs):
        parameters, state, total = carry
        key, weight = inputs
        half = jr.normal(key, (settings.refine_draws // 2, mean.size), mean.dtype)
        value, gradient = jax.value_and_grad(elbo)(parameters, jnp.concatenate([half, -half]))
        finite = jnp.all(jnp.array([jnp.all(jnp.isfinite(g)) for g in gradient]))
        gradient = jax.tree.map(lambda g: jnp.where(finite, g, jnp.zeros_like(g)), gradient)
        with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
            updates, state = optimiser.update(gradient, state)
        parameters = optax.apply_updates(parameters, updates)
        total = jax.tree.map(lambda t, p: t + weight * p, total, parameters)
        return (parameters, state, total), value

    zeros = (jnp.zeros_like(mean), jnp.zeros_like(mean))
    averaged = max(1, steps // 5)
    weights = jnp.where(jnp.arange(steps) >= steps - averaged, 1.0 / averaged, 0.0).astype(mean.dtype)
    start = (zeros, optimiser.init(zeros), zeros)
    (_, _, (shift, log_factor)), values = jax.lax.scan(step, start, (jr.split(key, steps), weights))
    converged, windows = _converged(values)
    return Refinement(mean + scale * shift, scale * jnp.exp(log_factor), converged, windows)


def _converged(values: Float[Array, " steps"]) -> tuple[Bool[Array, ""], Float[Array, " windows"]]:
    """Whether the last tenth of the ELBO trace is no better than the tenth before, within its noise."""
    width = values.size // WINDOWS
    if width == 0:
        return jnp.zeros((), bool), jnp.full_like(values, jnp.nan, shape=(WINDOWS,))
    windows = values[-width * WINDOWS :].reshape(WINDOWS, width)
    means = jnp.mean(windows, axis=1)
    variances = jnp.var(windows[-2:], axis=1)
    noise = jnp.sqrt(jnp.sum(variances) / max(1, width - 1))
    return means[-1] - means[-2] <= jnp.maximum(0.05, 3.0 * noise), means
