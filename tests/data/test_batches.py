"""Every datum once per epoch, in an order that depends on the seed and the position alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elbowroom.data.batches import index_stream, permutation

SEEDS = st.integers(0, 2**63 - 1)


@given(seed=SEEDS, epoch=st.integers(0, 1000), size=st.integers(1, 300))
def test_a_permutation_holds_every_index_once(seed, epoch, size):
    assert np.array_equal(np.sort(permutation(seed, epoch, size)), np.arange(size))


@given(seed=SEEDS, size=st.integers(1, 60), batch=st.integers(1, 70), epochs=st.integers(1, 4))
def test_D18_every_datum_exactly_once_per_epoch_whatever_the_batch(seed, size, batch, epochs):
    steps = -(-epochs * size // batch)
    batches = [index_stream(seed, step * batch, batch, size) for step in range(steps)]
    assert all(found.shape == (batch,) for found in batches)
    walk = np.concatenate(batches)[: epochs * size].reshape(epochs, size)
    assert np.array_equal(np.sort(walk, axis=1), np.tile(np.arange(size), (epochs, 1)))


@given(seed=SEEDS, size=st.integers(1, 50), start=st.integers(0, 200), cuts=st.lists(st.integers(0, 40), max_size=6))
def test_a_walk_in_chunks_is_the_walk_at_once(seed, size, start, cuts):
    position, chunks = start, []
    for count in cuts:
        chunks.append(index_stream(seed, position, count, size))
        position += count
    whole = index_stream(seed, start, position - start, size)
    assert np.array_equal(np.concatenate(chunks) if chunks else np.empty(0), whole)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_D24_the_order_differs_between_epochs_and_seeds(seed):
    size = 100  # two of 100! orders are equal with a probability below 1e-157
    epochs = index_stream(seed, 0, 4 * size, size).reshape(4, size)
    assert len({tuple(order) for order in epochs}) == 4
    assert not np.array_equal(epochs[0], permutation(seed + 1, 0, size))


def test_D17_a_last_batch_of_one_is_not_lost():
    size, batch = 9, 4  # a short last batch would hold one datum
    walk = np.concatenate([index_stream(0, step * batch, batch, size) for step in range(9)])
    assert np.array_equal(np.bincount(walk, minlength=size), np.full(size, 4))


def test_the_order_never_changes():
    assert permutation(0, 0, 8).tolist() == [0, 2, 1, 5, 4, 3, 6, 7]
    assert index_stream(7, 5, 6, 8).tolist() == [7, 5, 0, 3, 1, 6]
    assert permutation(0, 0, 8).dtype == np.int32


def test_every_order_is_equally_likely():
    # 24 orders of 4 data in 24,000 epochs: chi-square with 23 degrees of freedom is above 84.7 with probability 5e-9.
    orders = index_stream(3, 0, 4 * 24_000, 4).reshape(-1, 4)
    _, counts = np.unique(orders @ np.array([1, 4, 16, 64]), return_counts=True)
    assert counts.size == 24
    assert np.sum((counts - 1000.0) ** 2 / 1000.0) < 84.7


@pytest.mark.parametrize("wrong", [{"start": -1}, {"count": -1}, {"size": 0}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="cannot be"):
        index_stream(**({"seed": 0, "start": 0, "count": 1, "size": 3} | wrong))
