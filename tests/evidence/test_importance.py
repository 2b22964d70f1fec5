"""Importance weights: exactly the draws asked for, the mean of weights and not of logs, nothing lost in chunks."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from tests.evidence.problems import STANDARD_ERRORS, small

from elbowroom.errors import InputError
from elbowroom.evidence.importance import (
    draw,
    draw_chunks,
    encode,
    importance_weighted_bound,
    log_mean_exp,
    normalised_weights,
)
from elbowroom.models.vae import VAE


def _keys(seed: int, count: int):
    return jr.split(jr.key(seed), count)


def _proposals(known):
    return encode(known.model, jnp.asarray(known.x))


@pytest.mark.parametrize("samples", [1, 99, 100, 101, 250])
def test_D02_as_many_draws_are_used_as_were_asked_for(samples):
    known = small()
    chunks = list(draw_chunks(known.model, _proposals(known), jnp.asarray(known.x), _keys(0, 3), samples, 100))
    assert sum(chunk.log_weight.shape[1] for chunk in chunks) == samples
    assert max(chunk.log_weight.shape[1] for chunk in chunks) <= 100


def test_D03_a_chunk_that_is_not_full_does_not_move_the_bound():
    """1001 draws in chunks of 1000 against 1000: a wrong divisor would show as log(2000/1001) = 0.69 nats."""
    known = small()
    rows = np.repeat(known.x[:1], 200, axis=0)
    first = importance_weighted_bound(known.model, jnp.asarray(rows), key=jr.key(1), samples=1001, at_once=1000)
    second = importance_weighted_bound(known.model, jnp.asarray(rows), key=jr.key(2), samples=1000, at_once=1000)
    stderr = np.hypot(first.std(ddof=1), second.std(ddof=1)) / np.sqrt(200)
    assert stderr < 0.69 / 8
    assert abs(first.mean() - second.mean()) < STANDARD_ERRORS * stderr


def test_D06_the_bound_is_the_log_of_the_mean_weight():
    known = small()
    bound = importance_weighted_bound(known.model, jnp.asarray(known.x), key=jr.key(3), samples=50, at_once=20)
    keys = jax.vmap(lambda index: jr.fold_in(jr.key(3), index))(jnp.arange(3))
    draws = draw(known.model, _proposals(known), jnp.asarray(known.x), keys, 50)
    np.testing.assert_allclose(bound, np.log(np.mean(np.exp(draws.log_weight), axis=1)), rtol=1e-12)


def test_D07_the_largest_weight_belongs_to_the_largest_log_ratio():
    known = small()
    draws = draw(known.model, _proposals(known), jnp.asarray(known.x), _keys(4, 3), 30)
    weights = normalised_weights(draws.log_weight)
    np.testing.assert_array_equal(weights.argmax(axis=1), draws.log_weight.argmax(axis=1))
    assert np.all(np.diff(np.take_along_axis(weights, draws.log_weight.argsort(axis=1), axis=1), axis=1) >= 0)


def test_D16_normalised_weights_sum_to_one_for_each_datum():
    log_weights = np.array([[-700.0, -701.0, -1300.0], [0.0, 3.0, -np.inf], [800.0, 800.0, 800.0]])
    np.testing.assert_allclose(normalised_weights(log_weights).sum(axis=1), 1.0, rtol=1e-15)


@pytest.mark.parametrize("at_once", [1, 7, 50])
def test_D21_the_draws_do_not_depend_on_the_chunks(at_once):
    known = small()
    whole = draw(known.model, _proposals(known), jnp.asarray(known.x), _keys(5, 3), 50, at_once=50)
    parts = draw(known.model, _proposals(known), jnp.asarray(known.x), _keys(5, 3), 50, at_once=at_once)
    np.testing.assert_allclose(parts.log_weight, whole.log_weight, rtol=1e-12)


def test_D21_a_datum_does_not_depend_on_its_neighbours():
    known = small()
    keys = _keys(6, 3)
    together = draw(known.model, _proposals(known), jnp.asarray(known.x), keys, 20)
    alone = draw(known.model, encode(known.model, jnp.asarray(known.x[2:])), jnp.asarray(known.x[2:]), keys[2:], 20)
    np.testing.assert_allclose(alone.log_weight[0], together.log_weight[2], rtol=1e-12)


def test_the_bound_rises_with_the_draws_and_stays_below_the_evidence():
    """Means over 400 keys; each comparison has a false-alarm rate of 5e-7."""
    known = small()
    rows = jnp.asarray(np.repeat(known.x[1:2], 400, axis=0))
    truth = known.exact.log_evidence(known.x)[1]
    found = {k: importance_weighted_bound(known.model, rows, key=jr.key(7), samples=k) for k in (1, 4, 16)}
    for fewer, more in ((1, 4), (4, 16)):
        rise = found[more] - found[fewer]
        assert rise.mean() > -STANDARD_ERRORS * rise.std(ddof=1) / 20
    assert found[16].mean() < truth + STANDARD_ERRORS * found[16].std(ddof=1) / 20
    assert found[16].mean() > found[1].mean()


def test_a_weight_that_is_no_number_is_an_error_that_names_the_data():
    known = small()

    class Broken(eqx.Module):
        inner: eqx.Module

        def __call__(self, z):
            return self.inner(z)

    def log_joint(self, x, z):
        del self
        return jnp.where(x[0] > 1.0, jnp.nan, -jnp.sum(z**2))

    model = type("Faulty", (VAE,), {"log_joint": log_joint, "__annotations__": {}})(
        known.model.prior, known.model.encoder, Broken(known.model.decoder)
    )
    x = jnp.asarray([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    with pytest.raises(InputError, match=r"importance weights are NaN or infinite for 1 of 3 data \(index 1\)"):
        importance_weighted_bound(model, x, key=jr.key(0), samples=5)


def test_no_draws_at_all_are_refused():
    known = small()
    with pytest.raises(InputError, match="asked for 0 samples"):
        importance_weighted_bound(known.model, jnp.asarray(known.x), key=jr.key(0), samples=0)


def test_log_mean_exp_keeps_zero_weights_and_does_not_overflow():
    assert log_mean_exp(np.array([1000.0, 1000.0])) == pytest.approx(1000.0)
    assert log_mean_exp(np.array([0.0, -np.inf, -np.inf, -np.inf])) == pytest.approx(-np.log(4))
    assert log_mean_exp(np.array([-np.inf, -np.inf])) == -np.inf
