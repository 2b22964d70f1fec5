"""When an objective stops being finite: where, for which data, what usually causes it, and what was kept."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from elbowroom.errors import Refused
from elbowroom.training.keeper import Keeper
from elbowroom.training.position import LoopState
from elbowroom.training.step import Failure, replay
from elbowroom.training.task import Task

_SHOWN = 8


class NonFinite(Refused):
    """Training or validation met a value that is NaN or infinite. `step` and `data` say where.

    **Symbols.** `step` is the number of the step, counted from 1; `data` are the indices of the data concerned in their
    split, or of the whole batch where only the gradient is not finite.
    """

    def __init__(self, message: str, step: int, data: tuple[int, ...]):
        super().__init__(message)
        self.step = step
        self.data = data


def objective_failure(
    task: Task, state: LoopState, indices: np.ndarray, objectives: np.ndarray, keeper: Keeper
) -> NonFinite:
    """The error for a chunk that began at `state`, with its data `indices` and the `objectives` of its steps.

    The chunk is replayed step by step; the state before the first bad step is handed to `keeper`.
    """
    failure = replay(task.stepper, state.train, task.rows, jnp.asarray(indices))
    if failure is None:
        keeper.save(state)
        return NonFinite(
            f"The objective or a parameter was not finite between the steps {state.position.step + 1} and "
            f"{state.position.step + len(indices)}, but was when these were repeated one by one: this machine does not "
            f"compute reproducibly. {keeper.where()}",
            state.position.step + 1,
            (),
        )
    done = int(failure.state.step) - state.position.step
    position = dataclasses.replace(
        state.position,
        step=state.position.step + done,
        objective_sum=state.position.objective_sum + float(objectives[:done].sum()),
    )
    keeper.save(state._replace(train=failure.state, position=position))
    step = int(failure.state.step) + 1
    data = np.asarray(failure.data if len(failure.data) else failure.batch)
    where = f"at step {step} (epoch {state.position.epoch + 1})"
    what = (
        f"is not finite {where} for {len(data)} of {task.settings.batch} data"
        if failure.site == "objective"
        else f"has a gradient that is not finite {where} on {len(data)} data"
    )
    return NonFinite(
        f"The objective {what}: {listed(data)} of the training split.{_site(task, failure, data)} This usually means "
        f"that the learning rate ({task.settings.learning_rate:g}) is too large, or that the data are not standardised."
        f" {keeper.where()} Go on from there with a smaller learning rate, or look at these data.",
        step,
        tuple(int(one) for one in data),
    )


def _site(task: Task, failure: Failure, data: np.ndarray) -> str:
    """The sentence that names the first term of the ELBO that is not finite for these data, where there is one."""
    for name, finite in task.terms(failure.state, task.rows[jnp.asarray(failure.batch)]).items():
        if not np.asarray(finite)[np.isin(np.asarray(failure.batch), data)].all():
            return f" What is not finite is {name}."
    return ""


def validation_failure(state: LoopState, values: np.ndarray, keeper: Keeper) -> NonFinite:
    """The error for validation data whose ELBO is not finite after an epoch."""
    keeper.save(state)
    data = np.flatnonzero(~np.isfinite(values))
    return NonFinite(
        f"After epoch {state.position.epoch + 1} (step {state.position.step}) the ELBO is not finite for {len(data)} "
        f"of {len(values)} validation data: {listed(data)} of the validation split. This usually means that they lie "
        f"far from the training data, or that the learning rate is too large. {keeper.where()}",
        state.position.step,
        tuple(int(one) for one in data),
    )


def listed(indices: np.ndarray) -> str:
    """The first few indices in words: `index 3`, `indices 3, 17, ...`."""
    shown = ", ".join(str(int(one)) for one in indices[:_SHOWN])
    return f"{'index' if len(indices) == 1 else 'indices'} {shown}{', ...' if len(indices) > _SHOWN else ''}"
