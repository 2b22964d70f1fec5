"""Strict numerics for every test: 64 bits, no silent promotion of rank or type, warnings are errors (pyproject)."""

import os
import pathlib
import signal
from collections.abc import Iterator

import jax
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


@pytest.fixture(scope="session")
def shared() -> pathlib.Path:
    """The folder with external truth and real data; a test that needs it skips where it is absent."""
    beside = pathlib.Path(__file__).parents[2] / "shared"
    folder = pathlib.Path(os.environ.get("ELBOWROOM_SHARED", beside))
    if not folder.is_dir():
        pytest.skip(
            f"the folder with external truth and data is absent (looked at {folder.name}/ beside the repository)"
        )
    return folder


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as in a terminal: a shell starts what it runs in the background with interruptions ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
