"""What a reader finds in a source, before it is split: checked arrays, whole or in named parts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elbowroom.data.checks import check_labels, check_values
from elbowroom.data.dataset import Split
from elbowroom.errors import InputError


@dataclass(frozen=True)
class Found:
    """One array as it came, with its labels where there are any, and what to call both in a message."""

    part: str
    values: np.ndarray
    what: str
    labels: np.ndarray | None = None
    what_labels: str = ""


@dataclass(frozen=True)
class Contents:
    """The parts of a source, `whole` or `train` with perhaps `validation` and `test`, in the order of the source.

    **Fields.** `event_shape` and `levels` hold for all parts and mean what they mean in `Dataset`.
    """

    parts: dict[str, Split]
    event_shape: tuple[int, ...]
    levels: int | None

    def joined(self) -> Split:
        """All rows in the order of the source; labels only if every part has them."""
        parts = list(self.parts.values())
        if len(parts) == 1:
            return parts[0]
        labels = [part.labels for part in parts if part.labels is not None]
        rows = np.concatenate([part.rows for part in parts])
        return Split(rows, np.concatenate(labels) if len(labels) == len(parts) else None)


def check_contents(source: str, found: Sequence[Found], images: bool = False) -> Contents:
    """Check each array by itself and all of them together.

    Bytes are pixels of 256 levels if `images` says so or if a datum has rank 2 or more; what is exactly zeros and
    ones in all parts has one level.

    **Raises.** `InputError` for what `elbowroom.data.checks` refuses, and for parts whose data differ in shape.
    """
    parts: dict[str, Split] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for one in found:
        compact = check_values(one.values, one.what)
        labels = None if one.labels is None else check_labels(one.labels, len(compact), one.what_labels, one.what)
        parts[one.part] = Split(np.ascontiguousarray(compact.reshape(len(compact), -1)), labels)
        shapes[one.part] = compact.shape[1:]
    (first, shape), *others = shapes.items()
    for part, other in others:
        if other != shape:
            raise InputError(
                f"The parts of {source} do not fit together: a datum of `{first}` has shape {shape}, one of "
                f"`{part}` {other}. All parts need data of one shape."
            )
    if all(is_binary(split.rows) for split in parts.values()):
        return Contents(
            {name: Split(split.rows.astype(np.uint8), split.labels) for name, split in parts.items()}, shape, 1
        )
    pixels = all(one.values.dtype == np.uint8 and (images or one.values.ndim >= 3) for one in found)
    return Contents(parts, shape, 255 if pixels else None)


def is_binary(rows: np.ndarray) -> bool:
    """Whether every value is exactly 0 or 1."""
    return bool(rows.max() <= 1 and rows.min() >= 0 and ((rows == 0) | (rows == 1)).all())
