"""Chunks over data: memory is bounded and every datum is counted once."""

import numpy as np
import pytest

from elbowroom.evidence.chunks import chunk_rows, over_data


@pytest.mark.parametrize("count", [1, 5, 6, 7])
@pytest.mark.parametrize("rows", [1, 3, 7])
def test_D18_every_datum_is_visited_once_and_in_order(count, rows):
    data = np.arange(count, dtype=float)
    shapes = []

    def twice(values):
        shapes.append(values.shape)
        return {"twice": 2 * values}

    np.testing.assert_array_equal(over_data(twice, (data,), count, min(rows, count))["twice"], 2 * data)
    assert len(set(shapes)) == 1, "one shape, so that there is one compilation"


def test_rows_obey_the_budget():
    assert chunk_rows(1000, draws=100, floats=2**10, memory_mib=128) <= 128 * 2**20 // (4 * 100 * 2**10)
    assert chunk_rows(3, draws=10**6, floats=10**6, memory_mib=1) == 1
