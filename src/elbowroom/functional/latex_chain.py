r"""Displayed maths cut into chains of relations: `A &= B \\ &\ge C, \quad D = E` is A = B >= C, and D = E.

A row that begins with a relation goes on with the chain above it, one that begins with a sign goes on with the side
above it, and any other begins a new chain, as does what follows a comma, an implication, or words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Relation = Literal["=", ":=", ">=", "<=", "propto", "other"]
"""How two sides are related; `:=` defines, and `other` is a relation that nothing is known of, such as `\\approx`."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a relation as written, and where it begins in the display."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Sign:
    """A relation, and where its sign stands in the display."""

    relation: Relation
    position: int


@dataclass(frozen=True, slots=True)
class ChainOfSides:
    """Sides with the signs between them, one fewer; a first side without text was not found."""

    sides: tuple[Side, ...]
    signs: tuple[Sign, ...]


_RELATIONS: dict[str, Relation] = {
    "=": "=",
    ":=": ":=",
    "=:": ":=",
    "\\equiv": ":=",
    "\\coloneqq": ":=",
    "\\coloneq": ":=",
    "\\triangleq": ":=",
    "\\doteq": ":=",
    "\\ge": ">=",
    "\\geq": ">=",
    "\\geqslant": ">=",
    "≥": ">=",
    "\\le": "<=",
    "\\leq": "<=",
    "\\leqslant": "<=",
    "≤": "<=",
    "\\propto": "propto",
    "\\approx": "other",
    "\\simeq": "other",
    "\\sim": "other",
    "\\neq": "other",
    "\\ne": "other",
    "\\to": "other",
    "\\rightarrow": "other",
    "\\mapsto": "other",
    "\\in": "other",
    "\\ll": "other",
    "\\gg": "other",
    "<": "other",
    ">": "other",
}
_IMPLICATIONS = frozenset(
    "\\" + name
    for name in "Rightarrow implies iff Leftrightarrow Longrightarrow Longleftrightarrow therefore because".split()  # noqa: SIM905
)
_BREAKS = frozenset({",", ";", "\\quad", "\\qquad"})
_WORDS = frozenset(
    "where and with if so thus hence since or for by as st then subject const. i.e. e.g. s.t. w.r.t.".split()  # noqa: SIM905
)
_GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
_STACKED = re.compile(rf"\\(?:stackrel|overset|underset)\s*{_GROUP}\s*\{{\s*(:=|=|\\[a-z]+)\s*\}}")
_WRITTEN = re.compile(rf"\\(?:text|mathrm|mbox|textrm|textit|textbf|operatorname|intertext|shortintertext)\s*{_GROUP}")
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|:=|=:|s\.\s*t\.|[{}()\[\]=<>≤≥,;]", re.DOTALL)
_DELIMITER = re.compile(r"\s*(?:\\[A-Za-z]+|\\.|.)", re.DOTALL)
_ROW_SPACE = re.compile(r"\*?[ \t]*\[[^\]\n]{0,12}\]")
_DEFINES = re.compile(r"def|triangle|Delta|:")


def chains(display: str) -> list[ChainOfSides]:
    r"""The chains of the text of a display.

    >>> [[side.text.strip() for side in chain.sides] for chain in chains(r"a &= b \\ &= c, \quad d = e")]
    [['a', 'b', 'c'], ['d', 'e']]
    """
    building = _Building(display)
    for kind, text, start, end in _pieces(display):
        building.add(kind, text, start, end)
    return building.finished(len(display))


@dataclass
class _Building:
    """The chains read so far, and the one that is being read."""

    display: str
    done: list[ChainOfSides] = field(default_factory=list)
    sides: list[Side] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    begin: int = 0
    detached: bool = False

    def add(self, kind: str, text: str, start: int, end: int) -> None:
        if kind == "implication":
            self._take_side(start)
            self._end_chain()
        elif kind == "break":
            self._take_side(start)
            self.detached = bool(self.sides)
        else:
            self._take_side(start)
            if not self.sides:
                self.sides.append(Side("", start))
            self.signs.append(Sign(_relation(text), start))
            self.detached = False
        self.begin = end

    def _take_side(self, stop: int) -> None:
        """The text up to `stop` as a side of the chain, or as the rest of its last side."""
        text = self.display[self.begin : stop]
        shown = text.replace("&", " ").strip()
        if not shown:
            return
        waits = len(self.sides) == len(self.signs)
        goes_on = self.detached and (shown[0] in "+-*" or shown.startswith(("\\cdot", "\\times")))
        if self.sides and not waits and (goes_on or self.sides[-1].text.rstrip(" &\n").endswith(("+", "-"))):
            last = self.sides.pop()
            self.sides.append(Side(self.display[last.position : stop], last.position))
            return
        if not waits:
            self._end_chain()
        self.sides.append(Side(text, self.begin))

    def _end_chain(self) -> None:
        if self.signs and len(self.sides) > len(self.signs):
            self.done.append(ChainOfSides(tuple(self.sides), tuple(self.signs)))
        elif self.signs:
            # A sign without a right side: what precedes it stands for itself.
            self.sides.append(Side("", self.signs[-1].position))
            self.done.append(ChainOfSides(tuple(self.sides), tuple(self.signs)))
        self.sides, self.signs, self.detached = [], [], False

    def finished(self, stop: int) -> list[ChainOfSides]:
        self._take_side(stop)
        self._end_chain()
        return self.done


def _relation(text: str) -> Relation:
    stacked = _STACKED.fullmatch(text)
    if stacked is None:
        return _RELATIONS[text]
    above, sign = stacked.groups()
    return ":=" if sign == "=" and _DEFINES.search(above) else _RELATIONS[sign]


def _pieces(display: str) -> Iterator[tuple[str, str, int, int]]:
    """The signs, the breaks and the implications outside all brackets: kind, text, begin and end."""
    depth = 0
    position = 0
    while match := _TOKEN.search(display, position):
        token, position = match.group(), match.end()
        if token in ("\\left", "\\right"):
            depth = max(0, depth + (1 if token == "\\left" else -1))
            delimiter = _DELIMITER.match(display, position)
            position = delimiter.end() if delimiter else position
        elif token in ("{", "(", "[", "\\{", "\\begin"):
            depth += 1
        elif token in ("}", ")", "]", "\\}", "\\end"):
            depth = max(0, depth - 1)
        elif depth == 0:
            found = _outside(display, token, match.start())
            if found is not None:
                yield found
                position = found[3]


def _outside(display: str, token: str, start: int) -> tuple[str, str, int, int] | None:
    """What a token outside all brackets is, if it is a sign, a break or an implication."""
    end = start + len(token)
    stacked = _STACKED.match(display, start)
    if stacked is not None and stacked.group(2) in _RELATIONS:
        return "sign", stacked.group(), start, stacked.end()
    if token in _RELATIONS:
        return "sign", token, start, end
    if token in _IMPLICATIONS:
        return "implication", token, start, end
    if token == "\\\\":
        space = _ROW_SPACE.match(display, end)
        return "break", token, start, space.end() if space else end
    if token in _BREAKS or token.startswith("s."):
        return "break", token, start, end
    written = _WRITTEN.match(display, start)
    if written is not None and _is_prose(written.group(1)):
        return "break", written.group(), start, written.end()
    return None


def _is_prose(text: str) -> bool:
    inside = text.strip()
    return (" " in inside and not inside.startswith("const")) or inside in _WORDS or inside[:1] in "(,.;:"
