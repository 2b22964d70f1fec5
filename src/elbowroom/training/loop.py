"""The loop: epochs of compiled chunks, validation, early stopping. The host reads each chunk one chunk late."""

import dataclasses
import time
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32

from elbowroom.training.failure import objective_failure, validation_failure
from elbowroom.training.keeper import Keeper
from elbowroom.training.position import LoopState, Position, Record
from elbowroom.training.progress import Progress
from elbowroom.training.settings import TrainSettings
from elbowroom.training.step import TrainInfo, TrainState, is_finite
from elbowroom.training.task import Task


def run_loop(task: Task, state: LoopState, keeper: Keeper, progress: Progress) -> LoopState:
    """Train from `state` until the last epoch, or until `patience` epochs have brought no better validation ELBO.

    A pure function of `task` and `state`, apart from the times; `keeper` is offered every state from which training can
    go on to the same bits, `progress` is told of them.

    **Raises.** `NonFinite` with the last good state in the keeper.
    """
    while _goes_on(state.position, task.settings):
        state = _validated(task, _epoch(task, state, keeper, progress), keeper)
        keeper.offer(state)
        progress.epoch(state)
    return state


def _goes_on(position: Position, settings: TrainSettings) -> bool:
    patient = settings.patience == 0 or position.stale_epochs < settings.patience
    return patient and position.epoch < settings.epochs


class _Launched(NamedTuple):
    """A chunk handed to the device, whose results nobody has waited for."""

    before: TrainState
    indices: Int32[np.ndarray, "step datum"]
    steps: int
    after: TrainState
    info: TrainInfo
    good: Array


def _epoch(task: Task, state: LoopState, keeper: Keeper, progress: Progress) -> LoopState:
    """The steps left of the epoch under way; the host reads a chunk while the device works at the next."""
    goal = task.last_step(state.position.epoch + 1)
    running, waiting = state.train, None
    watch = time.perf_counter()
    for first in range(state.position.step, goal, task.room):
        launched = _launch(task, running, first, min(task.room, goal - first))
        if waiting is not None:
            state, watch = _settled(task, state, waiting, keeper, watch)
            keeper.offer(state)
            progress.steps(state)
        running, waiting = launched.after, launched
    return state if waiting is None else _settled(task, state, waiting, keeper, watch)[0]


def _launch(task: Task, before: TrainState, first: int, count: int) -> _Launched:
    indices = task.indices(first, count)
    after, info = task.chunk(before, task.rows, jnp.asarray(indices), jnp.asarray(count, jnp.int32))
    return _Launched(before, indices, count, after, info, is_finite(after, info))


def _settled(task: Task, state: LoopState, chunk: _Launched, keeper: Keeper, watch: float) -> tuple[LoopState, float]:
    """Wait for a chunk and make its end the state to go on from; a chunk that went wrong ends the run here."""
    objectives = np.asarray(chunk.info.objective, np.float64)[: chunk.steps]
    if not bool(chunk.good):
        raise objective_failure(task, state, chunk.indices[: chunk.steps], objectives, keeper)
    objective = float(objectives.sum())
    now = time.perf_counter()
    position = dataclasses.replace(
        state.position,
        step=state.position.step + chunk.steps,
        objective_sum=state.position.objective_sum + objective,
        training_seconds=state.position.training_seconds + now - watch,
        seconds=state.position.seconds + now - watch,
    )
    return state._replace(train=chunk.after, position=position), now


def _validated(task: Task, state: LoopState, keeper: Keeper) -> LoopState:
    """The state after an epoch: the validation ELBO is recorded, and the best parameters are kept."""
    watch = time.perf_counter()
    values = task.validation(state.train.parameters)
    if not np.isfinite(values).all():
        raise validation_failure(state, values, keeper)
    value, position = float(values.mean()), state.position
    best = position.best_validation is None or value > position.best_validation
    epoch = position.epoch + 1
    steps = position.step - task.last_step(position.epoch)
    after = dataclasses.replace(
        position,
        epoch=epoch,
        objective_sum=0.0,
        best_validation=value if best else position.best_validation,
        best_epoch=epoch if best else position.best_epoch,
        stale_epochs=0 if best else position.stale_epochs + 1,
        seconds=position.seconds + time.perf_counter() - watch,
    )
    record: Record = {
        "epoch": epoch,
        "step": position.step,
        "objective": position.objective_sum / steps,
        "validation_elbo": value,
        "best": best,
        "seconds": round(after.seconds, 3),
        "samples_per_second": round(position.step * task.settings.batch / max(position.training_seconds, 1e-9), 1),
    }
    kept = state.train.parameters if best else state.best
    return LoopState(state.train, kept, after, (*state.history, record))
