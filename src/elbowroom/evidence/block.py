"""Estimate everything for one block of data: the real ones, or as many simulated from the model."""

import math
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.evidence.annealed_bound import AnnealedBound
from elbowroom.evidence.bounds import (
    AbstractBound,
    Encodings,
    EvidenceBounds,
    Problem,
    encode_all,
    stage_key,
    stage_keys,
)
from elbowroom.evidence.calibration import Calibration, calibrate
from elbowroom.evidence.ceiling import log_likelihood_ceiling
from elbowroom.evidence.chunks import chunk_rows, over_data
from elbowroom.evidence.diagnostics import kl_per_dimension, mutual_information
from elbowroom.evidence.exact_draw import with_exact_draw
from elbowroom.evidence.flow import FlowRefinement
from elbowroom.evidence.full_covariance import FullRefinement, gradients_of_refinement
from elbowroom.evidence.per_datum import PerDatum
from elbowroom.evidence.quadrature_bound import QuadratureBound, grid_for
from elbowroom.evidence.refine import Refinement, refine_diagonal
from elbowroom.evidence.richer import Richer, WeighedRicher, refine_richer, weigh_richer
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel, diagonal_gaussian, floats_per_draw, is_diagonal_gaussian
from elbowroom.evidence.weigh import Weighed, weigh
from elbowroom.models.vae import VAE

BETTING_ROUNDS = 2_000_000


class ElboCeiling(NamedTuple):
    """What makes the upper end of an ELBO strict.

    log p(x | z) of the encoder's draws `(datum, samples)`, a value that it never exceeds, the mean KL(q || prior),
    and a seed for the order in which the draws are looked at.
    """

    log_likelihood: Float[np.ndarray, "datum samples"]
    ceiling: float
    mean_kl: float
    order: int


@dataclass(frozen=True)
class Estimates:
    """What was drawn and computed for one block of data, before any statement is made of it."""

    per_datum: PerDatum
    evidence: EvidenceBounds
    route: str
    encodings: Encodings
    kl_per_dimension: Float[np.ndarray, " latent"] | None
    mutual_information: tuple[float, bool]
    elbo_ceiling: ElboCeiling | None
    diagonal_family: bool
    gradient_evaluations: int
    calibration: Calibration | None = None
    upper_by_exact_draw: dict[str, Float[np.ndarray, " datum"]] = field(default_factory=dict)


def estimate_block(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    exact: Float[Array, "datum latent"] | None,
    key: PRNGKeyArray,
    settings: CertifySettings,
) -> Estimates:
    """Refine, bound and weigh.

    `exact` holds the posterior draw of each x where x was simulated; only the upper side of a bound sees it.
    """
    count = x.shape[0]
    encodings = encode_all(model, x, key)
    refined = refined_diagonal(model, x, key, settings)
    richer = refine_richer(model, x, refined, key, settings)
    full = None if richer.full is None else richer.full.gaussian
    problem = Problem(model, x, exact, encodings, refined, full, key, settings.memory_mib)
    proposals = jax.vmap(diagonal_gaussian)(jnp.asarray(refined.mean), jnp.asarray(refined.scale))
    of_encoder = weigh(
        model,
        x,
        encodings.distributions,
        problem.keys("encoder draws"),
        samples=settings.samples,
        kept=min(settings.samples, math.ceil(BETTING_ROUNDS / count)),
        memory_mib=settings.memory_mib,
        name="importance weights of the encoder's q",
    )
    of_refined = weigh(
        model,
        x,
        proposals,
        problem.keys("refined draws"),
        samples=settings.refined_samples,
        kept=1,
        memory_mib=settings.memory_mib,
        name="importance weights of the refined q",
    )
    of_richer = weigh_richer(problem, richer, settings)
    bound = bound_of(settings, problem)
    evidence = bound(problem)
    kl = _kl(model, encodings)
    return Estimates(
        per_datum=_per_datum(of_encoder, of_refined, of_richer, refined, richer, evidence),
        evidence=evidence,
        route=bound.name,
        encodings=encodings,
        kl_per_dimension=kl,
        mutual_information=mutual_information(
            encodings.distributions, count, settings.mutual_information_draws, stage_key(key, "information")
        ),
        elbo_ceiling=_elbo_ceiling(model, of_encoder, kl, key),
        diagonal_family=is_diagonal_gaussian(encodings.distributions),
        gradient_evaluations=count * gradients_of_refinement(settings, refined.mean.shape[1]) + evidence.gradients,
        calibration=calibration_of(model, x, exact, encodings, key, settings),
        upper_by_exact_draw=_by_exact_draw(problem, of_encoder, richer, of_richer, settings),
    )


