"""Frozen dataclasses from tables of settings, and back; a complaint names the setting, its value, and the way out."""

import dataclasses
import math
import types
import typing
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from elbowroom.errors import InputError

Section = TypeVar("Section")


def read_section(kind: type[Section], table: Any, name: str) -> Section:
    """The dataclass `kind` filled from `table`, the section called `name` of a configuration.

    Whole numbers are accepted where numbers are wanted, lists where tuples are. What `table` does not mention keeps
    its default.

    **Raises.** `InputError` for a setting that does not exist, with the nearest one that does, for a value of another
    type, and for whatever the dataclass itself refuses.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"The setting {name!r} is a section: write its settings under [{name}].")
    hints = typing.get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind)]  # pyright: ignore[reportArgumentType]  # a dataclass
    for key in table:
        if key not in known:
            raise InputError(unknown(f"{name}.{key}", key, known, f"{name}."))
    return kind(**{key: _converted(hints[key], value, f"{name}.{key}") for key, value in table.items()})


def write_section(section: Any) -> dict[str, Any]:
    """The settings of a dataclass as a table that JSON and TOML can hold; what is None is left out."""
    found = {field.name: getattr(section, field.name) for field in dataclasses.fields(section)}
    return {name: _plain(value) for name, value in found.items() if value is not None}


def unknown(what: str, key: str, known: Iterable[str], prefix: str = "") -> str:
    """The sentences for a setting `what` that does not exist, with the nearest of the `known` names, or all of them."""
    return f"There is no setting {what!r}. {nearest_of(key, known, prefix)}"


def nearest_of(key: str, known: Iterable[str], prefix: str = "") -> str:
    """The sentence that names the nearest of the `known` names, or all of them where none is near."""
    names = list(known)
    near = get_close_matches(key, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {prefix + near[0]!r}?"
    return f"There are: {', '.join(prefix + one for one in names)}."


def require(holds: bool, setting: str, value: Any, wanted: str) -> None:
    """Raise `InputError` unless the `value` of a `setting` is as `wanted`."""
    if not holds:
        raise InputError(f"The setting {setting!r} is {value!r}, and has to be {wanted}.")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _converted(hint: Any, value: Any, setting: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _converted(next(one for one in arguments if one is not type(None)), value, setting)
    if origin is typing.Literal:
        return _one_of(arguments, value, setting)
    if origin is tuple:
        require(isinstance(value, list | tuple), setting, value, "a list, such as [200, 200]")
        return tuple(_converted(arguments[0], item, setting) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        require(isinstance(value, Mapping), setting, value, "a table of names and numbers")
        return {key: _converted(arguments[1], item, f"{setting}.{key}") for key, item in value.items()}
    if hint is float:
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        require(good, setting, value, "a finite number")
        return float(value)
    if hint is int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        require(whole, setting, value, "a whole number")
    elif hint in (str, bool):
        require(isinstance(value, hint), setting, value, "text" if hint is str else "true or false")
    return value


def _one_of(allowed: tuple[Any, ...], value: Any, setting: str) -> Any:
    if value not in allowed:
        near = get_close_matches(str(value), [str(one) for one in allowed], n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(
            f"The setting {setting!r} is {value!r}, and has to be one of {', '.join(map(repr, allowed))}.{hint}"
        )
    return value
