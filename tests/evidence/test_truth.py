"""Every case of the external truth lies within the interval that is certified for it, whatever its q."""

import functools

import jax
import jax.random as jr
import numpy as np
import pytest
from tests.evidence.problems import FALSE_ALARM, STANDARD_ERRORS
from tests.evidence.truth_models import BUILDERS, IMPROPER, read

from elbowroom.evidence.certificate import Certificate
from elbowroom.evidence.certify import certify
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.settings import CertifySettings

ELSEWHERE_TOO = {
    "posteriordb/eight_schools-eight_schools_noncentered",
    "posteriordb/eight_schools-eight_schools_centered",
    "synthetic/linear_gaussian",
    "synthetic/linear_gaussian_mild",
    "synthetic/logistic_1d",
}
"""Cases that faster tests look at as well, in closed form, by quadrature or through NumPyro."""

LONG = {"sbibm/gaussian_linear", "sbibm/bernoulli_glm"}
"""Cases that take half a minute to compile."""

TEMPERATURES = {"sbibm/gaussian_mixture": 512}
"""Where a narrow and a wide component have to be found from a q that fits neither."""

CLOSE = 0.25
"""Nats by which the mean estimates may miss: a check that they are estimates, besides that they hold."""


@functools.cache
def certified(shared, name: str) -> Certificate:
    """The certificate of a case, by sampling; each interval is missed with probability `FALSE_ALARM`."""
    case = BUILDERS[name](shared, read(shared)[name])
    settings = CertifySettings(temperatures=TEMPERATURES.get(name, 64))
    with jax.enable_x64(True):
        return certify(case.model, case.x, key=jr.key(1), level=1.0 - FALSE_ALARM, settings=settings)


def test_every_case_has_a_model_here(shared):
    assert set(read(shared)) == set(BUILDERS) | IMPROPER


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in ELSEWHERE_TOO | LONG)) for name in BUILDERS]
)
def test_the_known_evidence_lies_within_the_interval(shared, name):
    case, certificate = BUILDERS[name](shared, read(shared)[name]), certified(shared, name)
    truth, error = float(np.mean(case.log_evidence)), STANDARD_ERRORS * float(np.mean(case.error))
    evidence, arrays = certificate.log_evidence, certificate.real.per_datum
    assert evidence.lower is not None
    assert evidence.upper is not None
    assert (evidence.lower.kind, evidence.upper.kind) == (Kind.STRICT, Kind.ASYMPTOTIC)
    assert evidence.lower.value - error <= truth <= evidence.upper.value + error
    assert abs(float(np.mean(arrays.log_evidence_upper)) - truth) < CLOSE
    assert float(np.mean(arrays.log_evidence_lower)) - truth > -4 * CLOSE, "far from q the lower side is the looser one"


def test_the_split_of_bent_posteriors_is_as_known(shared):
    """No ELBO lies above the best of its family, and the refined ones come near it; the third has two modes."""
    seen = read(shared)["synthetic/banana_2d"]["observations"]
    certificate = certified(shared, "synthetic/banana_2d")
    arrays = certificate.real.per_datum
    encoder, diagonal, full = (
        np.array([one[name] for one in seen]) for name in ("elbo_encoder", "elbo_best_diagonal", "elbo_best_full")
    )
    assert np.all(np.abs(arrays.elbo - encoder) < STANDARD_ERRORS * arrays.elbo_stderr)
    assert np.all(arrays.elbo_refined < diagonal + STANDARD_ERRORS * arrays.elbo_refined_stderr)
    assert np.all(arrays.elbo_full < full + STANDARD_ERRORS * arrays.elbo_full_stderr)
    single = np.array([0, 1, 3])
    assert np.all((arrays.elbo_refined - diagonal)[single] > -0.15)
    assert np.all((arrays.elbo_full - full)[single] > -0.3)
    evidence = np.array([one["log_evidence"] for one in seen])
    for interval, known in (
        (certificate.gap, evidence - encoder),
        (certificate.approximation_gap, evidence - diagonal),
        (certificate.amortisation_gap, diagonal - encoder),
    ):
        assert interval.lower is not None
        assert interval.upper is not None
        assert interval.lower.value <= np.mean(known) <= interval.upper.value
