"""The IDX format: what is written is read, what is damaged is refused with its reason."""

import gzip

import numpy as np
import pytest

from data.files import idx_bytes, images, write_idx
from elbowroom.data.idx import read_idx
from elbowroom.errors import InputError


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
@pytest.mark.parametrize(
    "array", [images(3), np.arange(7, dtype=np.uint8), np.float32([[1.5, -2]]), np.int16([-300, 4])]
)
def test_what_is_written_is_read(name, array, tmp_path):
    write_idx(tmp_path / name, array)
    found = read_idx(tmp_path / name)
    assert np.array_equal(found, array)
    assert found.dtype == array.dtype
    assert found.flags.writeable


WHOLE = idx_bytes(images(3))
DAMAGES = {
    "empty": (b"", "is not an IDX file: it begins with the bytes (none)"),
    "other magic": (b"\x89PNG\r\n", "is not an IDX file: it begins with the bytes 89 50 4e 47"),
    "unknown type": (b"\0\0\x07\x01" + WHOLE[4:], "is not an IDX file"),
    "rank zero": (b"\0\0\x08\0", "is not an IDX file"),
    "gzipped without .gz": (gzip.compress(WHOLE), "let its name end in .gz"),
    "ends in the header": (WHOLE[:9], "truncated: it ends inside its header, after 9 bytes"),
    "ends in the values": (WHOLE[:-1], "promises 3 x 4 x 5 values, 60 bytes, and 59 are there"),
    "goes on": (WHOLE + b"\0", "longer than its header says"),
    "promises a world": (b"\0\0\x08\x03" + b"\xff" * 12 + b"\0", "truncated"),
}


@pytest.mark.parametrize(("contents", "text"), DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_damaged_is_refused(contents, text, tmp_path):
    path = tmp_path / "images-idx3-ubyte"
    path.write_bytes(contents)
    with pytest.raises(InputError) as caught:
        read_idx(path)
    assert text in str(caught.value)
    assert str(path) in str(caught.value)


def damaged(position: int) -> bytes:
    packed = bytearray(gzip.compress(WHOLE))
    packed[position] ^= 0xFF
    return bytes(packed)


GZIPPED = {
    "cut": gzip.compress(WHOLE)[:-12],
    "not gzip": WHOLE,
    "checksum": damaged(-6),
    "inside": damaged(20),
    "empty": b"",
}


@pytest.mark.parametrize("contents", GZIPPED.values(), ids=GZIPPED.keys())
def test_a_damaged_gzip_file_is_refused(contents, tmp_path):
    path = tmp_path / "images-idx3-ubyte.gz"
    path.write_bytes(contents)
    with pytest.raises(InputError, match=r"images-idx3-ubyte\.gz"):
        read_idx(path)
