"""What a reader hands on: the rows of three splits, as compactly as they came, and what is known of them."""

import hashlib
from dataclasses import dataclass

import numpy as np

from elbowroom.errors import InputError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """One part of the data.

    **Shapes.** `rows` is `(datum, observed)`, flattened, of type uint8, uint16, int32 or float32; `labels` is
    `(datum,)` of type int32, or None. Row `i` of one belongs to entry `i` of the other.
    """

    rows: np.ndarray
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return self.rows.shape[0]


@dataclass(frozen=True)
class Dataset:
    """Three splits of one source, checked: finite, of one width, with labels that match.

    **Fields.** `name` is short, for people; `source` is what `load_dataset` accepts to read the same data again;
    `event_shape` is the shape of one datum before it was flattened, `(28, 28)` for an image, `(features,)` for a row of
    numbers; `levels` is the largest value of a pixel (255 for uint8 images, 16 for the digits, 1 for data that are
    exactly zeros and ones) or None where the values are not such levels; `fingerprint` is the SHA-256 of the contents.
    """

    name: str
    source: str
    train: Split
    validation: Split
    test: Split
    event_shape: tuple[int, ...]
    levels: int | None
    fingerprint: str

    @property
    def observed(self) -> int:
        """The number of values of one datum."""
        return self.train.rows.shape[1]

    def split(self, name: str) -> Split:
        """The split of that name.

        **Raises.** `InputError` for a name that is not train, validation or test.
        """
        if name not in SPLITS:
            raise InputError(f"There is no split {name!r}: the splits of a data set are train, validation and test.")
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


def fingerprint(splits: tuple[Split, Split, Split]) -> str:
    """The SHA-256 of three splits: of shapes, types, values and labels, not of how a file stored them.

    >>> one = Split(np.zeros((2, 3), np.uint8))
    >>> fingerprint((one, one, one))[:8]
    '0362777d'
    """
    digest = hashlib.sha256()
    for split in splits:
        for array in (split.rows, split.labels):
            if array is None:
                digest.update(b"none;")
                continue
            plain = np.ascontiguousarray(array)
            digest.update(f"{plain.dtype.str}{plain.shape};".encode())
            digest.update(plain.data if plain.size else b"")
    return digest.hexdigest()
