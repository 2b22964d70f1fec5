"""From the name of a source to a checked data set in three splits."""

import difflib
from pathlib import Path

from elbowroom.data.arrays import read_npy, read_npz
from elbowroom.data.contents import Contents
from elbowroom.data.dataset import Dataset, Split, fingerprint
from elbowroom.data.digits import read_digits
from elbowroom.data.idx_folder import holds_idx, read_idx_folder
from elbowroom.data.picture_folder import holds_pictures, read_picture_folder
from elbowroom.data.splits import split_in_three, split_in_two, split_off_last
from elbowroom.data.table import read_csv, read_parquet
from elbowroom.errors import InputError

DIGITS = "digits"
_READERS = {".npy": read_npy, ".npz": read_npz, ".csv": read_csv, ".tsv": read_csv, ".parquet": read_parquet}
_LATER = {".h5ad", ".h5", ".hdf5"}
_READ_NOW = "digits (built in), a folder of IDX files or of pictures, .npy, .npz, .csv, .tsv and .parquet"


def load_dataset(source: str | Path) -> Dataset:
    """Read, check and split a source of data.

    **Sources.** `digits`, built in; a folder of IDX files as MNIST has them, or of pictures
    (`elbowroom.data.picture_folder`); a `.npy` or `.npz` file (`elbowroom.data.arrays.read_npz` has the names of its
    arrays); a table, `.csv`, `.tsv` or `.parquet` (`elbowroom.data.table`). Each row of an array of rank 2 or more is
    one datum; it is flattened, and `event_shape` keeps its shape.

    **Splits.** Parts that are given are kept. For IDX the last sixth of the training file validates, 10,000 images for
    MNIST. What is given whole is split 70/15/15 by one fixed permutation, the same for every seed of a model.

    **Values.** Kept compact, uint8 for pixels, float32 for real numbers; nothing is scaled or binarised here.

    **Raises.** `InputError`, one paragraph, for whatever cannot be used: what, where, and what to do.

    >>> digits = load_dataset("digits")
    >>> len(digits.train), len(digits.validation), len(digits.test), digits.event_shape, digits.levels
    (1257, 270, 270, (8, 8), 16)
    """
    name, contents, resolved = _read(str(source))
    splits = _split(
        contents, f"The data set {source}", idx=resolved is not None and resolved.is_dir() and holds_idx(resolved)
    )
    return Dataset(
        name=name,
        source=str(resolved) if resolved else DIGITS,
        train=splits[0],
        validation=splits[1],
        test=splits[2],
        event_shape=contents.event_shape,
        levels=contents.levels,
        fingerprint=fingerprint(splits),
    )


def load_contents(source: str | Path) -> Contents:
    """Read and check a source without splitting it: for what is done to every row, in the order of the source.

    `load_contents(source).joined()` has all rows, training before validation before test where the source has parts.
    One row is enough.

    **Raises.** `InputError`, as `load_dataset`.
    """
    return _read(str(source))[1]


def _read(source: str) -> tuple[str, Contents, Path | None]:
    if source == DIGITS:
        return DIGITS, read_digits(), None
    path = Path(source).expanduser()
    if not path.exists():
        raise InputError(_missing(source, path))
    resolved = path.resolve()
    if path.is_dir():
        pictures = not holds_idx(path) and holds_pictures(path)
        return resolved.name, read_picture_folder(path) if pictures else read_idx_folder(path), resolved
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(_unread(path))
    if not path.is_file():
        raise InputError(f"{source} is neither a file nor a folder. What is read now: {_READ_NOW}.")
    return resolved.stem, reader(path), resolved


def _split(contents: Contents, what: str, idx: bool) -> tuple[Split, Split, Split]:
    parts = contents.parts
    if "whole" in parts:
        return split_in_three(parts["whole"], what)
    train, validation, test = parts["train"], parts.get("validation"), parts.get("test")
    if validation is None and test is None:
        return split_in_three(train, what)
    if validation is None:
        training = f"The training part of {what[0].lower()}{what[1:]}"
        sixth = max(1, len(train) // 6)
        train, validation = split_off_last(train, sixth, training) if idx else split_in_two(train, 1 / 6, training)
    if test is None:
        train, test = split_in_two(train, 0.15, f"The training part of {what[0].lower()}{what[1:]}")
    return train, validation, test


def _missing(source: str, path: Path) -> str:
    there = path.parent
    missing = path.name
    while not there.is_dir():
        there, missing = there.parent, there.name
    names = [entry.name for entry in there.iterdir()]
    bare = path.parent == Path()
    close = difflib.get_close_matches(missing, [*names, *([DIGITS] if bare else [])], n=1)
    suggestion = f" The nearest name there is {close[0]}." if close else ""
    if close and bare and close[0] == DIGITS:
        suggestion = f" Did you mean {DIGITS}, the data set that is built in?"
    where = "the current folder" if there == Path() else str(there)
    return f"There is no file or folder {source}: {where} has no {missing}.{suggestion} What is read now: {_READ_NOW}."


def _unread(path: Path) -> str:
    if "idx" in path.name and "ubyte" in path.name:
        return (
            f"{path} is one file of an IDX data set. Give the folder it lies in, {path.parent}, so that images and "
            "labels are read together."
        )
    if path.suffix.lower() in _LATER:
        return (
            f"{path}: {path.suffix} files are not read yet. What is read now: {_READ_NOW}. Save the array with "
            "numpy.save."
        )
    ending = f"files that end in {path.suffix} are" if path.suffix else "a file without an ending is"
    return f"{path} cannot be read as data: {ending} not known. What is read now: {_READ_NOW}."
