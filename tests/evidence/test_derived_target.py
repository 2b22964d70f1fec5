"""The optimum of the objective is derived from it, and the encoder is measured against that as well."""

import dataclasses

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.estimation.objectives import beta_elbo, importance_weighted
from elbowroom.evidence.certify import certify
from elbowroom.evidence.derived_target import derived_optimum
from elbowroom.functional.parse import parse
from elbowroom.models.vae import VAE

from .problems import QUICK, linear_gaussian_model

WEIGHT = np.asarray([[1.0, 0.4], [-0.5, 0.9], [0.3, -0.7]])
SIGMA, SCALE = 0.8, np.asarray([0.7, 0.5])
SETTINGS = dataclasses.replace(QUICK, samples=400, temperatures=16, simulated=False)


def _model() -> VAE:
    slope = np.asarray([[0.5, -0.2, 0.1], [0.1, 0.4, -0.3]])
    return linear_gaussian_model(WEIGHT, np.zeros(3), SIGMA, slope, np.asarray([0.1, -0.1]), SCALE)


def _tempered_gap(model: VAE, x: np.ndarray, beta: float) -> float:
    """KL from the encoder's q to the normalised p(z) p(x|z)^(1/beta), which is normal, in closed form."""
    precision = np.eye(2) + WEIGHT.T @ WEIGHT / (beta * SIGMA**2)
    mean = np.linalg.solve(precision, (x @ WEIGHT / (beta * SIGMA**2)).T).T
    own = np.asarray(jax.vmap(lambda row: model.encoder(row).mean)(jnp.asarray(x)))
    apart = own - mean
    trace = np.sum(np.diag(precision) * SCALE**2)
    square = np.einsum("ni,ij,nj->n", apart, precision, apart)
    logs = -2 * np.sum(np.log(SCALE)) - np.linalg.slogdet(precision)[1]
    return float(np.mean(0.5 * (trace + square - 2 + logs)))


@pytest.mark.parametrize(
    ("objective", "text"),
    [
        (beta_elbo(1.0), "p(z|x)"),
        (beta_elbo(4.0), "p(z)*p(x|z)**(1/4)"),
        (beta_elbo(0.5), "p(z)*p(x|z)**2"),
    ],
)
def test_the_optimum_is_derived_from_the_objective(objective, text) -> None:
    found = derived_optimum(_model(), objective)
    assert found.text == text
    assert found.is_posterior == (text == "p(z|x)")


def test_what_cannot_be_derived_is_said() -> None:
    found = derived_optimum(_model(), importance_weighted(5))
    assert (found.text, found.target, found.is_posterior) == (None, None, False)
    assert found.reason


@pytest.mark.parametrize("beta", [0.5, 4.0])
def test_the_distance_from_the_optimum_is_the_known_one(beta: float) -> None:
    with jax.enable_x64(True):
        model = _model()
        x = np.random.default_rng(0).normal(size=(64, 3))
        certificate = certify(model, x, key=jr.key(0), level=1 - 1e-6, settings=SETTINGS, objective=beta_elbo(beta))
        assert certificate.optimum is not None
        assert certificate.optimum.against is not None
        gap = certificate.optimum.against.intervals.gap
        truth = _tempered_gap(model, x, beta)
        assert gap.lower.value <= truth <= gap.upper.value
        assert gap.estimate == pytest.approx(truth, abs=0.1)
        assert any("leads to another density than the posterior" in told for told in certificate.verdict)
        assert certificate.to_json()["optimum"]["density"] == certificate.optimum.density


@pytest.mark.slow
def test_a_formula_of_ones_own_has_its_own_optimum() -> None:
    with jax.enable_x64(True):
        objective = parse("E_q(z|x)[log p(x|z)] - 2*KL(q(z|x) || p(z))")
        x = np.random.default_rng(1).normal(size=(8, 3))
        certificate = certify(_model(), x, key=jr.key(0), settings=SETTINGS, objective=objective)
        assert certificate.optimum is not None
        assert certificate.optimum.density == "p(z)*sqrt(p(x|z))"


def test_the_elbo_has_the_posterior_and_no_second_block() -> None:
    with jax.enable_x64(True):
        x = np.random.default_rng(1).normal(size=(8, 3))
        certificate = certify(_model(), x, key=jr.key(0), settings=SETTINGS, objective=beta_elbo(1.0))
        assert certificate.optimum is not None
        assert certificate.optimum.is_posterior
        assert certificate.optimum.against is None
        assert not any("another density" in told for told in certificate.verdict)
