"""Many steps in one compiled call, as many as are asked for, without compiling anew for another number."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Int32

from elbowroom.training.step import Rows, Step, TrainInfo, TrainState

CountedChunk = Callable[
    [TrainState, Rows, Int32[Array, "step datum"], Int[Array, ""]],
    tuple[TrainState, TrainInfo],
]


def make_counted_chunk(step: Step) -> CountedChunk:
    """`chunk(state, rows, indices, count)`: the first `count` steps of those that `indices` has room for.

    It ends early at the first objective that is not finite. Nothing is read by the host inside, and the state given
    is not consumed. Returns the state after the last step done, and the `TrainInfo` of each, zero where none was done.

    **Shapes.** `rows` is `(datum, observed)`, all data as compactly as they came; `indices` is `(step, datum)`,
    int32, each within bounds: they are not checked on the device.
    """

    def chunk(
        state: TrainState, rows: Rows, indices: Int32[Array, "step datum"], count: Int[Array, ""]
    ) -> tuple[TrainState, TrainInfo]:
        shape = jax.eval_shape(step, state, rows.at[indices[0]].get(mode="promise_in_bounds"))[1]
        room = jax.tree.map(lambda one: jnp.zeros((indices.shape[0], *one.shape), one.dtype), shape)

        def goes_on(carry: tuple[Array, Array, TrainState, TrainInfo]) -> Array:
            done, finite, _, _ = carry
            return (done < count) & finite

        def once(carry: tuple[Array, Array, TrainState, TrainInfo]) -> tuple[Array, Array, TrainState, TrainInfo]:
            done, _, before, infos = carry
            batch = jax.lax.dynamic_index_in_dim(indices, done, keepdims=False)
            after, info = step(before, rows.at[batch].get(mode="promise_in_bounds"))
            infos = jax.tree.map(lambda room, one: jax.lax.dynamic_update_index_in_dim(room, one, done, 0), infos, info)
            return done + 1, jnp.isfinite(info.objective), after, infos

        start = (jnp.zeros_like(count), jnp.asarray(True), state, room)
        _, _, after, infos = jax.lax.while_loop(goes_on, once, start)
        return after, infos

    return jax.jit(chunk)
