"""Tables: `.csv`, `.tsv` and `.parquet`, a row for each datum, a column for each feature and perhaps one for labels."""

import csv
import importlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from elbowroom.data.contents import Contents, Found, check_contents
from elbowroom.data.memory import check_fits
from elbowroom.errors import InputError

LABELS = ("label", "labels", "y")
FEWER = "Give fewer rows, or a .npy file, which keeps numbers in 4 bytes."


def read_csv(path: Path) -> Contents:
    """The rows of a text file with commas, semicolons or tabs between the values.

    The first row is a head if any of its cells is not a number; a column whose head is `label`, `labels` or `y` holds
    the classes, as whole numbers or as names, which are numbered in their alphabetical order.

    **Raises.** `InputError` that names the line and the column of a cell that is not a number.
    """
    check_fits(path.stat().st_size, str(path), FEWER)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8, so not a table. Save it as CSV in UTF-8.") from None
    if not first.strip():
        raise InputError(f"{path} begins with an empty line. A table has a head or a row of numbers there.")
    separator = max(",;\t", key=first.count)
    cells = next(csv.reader([first], delimiter=separator))
    head = [cell.strip() for cell in cells] if any(_number(cell) is None for cell in cells) else None
    at = _label_column(head or [], path)
    if len(cells) == 1 and at is not None:
        raise InputError(f"{path} has no column beside its labels. A datum needs at least one value.")
    try:
        values, labels = _parse(path, separator, head is not None, at)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(_first_wrong(path, separator, head, at, len(cells), error)) from None
    return check_contents(str(path), [Found("whole", values, str(path), labels, f"the column of labels of {path}")])


def read_parquet(path: Path) -> Contents:
    """The columns of a Parquet file, with labels as in `read_csv`.

    **Raises.** `InputError` if pyarrow is not installed, the file is damaged, or a column does not hold numbers.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise InputError(
            f"{path} is read by pyarrow, which is not installed. Install it with `pip install pyarrow`, or save the "
            "table as .csv."
        )
    arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    try:
        table = parquet.read_table(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise InputError(f"{path} cannot be read as a Parquet file: {error}. Write it again.") from None
    names = list(table.column_names)
    at = _label_column(names, path)
    columns = [_column(table, name, path) for index, name in enumerate(names) if index != at]
    if not columns:
        raise InputError(f"{path} has no column beside its labels. A datum needs at least one value.")
    labels = None if at is None else _numbered(np.asarray(table.column(at).to_pylist()))
    values = np.column_stack(columns)
    return check_contents(str(path), [Found("whole", values, str(path), labels, f"the column of labels of {path}")])


def _column(table: Any, name: str, path: Path) -> np.ndarray:
    column = table.column(name).to_numpy()
    if column.dtype.kind not in "buif":
        raise InputError(
            f"The column {name!r} of {path} holds {table.schema.field(name).type}, not numbers. Leave it out, write it "
            f"as numbers, or call it {LABELS[0]!r} if it holds the classes."
        )
    return column


def _label_column(head: list[str], path: Path) -> int | None:
    found = [index for index, name in enumerate(head) if name.lower() in LABELS]
    if len(found) > 1:
        names = " and ".join(repr(head[index]) for index in found)
        raise InputError(f"{path} has labels twice, in the columns {names}. Keep one of them.")
    return found[0] if found else None


def _numbered(labels: np.ndarray) -> np.ndarray:
    """Labels as whole numbers: as they are, or the place of each name in the alphabetical order of names."""
    try:
        numbers = labels.astype(float)
    except ValueError:
        return np.unique(labels, return_inverse=True)[1]
    whole = np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()
    return numbers.astype(np.int64) if whole else np.unique(labels, return_inverse=True)[1]


def _parse(path: Path, separator: str, headed: bool, at: int | None) -> tuple[np.ndarray, np.ndarray | None]:
    """The features and the labels; `ValueError` if a row is longer or shorter or holds something else than numbers."""

    def read(
        kind: type, columns: list[int] | None, converters: Mapping[int | str, Callable[[str], Any]] | None
    ) -> np.ndarray:
        return np.loadtxt(
            path, kind, comments=None, delimiter=separator, skiprows=int(headed), ndmin=2, encoding="utf-8-sig",
            quotechar='"', usecols=columns, converters=converters,
        )  # fmt: skip

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "loadtxt: input contained no data")  # `check_contents` refuses it
        if at is None:
            return read(float, None, None), None
        values = read(float, None, {at: lambda _: 0.0})  # all columns, because only then are their numbers compared
        return np.delete(values, at, axis=1), _numbered(read(str, [at], None)[:, 0])


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _rows(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        reader = csv.reader(file, delimiter=separator)
        for row in reader:
            yield reader.line_num, row


def _first_wrong(
    path: Path, separator: str, head: list[str] | None, at: int | None, width: int, error: Exception
) -> str:
    """The paragraph for the first row that is not `width` numbers."""
    for line, row in _rows(path, separator):
        if not row or (head is not None and line == 1):
            continue
        if len(row) != width:
            return (
                f"{path} has {len(row)} values in line {line}, and {width} in its first. Every row of a table has the "
                "same number of values."
            )
        for index, cell in enumerate(row):
            if index != at and _number(cell) is None:
                name = f"column {head[index]!r}" if head is not None else f"column {index}"
                what = f"{cell!r}, which is not a number" if cell.strip() else "nothing"
                return (
                    f"{path} holds {what} in line {line}, {name}. A density needs numbers everywhere: fill the gap, "
                    f"leave that row or column out, or call the column {LABELS[0]!r} if it holds the classes."
                )
    return f"{path} cannot be read as a table of numbers: {error}."
