"""Refinement per datum: it finds the best diagonal Gaussian, says when it has not converged, and breaks nothing."""

import dataclasses

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import scipy.stats
from tests.evidence.problems import linear_gaussian_model, logistic_truth, small

from elbowroom.evidence.refine import refine_diagonal
from elbowroom.evidence.settings import CertifySettings

SETTINGS = CertifySettings(refine_draws=8)


def _refined(model, x, settings):
    keys = jr.split(jr.key(1), len(x)), jr.split(jr.key(2), len(x))
    return refine_diagonal(model, settings, jnp.asarray(x), *keys)


def test_it_finds_the_best_diagonal_gaussian_of_a_linear_gaussian_model():
    known = small()
    found, best = _refined(known.model, known.x, SETTINGS), known.exact.best_diagonal(known.x)
    scale = np.sqrt(np.diagonal(best.covariance, axis1=1, axis2=2))
    np.testing.assert_allclose(found.mean, best.mean, atol=0.02)
    np.testing.assert_allclose(found.scale, scale, rtol=0.03)
    assert np.all(found.converged)


def test_it_finds_the_best_gaussian_of_the_logistic_truth(shared):
    known, _ = logistic_truth(shared)
    found = _refined(known.model, known.x, SETTINGS)
    grid = np.linspace(-6.0, 6.0, 2001)
    log_joint = jax.jit(jax.vmap(known.model.log_joint, (None, 0)))
    for x, mean, scale, best in zip(known.x, found.mean, found.scale, known.elbo_best, strict=True):
        log_q = scipy.stats.norm.logpdf(grid, float(mean[0]), float(scale[0]))
        joint = np.asarray(log_joint(jnp.asarray(x), jnp.asarray(grid)[:, None]))
        elbo = np.trapezoid(np.exp(log_q) * (joint - log_q), grid)
        assert best - 0.003 < elbo < best + 1e-6


def test_without_steps_it_is_the_encoder_and_not_converged():
    known = small()
    found = _refined(known.model, known.x, dataclasses.replace(SETTINGS, refine_steps=0))
    np.testing.assert_allclose(found.mean[0], known.model.encoder(jnp.asarray(known.x[0])).mean, rtol=1e-12)
    assert not np.any(found.converged)


def test_too_few_steps_are_reported_as_not_converged():
    known = small()
    far = known.x + 40.0
    found = _refined(known.model, far, dataclasses.replace(SETTINGS, refine_steps=20, refine_rate=0.02))
    assert not np.any(found.converged)


def test_steps_that_lead_away_leave_the_encoders_q():
    known = small()
    best = known.exact.best_diagonal(known.x)
    scale = np.sqrt(np.diagonal(best.covariance, axis1=1, axis2=2))[0]
    slope = np.linalg.solve(known.exact.posterior_precision, known.exact.weight.T / known.exact.noise_scale**2)
    model = linear_gaussian_model(
        known.exact.weight, known.exact.offset, 0.7, slope, np.zeros(2), scale
    )  # its encoder is the best of its family
    found = _refined(model, known.x, dataclasses.replace(SETTINGS, refine_steps=3, refine_rate=5.0))
    np.testing.assert_allclose(found.mean, best.mean, atol=1e-10)
    np.testing.assert_allclose(found.scale, np.broadcast_to(scale, found.scale.shape), rtol=1e-10)
