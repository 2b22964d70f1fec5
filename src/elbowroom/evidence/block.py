"""Estimate everything for one block of data: the real ones, or as many simulated from the model."""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.evidence import sandwich
from elbowroom.evidence.annealing import gradients_per_chain
from elbowroom.evidence.ceiling import log_likelihood_ceiling
from elbowroom.evidence.chunks import chunk_rows, over_data
from elbowroom.evidence.diagnostics import kl_per_dimension, mutual_information, pareto_shape
from elbowroom.evidence.importance import DRAWS_AT_ONCE, Draws, check_weights, draw, encode, log_mean_exp
from elbowroom.evidence.per_datum import PerDatum
from elbowroom.evidence.pilot import gradients_of_pilot
from elbowroom.evidence.refine import Refinement, refine
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel, diagonal_gaussian, floats_per_draw, is_diagonal_gaussian
from elbowroom.models.vae import VAE

STAGES = ("refine", "pilot", "forward", "continue", "reverse", "encoder draws", "refined draws", "information")


class ElboCeiling(NamedTuple):
    """log p(x | z) of the encoder's draws `(datum, samples)`, a value that it never exceeds, and the mean KL(q || prior)."""

    log_likelihood: Float[np.ndarray, "datum samples"]
    ceiling: float
    mean_kl: float


class Encodings(NamedTuple):
    """The encoder's q of each datum: the distributions (a batch made by `vmap`), their means and standard deviations."""

    distributions: Distribution
    mean: Float[np.ndarray, "datum latent"]
    scale: Float[np.ndarray, "datum latent"]


@dataclass(frozen=True)
class Estimates:
    """What was drawn and computed for one block of data, before any statement is made of it.

    `exact_start`: the reverse chains began at exact posterior draws. `groups`, `reverse_groups`: independent
    groups of chains per datum on the lower and the upper side; the chains from one exact draw depend on each other
    and form one group.
    `log_likelihood_rounds`: for each draw number, the mean over data of log p(x | z), or None. `ceiling`: its
    largest possible value.
    """

    per_datum: PerDatum
    groups: int
    reverse_groups: int
    exact_start: bool
    encodings: Encodings
    kl_per_dimension: Float[np.ndarray, " latent"] | None
    mutual_information: tuple[float, bool]
    elbo_ceiling: ElboCeiling | None
    diagonal_family: bool
    gradient_evaluations: int


@eqx.filter_jit
def _moments(encodings: Distribution) -> tuple[Array, Array]:
    return jax.vmap(lambda q: (jnp.asarray(q.mean), jnp.sqrt(jnp.asarray(q.variance))))(encodings)


def encode_all(model: LatentVariableModel, x: Float[Array, "datum observed"]) -> Encodings:
    """The encodings of all data, with their moments on the host."""
    distributions = encode(model, x)
    mean, scale = _moments(distributions)
    return Encodings(distributions, np.asarray(mean), np.asarray(scale))


def stage_keys(key: PRNGKeyArray, stage: str, count: int) -> PRNGKeyArray:
    """One key per datum, and no key used by two stages: draws that fitted or tuned are never weighed."""
    return jax.vmap(partial(jr.fold_in, jr.fold_in(key, STAGES.index(stage))))(jnp.arange(count))


