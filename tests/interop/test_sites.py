"""Latent sites as one vector."""

import jax.numpy as jnp
import numpy as np

from elbowroom.interop.sites import Sites

SITES = Sites((("mu", ()), ("theta", (2,)), ("w", (2, 3))))


def test_parts_and_flat_are_inverse():
    z = jnp.arange(9.0)
    parts = SITES.parts(z)
    assert {name: part.shape for name, part in parts.items()} == {"mu": (), "theta": (2,), "w": (2, 3)}
    np.testing.assert_array_equal(SITES.flat(parts), z)
    np.testing.assert_array_equal(SITES.flat(dict(reversed(parts.items()))), z)  # the order is that of the sites


def test_every_entry_has_its_label():
    labels = SITES.labels()
    assert SITES.size == len(labels) == 9
    assert labels[:4] == ("mu", "theta[0]", "theta[1]", "w[0, 0]")
    assert float(SITES.parts(jnp.arange(9.0))["w"][1, 2]) == labels.index("w[1, 2]")
