r"""Annealed importance sampling from the refined q* to the posterior, forward and in reverse.

The path is geometric, $\log \pi_t = (1 - t) \log q^* + t \log p(x, z) = \log q^* + t\, r$ with $r = \log p(x, z) -
\log q^*(z)$. A chain through
$0 = t_0 < t_1 < \dots < t_T = 1$ has $\log w = \sum_{i=0}^{T-1} (t_{i+1} - t_i)\, r(z_i)$, where $z_0 \sim q^*$
and $z_i$ is moved from
$z_{i-1}$ by HMC at $t_i$. Then $E[w] = p(x)$ for any number of temperatures and any step sizes fixed beforehand.
The reverse
chain starts at a draw from the posterior, which is $z_{T-1}$, and applies the same kernels in exactly the opposite
order,
$t_{T-1}$ first and $t_1$ last; its weight, formed in the same way, has $E[1/w] = 1/p(x)$ if the start is exact.

References: Neal (2001), *Annealed importance sampling*; Grosse, Ghahramani and Adams (2015), *Sandwiching the marginal
likelihood*.
"""

from collections.abc import Callable
from typing import NamedTuple

import blackjax
import jax
import jax.numpy as jnp
import jax.random as jr
from blackjax.mcmc.hmc import HMCState
from jaxtyping import Array, Float, PRNGKeyArray

LogDensity = Callable[[Float[Array, " latent"]], Float[Array, ""]]


class Base(NamedTuple):
    """The refined q* of one datum: a normalised diagonal Gaussian, the start of the path."""

    mean: Float[Array, " latent"]
    scale: Float[Array, " latent"]

    def log_prob(self, z: Float[Array, " latent"]) -> Float[Array, ""]:
        return jnp.sum(jax.scipy.stats.norm.logpdf(z, self.mean, self.scale))

    def gradient(self, z: Float[Array, " latent"]) -> Float[Array, " latent"]:
        return (self.mean - z) / self.scale**2

    def sample(self, key: PRNGKeyArray) -> Float[Array, " latent"]:
        return self.mean + self.scale * jr.normal(key, self.mean.shape, self.mean.dtype)


class Point(NamedTuple):
    """A position with r(z) = log p(x, z) - log q*(z) and its gradient, so that no move evaluates them twice."""

    z: Float[Array, " latent"]
    ratio: Float[Array, ""]
    gradient: Float[Array, " latent"]


class Chain(NamedTuple):
    """The end of one chain, its log weight in nats, and the mean acceptance of its moves."""

    z: Float[Array, " latent"]
    log_weight: Float[Array, ""]
    acceptance: Float[Array, ""]


class Schedule(NamedTuple):
    """T + 1 temperatures from 0 to 1, and the frozen step sizes of the T - 1 moves at the inner ones."""

    temperatures: Float[Array, " temperatures+1"]
    step_sizes: Float[Array, " temperatures-1"]


def start_point(base: Base, log_joint: LogDensity, z: Float[Array, " latent"]) -> Point:
    """A chain's first point: z with log p(x, z) - log q*(z) and its gradient, the only one that a start takes."""
    ratio, gradient = jax.value_and_grad(lambda z: log_joint(z) - base.log_prob(z))(z)
    return Point(z, ratio, gradient)


def move(
    base: Base,
    log_joint: LogDensity,
    point: Point,
    temperature: Float[Array, ""],
    step_size: Float[Array, ""],
    leapfrog: int,
    key: PRNGKeyArray,
) -> tuple[Point, Float[Array, ""]]:
    """One HMC move at `temperature` in (0, 1], with inverse mass the variances of q*: the new point and the
    acceptance probability.

    Takes `leapfrog` gradients of the joint. A proposal with an energy that is not finite is rejected.
    """

    def log_density(z):
        at_base = base.log_prob(z)
        return at_base + temperature * (log_joint(z) - at_base)

    log_density_here = base.log_prob(point.z) + temperature * point.ratio
    gradient_here = base.gradient(point.z) + temperature * point.gradient
    state = HMCState._make((point.z, log_density_here, gradient_here))
    kernel = blackjax.hmc.build_kernel()
    state, info = kernel(key, state, log_density, step_size, base.scale**2, leapfrog)
    ratio = (state.logdensity - base.log_prob(state.position)) / temperature
    gradient = (state.logdensity_grad - base.gradient(state.position)) / temperature
    kept = Point(state.position, ratio, gradient)
    # a rejected move keeps the very numbers it came with
    chosen = jax.tree.map(lambda new, old: jnp.where(info.is_accepted, new, old), kept, point)
    return chosen, info.acceptance_rate


def forward_chain(base: Base, log_joint: LogDensity, schedule: Schedule, leapfrog: int, key: PRNGKeyArray) -> Chain:
    """One chain from q* towards the posterior: E[w] = p(x)."""
    key_start, key_moves = jr.split(key)
    point = start_point(base, log_joint, base.sample(key_start))
    return _run(base, log_joint, schedule, leapfrog, key_moves, point)


def reverse_chain(
    base: Base,
    log_joint: LogDensity,
    schedule: Schedule,
    leapfrog: int,
    key: PRNGKeyArray,
    start: Float[Array, " latent"],
) -> Chain:
    """One chain from a posterior draw `start` towards q*: E[1/w] = 1/p(x) if the draw is exact."""
    point = start_point(base, log_joint, start)
    backwards = Schedule(schedule.temperatures[::-1], schedule.step_sizes[::-1])
    return _run(base, log_joint, backwards, leapfrog, key, point)


def _run(base, log_joint, schedule: Schedule, leapfrog: int, key: PRNGKeyArray, point: Point) -> Chain:
    """Weight, move, weight, ..., move, weight: |t_{i+1} - t_i| r before the first move and after each."""
    increments = jnp.abs(jnp.diff(schedule.temperatures))

    def step(carry, inputs):
        point, log_weight = carry
        temperature, step_size, increment, key = inputs
        point, acceptance = move(base, log_joint, point, temperature, step_size, leapfrog, key)
        return (point, log_weight + increment * point.ratio), acceptance

    moves = schedule.step_sizes.size
    inputs = (schedule.temperatures[1:-1], schedule.step_sizes, increments[1:], jr.split(key, moves))
    (point, log_weight), acceptance = jax.lax.scan(step, (point, increments[0] * point.ratio), inputs)
    return Chain(point.z, log_weight, jnp.mean(acceptance))


def continue_at_posterior(
    base: Base,
    log_joint: LogDensity,
    z: Float[Array, " latent"],
    step_size: Float[Array, ""],
    leapfrog: int,
    moves: int,
    key: PRNGKeyArray,
) -> Float[Array, " latent"]:
    """Some HMC moves at t = 1: closer to a posterior draw, never known to be one."""
    one = jnp.ones_like(step_size)

    def step(point, key):
        point, _ = move(base, log_joint, point, one, step_size, leapfrog, key)
        return point, None

    point, _ = jax.lax.scan(step, start_point(base, log_joint, z), jr.split(key, moves))
    return point.z


def gradients_per_chain(temperatures: int, leapfrog: int) -> int:
    """Gradients of the joint that one weighted chain takes: T - 1 moves and the start."""
    return (temperatures - 1) * leapfrog + 1
