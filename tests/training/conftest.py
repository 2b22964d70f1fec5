"""Training is tested in 32 bits, the numbers in which users train; Optax itself needs promotion of types."""

import jax
import pytest


@pytest.fixture(autouse=True)
def _as_users_train():
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):
        yield
