"""Warnings that cost little: necessary for a good encoder, never sufficient, and never bounds."""

import math
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from arviz_stats.base.array import array_stats
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.evidence.importance import normalised_weights

ACTIVE_VARIANCE = 0.01
KHAT_LIMIT = 0.7
LEAST_DRAWS_FOR_KHAT = 25
MOST_FOR_INFORMATION = 4096


def pareto_shape(log_weights: Float[np.ndarray, "datum samples"]) -> Float[np.ndarray, " datum"]:
    """k-hat of the importance weights of each datum: the tail index of a generalised Pareto law fitted to the largest.

    Above 0.7 the weights of this datum cannot be trusted; below, they still may miss a mode. NaN with fewer than
    25 draws, or
    where the weights do not vary. The library fits the tail of exp(-argument), hence the sign.

    **Reference.** Vehtari et al. (2024), *Pareto smoothed importance sampling*.
    """
    log_weights = np.asarray(log_weights, np.float64)
    shapes = np.full(len(log_weights), np.nan)
    spread = np.ptp(np.where(np.isfinite(log_weights), log_weights, 0.0), axis=1)
    usable = np.all(np.isfinite(log_weights), axis=1) & (spread > 1e-9)
    if log_weights.shape[1] >= LEAST_DRAWS_FOR_KHAT and usable.any():
        _, found = array_stats.psislw(-log_weights[usable], axis=-1)
        shapes[usable] = found
    return shapes


def effective_sample_size(log_weights: Float[np.ndarray, "datum samples"]) -> Float[np.ndarray, " datum"]:
    r"""$1 / \sum_k \bar w_k^2$ of the self-normalised weights of each datum: between 1 and the number of draws.

    NaN where every weight of a datum is zero. Large is no proof: draws that all miss a mode look perfect.
    """
    return 1.0 / np.sum(np.square(normalised_weights(log_weights)), axis=-1)


def active_units(means: Float[np.ndarray, "datum latent"], threshold: float = ACTIVE_VARIANCE) -> int:
    """How many latent dimensions have a mean that varies over the data by more than `threshold` (a variance).

    **Reference.** Burda, Grosse and Salakhutdinov (2016), *Importance weighted autoencoders*, where they look at the
    latent space.
    """
    return int(np.sum(np.var(np.asarray(means, np.float64), axis=0) > threshold))


def kl_per_dimension(
    means: Float[np.ndarray, "datum latent"],
    scales: Float[np.ndarray, "datum latent"],
    prior_mean: Float[np.ndarray, " latent"],
    prior_scale: Float[np.ndarray, " latent"],
) -> Float[np.ndarray, " latent"]:
    """Mean over data of KL(q(z_i|x) || p(z_i)) in nats, both normal: it sums to the mean KL of q from the prior."""
    means, scales = np.asarray(means, np.float64), np.asarray(scales, np.float64)
    shift = (means - prior_mean) / prior_scale
    ratio = scales / prior_scale
    return np.mean(0.5 * (ratio**2 + shift**2 - 1.0) - np.log(ratio), axis=0)


def mutual_information(
    encodings: Distribution, count: int, draws: int, key: PRNGKeyArray, rows: int = 50
) -> tuple[float, bool]:
    r"""An estimate of I_q(x; z) in nats, and whether it is saturated.

    $$\hat I = \frac1N \sum_i E_{q_i}\Big[\log q_i(z) - \log \frac1N \sum_j q_j(z)\Big]$$

    with the own component included: a lower bound in expectation, and at most log N. It is called saturated within
    half a nat of
    log N: the true value is then probably larger than what so few data can show.

    **Arguments.** `encodings` is the batch of the `count` encodings, made by `vmap`. N is `count`, at most 4,096: the
    work grows like its square, and the first so many are taken.
    """
    if count > MOST_FOR_INFORMATION:
        count = MOST_FOR_INFORMATION
        encodings = jax.tree.map(lambda leaf: leaf[:count], encodings)
    keys = jax.vmap(partial(jr.fold_in, key))(jnp.arange(count))
    total = 0.0
    for start in range(0, count, rows):
        index = jnp.arange(start, min(start + rows, count))
        total += float(np.sum(np.asarray(_own_minus_mixture(encodings, index, keys[index], draws), np.float64)))
    value = total / count
    return value, count > 1 and value > math.log(count) - 0.5


@eqx.filter_jit
def _own_minus_mixture(encodings: Distribution, index: Array, keys: PRNGKeyArray, draws: int) -> Float[Array, " rows"]:
    own = jax.tree.map(lambda leaf: leaf[index], encodings)
    count = jax.tree.leaves(encodings)[0].shape[0]

    def one(q, key):
        def draw(key):
            z = q.sample(key)
            components = jax.vmap(lambda other: other.log_prob(z))(encodings)
            return q.log_prob(z) - jax.scipy.special.logsumexp(components) + math.log(count)

        return jnp.mean(jax.vmap(draw)(jr.split(key, draws)))

    return jax.vmap(one)(own, keys)
