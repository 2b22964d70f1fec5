"""The lines of a derivation as LaTeX: what is a formula is set as one, what is words stays words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from elbowroom.errors import InputError
from elbowroom.functional.parse import parse, parse_statement
from elbowroom.functional.printing import to_latex

Piece = tuple[bool, str]
"""Whether it is mathematics, and LaTeX or plain words."""

_STATED = re.compile(r"(minimise|maximise) J(?:\[(\w+)\]|\(([^()]*)\)) = (.*) over (.*)", re.DOTALL)
_PREFIXED = re.compile(r"(subject to|J at this|J at|over|minimise|maximise) (.*)", re.DOTALL)
_DIRECTION = re.compile(r"d/d epsilon S\[(.*) \+ epsilon\*eta\] at epsilon = 0", re.DOTALL)
_SHORT = re.compile(r"1/C = (.*)", re.DOTALL)


def pieces(text: str) -> list[Piece]:
    """A line cut into mathematics and words.

    >>> pieces("J at q(z) = p(z)")
    [(False, 'J at '), (True, 'q(z) = p(z)')]
    >>> pieces("positive for every direction")
    [(False, 'positive for every direction')]
    """
    whole = _formula(text)
    if whole is not None:
        return [(True, whole)]
    if stated := _STATED.fullmatch(text):
        sense, letter, names, functional, over = stated.groups()
        argument = f"[{letter}]" if letter else f"({names})"
        return [(False, f"{sense} "), (True, f"J{argument} ="), *_inside(functional), (False, " over "), *_listed(over)]
    if prefixed := _PREFIXED.fullmatch(text):
        found = _listed(prefixed[2])
        if any(is_formula for is_formula, _ in found):
            return [(False, f"{prefixed[1]} "), *found]
    if direction := _DIRECTION.fullmatch(text):
        unknown = _formula(direction[1])
        if unknown is not None:
            rise = rf"\frac{{d}}{{d\varepsilon}}\, S\left[{unknown} + \varepsilon \eta\right]"
            return [(True, rise), (False, " at "), (True, r"\varepsilon = 0")]
    if short := _SHORT.fullmatch(text):
        mass = _formula(short[1])
        if mass is not None:
            return [(True, rf"\frac{{1}}{{C}} = {mass}")]
    if "<-" in text:
        left, _, right = text.partition("<-")
        sides = _formula(left.strip()), _formula(right.strip())
        if None not in sides:
            return [(True, rf"{sides[0]} \leftarrow {sides[1]}")]
    listed = _listed(text)
    return listed if any(is_formula for is_formula, _ in listed) else [(False, text)]


def latex_line(text: str) -> str:
    r"""A line as LaTeX for displayed mathematics, its words in \text{...}."""
    return " ".join(part if is_formula else rf"\text{{{escaped(part)}}}" for is_formula, part in pieces(text))


def escaped(words: str) -> str:
    """Words in which the characters that TeX takes for its own are escaped."""
    for character in "\\&%$#_{}":
        words = words.replace(character, rf"\{character}" if character != "\\" else r"\backslash ")
    return words.replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")


def _inside(text: str) -> list[Piece]:
    found = _formula(text)
    return [(False, text)] if found is None else [(True, found)]


def _listed(text: str) -> list[Piece]:
    """A list with commas or semicolons, each entry a formula or words."""
    found: list[Piece] = []
    entries = list(_entries(text))
    for place, (entry, separator) in enumerate(entries):
        found += _inside(entry) if len(entries) == 1 else pieces(entry) if entry != text else [(False, entry)]
        if place + 1 < len(entries):
            found.append((False, f"{separator} "))
    return found


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """The entries between commas and semicolons that stand in no bracket."""
    depth, begin = 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and character in ",;" and text[place + 1 : place + 2] == " ":
            yield text[begin:place].strip(), character
            begin = place + 1
    yield text[begin:].strip(), ""


def _formula(text: str) -> str | None:
    """LaTeX of a formula or a statement; None for anything else."""
    if not text or re.search(r"[a-z]{3,} [a-z]{2,} ", text):  # words
        return None
    for read in (parse, parse_statement):
        try:
            return to_latex(read(text))
        except InputError:
            continue
        except (ValueError, TypeError, RecursionError):
            continue
    return None
