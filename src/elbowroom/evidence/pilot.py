"""Fix the HMC step sizes before the weighted chains start, on other random numbers.

A step size that adapts inside a weighted chain makes its weight biased. The pilot adapts along a chain whose
weight is never formed, and hands over the log step size as a function of t: a line on the short way from q*, a
smoothed trace on the long way from the prior, along which the width of the laws changes many times over.
"""

from functools import partial

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.evidence.annealing import Base, LogDensity, Schedule, move, start_point
from elbowroom.evidence.plan import AnnealingPlan, spaced

GAIN = 0.5
WARM_UP_SHARE = 0.25


def tuned_schedule(base: Base, log_joint: LogDensity, plan: AnnealingPlan, key: PRNGKeyArray) -> Schedule:
    """The schedule of `plan` with step sizes from a pilot, for one datum.

    `pilot_chains` chains climb from q* to the posterior in `pilot_moves` moves; after each the common log step
    size moves by a
    gain times (mean acceptance - target). From q* or the encoder's q, a straight line in t, fitted by least squares to
    the trace after a first quarter, gives the step sizes of the weighted chains; from the prior, the moving mean of
    the trace over a tenth of its length.
    """
    dtype = base.mean.dtype
    key_start, key_moves = jr.split(key)
    start = jax.vmap(base.sample)(jr.split(key_start, plan.pilot_chains))
    points = jax.vmap(partial(start_point, base, log_joint))(start)
    moves = plan.pilot_moves
    first = 1.2 / base.mean.size**0.25
    pilot_temperatures = spaced(plan.spacing, moves, dtype)[1:]

    def step(carry, inputs):
        points, log_step = carry
        temperature, key = inputs
        keys = jr.split(key, plan.pilot_chains)
        points, acceptance = jax.vmap(
            lambda point, key: move(base, log_joint, point, temperature, jnp.exp(log_step), plan.leapfrog, key)
        )(points, keys)
        accepted = jnp.mean(jnp.where(jnp.isfinite(acceptance), acceptance, 0.0))
        return (points, log_step + GAIN * (accepted - plan.target_acceptance)), log_step

    begin = (points, jnp.full((), jnp.log(first), dtype))
    _, trace = jax.lax.scan(step, begin, (pilot_temperatures, jr.split(key_moves, moves)))
    temperatures = plan.schedule(dtype)
    if plan.start == "prior":
        smooth = _moving_mean(trace, max(1, moves // 10))
        return Schedule(temperatures, jnp.exp(jnp.interp(temperatures[1:-1], pilot_temperatures, smooth)))
    used = jnp.arange(moves) >= int(WARM_UP_SHARE * moves)
    return Schedule(temperatures, jnp.exp(_line(pilot_temperatures, trace, used)(temperatures[1:-1])))


def _moving_mean(values: Float[Array, " moves"], width: int) -> Float[Array, " moves"]:
    """The mean over the `width` values before and after each, fewer at the ends."""
    window = jnp.ones(2 * width + 1, values.dtype)
    sums = jnp.convolve(values, window, mode="same")
    return sums / jnp.convolve(jnp.ones_like(values), window, mode="same")


def _line(t: Float[Array, " moves"], values: Float[Array, " moves"], used: Array):
    weight = used.astype(t.dtype) / jnp.sum(used.astype(t.dtype))
    centre, level = jnp.sum(weight * t), jnp.sum(weight * values)
    spread = jnp.sum(weight * (t - centre) ** 2)
    slope = jnp.sum(weight * (t - centre) * (values - level)) / jnp.maximum(spread, jnp.finfo(t.dtype).tiny)
    return lambda at: level + slope * (at - centre)


def gradients_of_pilot(plan: AnnealingPlan) -> int:
    """Gradients of the joint that the pilot takes for one datum."""
    return plan.pilot_chains * (plan.pilot_moves * plan.leapfrog + 1)
