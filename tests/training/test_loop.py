"""The loop: the order of the data, early stopping, best and last, resumption."""

import numpy as np
import pytest

from elbowroom.training.checkpoint import named_leaves
from elbowroom.training.keeper import Keeper, read_state, write_state
from elbowroom.training.loop import run_loop
from elbowroom.training.position import last_step
from elbowroom.training.progress import Progress
from elbowroom.training.settings import TrainSettings

from .problems import task_of

SILENT = Progress(total=1, batch=1, epochs=1, name="elbo", shown=False)


def _run(settings, **keywords):
    task, state = task_of(settings, **keywords)
    return run_loop(task, state, Keeper(None, 1e9), SILENT)


def _same(one, other) -> None:
    for name, array in named_leaves(one).items():
        np.testing.assert_array_equal(array, named_leaves(other)[name], err_msg=name, strict=True)


def test_D24_every_datum_once_per_epoch_in_an_order_that_changes():
    task, _ = task_of(TrainSettings(batch=7))
    size = task.rows.shape[0]
    steps = task.last_step(2)
    walk = np.concatenate([task.indices(first, 1)[0] for first in range(steps)])
    first, second = walk[:size], walk[size : 2 * size]
    assert sorted(first) == sorted(second) == list(range(size))
    assert list(first) != list(second)


@pytest.mark.parametrize(("size", "batch"), [(42, 41), (42, 42), (42, 1), (42, 5)])
def test_D17_any_batch_trains_whatever_remains_of_the_data(size, batch):
    settings = TrainSettings(batch=batch, epochs=2)
    state = _run(settings)
    assert state.position.step == last_step(2, size, batch) == int(state.train.step)
    assert [record["step"] for record in state.history] == [last_step(1, size, batch), last_step(2, size, batch)]


def test_D19_with_frozen_parameters_no_improvement_is_recorded():
    state = _run(TrainSettings(batch=8, epochs=50, patience=4), optimiser="frozen")
    assert [record["best"] for record in state.history] == [True, False, False, False, False]
    assert len({record["validation_elbo"] for record in state.history}) == 1
    assert state.position.stale_epochs == 4


def test_no_patience_means_every_epoch():
    state = _run(TrainSettings(batch=8, epochs=7, patience=0), optimiser="frozen")
    assert state.position.epoch == 7


def test_D20_the_same_seed_gives_the_same_bits():
    first, second = _run(TrainSettings(batch=8, epochs=3)), _run(TrainSettings(batch=8, epochs=3))
    other = _run(TrainSettings(batch=8, epochs=3, seed=1))
    _same({"train": first.train, "best": first.best}, {"train": second.train, "best": second.best})
    values = [[record["objective"] for record in state.history] for state in (first, second, other)]
    assert values[0] == values[1] != values[2]


@pytest.mark.parametrize("stop", [1, 3])
def test_D22_a_resumed_run_has_the_bits_of_one_that_was_not_stopped(tmp_path, stop):
    settings = TrainSettings(batch=8, epochs=6)
    whole = _run(settings)
    half = _run(TrainSettings(batch=8, epochs=stop))
    keeper = Keeper(tmp_path, 0.0)
    keeper.save(half)
    task, fresh = task_of(settings)
    resumed = run_loop(task, read_state(tmp_path, fresh), keeper, SILENT)
    _same({"train": whole.train, "best": whole.best}, {"train": resumed.train, "best": resumed.best})
    kept = ("epoch", "step", "objective", "validation_elbo", "best")
    assert [[one[name] for name in kept] for one in whole.history] == [
        [one[name] for name in kept] for one in resumed.history
    ]


def test_D22_a_run_stopped_within_an_epoch_has_the_bits_too(tmp_path):
    settings = TrainSettings(batch=4, epochs=2, chunk_steps=3)
    task, state = task_of(settings)

    class Stopping(Keeper):
        def offer(self, state):
            super().offer(state)
            if state.position.step == 6:
                write_state(tmp_path, state)
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_loop(task, state, Stopping(None, 1e9), SILENT)
    resumed = run_loop(task, read_state(tmp_path, state), Keeper(None, 1e9), SILENT)
    whole = run_loop(task, state, Keeper(None, 1e9), SILENT)
    assert whole.history[0]["objective"] == resumed.history[0]["objective"]
    _same({"train": whole.train, "best": whole.best}, {"train": resumed.train, "best": resumed.best})


def test_D23_best_and_last_are_kept_apart():
    state = _run(TrainSettings(batch=8, epochs=30, patience=0), optimiser="wild")
    values = [record["validation_elbo"] for record in state.history]
    best = int(np.argmax(values))
    assert best < 29, "this test needs a run whose last epoch is not its best"
    assert state.position.best_epoch == best + 1
    task, _ = task_of(TrainSettings(batch=8))
    assert task.validation(state.best).mean() == values[best]
    assert task.validation(state.train.parameters).mean() == values[-1]


def test_D10_beta_changes_the_objective_and_never_the_reported_elbo():
    settings = TrainSettings(batch=8, epochs=1)
    plain = _run(settings, optimiser="frozen")
    heavy = _run(settings, optimiser="frozen", beta=4.0)
    assert heavy.history[0]["objective"] < plain.history[0]["objective"]
    assert heavy.history[0]["validation_elbo"] == plain.history[0]["validation_elbo"]


def test_D32_the_elbo_rises():
    state = _run(TrainSettings(batch=8, epochs=40), optimiser="fast")
    assert state.history[-1]["validation_elbo"] > state.history[0]["validation_elbo"] + 0.2
    assert state.history[-1]["objective"] > state.history[0]["objective"] + 0.2
