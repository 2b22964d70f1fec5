"""The estimates of a linear-Gaussian model, in closed form: the same record as from sampling, without noise."""

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.evidence.block import Estimates, calibration_of
from elbowroom.evidence.bounds import Encodings, EvidenceBounds, encode_all, stage_key, stage_keys
from elbowroom.evidence.diagnostics import kl_per_dimension, mutual_information
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.linear_gaussian import LinearGaussian, as_gaussians
from elbowroom.evidence.per_datum import PerDatum
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel, is_diagonal_gaussian
from elbowroom.evidence.weigh import weigh


def estimate_exactly(
    exact: LinearGaussian,
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    draws_of_z: Float[Array, "datum latent"] | None,
    key: PRNGKeyArray,
    settings: CertifySettings,
) -> Estimates | None:
    """Evidence, ELBO of the encoder's q and of the best of its family, per datum; None if the encoder is not Gaussian.

    `draws_of_z` are the posterior draws that made simulated data. Only the diagnostics (calibration, k-hat, mutual
    information, the importance-weighted bound) are sampled.
    """
    encodings = encode_all(model, x, key)
    gaussians = as_gaussians(encodings.distributions)
    if gaussians is None:
        return None
    diagonal = is_diagonal_gaussian(encodings.distributions)
    rows = np.asarray(x, np.float64)
    evidence = exact.log_evidence(rows)
    best = exact.best_diagonal(rows) if diagonal else exact.best_full(rows)
    count = len(rows)
    draws = weigh(
        model,
        x,
        encodings.distributions,
        stage_keys(key, "encoder draws", count),
        samples=settings.samples,
        kept=1,
        memory_mib=settings.memory_mib,
        name="importance weights of the encoder's q",
    )
    zero = np.zeros(count)
    return Estimates(
        per_datum=PerDatum.of(
            count,
            elbo=exact.elbo(rows, gaussians),
            elbo_stderr=zero,
            elbo_refined=exact.elbo(rows, best),
            elbo_refined_stderr=zero,
            elbo_full=exact.elbo(rows, exact.best_full(rows)),
            elbo_full_stderr=zero,
            log_evidence_lower=evidence,
            log_evidence_upper=evidence,
            importance_weighted=draws.importance_weighted,
            khat=draws.khat,
            effective_samples=draws.effective,
            converged=np.ones(count),
            converged_full=np.ones(count),
        ),
        evidence=EvidenceBounds(evidence, Kind.EXACT, evidence, Kind.EXACT),
        route="closed form",
        encodings=encodings,
        kl_per_dimension=_kl(exact, encodings) if diagonal else None,
        mutual_information=mutual_information(
            encodings.distributions, count, settings.mutual_information_draws, stage_key(key, "information")
        ),
        elbo_ceiling=None,
        diagonal_family=diagonal,
        gradient_evaluations=0,
        calibration=calibration_of(model, x, draws_of_z, encodings, key, settings),
    )


def _kl(exact: LinearGaussian, encodings: Encodings) -> Float[np.ndarray, " latent"]:
    return kl_per_dimension(encodings.mean, encodings.scale, exact.prior_mean, exact.prior_scale)
