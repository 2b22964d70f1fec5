"""Splitting one array into training, validation and test data, always in the same way."""

import numpy as np

from elbowroom.data.batches import permutation
from elbowroom.data.checks import check_enough
from elbowroom.data.dataset import Split

_SEED = 20131220  # of the split, fixed: a model's --seed must not move data between training and test


def split_in_three(whole: Split, what: str) -> tuple[Split, Split, Split]:
    """Train, validation and test of 70, 15 and 15 % (each at least one datum), drawn by a fixed permutation.

    The split depends on the number of rows alone. It is wrong for data in which neighbours are nearly equal, such as
    frames of a film: give such data as three arrays.

    **Raises.** `InputError` for fewer than three rows.
    """
    check_enough(len(whole), what)
    order = permutation(_SEED, 0, len(whole))
    held_out = max(1, round(0.15 * len(whole)))
    parts = np.split(order, [len(whole) - 2 * held_out, len(whole) - held_out])
    train, validation, test = (_take(whole, part) for part in parts)
    return train, validation, test


def split_in_two(whole: Split, held_out: float, what: str) -> tuple[Split, Split]:
    """The larger and the held-out part, by a fixed permutation; for data whose third split is given."""
    check_enough(len(whole), what)
    order = permutation(_SEED, 0, len(whole))
    count = max(1, round(held_out * len(whole)))
    return _take(whole, order[:-count]), _take(whole, order[-count:])


def split_off_last(whole: Split, held_out: int, what: str) -> tuple[Split, Split]:
    """The rows before the last `held_out`, and those."""
    check_enough(len(whole), what)
    order = np.arange(len(whole))
    return _take(whole, order[:-held_out]), _take(whole, order[-held_out:])


def _take(whole: Split, indices: np.ndarray) -> Split:
    return Split(whole.rows[indices], None if whole.labels is None else whole.labels[indices])
