"""Keeping a run on disk while it goes on: what is written, in which order, and how often."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elbowroom.training.checkpoint import filled, load_arrays, named_leaves, save_arrays
from elbowroom.training.interruption import Interruption
from elbowroom.training.position import LoopState, Position, Record
from elbowroom.training.records import read_records, write_records

STATE_FORMAT = 1
WEIGHTS, STATE, METRICS = "weights.safetensors", "state.safetensors", "metrics.jsonl"
_SHARE = 20.0


class Keeper:
    """Writes the states it is offered to a run folder, at most every `interval` seconds and in 5 % of the time.

    Without a folder it only remembers. `latest` is the newest state from which training can go on to the same bits.
    `made_of` is noted in both files of arrays.
    """

    def __init__(self, folder: Path | None, interval: float, made_of: Mapping[str, Any] | None = None):
        self.folder = folder
        self.made_of = made_of
        self.latest: LoopState | None = None
        self.interruption = Interruption()
        self._interval = interval
        self._due = time.monotonic() + interval
        self._weights_of: int | None = None

    def offer(self, state: LoopState) -> None:
        """Remember `state`, and write it if that is due. **Raises.** `KeyboardInterrupt` for one that was lost."""
        self.latest = state
        self.interruption.check()
        if time.monotonic() >= self._due:
            self.save(state)

    def save(self, state: LoopState) -> None:
        """Write `state` now: first the best weights and the records, then the state that refers to them."""
        self.latest = state
        if self.folder is None:
            return
        begun = time.monotonic()
        if self._weights_of != state.position.best_epoch:
            write_weights(self.folder, state, self.made_of)
            self._weights_of = state.position.best_epoch
        write_records(self.folder / METRICS, state.history)
        write_state(self.folder, state, self.made_of)
        ended = time.monotonic()
        self._due = ended + max(self._interval, _SHARE * (ended - begun) if self._interval else 0.0)

    def where(self) -> str:
        """The sentence that says where the last good state is."""
        if self.folder is None:
            return "Nothing was written, because training had no run folder."
        return (
            f"The state before it is kept in {self.folder / STATE}, the best weights so far in {self.folder / WEIGHTS}."
        )


def write_weights(folder: Path, state: LoopState, made_of: Mapping[str, Any] | None = None) -> None:
    """`weights.safetensors`: the best parameters on the validation data, by their path in the model."""
    notes = {
        "format": STATE_FORMAT,
        "epoch": state.position.best_epoch,
        "validation_elbo": state.position.best_validation,
        "made_of": made_of,
    }
    save_arrays(folder / WEIGHTS, named_leaves(state.best), notes)


def write_state(folder: Path, state: LoopState, made_of: Mapping[str, Any] | None = None) -> None:
    """`state.safetensors`: the last parameters, the optimiser, the key, the best parameters, and the position."""
    arrays = named_leaves({"train": state.train, "best": state.best})
    notes = {"format": STATE_FORMAT, "position": state.position.to_json(), "made_of": made_of}
    save_arrays(folder / STATE, arrays, notes)


def read_state(folder: Path, like: LoopState) -> LoopState:
    """The state that was written last, in the structure of `like`, with the records up to its epoch.

    **Raises.** `InputError`, naming the file, if it is missing, damaged, or of another model.
    """
    path = folder / STATE
    arrays, notes = load_arrays(path)
    tree = filled({"train": like.train, "best": like.best}, arrays, path)
    position = Position(**notes["position"])
    records: list[Record] = read_records(folder / METRICS)
    return LoopState(
        tree["train"], tree["best"], position, tuple(one for one in records if one["epoch"] <= position.epoch)
    )
