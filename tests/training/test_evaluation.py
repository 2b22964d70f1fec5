"""Evaluation: every datum once, the same draws at every call, and the mean over data."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.training.evaluation import BLOCK, make_block, make_evaluation

from .problems import OBSERVED, model_of


@pytest.fixture
def problem():
    parameters, static = eqx.partition(model_of("bernoulli", OBSERVED), eqx.is_inexact_array)
    x = jnp.asarray(np.random.default_rng(0).integers(0, 2, (BLOCK + 1, OBSERVED)), jnp.float32)
    return parameters, make_block(static, 1), x


def test_D17_a_last_block_of_one_datum_is_evaluated(problem):
    parameters, block, x = problem
    values = make_evaluation(block, x, jr.key(0))(parameters)
    assert values.shape == (BLOCK + 1,)
    assert np.isfinite(values).all()
    assert make_evaluation(block, x[:1], jr.key(0))(parameters) == pytest.approx(values[:1], abs=1e-6)


def test_D18_evaluation_visits_every_datum_exactly_once(problem):
    _, _, x = problem
    numbered = jnp.arange(x.shape[0], dtype=jnp.float32)[:, None]
    values = make_evaluation(lambda parameters, x, index, key: x[:, 0], numbered, jr.key(0))(None)
    assert values.tolist() == list(range(BLOCK + 1))


def test_D04_the_mean_is_over_data_not_over_blocks(problem):
    parameters, block, x = problem
    values = make_evaluation(block, x, jr.key(0))(parameters)
    alone = [block(parameters, x[i : i + 1], jnp.asarray([i], jnp.int32), jr.key(0))[0] for i in range(BLOCK + 1)]
    assert values.mean() == pytest.approx(float(np.mean(np.asarray(alone, np.float64))), abs=1e-5)


def test_D21_a_datum_does_not_depend_on_its_neighbours(problem):
    parameters, block, x = problem
    index = jnp.arange(10, dtype=jnp.int32)
    whole = block(parameters, x[:10], index, jr.key(0))
    parts = jnp.concatenate([block(parameters, x[a:b], index[a:b], jr.key(0)) for a, b in [(0, 3), (3, 4), (4, 10)]])
    np.testing.assert_allclose(whole, parts, rtol=1e-5)


def test_two_evaluations_have_the_same_draws(problem):
    parameters, block, x = problem
    evaluation = make_evaluation(block, x, jr.key(0))
    assert (evaluation(parameters) == evaluation(parameters)).all()
    assert (make_evaluation(block, x, jr.key(1))(parameters) != evaluation(parameters)).any()
