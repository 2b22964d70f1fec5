"""The file F of `sample`, `encode` and `reconstruct`: arrays, a table or a picture, by the ending of its name."""

import argparse
import importlib
import importlib.util
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elbowroom.errors import InputError

if TYPE_CHECKING:
    import numpy as np

ENDINGS = (".npz", ".npy", ".csv", ".parquet", ".png")


@dataclass(frozen=True)
class Result:
    """What a command has computed, in all the ways it can be written.

    **Fields.** `arrays` go into `.npz` under their names, every one with a row per datum; the one called `main` goes
    into `.npy`; those in `columns` go into the columns of `.csv` and `.parquet`. `picture` makes the contents of a
    `.png`; it raises `InputError` where no picture makes sense.
    """

    arrays: Mapping[str, "np.ndarray"]
    main: str
    columns: tuple[str, ...]
    picture: Callable[[], bytes]


def add_output_options(parser: argparse.ArgumentParser, contents: str) -> None:
    """`--out` and `--force`, for `check_output`."""
    parser.add_argument("--out", metavar="F", required=True, help=f"{contents}; F ends in {', '.join(ENDINGS)}")
    parser.add_argument("--force", action="store_true", help="replace F if it exists")


def check_output(out: str, force: bool) -> Path:
    """The path to write to, checked before anything is computed.

    **Raises.** `InputError` if its ending is unknown, it exists and `force` is not given, or it has no folder.
    """
    path = Path(out)
    if path.suffix.lower() not in ENDINGS:
        ending = f"ends in {path.suffix}" if path.suffix else "has no ending"
        raise InputError(f"--out is {out}, which {ending}, and the ending says what to write: {', '.join(ENDINGS)}.")
    if path.suffix.lower() == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise InputError(
            f"--out is {out}, and Parquet files are written by pyarrow, which is not installed. Install it with "
            "`pip install pyarrow`, or write .csv or .npz."
        )
    if path.is_dir():
        raise InputError(f"--out is {out}, which is a folder. Name a file in it, such as {path / 'result.npz'}.")
    if path.exists() and not force:
        raise InputError(f"The file {out} exists already and is left as it is. Give another name, or add --force.")
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent} to write {path.name} into. Make it first.")
    return path


def write_output(path: Path, result: Result) -> None:
    """Write the result as the ending of `path` says: whole or not at all."""
    from elbowroom.training.files import write_bytes

    write_bytes(path, _WRITERS[path.suffix.lower()](result))


def _npz(result: Result) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **dict(result.arrays))  # pyright: ignore[reportArgumentType]  # numpy types the names of the arrays as its own options
    return buffer.getvalue()


def _npy(result: Result) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, result.arrays[result.main], allow_pickle=False)
    return buffer.getvalue()


def _csv(result: Result) -> bytes:
    import numpy as np

    table = _table(result)
    formats = ["%d" if column.dtype.kind in "iu" else "%.9g" for column in table.values()]  # nine digits: float32
    buffer = io.StringIO()
    values = np.column_stack([column.astype(np.float64) for column in table.values()])
    np.savetxt(buffer, values, fmt=formats, delimiter=",")
    return f"{','.join(table)}\n{buffer.getvalue()}".encode()


def _parquet(result: Result) -> bytes:
    arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    buffer = io.BytesIO()
    parquet.write_table(arrow.table(_table(result)), buffer)
    return buffer.getvalue()


def _table(result: Result) -> dict[str, "np.ndarray"]:
    """One column for each value of a datum: `label`, or `mean_0`, `mean_1`, …"""
    table: dict[str, np.ndarray] = {}
    for name in result.columns:
        array = result.arrays[name]
        if array.ndim == 1:
            table[name] = array
            continue
        flat = array.reshape(len(array), -1)
        table |= {f"{name}_{index}": flat[:, index] for index in range(flat.shape[1])}
    return table


def _png(result: Result) -> bytes:
    return result.picture()


_WRITERS: Mapping[str, Callable[[Result], bytes]] = {
    ".npz": _npz,
    ".npy": _npy,
    ".csv": _csv,
    ".parquet": _parquet,
    ".png": _png,
}
