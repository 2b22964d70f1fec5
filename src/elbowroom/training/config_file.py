"""`config.json`: everything needed to rebuild and retrain, and how a run folder is begun with it."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from elbowroom.data.dataset import Dataset
from elbowroom.data.preparation import Preparation
from elbowroom.errors import InputError
from elbowroom.training.checkpoint import load_arrays
from elbowroom.training.files import is_temporary, write_json
from elbowroom.training.keeper import METRICS, STATE, WEIGHTS
from elbowroom.training.made_of import FREE, check_made_of, made_of
from elbowroom.training.run_settings import FORMAT

CONFIG = "config.json"
_PACKAGES = ("elbowroom", "jax", "jaxlib", "equinox", "optax", "numpyro", "numpy")


def read_config(folder: Path) -> dict[str, Any]:
    """The contents of `config.json` of a run folder.

    **Raises.** `InputError` if there is no such folder or file, if it is no configuration of a run, or if it was
    written by a newer version of elbowroom.
    """
    path = folder / CONFIG
    if not folder.is_dir():
        raise InputError(f"There is no run folder {folder}. `elbowroom train DATA --out {folder}` makes one.")
    if not path.is_file():
        raise InputError(
            f"The folder {folder} is not a run folder: it has no {CONFIG}. `elbowroom train DATA --out RUN` makes one."
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        format = config["format"]
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"The file {path} is damaged, or not a configuration that elbowroom wrote. Restore it from a copy."
        ) from None
    if not isinstance(format, int) or format > FORMAT:
        raise InputError(
            f"The run in {folder} was written in format {format} by elbowroom "
            f"{config.get('versions', {}).get('elbowroom', '(unknown)')}; "
            f"this is elbowroom {version('elbowroom')}, which reads formats up to {FORMAT}. Install a newer elbowroom "
            "to use it."
        )
    missing = {"settings", "dataset", "preparation"} - set(config)
    if missing:
        raise InputError(f"The file {path} lacks {', '.join(sorted(missing))}. It was altered: restore it from a copy.")
    return config


def make_config(dataset: Dataset, preparation: Preparation, settings: dict[str, Any]) -> dict[str, Any]:
    """What `config.json` says: everything needed to rebuild and retrain. `settings` are the tables of `RunSettings`."""
    return {
        "format": FORMAT,
        "versions": {package: version(package) for package in _PACKAGES},
        "settings": settings,
        "dataset": {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "observed": dataset.observed,
            "event_shape": list(dataset.event_shape),
            "levels": dataset.levels,
            "sizes": {"train": len(dataset.train), "validation": len(dataset.validation), "test": len(dataset.test)},
        },
        "preparation": {"binarise": preparation.binarise, "levels": preparation.levels},
    }


def begin(folder: Path, config: dict[str, Any], resume: bool) -> bool:
    """Make the folder, or go on in it; the answer is whether there is a state to go on from.

    **Raises.** `InputError`, and touches nothing, if the folder exists and `resume` is not wanted, is not a run folder,
    or holds a run of other data or other settings. Only what does not decide the past may differ when a run
    is resumed: the number of epochs, the patience, the learning rate, how often checkpoints are written.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file, and a run needs a folder. Give another name with --out.")
    begun = folder.is_dir() and any(not is_temporary(entry) for entry in folder.iterdir())
    if begun and not resume:
        raise InputError(_occupied(folder))
    kept = begun and (folder / STATE).exists()
    if begun:
        _same_run(folder, read_config(folder), config)
    if kept:
        _, notes = load_arrays(folder / STATE)  # a damaged one is refused before anything is written
        check_made_of(notes.get("made_of"), made_of(config), folder / STATE)
    elif left := [name for name in (WEIGHTS, METRICS) if begun and (folder / name).exists()]:
        raise InputError(
            f"The run in {folder} cannot go on: its {STATE} is gone, and its {' and '.join(left)} would be overwritten "
            "if it began anew. Restore that file from a copy, or begin another run with another --out."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for entry in filter(is_temporary, folder.iterdir()):
        entry.unlink()
    write_json(folder / CONFIG, config)
    return kept


def _occupied(folder: Path) -> str:
    if (folder / CONFIG).exists():
        return (
            f"The run folder {folder} exists already, and is left as it is. Go on with that run by --resume, or give "
            "another folder with --out."
        )
    return f"The folder {folder} exists already and is not empty. It is left as it is: give another folder with --out."


def _same_run(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    if before["dataset"]["fingerprint"] != now["dataset"]["fingerprint"]:
        raise InputError(
            f"The run in {folder} was trained on other data ({before['dataset']['name']}, fingerprint "
            f"{before['dataset']['fingerprint'][:12]}) than these ({now['dataset']['name']}, fingerprint "
            f"{now['dataset']['fingerprint'][:12]}). Resume it with its own data, or begin another run with "
            "another --out."
        )
    for section in now["settings"]:
        old, new = before["settings"].get(section) or {}, now["settings"][section] or {}
        for name in sorted(set(old) | set(new)):
            if f"{section}.{name}" not in FREE and old.get(name) != new.get(name):
                raise InputError(
                    f"The run in {folder} has {section}.{name} = {old.get(name)!r}, and {new.get(name)!r} was "
                    f"asked for. A run that is resumed keeps its settings, except {', '.join(sorted(FREE))}. Leave "
                    "that setting out, or begin another run with another --out."
                )
