"""k-hat per datum and with the right sign, active units, KL per dimension, mutual information."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest

from elbowroom.evidence.diagnostics import (
    active_units,
    effective_sample_size,
    kl_per_dimension,
    mutual_information,
    pareto_shape,
)


def _pareto_log_weights(shape: float, rows: int, samples: int = 5000) -> np.ndarray:
    generator = np.random.default_rng(8)
    return shape * generator.exponential(size=(rows, samples))


def test_D15_khat_is_that_of_each_datum_whatever_the_number_of_data():
    log_weights = _pareto_log_weights(0.5, 200)
    whole = pareto_shape(log_weights)
    assert whole.shape == (200,)
    for count in (1, 10):
        np.testing.assert_allclose(pareto_shape(log_weights[:count]), whole[:count], rtol=1e-12)


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_khat_has_the_sign_of_the_weights_and_not_of_their_inverses(shape):
    """Pareto weights of tail index k: over 40 data the mean lies within 5.03 standard errors and 0.05 for the prior."""
    found = pareto_shape(_pareto_log_weights(shape, 40))
    assert abs(found.mean() - shape) < 5.03 * found.std(ddof=1) / np.sqrt(40) + 0.05
    assert pareto_shape(-_pareto_log_weights(shape, 1))[0] < 0.2


def test_khat_is_not_given_where_it_means_nothing():
    assert np.isnan(pareto_shape(np.zeros((1, 100)))[0])
    assert np.isnan(pareto_shape(np.random.default_rng(0).normal(size=(1, 10)))[0])


def test_effective_sample_size_runs_from_one_to_all():
    log_weights = np.array([[0.0] * 4, [0.0, -np.inf, -np.inf, -np.inf]])
    np.testing.assert_allclose(effective_sample_size(log_weights), [4.0, 1.0])


def test_active_units_are_those_whose_means_vary():
    means = np.column_stack([np.linspace(-1, 1, 500), np.full(500, 3.0), np.linspace(0, 0.2, 500)])
    assert active_units(means) == 1


def test_kl_per_dimension_is_numpyros_and_sums_to_the_whole():
    generator = np.random.default_rng(9)
    means, scales = generator.normal(size=(20, 3)), generator.uniform(0.2, 2.0, (20, 3))
    prior_mean, prior_scale = np.array([0.3, 0.0, -1.0]), np.array([1.0, 0.5, 2.0])
    found = kl_per_dimension(means, scales, prior_mean, prior_scale)
    broadcast = np.broadcast_to(prior_mean, (20, 3)), np.broadcast_to(prior_scale, (20, 3))
    expected = dist.kl_divergence(dist.Normal(means, scales), dist.Normal(*broadcast))
    np.testing.assert_allclose(found, np.mean(expected, axis=0), rtol=1e-10)


def _encodings(means: np.ndarray):
    return jax.vmap(lambda mean: dist.Normal(mean, jnp.ones(1)).to_event(1))(jnp.asarray(means)[:, None])


def test_mutual_information_of_separated_encodings_saturates_at_log_n():
    value, saturated = mutual_information(_encodings(100.0 * np.arange(32)), 32, 4, jr.key(0))
    assert value == pytest.approx(np.log(32), abs=1e-6)
    assert saturated


def test_mutual_information_of_equal_encodings_is_zero():
    value, saturated = mutual_information(_encodings(np.zeros(32)), 32, 4, jr.key(0))
    assert value == pytest.approx(0.0, abs=1e-10)
    assert not saturated
