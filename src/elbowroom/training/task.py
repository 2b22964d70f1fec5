"""One training problem, ready to run."""

import dataclasses

import numpy as np
from jaxtyping import Array, Int32

from elbowroom.data.batches import index_stream
from elbowroom.training.chunk import CountedChunk
from elbowroom.training.evaluation import Evaluation
from elbowroom.training.position import last_step
from elbowroom.training.settings import TrainSettings
from elbowroom.training.step import Stepper
from elbowroom.training.terms import Terms


@dataclasses.dataclass(frozen=True)
class Task:
    """One training problem, ready to run: its data on the device and its compiled functions.

    **Symbols.** `rows` are the training data as compactly as they came, `(datum, observed)`; `validation` gives the
    ELBO of each validation datum, with draws that are the same at every call; `terms` tells which part of the model
    gives a datum a value that is not finite.
    """

    rows: Array
    stepper: Stepper
    chunk: CountedChunk
    validation: Evaluation
    terms: Terms
    settings: TrainSettings

    @property
    def room(self) -> int:
        """The number of steps that one chunk has room for."""
        return min(self.settings.chunk_steps, self.last_step(1))

    def last_step(self, epochs: int) -> int:
        """The number of steps after which that many epochs are complete."""
        return last_step(epochs, self.rows.shape[0], self.settings.batch)

    def indices(self, first: int, count: int) -> Int32[np.ndarray, "step datum"]:
        """The data of the steps `first` to `first + count`; what a chunk has room for beyond these is zero."""
        batch = self.settings.batch
        found = np.zeros((self.room, batch), np.int32)
        walk = index_stream(self.settings.seed, first * batch, count * batch, self.rows.shape[0])
        found[:count] = walk.reshape(count, batch)
        return found
