"""The estimates of a linear-Gaussian model, in closed form: the same record as from sampling, without noise."""

import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.evidence.block import STAGES, Encodings, Estimates, encode_all, stage_keys
from elbowroom.evidence.diagnostics import kl_per_dimension, mutual_information, pareto_shape
from elbowroom.evidence.importance import check_weights, draw, log_mean_exp
from elbowroom.evidence.linear_gaussian import LinearGaussian, as_gaussians
from elbowroom.evidence.per_datum import PerDatum
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel, is_diagonal_gaussian


def estimate_exactly(
    exact: LinearGaussian,
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    key: PRNGKeyArray,
    settings: CertifySettings,
) -> Estimates | None:
    """Evidence, ELBO of the encoder's q and of the best of its family, per datum; None if the encoder is not Gaussian.

    Only the diagnostics (k-hat, mutual information, the importance-weighted bound) are sampled.
    """
    encodings = encode_all(model, x)
    gaussians = as_gaussians(encodings.distributions)
    if gaussians is None:
        return None
    diagonal = is_diagonal_gaussian(encodings.distributions)
    rows = np.asarray(x, np.float64)
    evidence = exact.log_evidence(rows)
    best = exact.best_diagonal(rows) if diagonal else exact.best_full(rows)
    count = len(rows)
    draws = draw(model, encodings.distributions, x, stage_keys(key, "encoder draws", count), settings.samples)
    check_weights(draws.log_weight, "importance weights of the encoder's q")
    none, zero = np.full(count, np.nan), np.zeros(count)
    return Estimates(
        per_datum=PerDatum(
            elbo=exact.elbo(rows, gaussians),
            elbo_stderr=zero,
            elbo_refined=exact.elbo(rows, best),
            elbo_refined_stderr=zero,
            log_evidence_lower=evidence,
            log_evidence_upper=evidence,
            importance_weighted=log_mean_exp(draws.log_weight),
            importance_weighted_refined=none,
            khat=pareto_shape(draws.log_weight),
            khat_refined=none,
            converged=np.ones(count),
            acceptance=none,
        ),
        groups=1,
        reverse_groups=1,
        exact_start=True,
        encodings=encodings,
        kl_per_dimension=_kl(exact, encodings) if diagonal else None,
        mutual_information=mutual_information(
            encodings.distributions,
            count,
            settings.mutual_information_draws,
            jr.fold_in(key, STAGES.index("information")),
        ),
        elbo_ceiling=None,
        diagonal_family=diagonal,
        gradient_evaluations=0,
    )


def _kl(exact: LinearGaussian, encodings: Encodings) -> Float[np.ndarray, " latent"]:
    return kl_per_dimension(encodings.mean, encodings.scale, exact.prior_mean, exact.prior_scale)
