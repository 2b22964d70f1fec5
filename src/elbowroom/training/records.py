"""The records of a run, one JSON object per line and epoch."""

import json
from collections.abc import Sequence
from pathlib import Path

from elbowroom.errors import InputError
from elbowroom.training.files import write_bytes
from elbowroom.training.position import Record


def write_records(path: Path, records: Sequence[Record]) -> None:
    """Write all `records` to `path`, one line each, by temporary name and rename."""
    write_bytes(path, "".join(f"{json.dumps(record, allow_nan=False)}\n" for record in records).encode())


def read_records(path: Path) -> list[Record]:
    """The records of a file that `write_records` wrote; none if there is no such file.

    **Raises.** `InputError` naming the file and the line that is not a record.
    """
    if not path.exists():
        return []
    found: list[Record] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            record = json.loads(line)
            found.append({**record, "epoch": int(record["epoch"])})
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f"Line {number} of {path} is not a record of an epoch. The file was altered: restore it, or delete "
                "it; then training goes on without the records of the epochs before."
            ) from None
    return found
