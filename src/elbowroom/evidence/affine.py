"""The standard coordinates of a Gaussian: z = mean + factor u, with u standard normal."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from elbowroom.evidence.annealing import Base, LogDensity


class Affine(NamedTuple):
    """A Gaussian by its mean and a factor of its covariance: standard deviations, or a lower triangle.

    Leaves have the data on axis 0; the methods are for one datum, under `vmap`.
    """

    mean: Float[Array | np.ndarray, "*datum latent"]
    factor: Float[Array | np.ndarray, "*datum latent"] | Float[Array | np.ndarray, "*datum latent latent"]

    def place(self, u: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """The z of standard coordinates u."""
        mean, factor = jnp.asarray(self.mean), jnp.asarray(self.factor)
        return mean + (factor @ u if factor.ndim == 2 else factor * u)

    def back(self, z: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """The standard coordinates of z."""
        mean, factor = jnp.asarray(self.mean), jnp.asarray(self.factor)
        return solve_triangular(factor, z - mean, lower=True) if factor.ndim == 2 else (z - mean) / factor

    def log_volume(self) -> Float[Array, ""]:
        r"""$\log |\det|$ of the map from u to z."""
        factor = jnp.asarray(self.factor)
        return jnp.sum(jnp.log(jnp.diagonal(factor) if factor.ndim == 2 else factor))

    def standard(self, log_joint: LogDensity) -> tuple[Base, LogDensity]:
        """The Gaussian and the joint as densities of u: the first is standard normal, and no evidence changes."""
        mean, volume = jnp.asarray(self.mean), self.log_volume()
        return Base(jnp.zeros_like(mean), jnp.ones_like(mean)), lambda u: log_joint(self.place(u)) + volume
