"""Quadrature over one to three latents: equal to what is known, within the error it states, on any data."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import special, stats

from elbowroom.evidence import quadrature_bound
from elbowroom.evidence.block import bound_of
from elbowroom.evidence.bounds import EvidenceBounds, Problem, encode_all
from elbowroom.evidence.certify import certify
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.quadrature_bound import FINENESS, Grid, QuadratureBound, grid_for
from elbowroom.evidence.refine import Refinement
from elbowroom.evidence.settings import CertifySettings
from elbowroom.models.decoder import BernoulliDecoder
from elbowroom.models.prior import StandardNormalPrior
from elbowroom.models.vae import VAE

from .problems import QUICK, linear_gaussian_model, logistic_truth, small

AUTO = dataclasses.replace(QUICK, route="auto")


def problem_of(model, x, scale: float | np.ndarray = 0.5, mean: float | np.ndarray = 0.0) -> Problem:
    """A problem whose refined q is as wide as that and sits there, whatever the posterior is."""
    encodings = encode_all(model, x, jr.key(0))
    shape = encodings.mean.shape
    refined = Refinement(
        np.broadcast_to(mean, shape), np.broadcast_to(scale, shape), np.ones(len(x), bool), np.zeros(len(x))
    )
    return Problem(model, x, None, encodings, refined, None, jr.key(1), memory_mib=64)


def integrated(model, x, scale: float | np.ndarray = 0.5, mean: float | np.ndarray = 0.0) -> EvidenceBounds:
    problem = problem_of(model, x, scale, mean)
    grid = grid_for(problem)
    assert grid is not None
    return QuadratureBound(grid)(problem)


def test_the_logistic_model_in_every_x(shared):
    known, all_of_them = logistic_truth(shared)
    places = range(known.x.shape[1] - 1, -1, -1)  # the first value is the highest bit
    x = jnp.asarray([[(index >> place) & 1 for place in places] for index in range(64)], float)
    found = integrated(known.model, x)
    assert (found.lower_kind, found.upper_kind) == (Kind.EXACT, Kind.EXACT)
    np.testing.assert_allclose(found.lower, all_of_them, atol=1e-11)
    assert found.error is not None
    assert np.all(np.abs(found.lower - all_of_them) <= found.error + 1e-12)  # they are known to 1e-12
    assert np.max(found.error) < 1e-9
    assert np.sum(np.exp(found.lower)) == pytest.approx(1.0, abs=1e-10), "all x together are certain"


@pytest.mark.parametrize("latent", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_error_covers_the_closed_form_of_linear_gaussian_models(latent, seed):
    generator = np.random.Generator(np.random.Philox(seed))
    observed, sigma = 3, float(generator.uniform(0.3, 1.0)) + (latent == 3) * 0.5
    weight, centre = generator.normal(size=(observed, latent)), generator.normal(size=observed)
    model = linear_gaussian_model(
        weight, centre, sigma, np.zeros((latent, observed)), np.zeros(latent), np.ones(latent)
    )
    x = jnp.asarray(generator.normal(scale=2.0 if latent < 3 else 1.0, size=(5, observed)))
    covariance = weight @ weight.T + sigma**2 * np.eye(observed)
    off = np.asarray(x) - centre
    truth = -0.5 * np.einsum("ij,jk,ik->i", off, np.linalg.inv(covariance), off)
    truth -= 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]
    precision = np.eye(latent) + weight.T @ weight / sigma**2
    posterior = np.linalg.solve(precision, weight.T @ off.T / sigma**2).T
    found = integrated(model, x, np.diag(precision) ** -0.5, posterior)
    assert found.error is not None
    assert np.all(np.abs(found.lower - truth) <= found.error)
    assert np.max(found.error) < (1e-8 if latent < 3 else 1e-3), "the coarse grid of three latents is coarse"


class TwoModes(eqx.Module):
    """Log-odds that are large where |z| is near 4: a posterior with two far modes of which q* sees one at most."""

    def __call__(self, z):
        return jnp.broadcast_to(30.0 - 20.0 * (jnp.abs(z[0]) - 4.0) ** 2, (1,))


def test_both_of_two_far_modes_are_seen():
    model = VAE(
        StandardNormalPrior(1),
        linear_gaussian_model(np.ones((1, 1)), np.zeros(1), 1.0, np.zeros((1, 1)), np.zeros(1), np.ones(1)).encoder,
        BernoulliDecoder(TwoModes()),
    )
    x = jnp.ones((1, 1))
    z = np.linspace(-12, 12, 200_001)
    logits = 30.0 - 20.0 * (np.abs(z) - 4.0) ** 2
    truth = np.log(np.trapezoid(np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * special.expit(logits), z))
    found = integrated(model, x, 0.1)
    assert found.lower[0] == pytest.approx(truth, abs=1e-7)


def test_both_of_two_far_modes_in_three_dimensions():
    """The log-odds look at the first latent alone, so the truth is that of one dimension, by another rule."""
    model = VAE(
        StandardNormalPrior(3),
        linear_gaussian_model(np.ones((1, 3)), np.zeros(1), 1.0, np.zeros((3, 1)), np.zeros(3), np.ones(3)).encoder,
        BernoulliDecoder(TwoModes()),
    )
    z = np.linspace(-12, 12, 200_001)
    logits = 30.0 - 20.0 * (np.abs(z) - 4.0) ** 2
    truth = np.log(np.trapezoid(np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * special.expit(logits), z))
    found = integrated(model, jnp.ones((1, 1)), np.array([0.12, 1.0, 1.0]), np.array([4.0, 0.0, 0.0]))
    assert found.error is not None
    assert abs(found.lower[0] - truth) <= found.error[0] < 0.02


def test_a_strong_correlation_far_from_the_origin_and_from_q():
    """Latents that the data tell apart only weakly; the refined q of the problem sits at the origin all the while."""
    weight, sigma = np.array([[1.0, 1.0, 0.9], [0.9, 1.0, 1.0], [1.0, 0.9, 1.0]]), 0.5
    model = linear_gaussian_model(weight, np.zeros(3), sigma, np.zeros((3, 3)), np.zeros(3), np.ones(3))
    x = jnp.asarray([[4.0, 4.2, 3.9]])
    precision = np.eye(3) + weight.T @ weight / sigma**2
    covariance = np.linalg.inv(precision)
    assert abs(covariance[0, 1]) / np.sqrt(covariance[0, 0] * covariance[1, 1]) > 0.4
    marginal = dist.MultivariateNormal(jnp.zeros(3), jnp.asarray(weight @ weight.T + sigma**2 * np.eye(3)))
    truth = float(marginal.log_prob(x[0]))
    steps = tuple(FINENESS[3] / np.sqrt(np.diag(precision)))
    found = QuadratureBound(Grid.of_steps(8.0, steps))(problem_of(model, x))
    assert found.error is not None
    assert abs(found.lower[0] - truth) <= found.error[0] < 0.01
    assert abs(found.lower[0] - truth) < 1e-9, "the error is that of the coarse grid, and large beside the fine one's"


def test_what_the_box_leaves_out_is_in_the_error(monkeypatch):
    """Where no larger box can be paid for, the error says so instead of the value pretending."""
    monkeypatch.setattr(quadrature_bound, "MOST_POINTS", 10)
    model = linear_gaussian_model(np.ones((1, 3)), np.zeros(1), 0.5, np.zeros((3, 1)), np.zeros(3), np.ones(3))
    x = jnp.asarray([[14.0]])
    truth = stats.norm.logpdf(14.0, 0.0, np.sqrt(3.25))
    found = QuadratureBound(Grid.of_steps(8.0, (0.2, 0.2, 0.2)))(problem_of(model, x))
    small_box = QuadratureBound(Grid.of_steps(3.0, (0.2, 0.2, 0.2)))(problem_of(model, x))
    assert found.error is not None
    assert small_box.error is not None
    assert abs(small_box.lower[0] - truth) <= small_box.error[0]
    assert small_box.error[0] > 1.0 > found.error[0]


def test_it_is_taken_where_it_suits_and_nowhere_else():
    few = small(3)
    wide = linear_gaussian_model(np.ones((4, 4)), np.zeros(4), 0.5, np.zeros((4, 4)), np.zeros(4), np.ones(4))
    three = linear_gaussian_model(np.ones((4, 3)), np.zeros(4), 0.5, np.zeros((3, 4)), np.zeros(3), np.ones(3))
    assert isinstance(bound_of(AUTO, problem_of(few.model, jnp.asarray(few.x))), QuadratureBound)
    assert not isinstance(bound_of(QUICK, problem_of(few.model, jnp.asarray(few.x))), QuadratureBound)
    assert grid_for(problem_of(wide, jnp.ones((2, 4)))) is None, "four latents"
    assert grid_for(problem_of(three, jnp.ones((2, 4)))) is not None
    assert grid_for(problem_of(three, jnp.ones((2, 4)), 0.1)) is None, "too many points of three latents"
    assert grid_for(problem_of(three, jnp.full((2, 4), 1e3))) is None, "so unlikely that no box is large enough"
    assert grid_for(problem_of(few.model, jnp.asarray(few.x), 1e-5)) is None, "too many points"


def test_data_that_are_too_many_for_the_points_are_left_to_sampling(monkeypatch):
    few = small(3)
    problem = problem_of(few.model, jnp.asarray(few.x))
    grid = grid_for(problem)
    assert grid is not None
    monkeypatch.setattr(quadrature_bound, "MOST_TERMS", grid.size * few.x.size)
    assert grid_for(problem) == grid
    monkeypatch.setattr(quadrature_bound, "MOST_TERMS", grid.size * few.x.size - 1)
    assert grid_for(problem) is None


def test_real_data_get_an_upper_end_that_is_exact(shared):
    known, _ = logistic_truth(shared)
    with jax.enable_x64(True):
        certificate = certify(known.model, known.x, key=jr.key(2), settings=CertifySettings(refine_steps=60))
    evidence = certificate.log_evidence
    assert evidence.lower is not None
    assert evidence.upper is not None
    assert evidence.kind is Kind.EXACT
    truth = float(np.mean(known.log_evidence))
    assert evidence.lower.value <= truth <= evidence.upper.value
    assert evidence.upper.value - evidence.lower.value < 1e-8
    assert certificate.real.route == "quadrature"
    assert certificate.gap.lower is not None
    assert certificate.gap.lower.kind is not Kind.EXACT, "the ELBO is sampled"
    assert not any("linear-Gaussian" in sentence for sentence in certificate.verdict)


def test_the_coarse_grid_is_every_second_point_of_the_fine_one():
    grid = Grid(reach=2.0, half=(4, 6))
    points, weights = (np.concatenate(parts) for parts in zip(*grid.blocks(17), strict=True))
    kept = np.isfinite(weights[:, 0])
    assert kept.sum() == grid.size == 9 * 13
    coarse = points[np.isfinite(weights[:, 1])]
    assert len(coarse) == 5 * 7
    assert np.allclose(np.unique(coarse[:, 0]), [-2, -1, 0, 1, 2])
    assert np.allclose(np.unique(coarse[:, 1]), np.linspace(-2, 2, 7))
    for column, area in ((0, 4.5 * (4 + 1 / 3)), (1, 5.0 * (4 + 2 / 3))):
        assert np.exp(weights[:, column]).sum() == pytest.approx(area)
