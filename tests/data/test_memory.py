"""What cannot fit into memory is refused before it is read, with both sizes."""

import gzip
import struct
import zipfile

import numpy as np
import pytest

from elbowroom.data.load import load_dataset
from elbowroom.data.memory import check_fits
from elbowroom.errors import InputError

TERABYTES = 2**45


def test_what_fits_passes():
    check_fits(0, "Nothing", "")
    check_fits(2**20, "A mebibyte", "")


def test_what_does_not_fit_is_refused_with_both_sizes():
    with pytest.raises(InputError, match=r"^It takes 32,768\.0 GiB, and this machine has [\d.,]+ GiB.* Take less\.$"):
        check_fits(TERABYTES, "It", "Take less.")


def test_a_system_that_does_not_tell_refuses_nothing(monkeypatch):
    monkeypatch.delattr("os.sysconf")
    check_fits(TERABYTES, "It", "")


def test_an_idx_header_that_promises_terabytes(tmp_path):
    header = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 200, 200)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(header))
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte\.gz, as its header says, takes [\d,.]+ GiB"):
        load_dataset(tmp_path)


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The header of an array of float64 of that shape, whose values never follow."""
    text = repr({"descr": "<f8", "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def test_an_npz_member_whose_header_promises_terabytes(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy_header((2**31, 2**20)))
    with pytest.raises(InputError, match=r"`x` of .*bomb\.npz (does not fit into memory|is truncated)"):
        load_dataset(tmp_path / "bomb.npz")


def test_an_archive_that_unpacks_to_more_than_there_is(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", **{f"x{index}": np.zeros((3, 2)) for index in range(5000)})
    packed = bytearray((tmp_path / "bomb.npz").read_bytes())
    place = packed.index(b"PK\x01\x02")
    while place >= 0:  # each entry of the directory says that it unpacks to four gibibytes
        packed[place + 24 : place + 28] = struct.pack("<I", 2**32 - 2)
        place = packed.find(b"PK\x01\x02", place + 4)
    (tmp_path / "bomb.npz").write_bytes(packed)
    with pytest.raises(InputError, match=r"bomb\.npz, unpacked, takes 20,000\.0 GiB"):
        load_dataset(tmp_path / "bomb.npz")
