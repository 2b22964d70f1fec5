"""The three splits are disjoint, complete, and always the same."""

import numpy as np
import pytest

from elbowroom.data.dataset import Split
from elbowroom.data.splits import split_in_three, split_in_two, split_off_last
from elbowroom.errors import InputError


def numbered(count: int) -> Split:
    return Split(np.arange(count, dtype=np.int32)[:, None], np.arange(count, dtype=np.int32))


@pytest.mark.parametrize("count", [3, 4, 7, 100, 1797])
def test_every_row_is_in_one_split_with_its_label(count):
    parts = split_in_three(numbered(count), "It")
    assert np.array_equal(np.sort(np.concatenate([part.rows[:, 0] for part in parts])), np.arange(count))
    for part in parts:
        assert len(part) >= 1
        assert np.array_equal(part.rows[:, 0], part.labels)


def test_the_shares_and_the_order_stay():
    parts = split_in_three(numbered(100), "It")
    assert [len(part) for part in parts] == [70, 15, 15]
    again = split_in_three(numbered(100), "It")
    assert all(np.array_equal(one.rows, other.rows) for one, other in zip(parts, again, strict=True))


def test_two_parts():
    train, held_out = split_in_two(numbered(12), 1 / 6, "It")
    assert (len(train), len(held_out)) == (10, 2)
    train, held_out = split_off_last(numbered(12), 2, "It")
    assert held_out.rows[:, 0].tolist() == [10, 11]


@pytest.mark.parametrize(("count", "text"), [(1, "1 row:"), (2, "2 rows:")])
def test_too_few_rows(count, text):
    with pytest.raises(InputError, match=text) as caught:
        split_in_three(numbered(count), "The data set pair.npy")
    assert str(caught.value) == (
        f"The data set pair.npy holds {text} at least 3 are needed, one each to train, to validate and to test."
    )
