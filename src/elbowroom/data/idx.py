"""The IDX format of the MNIST family: one array of big-endian numbers behind a short header, often gzipped.

Layout: two zero bytes, one byte for the type, one for the rank, then the sizes as 32-bit integers, then the values.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from elbowroom.data.memory import check_fits
from elbowroom.errors import InputError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> np.ndarray:
    """The array of an IDX file, gzipped or not, in the byte order of this machine.

    **Raises.** `InputError` if the file is not IDX, is shorter or longer than its header says, or its compression is
    damaged.

    **Reference.** The format is described beside the original files of the MNIST database.
    """
    compressed = path.suffix == ".gz"
    try:
        with gzip.open(path, "rb") if compressed else path.open("rb") as file:
            return _read(file, path)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(
            f"{path} ends in .gz but cannot be decompressed ({error}). The file is damaged or its download stopped "
            "early: fetch it again."
        ) from error


def _read(file: BinaryIO | gzip.GzipFile, path: Path) -> np.ndarray:
    head = file.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES or head[3] == 0:
        unpacked = " It looks gzipped: let its name end in .gz." if head[:2] == b"\x1f\x8b" else ""
        raise InputError(
            f"{path} is not an IDX file: it begins with the bytes {head.hex(' ') or '(none)'}, and an IDX file "
            f"begins with 00 00, a type (08 for bytes) and a rank.{unpacked} Check that this is the right file."
        )
    dtype, rank = np.dtype(_TYPES[head[2]]), head[3]
    sizes = file.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise InputError(
            f"{path} is truncated: it ends inside its header, after {4 + len(sizes)} bytes. Fetch it again."
        )
    shape = struct.unpack(f">{rank}I", sizes)
    expected = math.prod(shape) * dtype.itemsize
    if isinstance(file, gzip.GzipFile):  # a plain file cannot hold more than it does
        check_fits(expected, f"{path}, as its header says,", "Check that it is the right file, or fetch it again.")
    values = _read_at_most(file, expected + 1)
    if len(values) < expected:
        raise InputError(
            f"{path} is truncated: its header promises {' x '.join(map(str, shape))} values, {expected} bytes, and "
            f"{len(values)} are there. Fetch it again."
        )
    if len(values) > expected:
        raise InputError(
            f"{path} is longer than its header says: {' x '.join(map(str, shape))} values are {expected} bytes, and "
            "more follow. The file is damaged or was put together from several: fetch it again."
        )
    return np.frombuffer(values, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _read_at_most(file: BinaryIO | gzip.GzipFile, count: int) -> bytes:
    parts, missing = [], count
    while missing and (part := file.read(min(missing, 1 << 24))):  # a false header must not ask for all memory at once
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
