"""A folder of IDX files with the names of the MNIST family."""

from pathlib import Path

from elbowroom.data.contents import Contents, Found, check_contents
from elbowroom.data.idx import read_idx
from elbowroom.errors import InputError


def holds_idx(folder: Path) -> bool:
    """Whether `folder` holds images in an IDX file of the MNIST family."""
    return any(_find(folder, f"{stem}-images") is not None for stem in ("train", "t10k"))


def read_idx_folder(folder: Path) -> Contents:
    """The images and labels of `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and `t10k-…`, each perhaps with
    `.gz`.

    The part `train` is the whole training file; `test` is the t10k file, where there is one.

    **Raises.** `InputError` if the training images are not there, if a file is damaged, or if labels do not match.
    """
    found = []
    for part, stem in (("train", "train"), ("test", "t10k")):
        images, labels = _find(folder, f"{stem}-images"), _find(folder, f"{stem}-labels")
        if images is None:
            if part == "train":
                raise InputError(_what_is_there(folder))
            if labels is not None:
                raise InputError(
                    f"{folder} has the labels {labels.name} without their images. Add {stem}-images-idx3-ubyte, or "
                    "remove the labels."
                )
            continue
        values = read_idx(images)
        found.append(Found(part, values, str(images), None if labels is None else read_idx(labels), str(labels)))
    return check_contents(str(folder), found, images=True)


def _find(folder: Path, stem: str) -> Path | None:
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    for separator in "-.":
        for ending in ("", ".gz"):
            for name in names:
                if name.startswith(f"{stem}{separator}idx") and name.endswith(f"-ubyte{ending}"):
                    return folder / name
    return None


def _what_is_there(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    if "config.json" in names:
        return f"{folder} is a run folder, not data. Give the data first, and the run folder with --out or as RUN."
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "") if names else "nothing"
    return (
        f"{folder} is a folder without IDX files and without pictures: it holds {shown}. A folder of data holds "
        "pictures, or train-images-idx3-ubyte or train-images-idx3-ubyte.gz, and perhaps train-labels-idx1-ubyte, "
        "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte."
    )
