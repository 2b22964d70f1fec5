"""The tables of a problem file: which keys there are, and what kind of value each has."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal

from elbowroom.errors import InputError
from elbowroom.functional.names import nearest_name
from elbowroom.functional.support import REAL, Circle, Finite, Interval, Positive, Real, Support

LARGEST_FINITE = 10_000
LARGEST_DIMENSION = 100
LARGEST_TABLE = 500
LARGEST_LIST = 100

_KEYS = ("minimise", "maximise", "over", "subject_to")
_TABLES = ("variables", "unknowns", "laws", "functions", "parameters")
_IGNORED = ("expect",)


@dataclasses.dataclass(frozen=True)
class ProblemTables:
    """The content of a problem file, checked for its kinds of values and not yet read as formulas."""

    sense: Literal["minimise", "maximise"]
    functional: str
    over: tuple[str, ...]
    subject_to: tuple[str, ...]
    variables: Mapping[str, Support]
    unknowns: Mapping[str, Support | Literal["function"]]
    laws: Mapping[str, str | tuple[Any, ...]]
    functions: Mapping[str, str]
    parameters: Mapping[str, float]


def read_tables(document: Mapping[str, Any]) -> ProblemTables:
    """The tables of a problem file. Raises `InputError` that names the key."""
    for key in document:
        if key not in (*_KEYS, *_TABLES, *_IGNORED):
            nearest = nearest_name(key, (*_KEYS, *_TABLES))
            hint = f"Did you mean {nearest}?" if nearest else f"Known are {', '.join((*_KEYS, *_TABLES))}."
            raise InputError(f"{key} is no key of a problem file. {hint}")
    senses = [key for key in ("minimise", "maximise") if key in document]
    if len(senses) != 1:
        found = "Both minimise and maximise are" if senses else "Neither minimise nor maximise is"
        raise InputError(f'{found} there. Write one of them, such as minimise = "KL(q(z) || p(z))".')
    if "over" not in document:
        raise InputError('There is no key over. Say what is optimised over, such as over = "q(z)".')
    sense: Literal["minimise", "maximise"] = "minimise" if senses[0] == "minimise" else "maximise"
    return ProblemTables(
        sense,
        _text(document[sense], sense),
        _texts(document["over"], "over"),
        _texts(document.get("subject_to", []), "subject_to"),
        _table(document, "variables", _support),
        _table(document, "unknowns", _unknown),
        _table(document, "laws", _law),
        _table(document, "functions", _text),
        _table(document, "parameters", _number),
    )


def _table(document: Mapping[str, Any], name: str, read: Callable[[Any, str], Any]) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise InputError(f"{name} is a table, written [{name}], and not {_shown(table)}.")
    if len(table) > LARGEST_TABLE:
        raise InputError(f"[{name}] has {len(table):,} keys, and at most {LARGEST_TABLE:,} are read.")
    return {key: read(value, f'[{name}] "{key}"') for key, value in table.items()}


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{where} is a formula in quotes, and not {_shown(value)}.")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise InputError(f"{where} is a text or a list of texts, and not {_shown(value)}.")
    if len(value) > LARGEST_LIST:
        raise InputError(f"{where} has {len(value):,} entries, and at most {LARGEST_LIST} are read.")
    return tuple(_text(entry, where) for entry in value)


def _support(value: Any, where: str) -> Support:
    match value:
        case "real":
            return REAL
        case "positive":
            return Positive()
        case "circle":
            return Circle()
        case [lower, upper]:
            bounds = (_number(lower, where), _number(upper, where))
            if bounds[0] >= bounds[1]:
                raise InputError(f"{where} is an interval whose lower end is not below its upper end. Turn it round.")
            return Interval(Fraction(repr(lower)), Fraction(repr(upper)))
        case {"finite": int(size)} if not isinstance(size, bool) and 1 <= size <= LARGEST_FINITE and len(value) == 1:
            return Finite(size)
        case {"real": int(size)} if not isinstance(size, bool) and 1 <= size <= LARGEST_DIMENSION and len(value) == 1:
            return Real(size)
    raise InputError(
        f'{where} is {_shown(value)}, which is no set of values. Write "real", "positive", "circle", [a, b], '
        f"{{finite = n}} with n up to {LARGEST_FINITE:,}, or {{real = n}} with n up to {LARGEST_DIMENSION}."
    )


def _unknown(value: Any, where: str) -> Support | Literal["function"]:
    match value:
        case "function":
            return "function"
        case "real":
            return REAL
        case "positive":
            return Positive()
        case [_, _]:
            return _support(value, where)
    raise InputError(
        f'{where} is {_shown(value)}. Write "function" for y(x), and "real", "positive" or [a, b] for a number.'
    )


def _law(value: Any, where: str) -> str | tuple[Any, ...]:
    if isinstance(value, list):
        return _nested(value, where)
    if isinstance(value, str):
        return value
    raise InputError(f"{where} is a formula in quotes or a table of numbers, and not {_shown(value)}.")


def _nested(value: list[Any], where: str) -> tuple[Any, ...]:
    return tuple(_nested(entry, where) if isinstance(entry, list) else _number(entry, where) for entry in value)


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where} is a number, and not {_shown(value)}.")
    if abs(value) > 1e300 or math.isnan(value):
        raise InputError(f"{where} is a finite number of at most 1e300, and not {_shown(value)}.")
    return float(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
