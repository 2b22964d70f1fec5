"""Models that make trouble: the certificate says no more than it knows, and says what the trouble is."""

import dataclasses
import resource

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import integrate, stats

from elbowroom.evidence.certify import certify
from elbowroom.evidence.kinds import Kind
from elbowroom.interop.functions import from_functions

from .problems import QUICK, linear_gaussian_model

ALMOST_SURE = 1 - 1e-6


def _two_modes(x, z):
    return dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(z[0] ** 2, 0.05).log_prob(x).sum()


def _square_evidence(x: float) -> float:
    found = integrate.quad(
        lambda z: stats.norm.pdf(z) * stats.norm.pdf(x, z**2, 0.05), -6, 6, points=[-(x**0.5), x**0.5], limit=400
    )
    return float(np.log(found[0]))


def _student_evidence(x: float) -> float:
    found = integrate.quad(lambda z: stats.t.pdf(z, 1.5) * stats.norm.pdf(x, 0.001 * z), -np.inf, np.inf)
    return float(np.log(found[0]))


def test_two_far_modes_leave_the_upper_end_on_given_data_asymptotic():
    with jax.enable_x64(True):
        x = np.array([[4.0], [5.0], [6.0]])
        model = from_functions(_two_modes, lambda x: dist.Normal(jnp.sqrt(x), 0.02).to_event(1))
        found = certify(
            model, x, key=jr.key(0), level=ALMOST_SURE, settings=dataclasses.replace(QUICK, groups_wanted=64)
        )
        truth = np.mean([_square_evidence(value) for value in (4.0, 5.0, 6.0)])
        assert found.log_evidence.lower.kind is Kind.STRICT
        assert found.log_evidence.lower.value <= truth
        # half of the mass is behind a wall: the estimates agree with each other, log 2 too low
        assert found.log_evidence.estimate == pytest.approx(truth - np.log(2), abs=0.05)
        assert found.log_evidence.upper.kind is Kind.ASYMPTOTIC
        assert any("fails on the low side if they miss a mode" in told for told in found.verdict)


def test_on_simulated_data_the_other_mode_is_not_lost():
    def simulate(key):
        first, second = jr.split(key)
        z = jr.normal(first, (1,), float)
        return z, z**2 + 0.05 * jr.normal(second, (1,), float)

    with jax.enable_x64(True):
        model = from_functions(
            _two_modes, lambda x: dist.Normal(jnp.sqrt(jnp.abs(x) + 0.01), 0.1).to_event(1), simulate
        )
        found = certify(model, np.full((200, 1), 2.0), key=jr.key(1), level=ALMOST_SURE, settings=QUICK)
        assert found.simulated is not None
        interval = found.simulated.intervals.log_evidence
        assert interval.upper.kind is Kind.STRICT
        assert interval.upper.value - interval.lower.value > np.log(2) / 2  # exact draws from the mode that was missed


def test_a_heavy_tailed_posterior_is_covered_and_its_weights_are_called_unreliable():
    def log_joint(x, z):
        return dist.StudentT(1.5, 0.0, 1.0).log_prob(z).sum() + dist.Normal(0.001 * z, 1.0).log_prob(x).sum()

    with jax.enable_x64(True):
        model = from_functions(log_joint, lambda x: dist.Normal(jnp.zeros(1), 0.5).to_event(1))
        x = np.linspace(-1.0, 1.0, 40)[:, None]
        found = certify(model, x, key=jr.key(0), level=ALMOST_SURE, settings=dataclasses.replace(QUICK, samples=1000))
        truth = np.mean([_student_evidence(value) for value in x[:, 0]])
        assert found.log_evidence.lower.value <= truth
        assert found.real.khat_share_above > 0.2
        assert any("k-hat" in told for told in found.verdict)


def test_five_hundred_latents_are_certified_without_a_full_covariance():
    with jax.enable_x64(True):
        random = np.random.default_rng(0)
        weight = random.normal(size=(20, 500)) / np.sqrt(500)
        model = linear_gaussian_model(
            weight, np.zeros(20), 0.5, 0.5 * weight.T, np.zeros(500), np.full(500, 0.9), jnp.float64
        )
        x = random.normal(size=(16, 20))
        settings = dataclasses.replace(QUICK, refine_steps=20, simulated=False)
        found = certify(model, x, key=jr.key(0), level=ALMOST_SURE, settings=settings)
        covariance = weight @ weight.T + 0.25 * np.eye(20)
        truth = np.mean(stats.multivariate_normal(np.zeros(20), covariance).logpdf(x))
        assert found.log_evidence.lower.value <= truth <= found.log_evidence.upper.value
        assert found.real.intervals.covariance_gain is None


@pytest.mark.slow
def test_a_hundred_thousand_data_fit_into_two_gibibytes():
    random = np.random.default_rng(0)
    model = linear_gaussian_model(
        random.normal(size=(6, 3)),
        np.zeros(6),
        0.5,
        0.1 * random.normal(size=(3, 6)),
        np.zeros(3),
        np.ones(3),
        jnp.float32,
    )
    x = random.normal(size=(100_000, 6)).astype(np.float32)
    found = certify(model, x, key=jr.key(0), settings=QUICK)
    assert found.real.n == 100_000
    assert len(found.real.per_datum.elbo) == 100_000
    assert found.simulated is not None
    strict = found.simulated.intervals.log_evidence
    assert strict.upper.value - strict.lower.value < 0.01
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 * 1024**2
