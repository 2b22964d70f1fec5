"""A normal with every correlation: it finds a Gaussian posterior, and is a legitimate q wherever it is put."""

import dataclasses

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest

from elbowroom.evidence.affine import Affine
from elbowroom.evidence.bounds import stage_keys
from elbowroom.evidence.certify import certify
from elbowroom.evidence.full_covariance import (
    PAIRS,
    TRIED,
    _still_to_win,
    full_gaussian,
    gradients_of_refinement,
    refine_covariance,
)
from elbowroom.evidence.linear_gaussian import linear_gaussian
from elbowroom.evidence.settings import CertifySettings
from elbowroom.interop.functions import from_functions

from .problems import QUICK, linear_gaussian_truth


@pytest.mark.parametrize("name", ["linear_gaussian", "linear_gaussian_mild"])
def test_a_gaussian_posterior_is_found_with_its_correlations(shared, name):
    with jax.enable_x64(True):
        known = linear_gaussian_truth(shared, name)
        x, count = jnp.asarray(known.x), len(known.x)
        best = known.model.encoder
        mean, scale = jax.vmap(lambda row: (best(row).mean, jnp.sqrt(best(row).variance)))(x)
        keys = stage_keys(jr.key(0), "richer", count)
        found, converged, improvement = refine_covariance(known.model, 30, x, Affine(mean, scale), keys)
        assert np.all(converged)
        assert np.all(np.abs(improvement) < 0.01)
        exact = linear_gaussian(known.model, np.asarray(known.x[0]))
        assert exact is not None
        np.testing.assert_allclose(found.mean, exact.posterior_mean(known.x), atol=1e-3)
        covariance = np.einsum("nij,nkj->nik", found.factor, found.factor)
        np.testing.assert_allclose(covariance[0], np.linalg.inv(exact.posterior_precision), rtol=0.05, atol=1e-3)
        assert np.all(np.triu(found.factor, 1) == 0.0)


def test_the_gain_is_the_part_of_the_gap_that_correlations_are(shared):
    with jax.enable_x64(True):
        known = linear_gaussian_truth(shared, "linear_gaussian_mild")
        settings = dataclasses.replace(QUICK, refine_steps=200, covariance_steps=12, refined_samples=2000)
        certificate = certify(known.model, known.x, key=jr.key(1), settings=settings)
        gain = certificate.real.intervals.covariance_gain
        truth = float(np.mean(known.log_evidence - known.elbo_best))
        assert gain is not None
        assert gain.estimate == pytest.approx(truth, abs=0.03)
        left = float(np.mean(known.log_evidence)) - certificate.real.elbo_refined
        assert gain.lower.value <= left <= gain.upper.value
        assert any(sentence.startswith("A richer family would win") for sentence in certificate.verdict)


def test_the_coordinates_go_there_and_back():
    factor = jnp.asarray([[2.0, 0.0], [0.7, 0.5]])
    for one in (Affine(jnp.asarray([1.0, -2.0]), factor), Affine(jnp.asarray([1.0, -2.0]), jnp.diagonal(factor))):
        u = jnp.asarray([0.3, -1.1])
        np.testing.assert_allclose(one.back(one.place(u)), u, atol=1e-6)
        assert float(one.log_volume()) == pytest.approx(0.0, abs=1e-6)  # 2 * 0.5


def test_standard_coordinates_change_no_evidence():
    law = dist.Normal(0.4, 1.7)
    one = Affine(jnp.asarray([0.1]), jnp.asarray([[0.6]]))
    base, log_joint = one.standard(lambda z: law.log_prob(z).sum())
    u = jnp.linspace(-30.0, 30.0, 4001)
    mass = float(jnp.sum(jnp.exp(jax.vmap(lambda v: log_joint(v[None]))(u))) * (u[1] - u[0]))
    assert mass == pytest.approx(1.0, abs=1e-5)
    assert float(base.log_prob(jnp.zeros(1))) == pytest.approx(-0.9189385, abs=1e-6)


def test_a_posterior_that_is_flat_or_undefined_somewhere_gives_a_finite_q():
    def log_joint(x, z):
        saddle = z[0] ** 2 * 0.3 - z[1] ** 2
        return jnp.where(z[0] > 2.0, jnp.nan, saddle) - 0.05 * jnp.sum(z**4)

    model = from_functions(log_joint, lambda x: dist.Normal(jnp.zeros(2), 1.0).to_event(1))
    start = Affine(jnp.zeros((3, 2)), jnp.ones((3, 2)))
    found = refine_covariance(model, 8, jnp.zeros((3, 1)), start, stage_keys(jr.key(2), "richer", 3)).gaussian
    assert np.all(np.isfinite(found.mean))
    assert np.all(np.isfinite(found.factor))
    assert np.all(np.diagonal(found.factor, axis1=1, axis2=2) > 0.0)
    drawn = jax.vmap(full_gaussian)(found).sample(jr.key(0))
    assert drawn.shape == (3, 2)


def test_the_gradients_are_counted():
    settings = CertifySettings(refine_steps=10, refine_draws=2, covariance_steps=3)
    assert gradients_of_refinement(settings, 5) == 20 + 2 * 3 * (5 + PAIRS) + 2 * TRIED
    assert gradients_of_refinement(settings, 1) == 20  # one latent has no correlations
    assert gradients_of_refinement(settings, 500) == 20
    calls = []

    def log_joint(x, z):
        jax.debug.callback(lambda z: calls.append(z), z)
        return -0.5 * jnp.sum(z**2)

    model = from_functions(log_joint, lambda x: dist.Normal(jnp.zeros(4), 1.0).to_event(1))
    start = Affine(jnp.zeros((1, 4)), jnp.ones((1, 4)))
    jax.block_until_ready(refine_covariance(model, 3, jnp.zeros((1, 1)), start, stage_keys(jr.key(2), "richer", 1)))
    jax.effects_barrier()
    chosen = 4 * TRIED  # the better normal, by values
    assert len(calls) == 2 * 3 * (4 + PAIRS) + 2 * TRIED + chosen


def test_what_is_still_to_win_is_the_divergence_from_a_gaussian_posterior():
    """By hand, a little off the posterior N((0.2, -0.1), S) of a joint that is that normal."""
    covariance = np.array([[1.0, 0.5], [0.5, 0.8]])
    law = dist.MultivariateNormal(jnp.asarray([0.2, -0.1]), jnp.asarray(covariance))
    off = 1.05 * np.linalg.cholesky(covariance)
    far = Affine(jnp.asarray([0.35, -0.1]), jnp.asarray(off))
    found = np.array([_still_to_win(far, law.log_prob, key)[0] for key in jr.split(jr.key(3), 200)])
    shift = np.array([0.15, 0.0])
    precision = np.linalg.inv(covariance)
    truth = 0.5 * (np.trace(precision @ off @ off.T) - 2 - 2 * 2 * np.log(1.05) + shift @ precision @ shift)
    assert found.mean() == pytest.approx(truth, rel=0.15)  # a Newton step, to second order in 0.05
