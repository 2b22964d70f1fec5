"""Work through many data in equal chunks, so that memory is bounded and each function is compiled once."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np

Leaves = TypeVar("Leaves")


def chunk_rows(count: int, draws: int, floats: int, memory_mib: int) -> int:
    """How many data fit into the memory budget at once, with `draws` draws each of `floats` numbers of 4 bytes."""
    fit = memory_mib * 2**20 // (4 * draws * floats)
    chunks = math.ceil(count / max(1, fit))
    return math.ceil(count / chunks)


def over_data(function: Callable[..., Leaves], arrays: Any, count: int, rows: int) -> Leaves:
    """Apply `function` to `rows` data at a time; the result has its structure, joined, with every leaf on the host.

    Every leaf of `arrays` and of the result has the data on axis 0. The last chunk is filled with copies of its last
    datum, and their results are dropped: one shape, one compilation, and each datum counted once.
    """
    parts = []
    for start in range(0, count, rows):
        index = np.minimum(np.arange(start, start + rows), count - 1)
        kept = min(rows, count - start)
        result = function(*jax.tree.map(lambda leaf, index=index: leaf[index], arrays))
        parts.append(jax.tree.map(lambda leaf, kept=kept: np.asarray(leaf)[:kept], result))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
