"""Refine q further to a planar flow: a family that bends and leans, which no normal does."""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from elbowroom.evidence.affine import Affine
from elbowroom.evidence.annealing import Base
from elbowroom.evidence.convergence import preferred, settled
from elbowroom.evidence.planar_flow import PlanarFlow, PlanarLayers, bend
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel

LAYERS = 8
TRIED = 32


class FlowRefinement(NamedTuple):
    """The flow found for each datum, a Gaussian and its layers, and whether the search had stopped to improve.

    `improvement` is by how many nats the ELBO rose between the last two fifths of the search.
    """

    gaussian: Affine
    layers: PlanarLayers
    converged: Bool[Array | np.ndarray, "*datum"]
    improvement: Float[Array | np.ndarray, "*datum"]


class _Parameters(NamedTuple):
    layers: PlanarLayers
    shift: Float[Array, " latent"]
    log_stretch: Float[Array, " latent"]


@eqx.filter_jit
def refine_flow(
    model: LatentVariableModel,
    settings: CertifySettings,
    x: Float[Array, "datum observed"],
    start: Affine,
    keys: PRNGKeyArray,
) -> FlowRefinement:
    r"""Maximise the ELBO over planar flows of eight layers, for each datum apart, from a Gaussian.

    $$E_{u \sim N(0, I)}[\log p(x, z(u)) + \log|\det z'(u)| - \log N(u; 0, I)]$$

    Adam on the layers, on a shift and on a stretch of each latent, in the standard coordinates of `start`; antithetic
    draws; a rate that decays to a twentieth; the average of the last fifth of the iterates. A step whose gradient is
    not finite is left out.

    **Arguments.** `start` is the refined normal of each datum, where the flow begins; `keys` holds one key per datum.
    Of `settings`, `flow_steps`, `flow_draws` and `flow_rate`: a step takes as many gradients as draws.

    **Validity.** Any result is a legitimate q, with its density. Where the normal is clearly the better on a few draws
    of their own, it is kept. The search is local and the family has many local optima: what is found bounds what such
    flows can win from below only. `converged` says that the ELBO had stopped to rise (by less than 0.05 nats, or three
    standard errors, between the last two fifths of the steps), and no more.

    **Reference.** Rezende and Mohamed (2015), *Variational inference with normalizing flows*.
    """
    return jax.vmap(partial(_one, model, settings))(x, start, keys)


def _one(
    model: LatentVariableModel, settings: CertifySettings, x: Array, start: Affine, key: PRNGKeyArray
) -> FlowRefinement:
    base, log_joint = start.standard(partial(model.log_joint, x))

    def log_weight(parameters: _Parameters, u: Array) -> Array:
        bent, stretch = bend(parameters.layers, u)
        place = parameters.shift + jnp.exp(parameters.log_stretch) * bent
        return log_joint(place) + stretch + jnp.sum(parameters.log_stretch) - base.log_prob(u)

    def elbo(parameters: _Parameters, half: Array) -> Array:
        return jnp.mean(jax.vmap(partial(log_weight, parameters))(jnp.concatenate([half, -half])))

    begin = _identity(base, jr.fold_in(key, settings.flow_steps))
    found, values = _maximised(elbo, begin, settings, key)
    noise = jr.normal(jr.fold_in(key, settings.flow_steps + 1), (TRIED, base.mean.shape[0]), base.mean.dtype)

    def paired(parameters: _Parameters) -> Array:
        return jax.vmap(lambda u: 0.5 * (log_weight(parameters, u) + log_weight(parameters, -u)))(noise)

    taken = preferred(paired(found), paired(begin))
    layers, shift, log_stretch = jax.tree.map(lambda new, old: jnp.where(taken, new, old), found, begin)
    factor, stretch = jnp.asarray(start.factor), jnp.exp(log_stretch)
    gaussian = Affine(start.place(shift), factor * (stretch[None, :] if factor.ndim == 2 else stretch))
    rise, doubt = _last_rise(values)
    return FlowRefinement(gaussian, layers, settled(rise, doubt), rise)


def _identity(base: Base, key: PRNGKeyArray) -> _Parameters:
    """Layers that change nothing yet, each across another direction, half a standard deviation off the centre."""
    latent, dtype = base.mean.shape[0], base.mean.dtype
    of_across, of_offset = jr.split(key)
    across = jr.normal(of_across, (LAYERS, latent), dtype) / jnp.sqrt(jnp.asarray(latent, dtype))
    offset = 0.5 * jr.normal(of_offset, (LAYERS,), dtype)
    zero = jnp.zeros((latent,), dtype)
    return _Parameters(PlanarLayers(across, jnp.zeros_like(across), offset), zero, zero)


def _maximised(elbo, begin: _Parameters, settings: CertifySettings, key: PRNGKeyArray) -> tuple[_Parameters, Array]:
    """The average of the last fifth of the iterates of Adam, and the value at each."""
    steps, dtype = settings.flow_steps, begin.shift.dtype
    late = max(1, steps // 5)
    optimiser = optax.chain(
        optax.scale(-1.0), optax.adam(optax.cosine_decay_schedule(settings.flow_rate, steps, alpha=0.05))
    )

    def step(carry, inputs):
        parameters, state, total = carry
        key, weight = inputs
        half = jr.normal(key, (settings.flow_draws // 2, begin.shift.shape[0]), dtype)
        value, gradient = jax.value_and_grad(elbo)(parameters, half)
        finite = jnp.all(jnp.array([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(gradient)]))
        gradient = jax.tree.map(lambda leaf: jnp.where(finite, leaf, jnp.zeros_like(leaf)), gradient)
        with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
            updates, state = optimiser.update(gradient, state)
        parameters = optax.apply_updates(parameters, updates)
        total = jax.tree.map(lambda t, p: t + weight * p, total, parameters)
        return (parameters, state, total), value

    weights = jnp.where(jnp.arange(steps) >= steps - late, 1.0 / late, 0.0).astype(dtype)
    start = (begin, optimiser.init(begin), jax.tree.map(jnp.zeros_like, begin))
    (_, _, mean), values = jax.lax.scan(step, start, (jr.split(key, steps), weights))
    return mean, values


def _last_rise(values: Float[Array, " step"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """How far the last fifth of the values lies above the fifth before, and the standard error of that."""
    late = max(1, values.shape[0] // 5)
    last, before = values[-late:], values[-2 * late : -late]
    noise = jnp.sqrt((jnp.var(last) + jnp.var(before)) / jnp.asarray(late, values.dtype))
    return jnp.mean(last) - jnp.mean(before), noise


def flow_of(refinement: FlowRefinement) -> PlanarFlow:
    """The distribution of one datum."""
    return PlanarFlow(refinement.gaussian, refinement.layers)


def takes_flow(settings: CertifySettings) -> bool:
    """Whether q is refined to a flow: where that is asked for, and q is refined at all."""
    return settings.flow_steps > 1 and settings.refine_steps > 1
