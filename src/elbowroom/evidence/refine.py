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

from elbowroom.evidence.convergence import preferred, settled, still_to_win
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel, moments

TRIED = 32
"""Antithetic pairs by which the better of the encoder's q and the refined one is chosen."""


class Refinement(NamedTuple):
    """The refined q of each datum, whether it had stopped to improve, and the nats that were still to be won.

    The draws behind `improvement` fitted q: it is a record of convergence, never part of an estimate.
    """

    mean: Float[Array | np.ndarray, "*datum latent"]
    scale: Float[Array | np.ndarray, "*datum latent"]
    converged: Bool[Array | np.ndarray, "*datum"]
    improvement: Float[Array | np.ndarray, "*datum"]


@eqx.filter_jit
def refine_diagonal(
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

    **Validity.** Any result is a legitimate q: a bad one makes bounds loose, never wrong. `improvement` is what a
    Newton step would still win: $\frac12 \sum_i (s_i \partial_{m_i} L)^2 + \frac14 \sum_i (\partial_{\log s_i} L)^2$,
    since near the optimum the ELBO L has about these curvatures, one and two. Each square is the product of the means
    of two separate halves of the last gradients, so that noise does not enter. A decaying rate lets the ELBO rest far
    from the optimum; its gradient does not vanish there. `converged` is true where the improvement is below 0.05 nats
    or three standard errors of its noise. Where the encoder's q is clearly the better on a few draws of their own, it
    is kept.

    **Reference.** For the refinement, Cremer, Li and Duvenaud (2018), *Inference suboptimality in variational
    autoencoders*; for the gradient, Roeder, Wu and Duvenaud (2017), *Sticking the landing*.
    """
    return jax.vmap(partial(_refine_one, model, settings))(x, keys, moment_keys)


def _refine_one(
    model: LatentVariableModel, settings: CertifySettings, x: Array, key: PRNGKeyArray, moment_key: PRNGKeyArray
) -> Refinement:
    mean, scale = moments(model.encoder(x), moment_key)
    steps = settings.refine_steps
    if steps < 2:
        return Refinement(mean, scale, jnp.zeros((), bool), jnp.full_like(mean, jnp.nan, shape=()))

    def log_weights(parameters: tuple[Array, Array], noise: Array) -> Array:
        shift, log_factor = parameters
        centre, spread = mean + scale * shift, scale * jnp.exp(log_factor)
        held = jax.lax.stop_gradient((centre, spread))

        def log_weight(noise):
            z = centre + spread * noise
            return model.log_joint(x, z) - jnp.sum(norm.logpdf(z, *held))

        return jax.vmap(log_weight)(noise)

    # a rate per unit of the encoder's standard deviation: far means are reached, small scales are kept
    optimiser = optax.chain(
        optax.scale(-1.0), optax.adam(optax.cosine_decay_schedule(settings.refine_rate, steps, alpha=0.05))
    )

    def step(carry, inputs):
        parameters, state, total, halves = carry
        key, weight = inputs
        half = jr.normal(key, (settings.refine_draws // 2, mean.size), mean.dtype)
        gradient = jax.grad(lambda *held: jnp.mean(log_weights(*held)))(parameters, jnp.concatenate([half, -half]))
        halves = jax.tree.map(lambda h, g: h + weight[:, None] * g[None, :], halves, gradient)
        finite = jnp.all(jnp.array([jnp.all(jnp.isfinite(g)) for g in gradient]))
        gradient = jax.tree.map(lambda g: jnp.where(finite, g, jnp.zeros_like(g)), gradient)
        with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
            updates, state = optimiser.update(gradient, state)
        parameters = optax.apply_updates(parameters, updates)
        total = jax.tree.map(lambda t, p: t + jnp.mean(weight) * p, total, parameters)
        return (parameters, state, total, halves), None

    zeros = (jnp.zeros_like(mean), jnp.zeros_like(mean))
    none = jax.tree.map(lambda zero: jnp.stack([zero, zero]), zeros)
    start = (zeros, optimiser.init(zeros), zeros, none)
    inputs = (jr.split(key, steps), _late_weights(steps, mean.dtype))
    (_, _, (shift, log_factor), halves), _ = jax.lax.scan(step, start, inputs)
    improvement, noise = still_to_win(halves[0] * jnp.exp(log_factor)[None, :], halves[1])
    half = jr.normal(jr.fold_in(key, steps), (TRIED, mean.size), mean.dtype)
    found, held = (log_weights(one, half) + log_weights(one, -half) for one in ((shift, log_factor), zeros))
    taken = preferred(0.5 * found, 0.5 * held)
    shift, log_factor = jnp.where(taken, shift, zeros[0]), jnp.where(taken, log_factor, zeros[1])
    return Refinement(mean + scale * shift, scale * jnp.exp(log_factor), settled(improvement, noise), improvement)


def _late_weights(steps: int, dtype: jnp.dtype) -> Float[Array, "steps 2"]:
    """Weights of two averages, over the even and over the odd ones among the last fifth of the steps, at least two."""
    late = max(2, steps // 5)
    place = jnp.arange(steps) - (steps - late)
    chosen = jnp.stack([(place >= 0) & (place % 2 == 0), (place >= 0) & (place % 2 == 1)], axis=1)
    weights = chosen.astype(dtype)
    return weights / jnp.sum(weights, axis=0, keepdims=True)
