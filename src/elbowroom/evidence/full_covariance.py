"""Refine q further to a Gaussian with every correlation: a family richer than the encoder's."""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Bool, Float, PRNGKeyArray
from numpyro.distributions import Distribution, MultivariateNormal

from elbowroom.evidence.affine import Affine
from elbowroom.evidence.annealing import LogDensity
from elbowroom.evidence.convergence import preferred, settled, still_to_win
from elbowroom.evidence.flow import takes_flow
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel

MOST_LATENTS = 128
"""Up to how many latents the curvature is taken along each of them: gradients, and numbers kept, grow with these."""

DIFFERENCE = 0.1
LEAST_CURVATURE = 0.02
LEAST_STEP = 0.3
PAIRS = 4
LONGEST_STEP = 3.0
TRIED = 32
"""Antithetic pairs by which the better normal is chosen, and again as many by which convergence is judged."""


class FullRefinement(NamedTuple):
    """The normal found for each datum, whether it had stopped to improve, and the nats that were still to be won.

    The gradients behind `improvement` are a record of convergence, never part of an estimate.
    """

    gaussian: Affine
    converged: Bool[Array | np.ndarray, "*datum"]
    improvement: Float[Array | np.ndarray, "*datum"]


class _State(NamedTuple):
    mean: Float[Array, " latent"]
    precision: Float[Array, "latent latent"]
    steps: Float[Array, ""]


@eqx.filter_jit
def refine_covariance(
    model: LatentVariableModel,
    steps: int,
    x: Float[Array, "datum observed"],
    diagonal: Affine,
    keys: PRNGKeyArray,
) -> FullRefinement:
    r"""The mean and a triangular factor of a normal near the posterior of each datum.

    At the best of all normals $P = -E_q[\nabla^2 \log p(x, z)]$ and $E_q[\nabla \log p(x, z)] = 0$, where P is its
    inverse covariance. From the best diagonal normal, in its standard coordinates, each step draws four antithetic
    pairs from the current q, averages the curvature at one of them into P with weights that grow from step to step, and
    moves the mean by a share of a Newton step, of at most three standard deviations. Over the second half of the steps
    that share falls as the weights do: otherwise the noise of the gradients would stay in the mean. A curvature is a
    difference of gradients along every coordinate, so that models without second derivatives will do.

    **Arguments.** `diagonal` is the refined diagonal normal of each datum, `keys` one key per datum. A step takes
    2 (latent + 4) gradients.

    **Validity.** Any result is a legitimate q: a bad one makes bounds loose, never wrong. Curvatures below 0.02 of
    those of the diagonal normal are raised to that; a step with a curvature that is not finite is left out. Where the
    diagonal normal is clearly the better on a few draws of their own, it is kept. `improvement` is what a Newton step
    from there would still win, in the normal's standard coordinates u, where both means vanish at the optimum:
    $\frac12 |E\,r|^2 + \frac14 \|\mathrm{sym}\, E\, r u^T\|^2$ with $r = \nabla_u \log p + u$; the noise of r vanishes
    as q nears the posterior. `converged` is true where that is below 0.05 nats or three standard errors of its noise.

    **Reference.** The conditions are those of Opper and Archambeau (2009), *The variational Gaussian approximation
    revisited*; the averaging follows Khan et al. (2018), *Fast and scalable Bayesian deep learning by
    weight-perturbation in Adam*.
    """
    return jax.vmap(partial(_one, model, steps))(x, diagonal, keys)


