"""Everything that decides what a run computes, as one value: from TOML, from and to JSON."""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from elbowroom.data.preparation import Binarise
from elbowroom.errors import InputError
from elbowroom.models.settings import ModelSettings
from elbowroom.training.sections import read_section, unknown, write_section
from elbowroom.training.settings import ObjectiveSettings, TrainSettings

FORMAT = 1
"""The version of the settings, in `config.json` and in a file of `--config`."""


@dataclass(frozen=True)
class DataSettings:
    """Where the data are, and what becomes of grey pixels: None is `dynamic` under a Bernoulli likelihood."""

    source: str | None = None
    binarise: Binarise | None = None


@dataclass(frozen=True)
class RunSettings:
    """The four sections of a configuration: `[data]`, `[model]`, `[objective]`, `[training]`."""

    data: DataSettings = field(default_factory=DataSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)
    training: TrainSettings = field(default_factory=TrainSettings)

    def to_json(self) -> dict[str, dict[str, Any]]:
        """The settings as nested tables, which `read_settings` turns back into an equal value."""
        return {section.name: write_section(getattr(self, section.name)) for section in dataclasses.fields(self)}


SECTIONS = {"data": DataSettings, "model": ModelSettings, "objective": ObjectiveSettings, "training": TrainSettings}


def read_settings(tables: Any) -> RunSettings:
    """The settings written in nested `tables`; what they do not mention keeps its default.

    **Raises.** `InputError` for a section or a setting that does not exist, or a value that cannot be.
    """
    if not isinstance(tables, Mapping):
        raise InputError(f"A configuration is a table with the sections {', '.join(SECTIONS)}.")
    for name in tables:
        if name not in SECTIONS:
            raise InputError(unknown(name, name, SECTIONS))
    return RunSettings(**{name: read_section(kind, tables.get(name, {}), name) for name, kind in SECTIONS.items()})


def read_toml(path: Path) -> dict[str, Any]:
    """The nested tables of a TOML file, for `read_settings`, without the `format` that it may name.

    **Raises.** `InputError`, naming the file and the place, if it is missing, is not TOML, or is of a newer format.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"The configuration {path} does not exist.") from None
    except OSError as error:
        raise InputError(f"The configuration {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The configuration {path} is not valid TOML: {error}.") from None
    format = tables.pop("format", FORMAT)
    if not isinstance(format, int) or format > FORMAT:
        raise InputError(
            f"The configuration {path} says format = {format!r}; this is elbowroom {version('elbowroom')}, which reads "
            f"formats up to {FORMAT}. Install a newer elbowroom, or write the settings it names here without that line."
        )
    return tables


def overridden(tables: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`tables` with the settings in `changes` put in their place, section by section; None changes nothing."""
    merged = {name: dict(table) if isinstance(table, Mapping) else table for name, table in tables.items()}
    for name, table in changes.items():
        if not isinstance(merged.get(name, {}), Mapping):
            continue  # read_settings refuses it
        if not isinstance(table, Mapping):
            merged[name] = table  # likewise
        elif given := {key: value for key, value in table.items() if value is not None}:
            merged[name] = {**merged.get(name, {}), **given}
    return merged
