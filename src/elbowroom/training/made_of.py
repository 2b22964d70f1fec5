"""What the arrays of a run were made of, kept inside their files: a config.json that says otherwise is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elbowroom.errors import InputError

FREE = {"training.epochs", "training.patience", "training.learning_rate", "training.checkpoint_seconds", "data.source"}
"""The settings that do not decide the past: they may differ when a run is resumed."""


def made_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the numbers of a run, by dotted name: its settings, its data, and how a row becomes x.

    >>> made_of({"settings": {"model": {"latent": 2}, "training": {"epochs": 3, "seed": 0}},
    ...          "preparation": {"binarise": "none"}, "dataset": {"fingerprint": "ab", "name": "digits"}})
    {'model.latent': 2, 'training.seed': 0, 'preparation.binarise': 'none', 'dataset.fingerprint': 'ab'}
    """
    tables = {**config["settings"], "preparation": config["preparation"]}
    found = {f"{table}.{name}": value for table, part in tables.items() for name, value in (part or {}).items()}
    kept = {name: value for name, value in found.items() if name not in FREE}
    return {**kept, "dataset.fingerprint": config["dataset"]["fingerprint"]}


def check_made_of(noted: Mapping[str, Any] | None, now: Mapping[str, Any], path: Path) -> None:
    """Refuse arrays that were made of something else than their configuration says.

    **Arguments.** `noted` is what the file `path` says of itself, or None if it says nothing, `now` what the
    configuration says.

    **Raises.** `InputError` that names the first setting that differs, with both values.
    """
    if noted is None:
        return
    for name in sorted(set(noted) | set(now)):
        if noted.get(name) != now.get(name):
            raise InputError(
                f"The config.json beside {path} says {name} = {now.get(name)!r}, and the numbers in {path.name} were "
                f"made with {noted.get(name)!r}. One of the two files was altered or comes from another run: restore "
                "it from a copy."
            )
