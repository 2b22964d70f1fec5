"""A small finished run for the tests of the commands, made once."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import jax

from elbowroom.cli.main import main

SMALL = ["--epochs", "2", "--batch", "400", "--latent", "2", "--hidden", "4"]


@contextlib.contextmanager
def as_users_run() -> Iterator[None]:
    """The numerics that a user has: 32 bits, and the ordinary promotion of types."""
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def train_small(out: Path, data: str = "digits", *options: str) -> Path:
    """Train a model of a few units, and return its run folder."""
    with as_users_run():
        assert main(["train", data, "--out", str(out), *SMALL, *options, "--json"]) == 0
    return out


def contents_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below `folder`, and every folder, by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }
