"""A planar flow of each datum: it bends to a curved posterior where no normal does, and is a legitimate q anywhere."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest

from elbowroom.errors import InputError
from elbowroom.evidence.affine import Affine
from elbowroom.evidence.bounds import stage_keys
from elbowroom.evidence.certify import certify
from elbowroom.evidence.flow import LAYERS, flow_of, refine_flow, takes_flow
from elbowroom.evidence.full_covariance import gradients_of_refinement
from elbowroom.evidence.settings import CertifySettings
from elbowroom.interop.functions import from_functions

from .problems import QUICK, STANDARD_ERRORS, small

SETTINGS = CertifySettings(flow_steps=600, flow_rate=0.1)
CURVATURE, WIDTH = 0.5, 0.5


def _curved():
    """z_1 ~ N(0, 1) and z_2 ~ N(z_1^2 / 2, 1/4) whatever x ~ N(0, 1) is: the posterior is a crescent."""

    def log_joint(x, z):
        bent = dist.Normal(CURVATURE * z[0] ** 2, WIDTH).log_prob(z[1])
        return dist.Normal(0, 1).log_prob(z[0]) + bent + dist.Normal(0, 1).log_prob(x).sum()

    def simulate(key):
        of_z, of_bend, of_x = jr.split(key, 3)
        z = jr.normal(of_z)
        return jnp.stack([z, CURVATURE * z**2 + WIDTH * jr.normal(of_bend)]), jr.normal(of_x, (1,))

    return from_functions(log_joint, lambda x: dist.Normal(jnp.zeros(2), 1.0).to_event(1), simulate)


def _best_normal() -> tuple[float, float, float, float]:
    """The best of all normals: mean of z_2, both standard deviations, and the gap; correlation cannot help.

    For independent z_1 ~ N(0, s^2), z_2 ~ N(m, t^2): m = c s^2 and t is the width, which leaves
    s^2 + 2 (c s^2 / w)^2 - log s^2 - 1 over two, stationary where 4 (c / w)^2 s^4 + s^2 = 1.
    """
    steep = (CURVATURE / WIDTH) ** 2
    variance = (-1.0 + math.sqrt(1.0 + 16.0 * steep)) / (8.0 * steep)
    gap = 0.5 * (variance + 2.0 * steep * variance**2 - math.log(variance) - 1.0)
    return CURVATURE * variance, math.sqrt(variance), WIDTH, gap


def _gap(q, log_density, key) -> tuple[float, float]:
    """Minus the mean of log p(z | x) - log q(z) over draws from q, and its standard error."""
    drawn = jax.vmap(q.sample)(jr.split(key, 4000))
    log_weight = np.asarray(jax.vmap(lambda z: log_density(z) - q.log_prob(z))(drawn))
    return -float(log_weight.mean()), float(log_weight.std() / np.sqrt(4000))


def test_a_crescent_is_found_where_the_best_normal_is_far():
    model = _curved()
    centre, first, second, gap_of_normal = _best_normal()
    start = Affine(jnp.asarray([[0.0, centre]]), jnp.asarray([[first, second]]))
    x = jnp.zeros((1, 1))
    found = refine_flow(model, SETTINGS, x, start, stage_keys(jr.key(0), "flow", 1))
    evidence = -0.5 * math.log(2.0 * math.pi)

    def log_posterior(z):
        return model.log_joint(x[0], z) - evidence

    normal = dist.Normal(start.mean[0], start.factor[0]).to_event(1)
    gap, stderr = _gap(normal, log_posterior, jr.key(1))
    assert abs(gap - gap_of_normal) < STANDARD_ERRORS * stderr
    gap, stderr = _gap(flow_of(jax.tree.map(lambda leaf: leaf[0], found)), log_posterior, jr.key(2))
    assert -STANDARD_ERRORS * stderr < gap < 0.25 * gap_of_normal


def test_the_certificate_says_what_a_flow_wins_where_correlations_win_nothing():
    *_, gap_of_normal = _best_normal()
    settings = dataclasses.replace(
        QUICK, refine_steps=300, refine_draws=8, covariance_steps=12, flow_steps=600, flow_rate=0.1,
        refined_samples=2000, temperatures=16,
    )  # fmt: skip
    certificate = certify(_curved(), np.zeros((2, 1)), key=jr.key(1), settings=settings)
    real = certificate.real
    correlations, flow = real.intervals.covariance_gain, real.intervals.flow_gain
    assert correlations is not None
    assert flow is not None
    assert correlations.estimate < 0.05
    assert flow.lower.value > 0.7 * gap_of_normal
    assert flow.lower.value <= flow.estimate <= flow.upper.value
    assert flow.estimate < gap_of_normal + 0.05
    assert real.other_lower_bounds["importance_weighted_flow"] < -0.5 * math.log(2.0 * math.pi)
    assert "exact_draw_and_flow" in certificate.simulated.other_upper_bounds
    told = certificate.to_json()
    assert told["flow_gain"]["lower_kind"] == "asymptotic"
    assert 0.0 <= told["flow_converged"] <= 1.0
    (sentence,) = (one for one in certificate.verdict if one.startswith("A richer family would win"))
    assert "a planar flow" in sentence
    assert "One-sided" in sentence


def test_without_a_flow_nothing_is_said_of_one():
    known = small()
    certificate = certify(known.model, known.x, key=jr.key(1), settings=QUICK)
    assert certificate.real.intervals.flow_gain is None
    assert certificate.to_json()["flow_gain"] is None
    assert certificate.to_json()["flow_converged"] is None
    assert not any("flow" in sentence for sentence in certificate.verdict)


def test_a_gaussian_posterior_is_left_as_it_is():
    known = small()
    best = known.exact.best_full(known.x)
    start = Affine(jnp.asarray(best.mean), jnp.linalg.cholesky(jnp.asarray(best.covariance)))
    x = jnp.asarray(known.x)
    found = refine_flow(known.model, SETTINGS, x, start, stage_keys(jr.key(0), "flow", 3))
    for row, evidence in enumerate(known.exact.log_evidence(known.x)):
        q = flow_of(jax.tree.map(lambda leaf, row=row: leaf[row], found))
        gap, stderr = _gap(q, lambda z, row=row, e=evidence: known.model.log_joint(x[row], z) - e, jr.key(3))
        assert -STANDARD_ERRORS * stderr < gap < 0.01
    assert np.all(found.converged)


def test_a_posterior_that_is_undefined_somewhere_gives_a_finite_q():
    def log_joint(x, z):
        return jnp.where(z[0] > 1.0, jnp.nan, -0.5 * jnp.sum(z**2) - 0.1 * jnp.sum(z**4))

    model = from_functions(log_joint, lambda x: dist.Normal(jnp.zeros(2), 1.0).to_event(1))
    start = Affine(jnp.zeros((2, 2)), jnp.ones((2, 2)))
    found = refine_flow(model, SETTINGS, jnp.zeros((2, 1)), start, stage_keys(jr.key(0), "flow", 2))
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves((found.gaussian, found.layers)))
    assert not np.any(found.converged)


def test_the_gradients_are_counted():
    settings = CertifySettings(refine_steps=10, refine_draws=2, covariance_steps=0, flow_steps=5, flow_draws=4)
    assert takes_flow(settings)
    assert gradients_of_refinement(settings, 3) == 20 + 20
    assert not takes_flow(dataclasses.replace(settings, refine_steps=0))
    assert not takes_flow(CertifySettings())
    with pytest.raises(InputError, match="The setting `flow_draws` is 3; draws come in antithetic pairs"):
        CertifySettings(flow_draws=3)


def test_layers_are_as_many_as_said():
    start = Affine(jnp.zeros((2, 2)), jnp.ones((2, 2)))
    settings = dataclasses.replace(SETTINGS, flow_steps=2)
    found = refine_flow(_curved(), settings, jnp.zeros((2, 1)), start, stage_keys(jr.key(0), "flow", 2))
    assert found.layers.across.shape == (2, LAYERS, 2)
