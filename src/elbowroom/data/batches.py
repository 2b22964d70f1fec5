"""The order in which data are visited: a pure function of the seed and the position, so that any run can resume."""

import numpy as np
from jaxtyping import Int32, Shaped

_WORD = 2**64


def permutation(seed: int, epoch: int, size: int) -> Int32[np.ndarray, " size"]:
    """The order of `size` data in one epoch: every index exactly once.

    The indices are sorted by the raw words of a Philox generator whose key is (seed, epoch), a stream that NumPy
    promises never to change; every order is equally likely up to ties of 64-bit words (below 1e-9 for 100,000 data).

    >>> permutation(seed=0, epoch=0, size=5)
    array([0, 2, 1, 4, 3], dtype=int32)
    """
    generator = np.random.Philox(key=np.array([seed % _WORD, epoch % _WORD], dtype=np.uint64))
    return np.argsort(generator.random_raw(size), kind="stable").astype(np.int32)


def index_stream(seed: int, start: int, count: int, size: int) -> Int32[np.ndarray, " count"]:
    """The indices of the data at positions `start` to `start + count` of an endless walk through `size` data.

    The walk is one permutation after another: positions `e * size` to `(e + 1) * size` hold the order of epoch `e`, a
    fresh one for each epoch. So every datum is visited exactly once per epoch, none is dropped, and all batches can
    have one size: a batch may straddle two epochs. The result depends on nothing but the arguments: a walk taken in
    chunks of any size is the walk taken at once, and `start` is all that a resumed run needs to know.

    **Symbols.** `seed` chooses the walk; `start` counts visited data since the beginning; `size` is the number of data.

    **Raises.** `ValueError` for a negative `start` or `count`, or `size` below 1.

    >>> index_stream(seed=0, start=3, count=4, size=5)      # the end of one epoch, the beginning of the next
    array([4, 3, 3, 2], dtype=int32)
    """
    if start < 0 or count < 0 or size < 1:
        raise ValueError(f"start ({start}) and count ({count}) cannot be negative, size ({size}) cannot be below 1")
    first, last = start // size, (start + count + size - 1) // size
    epochs = [permutation(seed, epoch, size) for epoch in range(first, last)]
    walk: Shaped[np.ndarray, " position"] = np.concatenate(epochs) if epochs else np.empty(0, np.int32)
    return walk[start - first * size :][:count]
