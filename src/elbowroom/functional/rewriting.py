"""Forms put in the place of others in what was read, before its names have a meaning."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from elbowroom.functional.syntax import Call, Chain, Divergence, Integration, Mean, Minus, Name, Raised, Syntax

Change = Callable[[Syntax], Syntax]


def mapped(syntax: Syntax, change: Change) -> Syntax:
    """The form with `change` applied to each of its parts, from the inside out, and then to itself."""

    def inner(part: Syntax) -> Syntax:
        return mapped(part, change)

    match syntax:
        case Call(name, arguments, given, position, before):
            new: Syntax = Call(name, _all(arguments, inner), _all(given, inner), position, _all(before, inner))
        case Chain(operation, first, rest, position):
            new = Chain(operation, inner(first), tuple((inverse, inner(part)) for inverse, part in rest), position)
        case Minus(operand, position):
            new = Minus(inner(operand), position)
        case Raised(base, exponent, position):
            new = Raised(inner(base), inner(exponent), position)
        case Mean(measure, body, position):
            new = Mean(inner(measure), inner(body), position)
        case Divergence(left, right, position, name, order):
            new = Divergence(inner(left), inner(right), position, name, None if order is None else inner(order))
        case Integration(body, variable, position, bounds):
            limits = None if bounds is None else (inner(bounds[0]), inner(bounds[1]))
            renamed = inner(variable)
            new = Integration(inner(body), renamed if isinstance(renamed, Name) else variable, position, limits)
        case _:
            new = syntax
    return change(new)


def moved(syntax: Syntax, position: int) -> Syntax:
    """The form with all its parts said to stand at one position, as when it is put in from elsewhere."""

    def at(part: Syntax) -> Syntax:
        return dataclasses.replace(part, position=position)

    return mapped(syntax, at)


def with_names(syntax: Syntax, names: Mapping[str, Syntax]) -> Syntax:
    """The form with names that are not called replaced."""
    return mapped(syntax, lambda part: names.get(part.text, part) if isinstance(part, Name) else part)


def shape(syntax: Syntax) -> str:
    """A text that is the same for forms that differ in their places only."""
    match syntax:
        case Name(text, _):
            return text
        case Call(name, arguments, given, _, before):
            sides = (";".join(map(_row, (before, arguments))) if before else _row(arguments), _row(given))
            return f"{name}({'|'.join(side for side in sides if side)})"
        case Chain(operation, first, rest, _):
            return f"<{operation} {shape(first)} {' '.join(f'{inverse:d}{shape(part)}' for inverse, part in rest)}>"
        case Minus(operand, _):
            return f"<- {shape(operand)}>"
        case Raised(base, exponent, _):
            return f"<{shape(base)} ^ {shape(exponent)}>"
        case Mean(measure, body, _):
            return f"<E {shape(measure)} {shape(body)}>"
        case Divergence(left, right, _, name, order):
            return f"<{name} {shape(left)} {shape(right)} {'' if order is None else shape(order)}>"
        case Integration(body, variable, _, bounds):
            return f"<int {shape(body)} {variable.text} {_row(bounds or ())}>"
        case _:
            return str(syntax.value)


def plain(syntax: Syntax, tight: int = 0) -> str:
    """The form in the plain notation, as far as it goes; it is put in brackets where something tighter is needed."""
    match syntax:
        case Name(text, _):
            return text
        case Call(name, arguments, given, _, before):
            ahead = f"{_plain_row(before)}; " if before else ""
            return f"{name}({ahead}{_plain_row(arguments)}{'|' if given else ''}{_plain_row(given)})"
        case Chain("sum", first, rest, _):
            text = plain(first) + "".join(f" {'-' if inverse else '+'} {plain(part, 1)}" for inverse, part in rest)
            return f"({text})" if tight else text
        case Chain(_, first, rest, _):
            text = plain(first, 1) + "".join(f"{'/' if inverse else '*'}{plain(part, 2)}" for inverse, part in rest)
            return f"({text})" if tight > 1 else text
        case Minus(operand, _):
            return f"(-{plain(operand, 1)})" if tight else f"-{plain(operand, 1)}"
        case Raised(base, exponent, _):
            return f"{plain(base, 3)}**{plain(exponent, 3)}"
        case Mean(measure, body, _):
            return f"E_{{{plain(measure)}}}[{plain(body)}]"
        case Divergence(left, right, _, name, order):
            return f"{name}({'' if order is None else plain(order) + '; '}{plain(left)} || {plain(right)})"
        case Integration(body, variable, _, bounds):
            return f"integral({', '.join([plain(body), variable.text, *map(plain, bounds or ())])})"
        case _:
            return str(syntax.value) if syntax.value.denominator == 1 or not tight else f"({syntax.value})"


def _plain_row(forms: tuple[Syntax, ...]) -> str:
    return ",".join(plain(form) for form in forms)


def _row(forms: tuple[Syntax, ...]) -> str:
    return ",".join(shape(form) for form in forms)


def _all(forms: tuple[Syntax, ...], change: Change) -> tuple[Syntax, ...]:
    return tuple(change(form) for form in forms)
