"""The closed form of a linear-Gaussian model against external truth computed in 40 digits."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest
import scipy.stats
from tests.evidence.problems import linear_gaussian_truth, small

from elbowroom.evidence.certify import certify
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.linear_gaussian import linear_gaussian
from elbowroom.models.decoder import GaussianDecoder
from elbowroom.models.networks import make_perceptron
from elbowroom.models.vae import VAE

CASES = ("linear_gaussian", "linear_gaussian_mild")
TOLERANCES = {"float64": 1e-6, "float32": 1e-3}


@pytest.mark.parametrize("precision", TOLERANCES)
@pytest.mark.parametrize("name", CASES)
def test_D01_every_number_is_exact_and_equals_the_truth(shared, name, precision):
    """The evidence has the sign of a log-density: its negation is the negative log-likelihood."""
    with jax.enable_x64(precision == "float64"):
        known = linear_gaussian_truth(shared, name, jnp.dtype(precision).type)
        certificate = certify(known.model, known.x, key=jr.key(0))
    arrays, tolerance = certificate.real.per_datum, TOLERANCES[precision]
    expected = {
        "log_evidence": known.log_evidence,
        "elbo": known.elbo,
        "gap": known.log_evidence - known.elbo,
        "approximation_gap": known.log_evidence - known.elbo_best,
        "amortisation_gap": known.elbo_best - known.elbo,
    }
    for field, truth in expected.items():
        np.testing.assert_allclose(getattr(arrays, field), truth, rtol=0, atol=tolerance, err_msg=field)
        if field != "elbo":
            interval = getattr(certificate, field)
            assert interval.lower.kind is interval.upper.kind is Kind.EXACT
            assert interval.lower.value == pytest.approx(np.mean(truth), abs=tolerance)
    assert certificate.real.route == "closed form"


def test_a_full_covariance_encoder_of_the_posterior_has_no_gap():
    known = small()
    covariance = jnp.asarray(np.linalg.inv(known.exact.posterior_precision))

    def posterior(x):
        residual = (x - known.exact.offset) / known.exact.noise_scale**2
        return dist.MultivariateNormal(covariance @ (residual @ known.exact.weight), covariance_matrix=covariance)

    model = VAE(known.model.prior, posterior, known.model.decoder)
    certificate = certify(model, known.x, key=jr.key(0))
    assert certificate.gap.upper.value == pytest.approx(0.0, abs=1e-12)
    assert certificate.gap.upper.kind is Kind.EXACT


def test_the_best_diagonal_has_the_gap_of_its_formula():
    known = small()
    best = known.exact.elbo(known.x, known.exact.best_diagonal(known.x))
    gap = known.exact.log_evidence(known.x) - best
    np.testing.assert_allclose(gap, known.exact.approximation_gap_diagonal(), rtol=1e-12)


def test_evidence_is_the_density_of_the_marginal():
    known = small()
    covariance = known.exact.weight @ known.exact.weight.T + np.diag(known.exact.noise_scale**2)
    expected = scipy.stats.multivariate_normal(known.exact.offset, covariance).logpdf(known.x)
    np.testing.assert_allclose(known.exact.log_evidence(known.x), expected, rtol=1e-12)


def test_a_nonlinear_decoder_has_no_closed_form():
    network = make_perceptron((2, 4, 3), "tanh", jr.key(0))
    model = VAE(small().model.prior, small().model.encoder, GaussianDecoder(network, jnp.asarray(0.0)))
    assert linear_gaussian(model, small().x[0]) is None


def test_a_decoder_that_bends_far_from_the_origin_has_no_closed_form():
    """Linear near zero is not linear: the data flow decides, not a test at points."""

    def bent(z):
        return jnp.where(jnp.sum(z) > 50.0, z**2, z)

    model = VAE(small().model.prior, small().model.encoder, GaussianDecoder(bent, jnp.asarray(0.0)))
    assert linear_gaussian(model, np.zeros(2)) is None
