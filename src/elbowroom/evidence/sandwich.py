"""Annealing for many data at once: pilot, forward chains, and reverse chains from posterior draws."""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.evidence.affine import Affine
from elbowroom.evidence.annealing import (
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
    """The path of each datum: its Gaussian start, and the frozen step sizes of the moves at the inner temperatures.

    Chains run in the standard coordinates of the start; what goes in and comes out is z.
    """

    start: Affine
    step_sizes: Float[Array | np.ndarray, "*datum moves"]

    def schedule(self, plan: AnnealingPlan) -> Schedule:
        step_sizes = jnp.asarray(self.step_sizes)
        return Schedule(plan.schedule(step_sizes.dtype), step_sizes)


@eqx.filter_jit
def tune(
    model: LatentVariableModel,
    plan: AnnealingPlan,
    x: Float[Array, "datum observed"],
    start: Affine,
    keys: PRNGKeyArray,
) -> Tuned:
    """Step sizes of each datum from a pilot whose random numbers are used for nothing else."""

    def one(x, start, key):
        base, log_joint = start.standard(partial(model.log_joint, x))
        return Tuned(start, tuned_schedule(base, log_joint, plan, key).step_sizes)

    return jax.vmap(one)(x, start, keys)


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
        base, log_joint = path.start.standard(partial(model.log_joint, x))
        run = partial(forward_chain, base, log_joint, path.schedule(plan), plan.leapfrog)
        ends = jax.vmap(run)(jr.split(key, chains))
        return ends._replace(z=jax.vmap(path.start.place)(ends.z))

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
        base, log_joint = path.start.standard(partial(model.log_joint, x))
        run = partial(reverse_chain, base, log_joint, path.schedule(plan), plan.leapfrog)
        ends = jax.vmap(run)(jr.split(key, starts.shape[0]), jax.vmap(path.start.back)(starts))
        return ends._replace(z=jax.vmap(path.start.place)(ends.z))

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
        base, log_joint = path.start.standard(partial(model.log_joint, x))
        run = partial(
            continue_at_posterior,
            base,
            log_joint,
            step_size=path.step_sizes[-1],
            leapfrog=plan.leapfrog,
            moves=plan.continuation,
        )
        begin = jax.vmap(path.start.back)(ends.z)
        moved = jax.vmap(lambda u, key: run(u, key=key))(begin, jr.split(key, ends.log_weight.size))
        return jax.vmap(path.start.place)(moved)

    return jax.vmap(one)(x, path, ends, keys)
