"""Data drawn from a NumPyro model, where its observed sites are the whole datum and nothing else depends on it."""

from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.handlers import seed, substitute, trace, uncondition
from numpyro.infer.util import unconstrain_fn

from elbowroom.evidence.dataflow import depends_on_argument
from elbowroom.interop.sites import Program, Sites, Values


def simulate(
    model: Program, parameters: Values, sites: Sites, like: Float[Array, " observed"], key: PRNGKeyArray
) -> tuple[Float[Array, " latent"], Float[Array, " observed"]]:
    """One draw (z, x) from the model: its observed sites are drawn, in order, and `like` gives only shape and type."""
    bound = substitute(model, data=parameters)
    drawn = trace(uncondition(seed(bound, key))).get_trace(like)
    x = flat_observed(drawn).astype(like.dtype)
    values = {name: drawn[name]["value"] for name in sites.names}
    return sites.flat(unconstrain_fn(bound, (x,), {}, values)), x


def flat_observed(drawn: Any) -> Array:
    """The values of the sites of a trace that are observed, or were before `uncondition`, in one vector."""
    observed = [
        site["value"]
        for site in drawn.values()
        if site["type"] == "sample" and (site["is_observed"] or site["infer"].get("was_observed", False))
    ]
    return jnp.concatenate([jnp.reshape(jnp.asarray(value), -1) for value in observed])


def can_simulate(model: Program, parameters: Values, sites: Sites, x: Float[Array, "datum observed"]) -> bool:
    """Whether the observed sites say what x is, on every given datum, and x enters the model nowhere else.

    A model whose sites depend on the datum by another way (an autoregression that reads its lags from x, a design in x)
    would be simulated at a wrong x; then the certificate does without simulated data.
    """

    def observed(row: Array) -> Array:
        drawn = trace(seed(substitute(model, data=parameters), jr.key(0))).get_trace(row)
        return flat_observed(drawn)

    shape = jax.eval_shape(observed, x[0]).shape
    if shape != x.shape[1:] or not np.array_equal(np.asarray(jax.vmap(observed)(x)), np.asarray(x)):
        return False
    return not depends_on_argument(lambda row: simulate(model, parameters, sites, row, jr.key(0)), x[0])
