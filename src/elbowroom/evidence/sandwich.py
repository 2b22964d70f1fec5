"""Annealing for many data at once: pilot, forward chains, and reverse chains from posterior draws."""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.evidence.annealing import (
    Base,
    Chain,
    Schedule,
    continue_at_posterior,
    forward_chain,
    reverse_chain,
)
from elbowroom.evidence.pilot import tuned_schedule
from elbowroom.evidence.plan import AnnealingPlan
from elbowroom.evidence.target import LatentVariableModel


class Tuned(NamedTuple):
    """The path of each datum: its Gaussian start, and the frozen step sizes of the moves at the inner temperatures."""

    mean: Float[Array | np.ndarray, "*datum latent"]
    scale: Float[Array | np.ndarray, "*datum latent"]
    step_sizes: Float[Array | np.ndarray, "*datum moves"]

    def base(self) -> Base:
        return Base(jnp.asarray(self.mean), jnp.asarray(self.scale))

    def schedule(self, plan: AnnealingPlan) -> Schedule:
        step_sizes = jnp.asarray(self.step_sizes)
        return Schedule(plan.schedule(step_sizes.dtype), step_sizes)


@eqx.filter_jit
def tune(
    model: LatentVariableModel,
    plan: AnnealingPlan,
    x: Float[Array, "datum observed"],
    mean: Float[Array, "datum latent"],
    scale: Float[Array, "datum latent"],
    keys: PRNGKeyArray,
) -> Tuned:
    """Step sizes of each datum from a pilot whose random numbers are used for nothing else."""

    def one(x, mean, scale, key):
        schedule = tuned_schedule(Base(mean, scale), partial(model.log_joint, x), plan, key)
        return Tuned(mean, scale, schedule.step_sizes)

    return jax.vmap(one)(x, mean, scale, keys)


@eqx.filter_jit
def forward(
    model: LatentVariableModel,
    plan: AnnealingPlan,
    chains: int,
    x: Float[Array, "datum observed"],
    path: Tuned,
    keys: PRNGKeyArray,
) -> Chain:
    """`chains` independent chains from q* for each datum: E[w] = p(x). Leaves are `(datum, chain, ...)`."""

    def one(x, path, key):
        run = partial(forward_chain, path.base(), partial(model.log_joint, x), path.schedule(plan), plan.leapfrog)
        return jax.vmap(run)(jr.split(key, chains))

    return jax.vmap(one)(x, path, keys)


@eqx.filter_jit
def reverse(
    model: LatentVariableModel,
    plan: AnnealingPlan,
    x: Float[Array, "datum observed"],
    path: Tuned,
    starts: Float[Array, "datum chain latent"],
    keys: PRNGKeyArray,
) -> Chain:
    """One reverse chain from each start: E[1/w] = 1/p(x) where the starts are exact posterior draws."""

    def one(x, path, starts, key):
        run = partial(reverse_chain, path.base(), partial(model.log_joint, x), path.schedule(plan), plan.leapfrog)
        return jax.vmap(run)(jr.split(key, starts.shape[0]), starts)

    return jax.vmap(one)(x, path, starts, keys)


@eqx.filter_jit
def near_posterior(
    model: LatentVariableModel,
    plan: AnnealingPlan,
    x: Float[Array, "datum observed"],
    path: Tuned,
    ends: Chain,
    keys: PRNGKeyArray,
) -> Float[Array, "datum chain latent"]:
    """Starts for a reverse run on real data: the end of each forward chain, moved on at t = 1.

    They tend to independent posterior draws as the chains grow and are never known to be some: what follows from
    them is asymptotic.
    """

    def one(x, path, ends, key):
        run = partial(
            continue_at_posterior,
            path.base(),
            partial(model.log_joint, x),
            step_size=path.step_sizes[-1],
            leapfrog=plan.leapfrog,
            moves=plan.continuation,
        )
        return jax.vmap(lambda z, key: run(z, key=key))(ends.z, jr.split(key, ends.log_weight.size))

    return jax.vmap(one)(x, path, ends, keys)
