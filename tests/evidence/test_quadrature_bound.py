"""Quadrature over one or two latents: equal to what is known, within the error it states, on any data."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy import special

from elbowroom.evidence.block import bound_of
from elbowroom.evidence.bounds import EvidenceBounds, Problem, encode_all
from elbowroom.evidence.certify import certify
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.quadrature_bound import Grid, QuadratureBound, grid_for
from elbowroom.evidence.refine import Refinement
from elbowroom.evidence.settings import CertifySettings
from elbowroom.models.decoder import BernoulliDecoder
from elbowroom.models.prior import StandardNormalPrior
from elbowroom.models.vae import VAE

from .problems import QUICK, linear_gaussian_model, logistic_truth, small

AUTO = dataclasses.replace(QUICK, route="auto")


def problem_of(model, x, scale: float = 0.5) -> Problem:
    """A problem whose refined q is as wide as that, whatever the posterior is."""
    encodings = encode_all(model, x, jr.key(0))
    shape = encodings.mean.shape
    refined = Refinement(np.zeros(shape), np.full(shape, scale), np.ones(len(x), bool), np.zeros(len(x)))
    return Problem(model, x, None, encodings, refined, None, jr.key(1), memory_mib=64)


def integrated(model, x, scale: float = 0.5) -> EvidenceBounds:
    problem = problem_of(model, x, scale)
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


@pytest.mark.parametrize("latent", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_the_error_covers_the_closed_form_of_linear_gaussian_models(latent, seed):
    generator = np.random.Generator(np.random.Philox(seed))
    observed, sigma = 3, float(generator.uniform(0.3, 1.0))
    weight, centre = generator.normal(size=(observed, latent)), generator.normal(size=observed)
    model = linear_gaussian_model(
        weight, centre, sigma, np.zeros((latent, observed)), np.zeros(latent), np.ones(latent)
    )
    x = jnp.asarray(generator.normal(scale=2.0, size=(5, observed)))
    covariance = weight @ weight.T + sigma**2 * np.eye(observed)
    off = np.asarray(x) - centre
    truth = -0.5 * np.einsum("ij,jk,ik->i", off, np.linalg.inv(covariance), off)
    truth -= 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]
    posterior = np.sqrt(np.diag(np.linalg.inv(np.eye(latent) + weight.T @ weight / sigma**2)))
    found = integrated(model, x, float(posterior.min()))
    assert found.error is not None
    assert np.all(np.abs(found.lower - truth) <= found.error)
    assert np.max(found.error) < 1e-8


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


def test_it_is_taken_where_it_suits_and_nowhere_else():
    few = small(3)
    wide = linear_gaussian_model(np.ones((4, 3)), np.zeros(4), 0.5, np.zeros((3, 4)), np.zeros(3), np.ones(3))
    assert isinstance(bound_of(AUTO, problem_of(few.model, jnp.asarray(few.x))), QuadratureBound)
    assert not isinstance(bound_of(QUICK, problem_of(few.model, jnp.asarray(few.x))), QuadratureBound)
    assert grid_for(problem_of(wide, jnp.ones((2, 4)))) is None, "three latents"
    assert grid_for(problem_of(few.model, jnp.asarray(few.x), 1e-5)) is None, "too many points"


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
    grid = Grid(reach=2.0, half=4, dimensions=2)
    points, weights = (np.concatenate(parts) for parts in zip(*grid.blocks(17), strict=True))
    kept = np.isfinite(weights[:, 0])
    assert kept.sum() == grid.size == 81
    coarse = points[np.isfinite(weights[:, 1])]
    assert len(coarse) == 25
    assert np.allclose(np.unique(coarse), [-2, -1, 0, 1, 2])
    for column, area in ((0, 4.5**2), (1, 5.0**2)):
        assert np.exp(weights[:, column]).sum() == pytest.approx(area)
