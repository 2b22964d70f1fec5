"""Calibration by ranks: an exact encoder passes as often as it says, wrong ones fail, q = prior among them."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.stats import binomtest

from elbowroom.evidence.bounds import encode_all, stage_keys
from elbowroom.evidence.calibration import JOINT, LENGTH, REJECTED, Calibration, calibrate
from elbowroom.interop.functions import from_functions

from .problems import FALSE_ALARM

WEIGHT = jnp.asarray([[1.0, 0.5], [-0.3, 0.8], [0.2, -1.0]])


def _log_joint(x, z):
    return dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(WEIGHT @ z, 0.7).log_prob(x).sum()


def _simulate(key):
    first, second = jr.split(key)
    z = jr.normal(first, (2,))
    return z, WEIGHT @ z + 0.7 * jr.normal(second, (3,))


_SIMULATE = jax.jit(jax.vmap(_simulate))


def _posterior(x):
    precision = jnp.eye(2) + WEIGHT.T @ WEIGHT / 0.49
    return dist.MultivariateNormal(jnp.linalg.solve(precision, WEIGHT.T @ x / 0.49), precision_matrix=precision)


def _calibration(encoder, key, count=1000) -> Calibration:
    model = from_functions(_log_joint, encoder, _simulate)
    z, x = _SIMULATE(jr.split(jr.fold_in(key, 1), count))
    encodings = encode_all(model, x, key)
    return calibrate(model, x, z, encodings.distributions, stage_keys(key, "calibration", count), 64)


def test_an_exact_encoder_is_rejected_as_rarely_as_is_said():
    rejected = sum(_calibration(_posterior, jr.key(seed), 200).rejected for seed in range(150))
    assert binomtest(rejected, 150, REJECTED, alternative="greater").pvalue > FALSE_ALARM


@pytest.mark.parametrize(
    ("encoder", "worst"),
    [
        (lambda x: dist.Normal(jnp.zeros(2), 1.0).to_event(1), (JOINT,)),  # the prior: no coordinate tells
        (lambda x: dist.MultivariateNormal(_posterior(x).mean + 0.2, _posterior(x).covariance_matrix), None),
        (lambda x: dist.MultivariateNormal(_posterior(x).mean, 1.5 * _posterior(x).covariance_matrix), None),
        (lambda x: dist.MultivariateNormal(_posterior(x).mean, 0.6 * _posterior(x).covariance_matrix), None),
    ],
    ids=["prior", "shifted", "wide", "narrow"],
)
def test_a_wrong_encoder_is_rejected(encoder, worst):
    found = _calibration(encoder, jr.key(0))
    assert found.rejected
    if worst is not None:
        assert found.worst in worst
        assert all(p > 1e-4 for name, p in found.p_values.items() if name not in (*worst, LENGTH))


def test_ties_are_broken_by_chance():
    model = from_functions(lambda x, z: jnp.zeros(()), lambda x: dist.Delta(jnp.zeros(1)).to_event(1), None)
    x = jnp.zeros((500, 1))
    encodings = jax.vmap(model.encoder)(x)
    found = calibrate(model, x, jnp.zeros((500, 1)), encodings, stage_keys(jr.key(3), "calibration", 500), 64)
    assert not found.rejected
    assert np.isfinite(list(found.p_values.values())).all()
