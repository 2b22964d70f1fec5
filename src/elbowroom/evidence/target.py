"""What the certificate needs of a model, and what it uses where there is more."""

from typing import Protocol

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution, Independent, Normal

from elbowroom.models.vae import VAE

MOMENT_DRAWS = 256


class LatentVariableModel(Protocol):
    """A normalised joint density and a normalised encoder, each of ONE datum.

    A method `simulate(key) -> (z, x)`, where there is one, draws from the joint and makes the two-sided strict
    interval possible. The encoder returns a distribution with `sample` and `log_prob`; where it has no closed mean
    and variance, they are estimated from draws.
    The model must be a pytree (an `equinox.Module`), so that it can be an argument of compiled code.
    """

    def log_joint(self, x: Float[Array, " observed"], z: Float[Array, " latent"], /) -> Float[Array, ""]: ...

    def encoder(self, x: Float[Array, " observed"], /) -> Distribution: ...


def log_likelihood(
    model: LatentVariableModel, x: Float[Array, " observed"], z: Float[Array, " latent"]
) -> Float[Array, ""]:
    """log p(x | z) where the model names its decoder, and NaN where only the joint is known."""
    if isinstance(model, VAE):
        return jnp.asarray(model.decoder(z).log_prob(x))
    return jnp.full_like(z, jnp.nan, shape=())


def can_simulate(model: LatentVariableModel) -> bool:
    """Whether the model draws (z, x) from its joint: then z is an exact draw from the posterior of x."""
    return callable(getattr(model, "simulate", None))


def is_diagonal_gaussian(distribution: Distribution) -> bool:
    """Whether the distribution is a product of normals over one axis: the family of the refinement."""
    return (
        isinstance(distribution, Independent)
        and isinstance(distribution.base_dist, Normal)
        and len(distribution.event_shape) == 1
    )


def diagonal_gaussian(mean: Float[Array, " latent"], scale: Float[Array, " latent"]) -> Distribution:
    """The product of normals with these means and standard deviations, as one event of rank one."""
    return Normal(mean, scale).to_event(1)


def moments(q: Distribution, key: PRNGKeyArray) -> tuple[Float[Array, " latent"], Float[Array, " latent"]]:
    """Mean and standard deviation of each coordinate of q; from draws with `key` where there is no closed form."""
    try:
        return jnp.asarray(q.mean), jnp.sqrt(jnp.asarray(q.variance))
    except NotImplementedError:
        draws = jax.vmap(q.sample)(jr.split(key, MOMENT_DRAWS))
        return jnp.mean(draws, axis=0), jnp.std(draws, axis=0)


def floats_per_draw(model: LatentVariableModel, observed: int) -> int:
    """A generous count of the numbers kept for one gradient of the joint: activations, twice over, and the observed."""
    matrices = (leaf for leaf in jax.tree.leaves(model) if isinstance(leaf, (jax.Array, np.ndarray)) and leaf.ndim >= 2)
    return 4 * (sum(leaf.shape[0] for leaf in matrices) + observed)
