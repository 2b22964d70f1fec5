"""The importance sandwich: unbiased above and below, no upper end on given data, and never a crossing in the mean."""

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from tests.evidence.problems import STANDARD_ERRORS, linear_gaussian_model

from elbowroom.evidence.bounds import Problem, encode_all
from elbowroom.evidence.exact_draw_bound import ExactDrawBound
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.refine import Refinement

WEIGHT, CENTRE, SIGMA = np.array([[1.0], [0.5], [-0.8]]), np.array([0.1, -0.2, 0.3]), 0.7
X = np.array([0.9, 0.1, -0.6])
REPEATS = 4000


def _problem(seed: int, simulated: bool = True) -> tuple[Problem, float]:
    """One x many times, each with its own draw from the closed posterior, and log p(x)."""
    model = linear_gaussian_model(WEIGHT, CENTRE, SIGMA, 0.3 * WEIGHT.T, [0.0], [0.5])
    variance = 1.0 / (1.0 + float(np.sum(WEIGHT**2)) / SIGMA**2)
    mean = variance * float(WEIGHT[:, 0] @ (X - CENTRE)) / SIGMA**2
    exact = mean + np.sqrt(variance) * np.random.default_rng(seed).normal(size=(REPEATS, 1))
    covariance = WEIGHT @ WEIGHT.T + SIGMA**2 * np.eye(3)
    off = X - CENTRE
    log_evidence = -0.5 * (off @ np.linalg.solve(covariance, off) + np.linalg.slogdet(2 * np.pi * covariance)[1])
    x, key = jnp.asarray(np.tile(X, (REPEATS, 1))), jr.key(seed)
    refined = Refinement(
        np.full((REPEATS, 1), mean + 0.3 * np.sqrt(variance)),
        np.full((REPEATS, 1), np.sqrt(1.3 * variance)),
        np.ones(REPEATS, bool),
        *([np.zeros(REPEATS)] * (len(Refinement._fields) - 3)),
    )
    drawn = jnp.asarray(exact) if simulated else None
    return Problem(model, x, drawn, encode_all(model, x, key), refined, key, 128), float(log_evidence)


@pytest.mark.parametrize("samples", [1, 2])
def test_both_estimates_are_unbiased_for_the_evidence_and_its_inverse(samples):
    problem, truth = _problem(samples)
    found = ExactDrawBound(samples)(problem)
    assert found.upper is not None
    for ratio in (np.exp(found.lower - truth), np.exp(truth - found.upper)):
        assert abs(ratio.mean() - 1.0) < STANDARD_ERRORS * ratio.std(ddof=1) / np.sqrt(REPEATS)
    assert found.lower_kind is found.upper_kind is Kind.STRICT
    assert found.lower.mean() < truth < found.upper.mean()


def test_given_data_have_no_upper_end():
    found = ExactDrawBound(3)(_problem(0, simulated=False)[0])
    assert found.upper is None
    assert found.lower_kind is Kind.STRICT