def _one(model: LatentVariableModel, steps: int, x: Array, diagonal: Affine, key: PRNGKeyArray) -> FullRefinement:
    gradient = jax.grad(diagonal.standard(partial(model.log_joint, x))[1])
    axes = jnp.eye(diagonal.mean.shape[0], dtype=diagonal.mean.dtype)

    def around(u: Array, width: Array) -> tuple[Array, Array]:
        here = gradient(u)
        return here, (jax.vmap(gradient)(u[None, :] + width * axes) - here[None, :]) / width

    def step(state: _State, key: PRNGKeyArray):
        noise = jr.normal(key, (*state.mean.shape, PAIRS), state.mean.dtype)
        away = solve_triangular(jnp.linalg.cholesky(state.precision), noise, lower=True, trans=1).T
        draws = jnp.stack([state.mean[None, :] + away, state.mean[None, :] - away], axis=1)
        of_pair, curvatures = jax.vmap(around)(draws[0], jnp.asarray([DIFFERENCE, -DIFFERENCE], state.mean.dtype))
        slopes = jnp.concatenate([of_pair, jax.vmap(gradient)(draws[1:].reshape(-1, state.mean.shape[0]))])
        share = 2.0 / (state.steps + 3.0)
        raw = (1.0 - share) * state.precision - share * jnp.mean(curvatures, axis=0)
        usable = jnp.all(jnp.isfinite(slopes), axis=1)
        finite = jnp.all(jnp.isfinite(raw)) & jnp.any(usable)
        precision = _positive(jnp.where(finite, raw, state.precision))
        slope = jnp.where(finite, jnp.mean(slopes, axis=0, where=usable[:, None]), 0.0)
        newton = jnp.linalg.solve(precision, slope)
        length = jnp.sqrt(jnp.maximum(jnp.dot(slope, newton), jnp.finfo(slope.dtype).tiny))
        rate = jnp.where(state.steps < steps / 2, jnp.maximum(share, LEAST_STEP), share)
        mean = state.mean + rate * jnp.minimum(1.0, LONGEST_STEP / length) * newton
        return _State(mean, precision, state.steps + finite.astype(state.steps.dtype)), None

    start = _State(jnp.zeros_like(diagonal.mean), axes, jnp.zeros((), axes.dtype))
    end, _ = jax.lax.scan(step, start, jr.split(key, steps))
    spread = solve_triangular(jnp.linalg.cholesky(end.precision), axes, lower=True, trans=1)
    covariance = diagonal.factor[:, None] * (spread @ spread.T) * diagonal.factor[None, :]
    found = Affine(diagonal.place(end.mean), jnp.linalg.cholesky(0.5 * (covariance + covariance.T)))
    log_joint = partial(model.log_joint, x)
    taken = _better(found, diagonal, log_joint, jr.fold_in(key, steps))
    improvement, noise = _still_to_win(taken, log_joint, jr.fold_in(key, steps + 1))
    return FullRefinement(taken, settled(improvement, noise), improvement)


def _better(found: Affine, diagonal: Affine, log_joint: LogDensity, key: PRNGKeyArray) -> Affine:
    """The normal found, unless the diagonal one is clearly the better on a few draws that are used for nothing else."""
    noise = jr.normal(key, (TRIED, diagonal.mean.shape[0]), diagonal.mean.dtype)

    def log_weight(one: Affine) -> Float[Array, " pair"]:
        base, density = one.standard(log_joint)
        return jax.vmap(lambda u: 0.5 * (density(u) + density(-u)) - base.log_prob(u))(noise)

    other = Affine(diagonal.mean, jnp.diag(diagonal.factor))
    taken = preferred(log_weight(found), log_weight(other))
    return jax.tree.map(lambda new, old: jnp.where(taken, new, old), found, other)


def _still_to_win(
    gaussian: Affine, log_joint: LogDensity, key: PRNGKeyArray
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """What a Newton step would win, from two halves of fresh draws, and the standard deviation of its noise."""
    slope = jax.grad(gaussian.standard(log_joint)[1])
    noise = jr.normal(key, (2, TRIED // 2, gaussian.mean.shape[0]), gaussian.mean.dtype)
    u = jnp.concatenate([noise, -noise], axis=1)
    rest = jax.vmap(jax.vmap(slope))(u) + u
    outer = jnp.mean(rest[:, :, :, None] * u[:, :, None, :], axis=1)
    symmetric = 0.5 * (outer + jnp.swapaxes(outer, 1, 2))
    once = jnp.diagonal(symmetric, axis1=1, axis2=2)
    twice = jnp.triu(symmetric, 1).reshape(2, -1) * jnp.sqrt(jnp.asarray(2.0, u.dtype))
    return still_to_win(jnp.mean(rest, axis=1), jnp.concatenate([once, twice], axis=1))


def _positive(matrix: Float[Array, "latent latent"]) -> Float[Array, "latent latent"]:
    """The symmetric part with its small and negative curvatures raised."""
    values, vectors = jnp.linalg.eigh(0.5 * (matrix + matrix.T))
    return (vectors * jnp.maximum(values, LEAST_CURVATURE)[None, :]) @ vectors.T


def full_gaussian(gaussian: Affine) -> Distribution:
    """The normal distribution of one datum."""
    return MultivariateNormal(gaussian.mean, scale_tril=gaussian.factor)


def takes_covariance(settings: CertifySettings, latent: int) -> bool:
    """Whether q is refined to a full covariance: where q is refined at all and there are correlations to find."""
    return settings.covariance_steps > 0 and settings.refine_steps > 1 and 1 < latent <= MOST_LATENTS


def gradients_of_refinement(settings: CertifySettings, latent: int) -> int:
    """Gradients of the joint that the refinements of one datum take."""
    full = 2 * settings.covariance_steps * (latent + PAIRS) + 2 * TRIED if takes_covariance(settings, latent) else 0
    flow = settings.flow_steps * settings.flow_draws if takes_flow(settings) else 0
    return settings.refine_steps * settings.refine_draws + full + flow
