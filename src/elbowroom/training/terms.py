"""The terms of the ELBO one by one, to tell which of them is not finite; used only after something went wrong."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, PRNGKeyArray, PyTree

from elbowroom.training.step import Prepare, Rows, TrainState

Terms = Callable[[TrainState, Rows], dict[str, Bool[Array, " datum"]]]


def make_terms(static: PyTree, prepare: Prepare) -> Terms:
    """The function `terms(state, rows)`: whether each term is finite, for each datum of a batch, in their order.

    The data are prepared as the step at `state` would; the draw of z is another. `static` is what `eqx.partition` left
    of the model.
    """

    def terms(state: TrainState, rows: Rows) -> dict[str, Bool[Array, " datum"]]:
        model = eqx.combine(state.parameters, static)
        key_data, key_draws = jr.split(jr.fold_in(state.key, state.step))
        x = prepare(rows, key_data)

        def one(datum: Float[Array, " observed"], key: PRNGKeyArray) -> dict[str, Array]:
            encoded = model.encoder(datum)
            z = encoded.sample(key)
            return {
                "the draw of z from the encoder q(z|x)": jnp.all(jnp.isfinite(z)),
                "log p(x|z), of the decoder": jnp.isfinite(model.decoder(z).log_prob(datum)),
                "log p(z), of the prior": jnp.isfinite(model.prior().log_prob(z)),
                "log q(z|x), of the encoder": jnp.isfinite(encoded.log_prob(z)),
            }

        return jax.vmap(one)(x, jr.split(key_draws, x.shape[0]))

    return jax.jit(terms)
