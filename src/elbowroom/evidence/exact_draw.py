"""An upper bound on log p(x) from importance weights, where one posterior draw is exact."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpyro.distributions import Distribution

from elbowroom.evidence.target import LatentVariableModel


def with_exact_draw(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    exact: Float[Array, "datum latent"],
    proposals: Distribution,
    importance_weighted: Float[np.ndarray, " datum"],
    samples: int,
) -> Float[np.ndarray, " datum"]:
    r"""$\log \frac1{K+1} \sum_{k=0}^{K} w_k$ for each datum, in nats, with $z_0$ the exact draw and the others from q.

    $$E\Big[\Big(\tfrac1{K+1} \sum_{k=0}^{K} w_k\Big)^{-1}\Big] = \frac1{p(x)}, \qquad w_k = \frac{p(x, z_k)}{q(z_k)}$$

    **Arguments.** `importance_weighted` is the log of the mean of the K = `samples` weights of draws from `proposals`,
    one for each datum.

    **Validity.** By Markov's inequality the mean over data plus $\log(1/\delta) / N$ is above that of log p(x) with
    probability at least $1 - \delta$: strict, if z is an exact draw from the posterior of x and q was not fitted with
    it. Infinite where q has no mass at the exact draw.

    **Reference.** Brekelmans et al. (2022), *Improving mutual information estimation with annealed and energy-based
    bounds*.
    """
    own = np.asarray(_log_weights(model, x, exact, proposals), np.float64)
    return np.logaddexp(own, np.asarray(importance_weighted, np.float64) + math.log(samples)) - math.log(samples + 1)


@eqx.filter_jit
def _log_weights(model, x, z, proposals: Distribution) -> Float[Array, " datum"]:
    return jax.vmap(lambda q, x, z: jnp.asarray(model.log_joint(x, z)) - q.log_prob(z))(proposals, x, z)
