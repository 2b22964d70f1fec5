"""Where a run is: what the host has to remember, beside the arrays, to go on as if nothing had happened."""

import dataclasses
from typing import Any, NamedTuple

from jaxtyping import PyTree

from elbowroom.training.step import TrainState

Record = dict[str, float | int | bool]


@dataclasses.dataclass(frozen=True)
class Position:
    """How far training has come.

    **Symbols.** `step` steps are done and `epoch` epochs are finished and validated; `objective_sum` is the sum of the
    objective over the steps of the epoch under way; `best_validation` is the highest validation ELBO, in nats per
    datum, first reached in `best_epoch`; `stale_epochs` have passed since; `initial_validation` is that of the initial
    weights. `training_seconds` went into steps, `seconds` into everything.
    """

    step: int = 0
    epoch: int = 0
    objective_sum: float = 0.0
    best_validation: float | None = None
    best_epoch: int = 0
    stale_epochs: int = 0
    training_seconds: float = 0.0
    seconds: float = 0.0
    initial_validation: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The position as a table of numbers, which `Position(**table)` turns back into an equal value."""
        return dataclasses.asdict(self)


class LoopState(NamedTuple):
    """Everything that a resumed run needs: the state of the steps, the best parameters, the position, the records.

    `history` holds one record for each finished epoch, as in `metrics.jsonl`.
    """

    train: TrainState
    best: PyTree
    position: Position
    history: tuple[Record, ...] = ()


def last_step(epochs: int, size: int, batch: int) -> int:
    """The number of steps after which each of `size` data has been visited `epochs` times, in steps of `batch` data.

    >>> last_step(1, size=10, batch=4), last_step(2, size=10, batch=4)
    (3, 5)
    """
    return -(-epochs * size // batch)
