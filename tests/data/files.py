"""Small files of data, written for one test."""

import gzip
import struct
from pathlib import Path

import numpy as np

TYPES = {np.dtype(np.uint8): 0x08, np.dtype(np.int16): 0x0B, np.dtype(np.float32): 0x0D}


def idx_bytes(array: np.ndarray) -> bytes:
    """The array as an IDX file."""
    head = bytes([0, 0, TYPES[array.dtype], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write an IDX file, gzipped if the name says so."""
    contents = idx_bytes(array)
    path.write_bytes(gzip.compress(contents) if path.suffix == ".gz" else contents)


def images(count: int, seed: int = 0, shape: tuple[int, ...] = (4, 5)) -> np.ndarray:
    """Grey images, every one different from the others: the first two pixels number them."""
    found = np.random.Generator(np.random.Philox(seed)).integers(0, 256, (count, *shape), dtype=np.uint8)
    flat = found.reshape(count, -1)
    flat[:, 0], flat[:, 1] = np.arange(count) % 256, np.arange(count) // 256
    return found


def write_mnist_like(folder: Path, ending: str = "", train: int = 30, test: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """A folder with the four files of the MNIST family; the images of its two parts."""
    folder.mkdir(exist_ok=True)
    parts = images(train), images(test, seed=1)
    for stem, part in zip(("train", "t10k"), parts, strict=True):
        write_idx(folder / f"{stem}-images-idx3-ubyte{ending}", part)
        write_idx(folder / f"{stem}-labels-idx1-ubyte{ending}", (np.arange(len(part)) % 10).astype(np.uint8))
    return parts
