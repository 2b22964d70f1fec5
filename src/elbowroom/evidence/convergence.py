"""What a fit could still win, with the noise of that number, and whether it is to be preferred to where it began."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

NEGLIGIBLE = 0.05
"""Nats below which what is still to be won does not matter."""

TOLERATED = 0.1
"""Nats that a fit may seem to lose by noise and be preferred nevertheless."""


def still_to_win(
    along_mean: Float[Array, "2 entry"], along_scale: Float[Array, "2 other"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Half of the squared gradient over the curvature in nats, and the standard deviation of its noise.

    $$\tfrac12 \sum_i a_{1i} a_{2i} + \tfrac14 \sum_j b_{1j} b_{2j}$$

    **Arguments.** Two independent estimates each of the gradient along the mean, in standard deviations of q, and along
    the logarithm of the scale, or a symmetric change of it: near the best normal the ELBO has about the curvatures one
    and two there. Products of separate estimates keep the noise of the gradients out of the mean of the result.
    """
    value = 0.5 * jnp.sum(jnp.prod(along_mean, axis=0)) + 0.25 * jnp.sum(jnp.prod(along_scale, axis=0))
    of_mean, of_scale = (0.5 * (one[0] - one[1]) ** 2 for one in (along_mean, along_scale))
    return value, jnp.sqrt(jnp.sum((0.5 * of_mean) ** 2) + jnp.sum((0.25 * of_scale) ** 2))


def settled(improvement: Float[Array, ""], noise: Float[Array, ""]) -> Bool[Array, ""]:
    """Whether what is still to be won is below 0.05 nats or three standard deviations of its noise; false for NaN."""
    return improvement <= jnp.maximum(NEGLIGIBLE, 3.0 * noise)


def preferred(found: Float[Array, " pair"], start: Float[Array, " pair"]) -> Bool[Array, ""]:
    """Whether the fit is to be taken, by values of log w on the same few draws; means over antithetic pairs.

    Where the start has wide weights, its mean on a few draws is often above that of a better q. So the fit is left only
    where it seems worse by more than two standard errors, or by 0.1 nats where these are larger: a fit that went astray
    has errors of any size. False where its values are NaN; true where only those of the start are.
    """
    won = found - start
    noise = jnp.std(won) / jnp.sqrt(jnp.asarray(won.size, won.dtype))
    taken = jnp.mean(won) >= -jnp.minimum(2.0 * noise, TOLERATED)
    return (taken | jnp.any(jnp.isnan(start))) & ~jnp.any(jnp.isnan(found))
