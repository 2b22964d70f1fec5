"""From rows to x: the probabilities, the keys, the scale."""

import json
from dataclasses import asdict

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.data.preparation import Preparation

DYNAMIC = Preparation("dynamic", 255)


@pytest.mark.parametrize("levels", [1, 2, 15, 16, 255])
def test_the_probability_is_the_nearest_multiple_of_two_to_the_minus_sixteen(levels):
    values = np.arange(levels + 1, dtype=np.uint8)
    thresholds = np.asarray(Preparation("dynamic", levels)._thresholds(jnp.asarray(values)))
    exact = 65536 * values.astype(np.int64) / levels
    assert thresholds[0] == 0
    assert thresholds[-1] == 65536  # a full pixel is always 1
    assert np.array_equal(thresholds, np.round(exact))
    assert np.abs(thresholds / 65536 - values / levels).max() <= 2.0**-17


def test_dynamic_binarisation_has_the_stated_frequencies():
    # 256 values, 20,000 draws each, |deviation| < 5.03 standard errors: false alarm 256 * 5e-7 = 1.3e-4 over all keys.
    draws = 20_000
    rows = jnp.tile(jnp.arange(256, dtype=jnp.uint8), (draws, 1))
    x = np.asarray(jax.jit(DYNAMIC.prepare)(rows, jr.key(0)))
    assert x.dtype == np.float32
    assert set(np.unique(x)) == {0.0, 1.0}
    probability = np.arange(256) / 255
    stderr = np.sqrt(probability * (1 - probability) / draws)
    found = x.mean(axis=0, dtype=np.float64)
    assert found[0] == 0.0
    assert found[255] == 1.0
    assert np.all(np.abs(found - probability)[1:-1] < 5.03 * stderr[1:-1])


def test_pixels_that_share_a_random_word_are_independent():
    # The correlation of 100,000 pairs: 5.03 standard errors of 1 / sqrt(100,000); false alarm 5e-7 for each of 6 pairs.
    rows = jnp.full((100_000, 4), 127, jnp.uint8)
    x = np.asarray(DYNAMIC.prepare(rows, jr.key(1)), np.float64)
    correlation = np.corrcoef(x.T)[np.triu_indices(4, 1)]
    assert np.all(np.abs(correlation) < 5.03 / np.sqrt(100_000))


@pytest.mark.parametrize("observed", [1, 2, 5, 784])
def test_any_width_alone_or_in_a_batch(observed):
    rows = jnp.full((3, observed), 200, jnp.uint8)
    assert DYNAMIC.prepare(rows, jr.key(0)).shape == (3, observed)
    assert DYNAMIC.prepare(rows[0], jr.key(0)).shape == (observed,)


def test_a_new_key_draws_anew_and_the_same_key_the_same():
    rows = jnp.full((10, 50), 100, jnp.uint8)
    first, again, other = (np.asarray(DYNAMIC.prepare(rows, jr.key(seed))) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_threshold_is_at_one_half():
    x = Preparation("threshold", 16).prepare(jnp.asarray([[0, 7, 8, 9, 16]], jnp.uint8), jr.key(0))
    assert x.tolist() == [[0.0, 0.0, 0.0, 1.0, 1.0]]
    assert x.dtype == jnp.float32


def test_no_binarisation_scales_pixels_and_leaves_numbers():
    pixels, numbers = jnp.asarray([[0, 51, 255]], jnp.uint8), jnp.asarray([[-3.5, 0.0, 1e6]], jnp.float32)
    assert np.allclose(Preparation("none", 255).prepare(pixels, jr.key(0)), [[0.0, 0.2, 1.0]], rtol=1e-7, atol=0)
    assert np.array_equal(Preparation("none").prepare(numbers, jr.key(0)), numbers)
    assert Preparation("none").prepare(numbers, jr.key(0)).dtype == jnp.float32


def test_fixed_binarisation_depends_on_seed_split_and_row_only():
    rows = np.full((20, 30), 128, np.uint8)
    whole = np.asarray(DYNAMIC.prepare_fixed(rows, seed=3, split="test"))
    assert np.array_equal(whole, DYNAMIC.prepare_fixed(rows, seed=3, split="test"))
    assert np.array_equal(whole[:7], DYNAMIC.prepare_fixed(rows[:7], seed=3, split="test"))
    assert np.array_equal(whole[7:], DYNAMIC.prepare_fixed(rows[7:], seed=3, split="test", start=7))
    assert not np.array_equal(whole, DYNAMIC.prepare_fixed(rows, seed=3, split="validation"))
    assert not np.array_equal(whole, DYNAMIC.prepare_fixed(rows, seed=4, split="test"))
    assert len({tuple(row) for row in whole.tolist()}) == 20


def test_it_works_inside_a_scan_and_agrees_with_the_loop():
    rows, keys = jnp.full((4, 9), 90, jnp.uint8), jr.split(jr.key(5), 6)
    _, scanned = jax.lax.scan(lambda carry, key: (carry, DYNAMIC.prepare(rows, key)), 0, keys)
    assert np.array_equal(scanned, np.stack([np.asarray(DYNAMIC.prepare(rows, key)) for key in keys]))


@pytest.mark.parametrize(
    "preparation", [DYNAMIC, Preparation("threshold", 16), Preparation("none"), Preparation("none", 9)]
)
def test_it_is_restored_from_json_and_says_what_it_does(preparation):
    assert Preparation(**json.loads(json.dumps(asdict(preparation)))) == preparation
    assert preparation.to_text().endswith(".")
