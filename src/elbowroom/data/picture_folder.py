"""A folder of pictures of one size, perhaps in one folder for each class, perhaps in parts."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from elbowroom.data.contents import Contents, Found, check_contents
from elbowroom.data.memory import check_fits
from elbowroom.errors import InputError

ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif"}
_PARTS = {"train": "train", "validation": "validation", "valid": "validation", "val": "validation", "test": "test"}
_GREY, _COLOUR = {"1", "L"}, {"RGB", "P", "RGBA", "CMYK", "YCbCr"}


def holds_pictures(folder: Path) -> bool:
    """Whether there is a picture in `folder` or at most two folders below it, and `folder` is not that of a run."""
    return not (folder / "config.json").exists() and any(
        _is_picture(path) for pattern in ("*", "*/*", "*/*/*") for path in folder.glob(pattern)
    )


def read_picture_folder(folder: Path) -> Contents:
    """Grey pictures as `(datum, height, width)`, coloured ones as `(datum, height, width, 3)`, in bytes.

    The pictures lie in `folder` itself or in one folder for each class, whose names in alphabetical order are the
    labels 0, 1, …; either way once, or for each of the parts `train`, `validation` (`valid`, `val`) and `test`.
    Pictures are in the order of their names. If any is coloured, all are read in colour.

    **Raises.** `InputError` naming a picture that is damaged, of another size, transparent, or of more than 8 bits.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    parts = [name for name in names if name.lower() in _PARTS]
    if parts and "train" not in {name.lower() for name in parts}:
        raise InputError(f"{folder} has the parts {', '.join(parts)} and no train. Add a folder train.")
    classes = {part: _classes(folder / part) for part in parts} if parts else {"whole": _classes(folder)}
    labels = sorted({name for found in classes.values() for name in found if name})
    files = {part: [path for one in found.values() for path in one] for part, found in classes.items()}
    mode = "RGB" if any(_is_coloured(path) for paths in files.values() for path in paths) else "L"
    found = []
    for part, paths in files.items():
        if not paths:
            raise InputError(f"{folder / part} holds no picture. Remove that folder, or put pictures into it.")
        numbers = [labels.index(name) for name, one in classes[part].items() if name for _ in one]
        where = str(folder if part == "whole" else folder / part)
        kept = np.asarray(numbers, np.int64) if numbers else None
        found.append(
            Found(_PARTS.get(part.lower(), "whole"), _stack(paths, mode), where, kept, f"the classes of {where}")
        )
    return check_contents(str(folder), found, images=True)


def _classes(folder: Path) -> dict[str, list[Path]]:
    """The pictures of each class by the name of its folder; `""` where there are no classes."""
    own = sorted(path for path in folder.iterdir() if _is_picture(path))
    below = {
        path.name: sorted(one for one in path.iterdir() if _is_picture(one))
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }
    below = {name: paths for name, paths in below.items() if paths}
    if own and below:
        raise InputError(
            f"{folder} holds pictures itself ({own[0].name}, …) and in the folder {next(iter(below))}. Put all of them "
            "into folders, one for each class, or none."
        )
    return below or {"": own}


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file()


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read as a picture: {error}. Remove it, or write it again.") from None


def _is_coloured(path: Path) -> bool:
    with _open(path) as picture:
        if picture.mode not in _GREY | _COLOUR:
            raise InputError(
                f"{path} has pixels of the kind {picture.mode}, and what is read are grey or coloured pixels of 8 "
                "bits. Convert it, or put the numbers into one array and save it as .npy."
            )
        if picture.mode == "RGBA" and picture.getchannel("A").getextrema() != (255, 255):
            raise InputError(f"{path} is transparent in places, and a pixel has to have a colour. Flatten it first.")
        return picture.mode in _COLOUR


def _stack(paths: list[Path], mode: str) -> np.ndarray:
    with _open(paths[0]) as picture:
        width, height = picture.size
    shape = (len(paths), height, width) if mode == "L" else (len(paths), height, width, 3)
    check_fits(int(np.prod(shape)), f"The pictures of {paths[0].parent}", "Give fewer or smaller pictures.")
    pixels = np.empty(shape, np.uint8)
    for index, path in enumerate(paths):
        with _open(path) as picture:
            if picture.size != (width, height):
                raise InputError(
                    f"{path} is {picture.size[0]} by {picture.size[1]} pixels, and {paths[0]} {width} by {height}. All "
                    "pictures need one size: crop or resize them first."
                )
            try:
                pixels[index] = np.asarray(picture.convert(mode))
            except OSError as error:
                raise InputError(f"{path} is damaged: {error}. Remove it, or write it again.") from None
    return pixels
