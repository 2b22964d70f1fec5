"""Simulation-based calibration: do the encoder's draws rank like the exact posterior draw, on simulated data?"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution
from scipy.stats import kstest

from elbowroom.evidence.chunks import chunk_rows, over_data
from elbowroom.evidence.target import LatentVariableModel, floats_per_draw

DRAWS = 63
REJECTED = 0.01
JOINT, LENGTH = "log p(x, z)", "|z|^2"


@dataclass(frozen=True)
class Calibration:
    """How likely ranks at least as uneven as those seen are if the encoder is the posterior.

    `p_values` holds one for each quantity: log p(x, z), which depends on the datum, |z|^2, and each coordinate of z.
    `smallest` is the least of them times their number (Bonferroni), of the quantity `worst`.
    """

    p_values: dict[str, float]
    worst: str
    smallest: float

    @property
    def rejected(self) -> bool:
        """Whether ranks are uneven beyond chance: one exact encoder in a hundred is, by accident."""
        return self.smallest < REJECTED

    def to_json(self) -> dict[str, Any]:
        return {"p_values": self.p_values, "worst": self.worst, "smallest": self.smallest, "rejected": self.rejected}


def calibrate(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    exact: Float[Array, "datum latent"],
    encodings: Distribution,
    keys: PRNGKeyArray,
    memory_mib: int,
) -> Calibration:
    r"""Rank the draw of z that made each simulated x among 63 draws of the encoder's q, by several quantities.

    If q is the posterior, the rank is uniform on 0 to 63; with a uniform number added and divided by 64 it is uniform
    on [0, 1], which a Kolmogorov-Smirnov test looks at over the data.

    **Validity.** The p-values are exact for an exact encoder. That nothing is rejected proves nothing: ranks of the
    coordinates alone are even for q = prior too, which is why log p(x, z) is among the quantities.

    **Reference.** Talts et al. (2018), *Validating Bayesian inference algorithms with simulation-based calibration*;
    for quantities that depend on the data, Modrák et al. (2025), *The choice of test quantities shapes sensitivity*.
    """
    count, latent = exact.shape
    rows = chunk_rows(count, DRAWS, floats_per_draw(model, x.shape[1]), memory_mib)
    places = np.asarray(over_data(partial(_places, model), (encodings, x, exact, keys), count, rows), np.float64)
    names = [JOINT, LENGTH, *(f"z[{index}]" for index in range(latent))]
    found = {name: float(kstest(places[:, column], "uniform").pvalue) for column, name in enumerate(names)}
    worst = min(found, key=lambda name: found[name])
    return Calibration(found, worst, min(1.0, len(found) * found[worst]))


@eqx.filter_jit
def _places(
    model: LatentVariableModel,
    encodings: Distribution,
    x: Float[Array, "datum observed"],
    exact: Float[Array, "datum latent"],
    keys: PRNGKeyArray,
) -> Float[Array, "datum quantity"]:
    def one(q, x, exact, key):
        def quantities(z):
            return jnp.concatenate([model.log_joint(x, z)[None], jnp.sum(z**2)[None], z])

        key_draws, key_ties = jr.split(key)
        drawn = jax.vmap(lambda key: quantities(q.sample(key)))(jr.split(key_draws, DRAWS))
        here = quantities(exact)
        below = jnp.sum(drawn < here[None, :], axis=0)
        ties = jnp.sum(drawn == here[None, :], axis=0)
        shares = jr.uniform(key_ties, (2, here.size), here.dtype)
        rank = below + jnp.floor(shares[0] * (ties + 1))
        return (rank + shares[1]) / (DRAWS + 1)

    with jax.numpy_dtype_promotion("standard"):  # ranks are integers
        return jax.vmap(one)(encodings, x, exact, keys)