def chains_and_groups(count: int, settings: CertifySettings) -> tuple[int, int]:
    """Chains per datum and how many independent groups they form, decided by the number of data alone.

    With many data the slack is small and all chains of a datum form one group. With few, each chain is a group of
    its own, and there are so many that data times groups reach `groups_wanted`.

    >>> chains_and_groups(500, CertifySettings()), chains_and_groups(4, CertifySettings())
    ((4, 1), (16, 16))
    """
    if count >= settings.groups_wanted:
        return settings.chains, 1
    chains = max(settings.chains, -(-settings.groups_wanted // count))
    return chains, chains


def estimate_block(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    exact: Float[Array, "datum latent"] | None,
    key: PRNGKeyArray,
    settings: CertifySettings,
) -> Estimates:
    """Refine, anneal and weigh. `exact` holds the posterior draw of each x where x was simulated; only the reverse chains see it."""
    count = x.shape[0]
    encodings = encode_all(model, x)
    refined, spent_refining = _refined(model, x, key, settings)
    proposals = jax.vmap(diagonal_gaussian)(jnp.asarray(refined.mean), jnp.asarray(refined.scale))
    of_encoder = _weigh(
        model, x, encodings.distributions, stage_keys(key, "encoder draws", count), settings.samples, settings
    )
    of_refined = _weigh(
        model, x, proposals, stage_keys(key, "refined draws", count), settings.refined_samples, settings
    )
    annealed = _anneal(model, x, exact, refined, key, settings)
    check_weights(of_encoder.log_weight, "importance weights of the encoder's q")
    check_weights(of_refined.log_weight, "importance weights of the refined q")
    information = mutual_information(
        encodings.distributions,
        count,
        settings.mutual_information_draws,
        jr.fold_in(key, STAGES.index("information")),
    )
    ceiling, kl = log_likelihood_ceiling(model), _kl(model, encodings)
    return Estimates(
        per_datum=_per_datum(of_encoder, of_refined, refined, annealed),
        groups=annealed.groups,
        reverse_groups=annealed.reverse_groups,
        exact_start=exact is not None,
        encodings=encodings,
        kl_per_dimension=kl,
        mutual_information=information,
        elbo_ceiling=None
        if ceiling is None or kl is None
        else ElboCeiling(of_encoder.log_likelihood, ceiling, float(np.sum(kl))),
        diagonal_family=is_diagonal_gaussian(encodings.distributions),
        gradient_evaluations=spent_refining + annealed.gradients,
    )


class Annealed(NamedTuple):
    """Log weights of the forward and reverse chains, `(datum, chain)`, and what they cost."""

    forward: Float[np.ndarray, "datum chain"]
    reverse: Float[np.ndarray, "datum chain"] | None
    groups: int
    reverse_groups: int
    acceptance: Float[np.ndarray, " datum"]
    gradients: int


def _refined(model, x, key, settings: CertifySettings) -> tuple[Refinement, int]:
    count, floats = x.shape[0], floats_per_draw(model, x.shape[1])
    rows = chunk_rows(count, settings.refine_draws, floats, settings)
    arrays = (x, stage_keys(key, "refine", count))
    refined = over_data(lambda x, keys: refine(model, x, keys, settings), arrays, count, rows)
    return refined, count * settings.refine_steps * settings.refine_draws


def _weigh(model, x, proposals, keys, samples: int, settings: CertifySettings) -> Draws:
    count, floats = x.shape[0], floats_per_draw(model, x.shape[1])
    at_once = min(DRAWS_AT_ONCE, samples)
    rows = chunk_rows(count, at_once, floats, settings)

    def one(proposals, x, keys):
        return draw(model, proposals, x, keys, samples, at_once)

    return over_data(one, (proposals, x, keys), count, rows)


def _anneal(model, x, exact, refined: Refinement, key, settings: CertifySettings) -> Annealed:
    count, floats = x.shape[0], floats_per_draw(model, x.shape[1])
    chains, groups = chains_and_groups(count, settings)
    rows = chunk_rows(count, chains, floats, settings)
    leapfrog = settings.leapfrog
    run = partial(over_data, count=count, rows=rows)

    def keys(stage: str) -> PRNGKeyArray:
        return stage_keys(key, stage, count)

    path = run(partial(sandwich.tune, model, settings), (x, refined.mean, refined.scale, keys("pilot")))
    ends = run(partial(sandwich.forward, model, leapfrog, chains), (x, path, keys("forward")))
    check_weights(ends.log_weight, "weights of the annealed chains")
    per_chain = gradients_per_chain(settings.temperatures, leapfrog)
    gradients = count * (gradients_of_pilot(settings) + chains * per_chain)
    acceptance = ends.acceptance.mean(axis=1)
    if not settings.upper:
        return Annealed(ends.log_weight, None, groups, 1, acceptance, gradients)
    if exact is None:
        starts = run(partial(sandwich.near_posterior, model, settings), (x, path, ends, keys("continue")))
        gradients += count * chains * (settings.continuation * leapfrog + 1)
    else:
        starts = jnp.broadcast_to(exact[:, None, :], (count, chains, exact.shape[1]))
    back = run(partial(sandwich.reverse, model, leapfrog), (x, path, starts, keys("reverse")))
    check_weights(-back.log_weight, "weights of the reverse chains")
    gradients += count * chains * per_chain
    reverse_groups = groups if exact is None else 1
    return Annealed(ends.log_weight, back.log_weight, groups, reverse_groups, acceptance, gradients)


def _per_datum(encoder: Draws, refined: Draws, refinement: Refinement, annealed: Annealed) -> PerDatum:
    count = len(encoder.log_weight)
    groups = annealed.forward.reshape(count, annealed.groups, -1)
    upper = np.full(count, np.nan)
    if annealed.reverse is not None:
        upper = -log_mean_exp(-annealed.reverse.reshape(count, annealed.reverse_groups, -1)).mean(axis=1)
    elbo, elbo_stderr = mean_and_stderr(encoder.log_weight)
    elbo_refined, elbo_refined_stderr = mean_and_stderr(refined.log_weight)
    return PerDatum(
        elbo=elbo,
        elbo_stderr=elbo_stderr,
        elbo_refined=elbo_refined,
        elbo_refined_stderr=elbo_refined_stderr,
        log_evidence_lower=log_mean_exp(groups).mean(axis=1),
        log_evidence_upper=upper,
        importance_weighted=log_mean_exp(encoder.log_weight),
        importance_weighted_refined=log_mean_exp(refined.log_weight),
        khat=pareto_shape(encoder.log_weight),
        khat_refined=pareto_shape(refined.log_weight),
        converged=np.asarray(refinement.converged, np.float64),
        acceptance=np.asarray(annealed.acceptance, np.float64),
    )


def mean_and_stderr(values: Float[np.ndarray, "datum samples"]) -> tuple[Any, Any]:
    """Mean over draws and its standard error, per datum, in float64; the error is infinite with a single draw."""
    values = np.asarray(values, np.float64)
    samples = values.shape[1]
    if samples == 1:
        return values[:, 0], np.full(len(values), np.inf)
    with np.errstate(invalid="ignore"):
        return values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(samples)


def _kl(model: LatentVariableModel, encodings: Encodings) -> Float[np.ndarray, " latent"] | None:
    """KL per dimension where the prior and the encoder's family are products of normals."""
    if not isinstance(model, VAE) or not is_diagonal_gaussian(encodings.distributions):
        return None
    prior = model.prior()
    if not is_diagonal_gaussian(prior):
        return None
    variance = np.asarray(prior.variance, np.float64)
    return kl_per_dimension(encodings.mean, encodings.scale, np.asarray(prior.mean, np.float64), np.sqrt(variance))
