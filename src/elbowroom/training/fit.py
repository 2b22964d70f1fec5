"""One training from beginning to end: data to the device, the loop, and the ELBO of the best weights on every split."""

import dataclasses
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from elbowroom.data.dataset import SPLITS, Dataset
from elbowroom.data.preparation import Preparation
from elbowroom.errors import InputError
from elbowroom.estimation.objective import Objective
from elbowroom.models.vae import VAE
from elbowroom.training.adam import adam
from elbowroom.training.chunk import make_counted_chunk
from elbowroom.training.config_file import read_config
from elbowroom.training.evaluation import Block, Evaluation, make_block, make_evaluation
from elbowroom.training.keeper import Keeper, read_state, write_state
from elbowroom.training.keys import key_for
from elbowroom.training.loop import run_loop
from elbowroom.training.made_of import made_of
from elbowroom.training.position import LoopState, Position, Record
from elbowroom.training.progress import Progress
from elbowroom.training.settings import TrainSettings
from elbowroom.training.step import make_step
from elbowroom.training.task import Task
from elbowroom.training.terms import make_terms

TRAIN_SHARE = 10_000


@dataclass(frozen=True)
class Fit:
    """What training hands back.

    **Fields.** `model` has the weights that were best on the validation data, `state` the last ones, with the
    optimiser; `history` holds one record per epoch; `elbo` has the mean ELBO (beta 1, nats per datum) of `model` on
    the `train`, `validation` and `test` data and the standard error `stderr` of the last; `samples_per_second` counts
    visited data per second of training, without compilation and evaluation; `path` is the run folder.
    """

    model: VAE
    state: LoopState = field(repr=False)
    history: tuple[Record, ...] = field(repr=False)
    elbo: dict[str, float]
    steps: int
    epochs: int
    seconds: float
    samples_per_second: float
    device: str
    path: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """The numbers, as `elbowroom train --json` prints them beside the names of the run and of the data."""
        names = ("steps", "epochs", "elbo", "samples_per_second", "seconds", "device")
        return {name: getattr(self, name) for name in names}


def fit_model(
    model: VAE,
    dataset: Dataset,
    preparation: Preparation,
    objective: Objective,
    settings: TrainSettings,
    *,
    name: str = "objective",
    folder: Path | None = None,
    resume: bool = False,
    shown: bool | None = None,
) -> Fit:
    """Maximise `objective` over the parameters of `model` on the training data.

    **Arguments.** `folder` exists and holds `config.json`; `resume` says that it holds a state to go on from; `name`
    and `shown` are for the progress bar.

    **Raises.** `NonFinite` if training meets a value that is NaN or infinite. The caller has checked data and settings.
    """
    begun = time.perf_counter()
    parameters, static = eqx.partition(model, eqx.is_inexact_array)
    evaluations = _evaluations(make_block(static, settings.evaluation_samples), dataset, preparation, settings.seed)
    stepper = make_step(objective, adam(settings.learning_rate), preparation.prepare, static)
    task = Task(
        rows=jnp.asarray(dataset.train.rows),
        stepper=stepper,
        chunk=make_counted_chunk(stepper.step),
        validation=evaluations("validation"),
        terms=make_terms(static, preparation.prepare),
        settings=settings,
    )
    decided = None if folder is None else made_of(read_config(folder))
    keeper = Keeper(folder, settings.checkpoint_seconds, decided)
    state = LoopState(stepper.init(parameters, key_for(settings.seed, "training")), parameters, Position())
    if folder is not None and resume:
        state = read_state(folder, state)
    elif folder is not None:
        write_state(folder, state, decided)  # so that weights never lie there without a state to go on from
    progress = Progress(task.last_step(settings.epochs), settings.batch, settings.epochs, name, shown)
    try:
        with keeper.interruption:
            state = _looped(task, state, keeper, progress, begun)
    finally:
        progress.close()
    finished = time.perf_counter()
    values = {split: evaluations(split)(state.best) for split in SPLITS}
    elbo = {split: float(found.mean()) for split, found in values.items()}
    elbo["stderr"] = _stderr(values["test"])
    position = state.position
    return Fit(
        model=eqx.combine(state.best, static),
        state=state,
        history=state.history,
        elbo=elbo,
        steps=position.step,
        epochs=position.epoch,
        seconds=position.seconds + time.perf_counter() - finished,
        samples_per_second=_speed(position, settings),
        device=device_name(),
        path=folder,
    )


def check_size(dataset: Dataset, settings: TrainSettings) -> None:
    """Refuse a batch that is larger than the training data."""
    if len(dataset.train) < settings.batch:
        raise InputError(
            f"The training split of {dataset.name} has {len(dataset.train)} rows, fewer than a batch of "
            f"{settings.batch}. Use a batch of at most {len(dataset.train)} (--batch, training.batch), or more data."
        )


def device_name() -> str:
    """The device that computes, in words: `cpu`, or `gpu (NVIDIA H200)`."""
    device = jax.devices()[0]
    return "cpu" if device.platform == "cpu" else f"{device.platform} ({device.device_kind})"


def _looped(task: Task, state: LoopState, keeper: Keeper, progress: Progress, begun: float) -> LoopState:
    """The loop after compilation, so that no lap is slow; whatever ends it, the last state is written."""
    progress.begin(state)
    zero = jnp.asarray(0, jnp.int32)
    jax.block_until_ready(task.chunk(state.train, task.rows, jnp.asarray(task.indices(0, 0)), zero))
    elapsed = time.perf_counter() - begun
    position = dataclasses.replace(state.position, seconds=state.position.seconds + elapsed)
    if position.initial_validation is None and position.step == 0:
        position = dataclasses.replace(position, initial_validation=float(task.validation(state.best).mean()))
    state = state._replace(position=position)
    keeper.latest = state
    try:
        state = run_loop(task, state, keeper, progress)
    except KeyboardInterrupt:
        keeper.save(keeper.latest)
        raise
    keeper.save(state)
    return state


def _evaluations(block: Block, dataset: Dataset, preparation: Preparation, seed: int) -> Callable[[str], Evaluation]:
    """What evaluates a split: its data are prepared once, and every evaluation of a run sees the same."""

    @functools.cache
    def of(split: str) -> Evaluation:
        rows = dataset.split(split).rows
        x = preparation.prepare_fixed(rows[:TRAIN_SHARE] if split == "train" else rows, seed=seed, split=split)
        return make_evaluation(block, x, key_for(seed, "evaluation"))

    return of


def _stderr(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else float("nan")


def _speed(position: Position, settings: TrainSettings) -> float:
    return position.step * settings.batch / position.training_seconds if position.training_seconds > 0 else 0.0
