"""Writing a file so that a reader sees the old contents or the new, never half of either."""

import json
import os
from pathlib import Path
from typing import Any

_ENDING = ".temporary"


def write_bytes(path: Path, contents: bytes) -> None:
    """Write `contents` to a temporary name beside `path`, force it to the disk, and rename it to `path`.

    A process killed at any moment leaves `path` as it was or as it was to be.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_ENDING}")
    try:
        with temporary.open("wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Write `document` as indented JSON to `path`, as `write_bytes` does. NaN and infinity are refused."""
    write_bytes(path, (json.dumps(document, indent=2, allow_nan=False) + "\n").encode())


def is_temporary(path: Path) -> bool:
    """Whether `path` is the temporary name of a file that was being written when its process was killed."""
    return path.name.startswith(".") and path.name.endswith(_ENDING)
