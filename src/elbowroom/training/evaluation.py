"""The ELBO of data that are set aside: each datum once, with draws that depend on its index and nothing else."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Float64, Int, PRNGKeyArray, PyTree

from elbowroom.estimation.objective import Objective
from elbowroom.estimation.objectives import elbo

BLOCK = 256

Evaluation = Callable[[PyTree], Float64[np.ndarray, " datum"]]
Block = Callable[[PyTree, Float[Array, "datum observed"], Int[Array, " datum"], PRNGKeyArray], Float[Array, " datum"]]


def make_block(static: PyTree, samples: int) -> Block:
    r"""The compiled function `block(parameters, x, index, key)`: one estimate of the ELBO of each datum, in nats.

    $$\mathrm{ELBO}(x) = \mathbb E_{q(z \mid x)}[\log p(x, z) - \log q(z \mid x)],$$

    whatever objective the model is trained with. The draws of a datum come from `fold_in(key, index)` alone, so that
    neither its neighbours nor the size of a block matter. `static` is what `eqx.partition` left of the model.
    """
    objective = Objective(elbo(), samples=samples)

    def block(
        parameters: PyTree, x: Float[Array, "datum observed"], index: Int[Array, " datum"], key: PRNGKeyArray
    ) -> Float[Array, " datum"]:
        bindings = eqx.combine(parameters, static).bindings()

        def one(datum: Float[Array, " observed"], where: Int[Array, ""]) -> Float[Array, ""]:
            return objective.estimate(bindings, datum, key=jr.fold_in(key, where), parameters={})

        return jax.vmap(one)(x, index)

    return jax.jit(block)


def make_evaluation(block: Block, x: Float[Array, "datum observed"], key: PRNGKeyArray) -> Evaluation:
    """The function `evaluation(parameters)`: the ELBO of each datum of `x`, every one exactly once, in float64.

    The data are taken `BLOCK` at a time; the last block is filled up with the first datum, whose extra values are
    dropped.
    """
    size = x.shape[0]
    starts = range(0, size, BLOCK)
    index = np.zeros(len(starts) * BLOCK, np.int32)
    index[:size] = np.arange(size)
    blocks = [(x[jnp.asarray(part)], jnp.asarray(part)) for part in index.reshape(-1, BLOCK)]

    def evaluation(parameters: PyTree) -> Float64[np.ndarray, " datum"]:
        values = [block(parameters, data, where, key) for data, where in blocks]
        return np.concatenate([np.asarray(part, np.float64) for part in values])[:size]

    return evaluation
