"""One step of gradient ascent on an objective, and what to do when it goes wrong.

`init` and `step` are pure: all that changes is in `TrainState`. The key of a state never changes; what is
random at a step is derived from that key and the number of the step, so that a run resumes from its position alone.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import optax
from jaxtyping import Array, ArrayLike, Float, Int, PRNGKeyArray, PyTree

from elbowroom.estimation.objective import Objective

Rows = Array
Prepare = Callable[[Rows, PRNGKeyArray], Float[Array, "datum observed"]]


class TrainState(NamedTuple):
    """What the next step needs, and nothing else.

    `parameters` is the array half of `eqx.partition(model, eqx.is_inexact_array)`.
    """

    parameters: PyTree
    optimiser_state: PyTree
    key: PRNGKeyArray
    step: Int[Array, ""]


class TrainInfo(NamedTuple):
    """What a reader of the step needs, and nothing else: the objective of the batch before the update.

    It is the mean over the batch of the objective's value, in nats per datum, to be maximised. It is the ELBO if
    the objective is; with a weight (beta) or several samples it is not, and the ELBO is evaluated apart.
    """

    objective: Float[Array, ""]


Step = Callable[[TrainState, Rows], tuple[TrainState, TrainInfo]]


class Stepper(NamedTuple):
    """The pure functions of one training problem, made by `make_step`; none of them is compiled yet.

    * `init(parameters, key)` is the `TrainState` before the first step.
    * `step(state, rows)` is the next state and the `TrainInfo` of one batch of raw rows.
    * `per_datum(state, rows)` is the objective of each row of the batch, with the draws that `step` would use: it
      tells which data a non-finite objective comes from.
    """

    init: Callable[[PyTree, PRNGKeyArray], TrainState]
    step: Step
    per_datum: Callable[[TrainState, Rows], Float[Array, " datum"]]


def make_step(
    objective: Objective, optimiser: optax.GradientTransformation, prepare: Prepare, static: PyTree
) -> Stepper:
    r"""The step $\theta \leftarrow \theta + \text{update}(\nabla_\theta \frac1B \sum_b \hat J_\theta(x_b))$.

    **Arguments.** `objective` is maximised; `optimiser` minimises, as Optax does, and is given the gradient of
    the loss $-\hat J$. `prepare(rows, key)` makes the data of the step out of raw rows, on the device (it casts,
    and binarises anew). `static` is the other half of `eqx.partition(model, eqx.is_inexact_array)`. The
    model must have a method `bindings()`.

    **Randomness.** The key of step t is `fold_in(state.key, t)`; it is split in one for `prepare` and one that is
    split again into one key per datum.

    **Units.** Nats per datum. **Shapes.** `rows` is `(datum, ...)`; parameters keep theirs.
    """

    def per_datum(parameters: PyTree, rows: Rows, key: PRNGKeyArray, step: Int[Array, ""]) -> Float[Array, " datum"]:
        model = eqx.combine(parameters, static)
        key_data, key_draws = jr.split(key)
        x = prepare(rows, key_data)
        bindings = model.bindings()
        weights: Mapping[str, ArrayLike] = objective.parameters_at(step)
        keys = jr.split(key_draws, x.shape[0])
        return jax.vmap(lambda datum, k: objective.estimate(bindings, datum, key=k, parameters=weights))(x, keys)

    def loss(parameters: PyTree, rows: Rows, key: PRNGKeyArray, step: Int[Array, ""]) -> Float[Array, ""]:
        return -jnp.mean(per_datum(parameters, rows, key, step))

    def init(parameters: PyTree, key: PRNGKeyArray) -> TrainState:
        return TrainState(parameters, optimiser.init(parameters), key, jnp.zeros((), jnp.int32))

    def step(state: TrainState, rows: Rows) -> tuple[TrainState, TrainInfo]:
        key = jr.fold_in(state.key, state.step)
        value, gradient = jax.value_and_grad(loss)(state.parameters, rows, key, state.step)
        gradient = jax.lax.optimization_barrier(gradient)
        updates, optimiser_state = optimiser.update(gradient, state.optimiser_state, state.parameters)
        parameters = optax.apply_updates(state.parameters, updates)
        return TrainState(parameters, optimiser_state, state.key, state.step + 1), TrainInfo(-value)

    def per_datum_of_state(state: TrainState, rows: Rows) -> Float[Array, " datum"]:
        return per_datum(state.parameters, rows, jr.fold_in(state.key, state.step), state.step)

    return Stepper(init, step, per_datum_of_state)


@jax.jit
def is_finite(state: TrainState, info: TrainInfo) -> Array:
    """Whether a chunk went well: every objective in it is finite, and so is every parameter after it.

    One pass over the parameters per chunk. A parameter that is not finite makes the next objective not finite, so
    nothing that happened before the last step of the chunk can hide.
    """
    leaves = jax.tree.leaves(state.parameters)
    return jnp.all(jnp.isfinite(info.objective)) & jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in leaves]))


class Failure(NamedTuple):
    """The first step of a chunk that went wrong, found by `replay`.

    `state` is the last good state, `batch` the indices of its data, `data` those whose own objective is
    not finite; when there are none, `site` is the gradient, else the objective.
    """

    state: TrainState
    site: str
    batch: Any
    data: Any


def replay(stepper: Stepper, state: TrainState, rows: Rows, indices: Int[Array, "step datum"]) -> Failure | None:
    """Go through a chunk again from the state before it, step by step, up to the first step that goes wrong.

    The steps are the same because everything random is a function of the state. Costs nothing until it is needed.
    Returns `None` if every step goes well.
    """
    step, per_datum = jax.jit(stepper.step), jax.jit(stepper.per_datum)
    for batch in indices:
        after, info = step(state, rows[batch])
        if not bool(is_finite(after, info)):
            bad = ~jnp.isfinite(per_datum(state, rows[batch]))
            site = "objective" if bool(jnp.any(bad)) else "gradient"
            return Failure(state, site, batch, batch[bad])
        state = after
    return None
