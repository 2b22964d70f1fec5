"""Priors: the distribution of the latent variable before anything is observed."""

import equinox as eqx
import jax.numpy as jnp
from numpyro.distributions import Distribution

from elbowroom.models.distributions import Gaussian


class StandardNormalPrior(eqx.Module):
    r"""$p(z) = N(z; 0, I)$ with `latent` dimensions."""

    latent: int = eqx.field(static=True)

    def __call__(self) -> Distribution:
        """The distribution of z: one event of shape `(latent,)`."""
        zeros = jnp.broadcast_to(0.0, (self.latent,))  # without a type of their own: the precision is that of z
        return Gaussian(zeros, zeros + 1.0).to_event(1)
