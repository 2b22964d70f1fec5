"""The 1,797 handwritten digits that come with scikit-learn: 8 x 8 pixels of 17 grey levels, no file, no network."""

import numpy as np
from sklearn.datasets import load_digits

from elbowroom.data.contents import Contents
from elbowroom.data.dataset import Split

LEVELS = 16


def read_digits() -> Contents:
    """The digits as one part: rows of 64 pixels from 0 to 16, labels 0 to 9.

    **Reference.** Optical recognition of handwritten digits, UCI Machine Learning Repository (its test set).
    """
    pixels, labels = load_digits(return_X_y=True)
    rows = np.ascontiguousarray(pixels, dtype=np.uint8)
    return Contents({"whole": Split(rows, np.asarray(labels, np.int32))}, (8, 8), LEVELS)
