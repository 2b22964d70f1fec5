"""What the certificate needs of a model, and what it uses where there is more."""

from typing import Protocol

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float
from numpyro.distributions import Distribution, Independent, Normal

from elbowroom.models.vae import VAE


class LatentVariableModel(Protocol):
    """A normalised joint density and a normalised encoder, each of ONE datum.

    A method `simulate(key) -> (z, x)`, where there is one, draws from the joint and makes the two-sided strict
    interval possible.
    The model must be a pytree (an `equinox.Module`), so that it can be an argument of compiled code.
    """

    def log_joint(self, x: Float[Array, " observed"], z: Float[Array, " latent"], /) -> Float[Array, ""]: ...

    def encoder(self, x: Float[Array, " observed"], /) -> Distribution: ...


def log_likelihood(
    model: LatentVariableModel, x: Float[Array, " observed"], z: Float[Array, " latent"]
) -> Float[Array, ""]:
    """log p(x | z) where the model names its decoder, and NaN where only the joint is known."""
    if isinstance(model, VAE):
        return model.decoder(z).log_prob(x)
    return jnp.full_like(z, jnp.nan, shape=())


def can_simulate(model: LatentVariableModel) -> bool:
    return callable(getattr(model, "simulate", None))


def is_diagonal_gaussian(distribution: Distribution) -> bool:
    """Whether the distribution is a product of normals over one axis: the family of the refinement."""
    return (
        isinstance(distribution, Independent)
        and isinstance(distribution.base_dist, Normal)
        and len(distribution.event_shape) == 1
    )


def diagonal_gaussian(mean: Float[Array, " latent"], scale: Float[Array, " latent"]) -> Distribution:
    return Normal(mean, scale).to_event(1)


def floats_per_draw(model: LatentVariableModel, observed: int) -> int:
    """A generous count of the numbers kept for one gradient of the joint: activations, twice over, and the observed."""
    rows = sum(leaf.shape[0] for leaf in jax.tree.leaves(model) if getattr(leaf, "ndim", 0) >= 2)
    return 4 * (rows + observed)