def bound_of(settings: CertifySettings, problem: Problem) -> AbstractBound:
    """Quadrature where it suits the problem, unless the settings ask for sampling; else annealing."""
    grid = grid_for(problem) if settings.route == "auto" else None
    if grid is not None:
        return QuadratureBound(grid)
    return AnnealedBound(settings.plan, settings.groups_wanted, settings.upper)


def refined_diagonal(
    model: LatentVariableModel, x: Float[Array, "datum observed"], key: PRNGKeyArray, settings: CertifySettings
) -> Refinement:
    """The best product of normals found for each datum, as many data at once as the memory allows."""
    count = x.shape[0]
    rows = chunk_rows(count, settings.refine_draws, floats_per_draw(model, x.shape[1]), settings.memory_mib)
    arrays = (x, stage_keys(key, "refine", count), stage_keys(key, "moments", count))
    return over_data(partial(refine_diagonal, model, settings), arrays, count, rows)


def _by_exact_draw(
    problem: Problem, of_encoder: Weighed, richer: Richer, weighed: WeighedRicher, settings: CertifySettings
) -> dict[str, Float[np.ndarray, " datum"]]:
    """Upper bounds from the importance weights with the exact draw among them, where there is one."""
    if problem.exact is None:
        return {}
    bound = partial(with_exact_draw, problem.model, problem.x, problem.exact)
    found = {
        "exact_draw_and_encoder": bound(
            problem.encodings.distributions, of_encoder.importance_weighted, settings.samples
        )
    }
    families = (("full", richer.full_proposals, weighed.full), ("flow", richer.flow_proposals, weighed.flow))
    for name, q, draws in families:
        if q is not None and draws is not None:
            found[f"exact_draw_and_{name}"] = bound(q, draws.importance_weighted, settings.refined_samples)
    return found


def calibration_of(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    exact: Float[Array, "datum latent"] | None,
    encodings: Encodings,
    key: PRNGKeyArray,
    settings: CertifySettings,
) -> Calibration | None:
    """Ranks of the exact draws among the encoder's, where there are exact draws."""
    if exact is None:
        return None
    keys = stage_keys(key, "calibration", x.shape[0])
    return calibrate(model, x, exact, encodings.distributions, keys, settings.memory_mib)


def _elbo_ceiling(
    model: LatentVariableModel, draws: Weighed, kl: Float[np.ndarray, " latent"] | None, key: PRNGKeyArray
) -> ElboCeiling | None:
    ceiling = log_likelihood_ceiling(model)
    if ceiling is None or kl is None:
        return None
    order = int(jax.random.bits(stage_key(key, "order")))
    return ElboCeiling(draws.log_likelihood, ceiling, float(np.sum(kl)), order)


def _per_datum(
    encoder: Weighed,
    refined: Weighed,
    weighed: WeighedRicher,
    refinement: Refinement,
    richer: Richer,
    evidence: EvidenceBounds,
) -> PerDatum:
    full, flow = weighed
    return PerDatum.of(
        len(encoder.elbo),
        elbo=encoder.elbo,
        elbo_stderr=encoder.elbo_stderr,
        elbo_refined=refined.elbo,
        elbo_refined_stderr=refined.elbo_stderr,
        log_evidence_lower=evidence.lower,
        log_evidence_upper=evidence.upper,
        importance_weighted=encoder.importance_weighted,
        importance_weighted_refined=refined.importance_weighted,
        khat=encoder.khat,
        khat_refined=refined.khat,
        effective_samples=encoder.effective,
        converged=np.asarray(refinement.converged, np.float64),
        acceptance=evidence.acceptance,
        **_richer("full", full, richer.full),
        **_richer("flow", flow, richer.flow),
    )


def _richer(
    family: str, weighed: Weighed | None, found: FullRefinement | FlowRefinement | None
) -> dict[str, Float[np.ndarray, " datum"]]:
    """The arrays of q refined to a richer family, by the names they have in `PerDatum`."""
    if weighed is None or found is None:
        return {}
    return {
        f"elbo_{family}": weighed.elbo,
        f"elbo_{family}_stderr": weighed.elbo_stderr,
        f"importance_weighted_{family}": weighed.importance_weighted,
        f"converged_{family}": np.asarray(found.converged, np.float64),
    }


def _kl(model: LatentVariableModel, encodings: Encodings) -> Float[np.ndarray, " latent"] | None:
    """KL per dimension where the prior and the encoder's family are products of normals."""
    if not isinstance(model, VAE) or not is_diagonal_gaussian(encodings.distributions):
        return None
    prior = model.prior()
    if not is_diagonal_gaussian(prior):
        return None
    variance = np.asarray(prior.variance, np.float64)
    return kl_per_dimension(encodings.mean, encodings.scale, np.asarray(prior.mean, np.float64), np.sqrt(variance))
