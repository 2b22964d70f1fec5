"""What every array must satisfy, and the paragraph for each way to fail."""

import numpy as np
import pytest

from elbowroom.data.checks import check_labels, check_values
from elbowroom.errors import InputError

COMPACT = {
    "bits": (np.array([[True], [False]]), np.uint8),
    "small": (np.array([[0], [255]], np.int64), np.uint8),
    "medium": (np.array([[0], [256]], np.int64), np.uint16),
    "negative": (np.array([[-1], [256]], np.int64), np.int32),
    "huge": (np.array([[0], [2**40]], np.int64), np.float32),
    "double": (np.array([[0.5], [1.0]]), np.float32),
    "half": (np.array([[0.5], [1.0]], np.float16), np.float32),
    "big-endian": (np.array([[0.5], [1.0]], ">f4"), np.float32),
}


@pytest.mark.parametrize(("array", "kind"), COMPACT.values(), ids=COMPACT.keys())
def test_values_become_compact(array, kind):
    found = check_values(array, "It")
    assert found.dtype == np.dtype(kind)
    assert found.dtype.isnative
    assert np.array_equal(found, array.astype(kind))


def holed(shape, *places, value=np.nan):
    array = np.zeros(shape)
    for place in places:
        array[place] = value
    return array


def test_a_constant_feature_needs_no_resolution():
    assert check_values(np.full((3, 1), 0.1), "It").dtype == np.float32


REFUSED = {
    "times": (
        1.7e9 + np.arange(6.0).reshape(3, 2),
        "It loses its detail in 32-bit numbers, with which models compute: in column 0 the values lie about 1.7e+09",
    ),
    "keys": (2**40 + np.arange(6).reshape(3, 2), "Subtract the mean of each feature first."),
    "short keys": (2**30 + np.arange(6).reshape(3, 2), "Subtract the mean of each feature first."),
    "text": (np.array([["a"]]), "It holds text, not real numbers."),
    "objects": (np.array([[None]]), "It holds Python objects, not real numbers."),
    "complex": (np.array([[1j]]), "It holds complex numbers, not real numbers."),
    "dates": (np.array([["2020-01-01"]], "M8[D]"), "It holds dates, not real numbers."),
    "a vector": (np.zeros(5), "It has shape (5,): data need one row per datum"),
    "a number": (np.float64(3.0).reshape(()), "It has shape (): data need one row per datum"),
    "no rows": (np.zeros((0, 3)), "It has shape (0, 3): it holds no data."),
    "no columns": (np.zeros((3, 0)), "It has shape (3, 0): each datum has no values."),
    "NaN": (holed((9, 8), (7, 3)), "It holds 1 NaN value in 1 of 9 rows; the first is at row 7, column 3."),
    "infinite pixels": (
        holed((9, 2, 2), (4, 1, 0), (4, 1, 1), (8, 0, 0), value=-np.inf),
        "It holds 3 infinite values in 2 of 9 rows; the first is at row 4, pixel (1, 0).",
    ),
    "too large": (
        holed((2, 2), (1, 1), value=1e39),
        "too large for 32-bit numbers; the first is 1e+39 at row 1, column 1.",
    ),
}


@pytest.mark.parametrize(("array", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_refused(array, text):
    with pytest.raises(InputError) as caught:
        check_values(array, "It")
    assert text in str(caught.value)


def test_a_message_is_one_paragraph_that_says_what_to_do():
    with pytest.raises(InputError) as caught:
        check_values(holed((9, 8), (7, 3)), "Array `x` of data.npz")
    assert str(caught.value) == (
        "Array `x` of data.npz holds 1 NaN value in 1 of 9 rows; the first is at row 7, column 3. A density needs "
        "numbers everywhere: remove those rows, or fill the gaps first."
    )


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float64, np.bool_])
def test_labels_become_32_bit_integers(kind):
    found = check_labels(np.array([0, 1, 1], kind), 3, "labels", "rows")
    assert found.dtype == np.int32
    assert found.tolist() == [0, 1, 1]


LABELS = {
    "too few": (np.zeros(2, int), "The labels do not match the data: labels holds 2 labels, rows 3 rows."),
    "text": (np.array(["a", "b", "c"]), "labels holds text"),
    "fractions": (np.array([0.5, 1, 2]), "labels holds entries of type float64"),
    "one-hot": (np.eye(3, dtype=int), "labels has shape (3, 3)"),
    "beyond": (np.array([0, 1, 2**40]), "labels holds a label beyond 32 bits"),
}


@pytest.mark.parametrize(("labels", "text"), LABELS.values(), ids=LABELS.keys())
def test_labels_that_cannot_be_used_are_refused(labels, text):
    with pytest.raises(InputError) as caught:
        check_labels(labels, 3, "labels", "rows")
    assert text in str(caught.value)
