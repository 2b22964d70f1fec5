"""A planar flow on a Gaussian: a normalised q that bends and leans, with its density at every point."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray
from numpyro.distributions import Distribution, constraints

from elbowroom.evidence.affine import Affine
from elbowroom.evidence.annealing import Base

LEAST_SLOPE = 0.02
"""Each layer stretches by at least this factor along its direction, so that it can be inverted."""

HALVINGS, NEWTON_STEPS = 20, 3


class PlanarLayers(NamedTuple):
    """The parameters of the layers, the first applied first. Leaves have the data on axis 0."""

    across: Float[Array | np.ndarray, "*datum layer latent"]
    along: Float[Array | np.ndarray, "*datum layer latent"]
    offset: Float[Array | np.ndarray, "*datum layer"]


class PlanarFlow(Distribution):
    r"""$z = m + L f_K(\dots f_1(u))$ with $u \sim N(0, I)$ and $f_k(u) = u + \hat a_k \tanh(w_k \cdot u + b_k)$.

    $$\log q(z) = \log N(u; 0, I) - \log|\det L| - \sum_k \log(1 + s_k (1 - \tanh^2(w_k \cdot u_{k-1} + b_k)))$$

    with $s_k = w_k \cdot \hat a_k$.

    **Symbols.** $w_k, a_k, b_k$ are `across`, `along` and `offset` of `layers`; m and L are `gaussian`. $\hat a_k$ is
    $a_k$, moved along $w_k$ so that $s_k > -0.98$: every layer is one to one. With a = 0 a layer changes nothing.

    **Shapes.** One datum, z of shape `(latent,)`; batches are made by `vmap`.

    **Numerics.** The inverse of a layer is the root of a monotone function of one number, found by halving and Newton's
    method to rounding.

    **Reference.** Rezende and Mohamed (2015), *Variational inference with normalizing flows*, eq. 10 to 12 and appendix
    A.1; the bound on s leaves a margin.
    """

    arg_constraints = {}  # noqa: RUF012  # as every distribution of NumPyro has it
    support = constraints.real_vector  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]  # NumPyro's own do the same
    pytree_data_fields = ("gaussian", "layers")

    def __init__(self, gaussian: Affine, layers: PlanarLayers):
        self.gaussian, self.layers = gaussian, layers
        Distribution.__init__(self, (), (gaussian.mean.shape[-1],))

    def sample(self, key: PRNGKeyArray | None, sample_shape: tuple[int, ...] = ()) -> Array:
        """Draws, one for each place of `sample_shape`."""
        if key is None:
            raise TypeError("A draw needs a key.")
        mean = jnp.asarray(self.gaussian.mean)
        noise = jr.normal(key, (*sample_shape, mean.shape[0]), mean.dtype)
        flat = jax.vmap(lambda u: self.gaussian.place(bend(self.layers, u)[0]))(noise.reshape(-1, mean.shape[0]))
        return flat.reshape(noise.shape)

    def log_prob(self, value: ArrayLike, intermediates: object = None) -> Array:
        """log q(z) of one z; nothing intermediate is kept or needed."""
        u, stretch = unbend(self.layers, self.gaussian.back(jnp.asarray(value)))
        base = Base(jnp.zeros_like(u), jnp.ones_like(u))
        return base.log_prob(u) - stretch - self.gaussian.log_volume()


def bend(layers: PlanarLayers, u: Float[Array, " latent"]) -> tuple[Float[Array, " latent"], Float[Array, ""]]:
    """u after all layers, and the logarithm of the determinant of their derivative."""

    def one(carry, layer):
        u, total = carry
        across, along, offset = layer
        towards, slope = _one_to_one(across, along)
        height = jnp.tanh(jnp.dot(across, u) + offset)
        return (u + towards * height, total + jnp.log1p(slope * (1.0 - height**2))), None

    return jax.lax.scan(one, (u, jnp.zeros((), u.dtype)), tuple(map(jnp.asarray, layers)))[0]


def unbend(layers: PlanarLayers, v: Float[Array, " latent"]) -> tuple[Float[Array, " latent"], Float[Array, ""]]:
    """The u that `bend` takes to v, and the logarithm of the determinant there."""

    def one(carry, layer):
        v, total = carry
        across, along, offset = layer
        towards, slope = _one_to_one(across, along)
        height = jnp.tanh(_root(jnp.dot(across, v), slope, offset) + offset)
        return (v - towards * height, total + jnp.log1p(slope * (1.0 - height**2))), None

    return jax.lax.scan(one, (v, jnp.zeros((), v.dtype)), tuple(map(jnp.asarray, layers)), reverse=True)[0]


def _one_to_one(
    across: Float[Array, " latent"], along: Float[Array, " latent"]
) -> tuple[Float[Array, " latent"], Float[Array, ""]]:
    """The direction of a layer, and its product with `across`, which stays above -0.98."""
    wanted = jnp.dot(across, along)
    most = 1.0 - LEAST_SLOPE
    slope = jax.nn.softplus(wanted + math.log(math.expm1(most))) - most  # 0 at 0
    square = jnp.maximum(jnp.dot(across, across), jnp.finfo(across.dtype).tiny)
    return along + across * ((slope - wanted) / square), slope


def _root(value: Float[Array, ""], slope: Float[Array, ""], offset: Float[Array, ""]) -> Float[Array, ""]:
    """The t with t + slope tanh(t + offset) = value, which grows in t."""

    def halve(_, ends):
        low, high = ends
        middle = 0.5 * (low + high)
        above = middle + slope * jnp.tanh(middle + offset) > value
        return jnp.where(above, low, middle), jnp.where(above, middle, high)

    def newton(_, t):
        height = jnp.tanh(t + offset)
        return t - (t + slope * height - value) / (1.0 + slope * (1.0 - height**2))

    reach = jnp.abs(slope)
    low, high = jax.lax.fori_loop(0, HALVINGS, halve, (value - reach, value + reach))
    return jax.lax.fori_loop(0, NEWTON_STEPS, newton, 0.5 * (low + high))
