"""NumPy's own files, `.npy` and `.npz`; what is pickled is refused, because reading a pickle runs code."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from elbowroom.data.contents import Contents, Found, check_contents
from elbowroom.data.memory import check_fits
from elbowroom.errors import InputError

_PART_NAMES = {"train": "train", "validation": "validation", "valid": "validation", "test": "test"}
_WHOLE_NAMES = ("x", "data", "images")
_LABEL_NAMES = ("labels", "y")
FEWER = "Give fewer data, or keep them in a smaller type: uint8 for pixels, float32 for real numbers."


def read_npy(path: Path) -> Contents:
    """The array of a `.npy` file, one datum per row, without labels."""
    with path.open("rb") as file:
        start = file.read(6)
    if start != b"\x93NUMPY":
        raise InputError(_not_an_array(path, start))
    check_fits(path.stat().st_size, str(path), FEWER)
    array = _load(path)
    assert isinstance(array, np.ndarray)
    return check_contents(str(path), [Found("whole", array, str(path))])


def read_npz(path: Path) -> Contents:
    """The arrays of a `.npz` file.

    Either parts, `train` with `validation` (or `valid`) and `test` and their labels `train_labels` or `train_y` and
    so on; or one array, named `x`, `data` or `images` or the only one there, with `labels` or `y` beside it.

    **Raises.** `InputError` if neither is found, if a part is there twice, or if what is found cannot be used.
    """
    with path.open("rb") as file:
        start = file.read(6)
    if not zipfile.is_zipfile(path):
        damaged = (
            f"{path} is truncated or damaged: it begins like an .npz file and its end is missing. Write or fetch it "
            "again."
        )
        raise InputError(damaged if start[:2] == b"PK" else _not_an_array(path, start))
    arrays = _load_members(path)
    if not arrays:
        raise InputError(
            f"{path} holds no arrays. Write one with numpy.savez(file, x=array), or parts as train, validation and "
            "test."
        )
    parts = [name for name in _PART_NAMES if name in arrays]
    if "train" in parts:
        return check_contents(str(path), _parts(arrays, parts, path))
    labels = _labels_name(arrays, _LABEL_NAMES, path)
    return check_contents(str(path), [_found("whole", arrays, _whole_name(arrays, path), labels, path)])


def _parts(arrays: dict[str, np.ndarray], parts: list[str], path: Path) -> list[Found]:
    if "valid" in parts and "validation" in parts:
        raise InputError(f"{path} holds both `valid` and `validation`, two names of the same part. Keep one of them.")
    stray = [name for name in _LABEL_NAMES if name in arrays]
    if stray:
        raise InputError(
            f"{path} holds parts ({', '.join(parts)}) and labels named `{stray[0]}`, which belong to none of them. "
            "Name the labels of each part: `train_labels`, `test_labels`, …"
        )
    found = []
    for name in parts:
        candidates = (f"{name}_labels", f"{name}_y", f"labels_{name}", f"y_{name}")
        found.append(_found(_PART_NAMES[name], arrays, name, _labels_name(arrays, candidates, path), path))
    return found


def _found(part: str, arrays: dict[str, np.ndarray], name: str, labels: str | None, path: Path) -> Found:
    what = f"Array `{name}` of {path}"
    if labels is None:
        return Found(part, arrays[name], what)
    return Found(part, arrays[name], what, arrays[labels], f"array `{labels}` of {path}")


def _whole_name(arrays: dict[str, np.ndarray], path: Path) -> str:
    for name in _WHOLE_NAMES:
        if name in arrays:
            return name
    others = [name for name in arrays if name not in _LABEL_NAMES]
    if len(others) == 1:
        return others[0]
    found = ", ".join(f"`{name}` {array.shape}" for name, array in arrays.items())
    raise InputError(
        f"It is not clear which array of {path} is the data: it holds {found}. Name the data `x`, with `labels` "
        "beside it if there are any; or name the parts `train`, `validation` and `test`."
    )


def _labels_name(arrays: dict[str, np.ndarray], candidates: tuple[str, ...], path: Path) -> str | None:
    found = [name for name in candidates if name in arrays]
    if len(found) > 1:
        raise InputError(
            f"{path} holds labels twice, as {' and as '.join(f'`{name}`' for name in found)}. Keep one of them."
        )
    return found[0] if found else None


def _load_members(path: Path) -> dict[str, np.ndarray]:
    archive = _load(path)
    assert not isinstance(archive, np.ndarray)
    with archive:
        with zipfile.ZipFile(path) as members:
            check_fits(sum(member.file_size for member in members.infolist()), f"{path}, unpacked,", FEWER)
        arrays = {name: _read_member(archive, name, path) for name in archive.files}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise InputError(f"{path} holds `{name}`, which is not a NumPy array. Write the file with numpy.savez.")
    return arrays


def _read_member(archive: np.lib.npyio.NpzFile, name: str, path: Path) -> np.ndarray:
    try:
        return archive[name]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        raise InputError(_why_not(error, f"Array `{name}` of {path}")) from error


def _load(path: Path) -> np.ndarray | np.lib.npyio.NpzFile:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, MemoryError) as error:
        raise InputError(_why_not(error, str(path))) from error


def _why_not(error: Exception, what: str) -> str:
    if "allow_pickle" in str(error) or "Object arrays" in str(error):
        return (
            f"{what} is pickled (it holds Python objects, not numbers) and is not read: reading a pickle can run "
            "any code. If you trust it, load it yourself and save plain numbers, numpy.save(file, "
            "numpy.asarray(values, dtype=numpy.float32))."
        )
    if isinstance(error, MemoryError):
        return f"{what} does not fit into memory, or its header is damaged ({error}). Give fewer data."
    return f"{what} is truncated or damaged ({error}). Write or fetch it again."


def _not_an_array(path: Path, start: bytes) -> str:
    if start[:1] == b"\x80":
        return (
            f"{path} is a pickle under the name of an array and is not read: reading a pickle can run any code. If "
            "you trust it, load it yourself and write the numbers with numpy.save."
        )
    if start == b"\x93NUMPY":
        return f"{path} is one array (.npy) under the name of an archive (.npz). Rename it so that it ends in .npy."
    if start[:2] == b"PK":
        return (
            f"{path} is an archive of arrays (.npz) under the name of one array (.npy). Rename it so that it ends "
            "in .npz."
        )
    if not start:
        return f"{path} is empty. Write it again with numpy.save."
    return f"{path} is not an array: it does not begin like a NumPy file. Write it with numpy.save or numpy.savez."
