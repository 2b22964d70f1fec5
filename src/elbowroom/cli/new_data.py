"""Data for a trained model: those of its run or others, checked and made into x, some rows at a time."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elbowroom.cli.options import DATA_HELP

if TYPE_CHECKING:
    import jax
    import numpy as np

    from elbowroom.data.preparation import Preparation
    from elbowroom.training.run_folder import Run

ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class NewData:
    """Rows that a model can have produced, and how they become x.

    **Fields.** `rows` is `(datum, observed)`, as compact as it came; `labels` is `(datum,)` or None; `event_shape`
    is that of the data the model was trained on.
    """

    rows: "np.ndarray"
    labels: "np.ndarray | None"
    preparation: "Preparation"
    event_shape: tuple[int, ...]
    seed: int
    split: str

    def batches(self) -> Iterator["jax.Array"]:
        """x, a few thousand rows at a time; dynamic binarisation is drawn once, by the seed and the row."""
        for start in range(0, len(self.rows), ROWS_AT_ONCE):
            rows = self.rows[start : start + ROWS_AT_ONCE]
            yield self.preparation.prepare_fixed(rows, seed=self.seed, split=self.split, start=start)

    def seen(self) -> str:
        """The sentence that says how a row became x."""
        if self.preparation.binarise == "dynamic":
            return f"Pixels were binarised once, by seed {self.seed}."
        return self.preparation.to_text()


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """RUN, DATA and `--split`, for `new_data`."""
    parser.add_argument("run", metavar="RUN", help="the run folder that `elbowroom train` made")
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    parser.add_argument(
        "--split", choices=("train", "validation", "test"), help="only this part of DATA (default: every row, in order)"
    )


def new_data(run: "Run", source: str, split: str | None, seed: int | None) -> NewData:
    """The rows of `source`, all in their order or one split of them, for the model of `run`.

    **Raises.** `InputError` if they cannot be read, or are not of the kind that the model was trained on.
    """
    from elbowroom.data.contents import Contents
    from elbowroom.data.likeness import preparation_for_new
    from elbowroom.data.load import load_contents, load_dataset

    if split is None:
        contents = load_contents(source)
    else:
        dataset = load_dataset(source)
        contents = Contents({split: dataset.split(split)}, dataset.event_shape, dataset.levels)
    event_shape = tuple(run.config["dataset"]["event_shape"])
    preparation = preparation_for_new(run.preparation, contents, event_shape, f"The data {source}")
    joined = contents.joined()
    seed = run.settings.training.seed if seed is None else seed
    return NewData(joined.rows, joined.labels, preparation, event_shape, seed, split or "test")
