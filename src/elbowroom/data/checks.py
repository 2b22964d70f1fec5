"""What every array of data must satisfy, with a paragraph for each way to fail; `what` names the array for people."""

import math

import numpy as np

from elbowroom.errors import InputError

MINIMUM_ROWS = 3
_COMPACT = (np.uint8, np.uint16, np.int32)
_RESOLUTION = 0.01


def check_values(array: np.ndarray, what: str) -> np.ndarray:
    """The array of shape `(datum, ...)` with its values checked and in a compact type.

    Bits and integers become the smallest of uint8, uint16 and int32 that holds them, all other numbers float32.

    **Raises.** `InputError` if the array has rank below 2, no rows or no columns, no numbers, NaN or infinity, a
    value too large for float32, or a spread that float32 cannot resolve.
    """
    if array.dtype.kind not in "buif":
        raise InputError(f"{what} holds {_kind(array)}, not real numbers. Data are arrays of integers or real numbers.")
    if array.ndim < 2:
        raise InputError(
            f"{what} has shape {array.shape}: data need one row per datum, so an array of rank 2 or more, (datum, "
            "features) or (datum, height, width). Reshape it; a single feature is an array of shape (datum, 1)."
        )
    if array.shape[0] == 0:
        raise InputError(f"{what} has shape {array.shape}: it holds no data. Check how it was written.")
    if math.prod(array.shape[1:]) == 0:
        raise InputError(f"{what} has shape {array.shape}: each datum has no values. Check how it was written.")
    if array.dtype.kind in "bui":
        return _compact_integers(array, what)
    return _compact_reals(array, what)


def check_labels(labels: np.ndarray, rows: int, what: str, of: str) -> np.ndarray:
    """The labels as int32 of shape `(datum,)`, or an `InputError` that names both counts or the wrong entry."""
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == np.floor(labels)).all():
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "bui":
        raise InputError(
            f"{what} holds {_kind(labels)}, and labels are whole numbers, one for each datum. Number the classes 0, "
            "1, 2, …"
        )
    if labels.ndim != 1:
        raise InputError(
            f"{what} has shape {labels.shape}: labels are one whole number for each datum, so of shape ({rows},)."
        )
    if labels.shape[0] != rows:
        raise InputError(
            f"The labels do not match the data: {_inside(what)} holds {labels.shape[0]} labels, {_inside(of)} {rows} "
            "rows. There must "
            "be exactly one label for each row, in the same order."
        )
    if rows and (int(labels.min()) < -(2**31) or int(labels.max()) >= 2**31):
        raise InputError(f"{what} holds a label beyond 32 bits. Number the classes 0, 1, 2, …")
    return labels.astype(np.int32)


def check_enough(rows: int, what: str) -> None:
    """Refuse data that cannot be split into training, validation and test data."""
    if rows < MINIMUM_ROWS:
        raise InputError(
            f"{what} holds {rows} {'row' if rows == 1 else 'rows'}: at least {MINIMUM_ROWS} are needed, one each to "
            "train, to validate and to test."
        )


def place(flat_index: int, shape: tuple[int, ...]) -> str:
    """Where an entry of a `(datum, ...)` array lies, in words.

    >>> place(787, (2, 784)), place(787, (2, 28, 28))
    ('row 1, column 3', 'row 1, pixel (0, 3)')
    """
    row, *inside = (int(part) for part in np.unravel_index(flat_index, shape))
    return f"row {row}, column {inside[0]}" if len(inside) == 1 else f"row {row}, pixel {tuple(inside)}"


def _inside(what: str) -> str:
    """`what` in the middle of a sentence."""
    return f"{what[0].lower()}{what[1:]}" if what.startswith(("The ", "Array ")) else what


def _compact_integers(array: np.ndarray, what: str) -> np.ndarray:
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    smallest, largest = int(array.min()), int(array.max())
    for kind in _COMPACT:
        if np.iinfo(kind).min <= smallest and largest <= np.iinfo(kind).max:
            if kind is np.int32:
                _single(array, what)
            return array.astype(kind, copy=False)
    return _single(array, what)


def _compact_reals(array: np.ndarray, what: str) -> np.ndarray:
    bad = ~np.isfinite(array)
    if bad.any():
        wrong = array[bad]
        counts = [(int(np.isnan(wrong).sum()), "NaN"), (int(np.isinf(wrong).sum()), "infinite")]
        found = " and ".join(f"{count} {name}" for count, name in counts if count)
        several = "values" if wrong.size > 1 else "value"
        rows = int(bad.reshape(bad.shape[0], -1).any(axis=1).sum())
        raise InputError(
            f"{what} holds {found} {several} in {rows} of {array.shape[0]} rows; the first is at "
            f"{place(int(bad.argmax()), array.shape)}. A density needs numbers everywhere: remove those rows, or "
            "fill the gaps first."
        )
    largest = float(np.finfo(np.float32).max)
    if array.dtype.itemsize > 4 and (beyond := (array > largest) | (array < -largest)).any():
        raise InputError(
            f"{what} holds values too large for 32-bit numbers; the first is {array[beyond][0]:.6g} at "
            f"{place(int(beyond.argmax()), array.shape)}. Rescale the data."
        )
    return _single(array, what)


def _single(array: np.ndarray, what: str) -> np.ndarray:
    """The array in 32 bits, unless that takes away what tells the data apart: a small spread about a large number."""
    compact = np.ascontiguousarray(array, dtype=np.float32)
    if array.dtype.itemsize <= 4 and array.dtype.kind == "f":
        return compact
    flat, rounded = array.reshape(len(array), -1).astype(np.float64), compact.reshape(len(array), -1)
    spread, error = flat.std(axis=0), np.abs(rounded - flat).max(axis=0)
    lost = (error > _RESOLUTION * spread) & (flat.min(axis=0) < flat.max(axis=0))
    if lost.any():
        column = int(lost.argmax())
        raise InputError(
            f"{what} loses its detail in 32-bit numbers, with which models compute: in "
            f"{place(column, array.shape).partition(', ')[2]} the values lie about {flat[:, column].mean():.6g} with a "
            f"standard deviation of {spread[column]:.3g}, and are rounded by up to {error[column]:.3g}. Subtract the "
            "mean of each feature first."
        )
    return compact


def _kind(array: np.ndarray) -> str:
    names = {"U": "text", "S": "text", "O": "Python objects", "M": "dates", "m": "durations", "c": "complex numbers"}
    return names.get(array.dtype.kind, f"entries of type {array.dtype}")
