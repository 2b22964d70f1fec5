"""What a person sees while training: one bar on stderr with the ELBO and the speed, and only on a terminal."""

import os
import sys
from typing import Any

from tqdm import tqdm

from elbowroom.training.position import LoopState


class Progress:
    """A bar over the data to visit; it shows nothing unless `shown`.

    **Symbols.** `total` and `batch`: steps in all, and data in each; `name` is how the objective is called. `shown`
    is None where the terminal decides: then the bar is shown if stderr is one, and `NO_COLOR` is not set.
    """

    def __init__(self, total: int, batch: int, epochs: int, name: str, shown: bool | None):
        visible = sys.stderr.isatty() and not os.environ.get("NO_COLOR") if shown is None else shown
        self._batch = batch
        self._epochs = epochs
        self._name = name
        self._bar: Any = None
        if visible:
            self._bar = tqdm(total=total * batch, unit=" data", unit_scale=True, dynamic_ncols=True, file=sys.stderr)

    def begin(self, state: LoopState) -> None:
        """Start at the position of `state`, which is not zero for a resumed run."""
        if self._bar is not None:
            self._bar.initial = state.position.step * self._batch
            self._bar.n = self._bar.initial
            self._bar.set_description_str("compiling")

    def steps(self, state: LoopState) -> None:
        """Some steps are done."""
        if self._bar is not None:
            self._bar.update(state.position.step * self._batch - self._bar.n)

    def epoch(self, state: LoopState) -> None:
        """An epoch is done and validated."""
        if self._bar is None:
            return
        record = state.history[-1]
        self._bar.set_description_str(f"epoch {record['epoch']}/{self._epochs}", refresh=False)
        objective = "" if self._name == "elbo" else f" {self._name} {record['objective']:.2f}"
        self._bar.set_postfix_str(f"validation ELBO {record['validation_elbo']:.2f}{objective}", refresh=False)
        self.steps(state)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
