"""A run as its folder holds it: loaded, with its best weights, its settings and its data."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from elbowroom.data.dataset import Dataset
from elbowroom.data.load import load_dataset
from elbowroom.data.preparation import Preparation
from elbowroom.errors import InputError
from elbowroom.models.settings import build_model
from elbowroom.models.vae import VAE
from elbowroom.training.checkpoint import filled, has_shape, load_arrays
from elbowroom.training.config_file import read_config
from elbowroom.training.keeper import METRICS, WEIGHTS
from elbowroom.training.keys import key_for
from elbowroom.training.made_of import check_made_of, made_of
from elbowroom.training.position import Record
from elbowroom.training.records import read_records
from elbowroom.training.run_settings import RunSettings, read_settings


@dataclass(frozen=True)
class Run:
    """A finished or interrupted run, as its folder holds it.

    **Fields.** `model` has the weights that were best on the validation data; `config` is `config.json` as it was read;
    `settings` are the settings in it; `preparation` says how a row of the data becomes x.
    """

    path: Path
    model: VAE
    config: dict[str, Any]
    settings: RunSettings
    preparation: Preparation

    def dataset(self) -> Dataset:
        """The data of the run, read again from where they were, and compared with what was trained on.

        **Raises.** `InputError` if they are not there any more, or are not the same.
        """
        return self._dataset

    @cached_property
    def _dataset(self) -> Dataset:
        dataset = load_dataset(str(self.settings.data.source))
        if dataset.fingerprint != self.config["dataset"]["fingerprint"]:
            raise InputError(
                f"The data at {dataset.source} are not those that {self.path} was trained on: their fingerprint is "
                f"{dataset.fingerprint[:12]}, and was {self.config['dataset']['fingerprint'][:12]}. Restore the data, "
                "or name other data on purpose with --data."
            )
        return dataset

    def metrics(self) -> list[Record]:
        """The records of the epochs, oldest first."""
        return read_records(self.path / METRICS)


def load_run(path: str | Path, model: VAE | None = None) -> Run:
    """The run in the folder `path`, with its best weights.

    **Arguments.** `model` has the structure of the model that was trained; it is needed where that was not made from
    settings, and its weights are replaced.

    **Raises.** `InputError` if `path` is not a run folder, was written by a newer version, or holds a damaged
    file or one that does not belong to its `config.json`.
    """
    folder = Path(path)
    config = read_config(folder)
    settings = read_settings({name: table for name, table in config["settings"].items() if table is not None})
    if model is None:
        model = _rebuilt(folder, config, settings)
    weights = folder / WEIGHTS
    if not weights.exists():
        raise InputError(
            f"The run in {folder} has no {WEIGHTS} yet: it was stopped before its first checkpoint. Go on with it: "
            "add --resume to the command that began it."
        )
    arrays, notes = load_arrays(weights)
    check_made_of(notes.get("made_of"), made_of(config), weights)
    parameters, static = eqx.partition(model, _is_parameter)
    return Run(
        path=folder,
        model=eqx.combine(filled(parameters, arrays, weights), static),
        config=config,
        settings=settings,
        preparation=Preparation(**config["preparation"]),
    )


def _is_parameter(leaf: Any) -> bool:
    return has_shape(leaf) and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _rebuilt(folder: Path, config: dict[str, Any], settings: RunSettings) -> VAE:
    if config["settings"]["model"] is None:
        raise InputError(
            f"The model of {folder} was not made from settings, so config.json cannot rebuild it. Give a model of the "
            "same structure: load_run(path, model=...)."
        )
    key = key_for(settings.training.seed, "initial weights")
    return eqx.filter_eval_shape(build_model, settings.model, config["dataset"]["observed"], key)
