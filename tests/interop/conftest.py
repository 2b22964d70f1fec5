"""NumPyro's own code, and the programs written for it, count on JAX's default promotion of ranks and types."""

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def default_promotion() -> Iterator[None]:
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        yield
