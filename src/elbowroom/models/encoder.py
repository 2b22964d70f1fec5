"""Encoders: the amortised variational posterior q(z | x)."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float
from numpyro.distributions import Distribution

from elbowroom.models.distributions import Gaussian, softplus
from elbowroom.models.networks import linear_with


class DiagonalGaussianEncoder(eqx.Module):
    r"""$q(z \mid x) = N(z; \mu(x), \mathrm{diag}\, \sigma(x)^2)$.

    The `network` maps x to $2 \cdot$ `latent` numbers: the mean, then s, with the scale
    $\sigma = \mathrm{softplus}(s) + $ `scale_floor`: positive for every s, without a clamp, so its derivative never
    vanishes exactly, and growing no faster than s, so that nothing overflows. In float32 softplus is positive down to
    s = -103; the floor of 1e-6 keeps 1 / scale finite below that.
    """

    network: Callable[[Float[Array, " observed"]], Float[Array, " output"]]
    scale_floor: float = eqx.field(static=True, default=1e-6)

    def __call__(self, x: Float[Array, " observed"]) -> Distribution:
        """The distribution of z given one datum: one event of shape `(latent,)`."""
        mean, raw = jnp.split(self.network(x), 2)
        return Gaussian(mean, softplus(raw) + self.scale_floor).to_event(1)


class LinearGaussianEncoder(eqx.Module):
    r"""$q(z \mid x) = N(z; A (x - b) + c, \mathrm{diag}\, s^2)$, with s free of x.

    **Arguments.** `linear` is the map $x \mapsto A x + (c - A b)$; `scale` is s, `(latent,)`, positive.
    """

    linear: eqx.nn.Linear
    scale: Float[Array, " latent"]

    def __call__(self, x: Float[Array, " observed"]) -> Distribution:
        """The distribution of z given one datum: one event of shape `(latent,)`."""
        return Gaussian(self.linear(x), self.scale).to_event(1)


def linear_gaussian_encoder(
    slope: Float[Array, "latent observed"],
    scale: Float[Array, " latent"],
    centre: Float[Array, " observed"] | None = None,
    shift: Float[Array, " latent"] | None = None,
) -> LinearGaussianEncoder:
    r"""The encoder $N(A (x - b) + c, \mathrm{diag}\, s^2)$: A is `slope`, b `centre`, c `shift`, s `scale`."""
    offset = jnp.zeros(slope.shape[0], slope.dtype) if shift is None else shift
    if centre is not None:
        offset = offset - slope @ centre
    return LinearGaussianEncoder(linear_with(slope, offset), jnp.broadcast_to(scale, offset.shape))
