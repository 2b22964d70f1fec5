"""Importance weights w(z) = p(x, z) / q(z | x), and the lower bound their mean gives."""

import math
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, Float64, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.errors import InputError
from elbowroom.evidence.chunks import chunk_rows, over_data
from elbowroom.evidence.target import LatentVariableModel, floats_per_draw, log_likelihood

DRAWS_AT_ONCE = 100
MEMORY_MIB = 192
"""Room, as `floats_per_draw` counts, for as many draws as were fastest on two cores with a cache of 32 MB."""


class Draws(NamedTuple):
    """Log weights and log likelihoods of draws from q, `(datum, samples)`, in nats, on the host."""

    log_weight: Float[np.ndarray, "datum samples"]
    log_likelihood: Float[np.ndarray, "datum samples"]


def log_mean_exp(values: Float[np.ndarray, "*rows samples"]) -> Float64[np.ndarray, "*rows"]:
    """log of the mean of exp over the last axis, in float64; -inf entries count as weight zero.

    >>> float(log_mean_exp(np.array([0.0, -np.inf])))  # log of one half
    -0.6931471805599453
    """
    values = np.asarray(values, np.float64)
    top = np.max(values, axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.mean(np.exp(values - top), axis=-1)) + top[..., 0]


def normalised_weights(log_weights: Float[np.ndarray, "*rows samples"]) -> Float64[np.ndarray, "*rows samples"]:
    """$w_k / \\sum_j w_j$ along the last axis, in float64: the self-normalised weights of each datum, of sum one.

    NaN where every weight of a datum is zero.
    """
    values = np.asarray(log_weights, np.float64)
    top = np.max(values, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        weights = np.exp(values - np.where(np.isfinite(top), top, 0.0))
        return weights / np.sum(weights, axis=-1, keepdims=True)


def draw_chunks(
    model: LatentVariableModel,
    proposals: Distribution,
    x: Float[Array, "datum observed"],
    keys: PRNGKeyArray,
    samples: int,
    at_once: int = DRAWS_AT_ONCE,
) -> Iterator[Draws]:
    """Exactly `samples` draws per datum, at most `at_once` at a time.

    `proposals` is a batch of distributions (made by `vmap`), `keys` one key per datum. Draw number k has its own
    key, so the numbers do not depend on `at_once`. All chunks have one length, to compile once: what the last one has
    too many is dropped.
    """
    count = math.ceil(samples / math.ceil(samples / at_once))
    for start in range(0, samples, count):
        log_weight, likelihood = _draws(model, proposals, x, keys, jnp.asarray(start), count)
        kept = min(count, samples - start)
        yield Draws(np.asarray(log_weight)[:, :kept], np.asarray(likelihood)[:, :kept])


@eqx.filter_jit
def _draws(model, proposals, x, keys, start, count: int) -> tuple[Array, Array]:
    def one(proposal, x, key):
        def draw(index):
            z = proposal.sample(jr.fold_in(key, index))
            return model.log_joint(x, z) - proposal.log_prob(z), log_likelihood(model, x, z)

        return jax.vmap(draw)(start + jnp.arange(count))

    return jax.vmap(one)(proposals, x, keys)


def draw(
    model: LatentVariableModel,
    proposals: Distribution,
    x: Float[Array, "datum observed"],
    keys: PRNGKeyArray,
    samples: int,
    at_once: int = DRAWS_AT_ONCE,
) -> Draws:
    """All draws of `draw_chunks` side by side."""
    log_weights, likelihoods = zip(*draw_chunks(model, proposals, x, keys, samples, at_once), strict=True)
    return Draws(np.concatenate(log_weights, axis=1), np.concatenate(likelihoods, axis=1))


def importance_weighted_bound(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    *,
    key: PRNGKeyArray,
    samples: int,
    at_once: int = DRAWS_AT_ONCE,
) -> Float64[np.ndarray, " datum"]:
    r"""One importance-weighted estimate of log p(x) for each datum, with the encoder as proposal, in nats.

    $$\hat L_K(x) = \log \frac1K \sum_{k=1}^K \frac{p(x, z_k)}{q(z_k \mid x)}, \qquad E \hat L_K(x) \le \log p(x)$$

    K is `samples`: exactly that many draws are made and divided by, in chunks of `at_once` and constant memory.

    **Validity.** With probability at least 1 - delta it is below log p(x) + log(1/delta): a strict lower bound,
    however heavy the tails. How far below cannot be seen from the draws.

    **Raises.** `InputError` if `samples < 1`, or if a weight is NaN or +inf, naming the data.

    **Reference.** Burda, Grosse and Salakhutdinov (2016), *Importance weighted autoencoders*.
    """
    if samples < 1:
        raise InputError(f"The importance-weighted bound was asked for {samples} samples; it needs at least 1.")
    count = x.shape[0]
    keys = jax.vmap(partial(jr.fold_in, key))(jnp.arange(count))
    rows = chunk_rows(count, at_once, floats_per_draw(model, x.shape[1]), MEMORY_MIB)
    bound, bad = over_data(partial(_bound_of_rows, model, samples, at_once), (x, keys), count, rows)
    check_weights(bad, "importance weights")
    return bound


def _bound_of_rows(
    model: LatentVariableModel, samples: int, at_once: int, x: Float[Array, "row observed"], keys: PRNGKeyArray
) -> tuple[Float64[np.ndarray, " row"], Bool[np.ndarray, " row"]]:
    """The bound of a few data, and which of them have a weight that cannot be used."""
    top = np.full(x.shape[0], -np.inf)
    total = np.zeros(x.shape[0])
    bad = np.zeros(x.shape[0], bool)
    for chunk in draw_chunks(model, encode(model, x), x, keys, samples, at_once):
        bad |= unusable(chunk.log_weight)
        values = np.asarray(chunk.log_weight, np.float64)
        risen = np.maximum(top, np.max(values, axis=1))
        safe = np.where(np.isfinite(risen), risen, 0.0)
        with np.errstate(invalid="ignore", over="ignore"):
            total = total * np.exp(top - safe) + np.sum(np.exp(values - safe[:, None]), axis=1)
        top = risen
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(total / samples) + np.where(np.isfinite(top), top, 0.0), bad


@eqx.filter_jit
def encode(model: LatentVariableModel, x: Float[Array, "datum observed"]) -> Distribution:
    """The encoder's distributions of all data, one batched pytree: to be used under `vmap`."""
    return jax.vmap(model.encoder)(x)


def unusable(log_weights: Float[np.ndarray, "datum samples"]) -> Bool[np.ndarray, " datum"]:
    """Which data have a weight that is NaN or +inf; weight zero (-inf) is legitimate."""
    return np.any(np.isnan(log_weights) | np.isposinf(log_weights), axis=1)


def check_weights(bad: Bool[np.ndarray, " datum"], name: str) -> None:
    """Raise `InputError` naming the data that `bad` marks."""
    rows = np.flatnonzero(bad)
    if rows.size:
        shown = ", ".join(str(row) for row in rows[:10]) + (", ..." if rows.size > 10 else "")
        raise InputError(
            f"The {name} are NaN or infinite for {rows.size} of {len(bad)} data (index {shown}). This usually means "
            "that the encoder's scale is exactly 0, that the decoder returns NaN, or that these data hold NaN. Look at "
            "encoder(x) and decoder(z) for these rows; no bound was computed."
        )
