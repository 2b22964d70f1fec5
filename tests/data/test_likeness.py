"""New data for a trained model: prepared as its own were, or refused."""

import numpy as np
import pytest

from elbowroom.data.contents import Found, check_contents
from elbowroom.data.likeness import preparation_for_new
from elbowroom.data.preparation import Preparation
from elbowroom.errors import InputError

GREY = np.arange(24, dtype=np.uint8).reshape(4, 2, 3) * 11


def contents(array):
    return check_contents("new.npy", [Found("whole", np.asarray(array), "new.npy")])


def asked(preparation, array):
    return preparation_for_new(preparation, contents(array), (2, 3), "new.npy")


@pytest.mark.parametrize(
    ("preparation", "array"),
    [
        (Preparation("dynamic", 255), GREY),
        (Preparation("dynamic", 255), GREY.reshape(4, 6)),  # flattened by the user
        (Preparation("dynamic", 255), GREY.astype(np.float64)),
        (Preparation("threshold", 255), GREY),
        (Preparation("none", 255), GREY),
        (Preparation("none", 255), np.zeros((1, 6))),
        (Preparation("none", 1), GREY // 128),
        (Preparation("none"), GREY - 1e6),
    ],
)
def test_data_of_the_same_kind_are_prepared_in_the_same_way(preparation, array):
    assert asked(preparation, array) == preparation


@pytest.mark.parametrize("binarise", ["dynamic", "threshold"])
def test_data_that_are_binary_already_are_used_as_they_are(binarise):
    assert asked(Preparation(binarise, 255), GREY // 128) == Preparation("none", 1)


REFUSED = {
    "another width": (
        Preparation("dynamic", 255),
        GREY[:, :1],
        "new.npy has 3 values for each datum, of shape (1, 3), and the model was trained on 6, of shape (2, 3). "
        "Give data of that shape.",
    ),
    "above the levels": (
        Preparation("dynamic", 16),
        GREY,
        "new.npy holds values that lie outside 0 to 16, 22 of 24; the first is 22 at row 0, pixel (0, 2), and they "
        "run from 22 to 253. The model was trained on pixels from 0 to 16: bring the data to the same range.",
    ),
    "negative": (
        Preparation("none", 255),
        GREY.astype(int) - 1,
        "new.npy holds values that lie outside 0 to 255, 1 of 24; the first is -1 at row 0, pixel (0, 0), and they "
        "run from -1 to -1. The model was trained on pixels from 0 to 255: bring the data to the same range.",
    ),
    "grey for a binary model": (
        Preparation("none", 1),
        GREY,
        "new.npy holds values that are neither 0 nor 1, 23 of 24; the first is 11 at row 0, pixel (0, 1), and they "
        "run from 11 to 253. The model was trained on zeros and ones: bring the data to the same range.",
    ),
    "scaled already": (
        Preparation("dynamic", 255),
        GREY / 255,
        "new.npy runs from 0 to 0.992157, as if it had been scaled to [0, 1], and the model was trained on pixels "
        "from 0 to 255, which it scales itself. Multiply the data by 255.",
    ),
    "binary for a scaled model": (
        Preparation("none", 255),
        GREY // 128,
        "new.npy runs from 0 to 1, as if it had been scaled to [0, 1], and the model was trained on pixels from 0 "
        "to 255, which it scales itself. Multiply the data by 255.",
    ),
}


@pytest.mark.parametrize(("preparation", "array", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_data_of_another_kind_are_refused(preparation, array, text):
    with pytest.raises(InputError) as caught:
        asked(preparation, array)
    assert str(caught.value) == text
