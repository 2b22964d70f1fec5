"""A chunk of steps is its steps, one by one, and as many as are asked for."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from elbowroom.training.checkpoint import named_leaves
from elbowroom.training.settings import TrainSettings

from .problems import task_of


def _same(one, other) -> None:
    for name, array in named_leaves(one).items():
        np.testing.assert_array_equal(array, named_leaves(other)[name], err_msg=name, strict=True)


def test_a_chunk_of_no_steps_changes_nothing():
    task, state = task_of(TrainSettings(batch=8))
    after, info = task.chunk(state.train, task.rows, jnp.asarray(task.indices(0, 0)), jnp.asarray(0, jnp.int32))
    _same(after, state.train)
    assert not np.asarray(info.objective).any()


def test_a_chunk_is_its_steps_one_by_one():
    task, state = task_of(TrainSettings(batch=8))
    indices = task.indices(0, 5)
    after, info = task.chunk(state.train, task.rows, jnp.asarray(indices), jnp.asarray(5, jnp.int32))
    one, values = state.train, []
    step = jax.jit(task.stepper.step)
    for batch in indices[:5]:
        one, found = step(one, task.rows[batch])
        values.append(float(found.objective))
    assert int(after.step) == 5
    np.testing.assert_allclose(np.asarray(info.objective)[:5], values, rtol=1e-5)
    assert not np.asarray(info.objective)[5:].any()
    for name, array in named_leaves(after.parameters).items():
        np.testing.assert_allclose(array, named_leaves(one.parameters)[name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_a_chunk_compiles_once_for_every_number_of_steps():
    task, state = task_of(TrainSettings(batch=8))
    compiled = []  # tests share a task, and the size counts what others compiled before
    for count in (1, 3, 2, 0):
        task.chunk(state.train, task.rows, jnp.asarray(task.indices(0, count)), jnp.asarray(count, jnp.int32))
        compiled.append(task.chunk._cache_size())
    assert compiled == [compiled[0]] * 4


def test_a_chunk_ends_at_the_first_objective_that_is_not_finite():
    task, state = task_of(TrainSettings(batch=8), optimiser="poison")
    after, info = task.chunk(state.train, task.rows, jnp.asarray(task.indices(0, 5)), jnp.asarray(5, jnp.int32))
    assert int(after.step) == 2
    assert np.isfinite(info.objective[0])
    assert np.isnan(info.objective[1])


def test_the_key_of_a_state_never_changes():
    task, state = task_of(TrainSettings(batch=8))
    after, _ = task.chunk(state.train, task.rows, jnp.asarray(task.indices(0, 2)), jnp.asarray(2, jnp.int32))
    assert (jr.key_data(after.key) == jr.key_data(state.train.key)).all()
