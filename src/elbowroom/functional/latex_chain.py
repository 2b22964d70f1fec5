r"""Displayed maths cut into chains of relations: `A &= B \\ &\ge C, \quad D = E` is A = B >= C, and D = E.

A row that begins with a relation goes on with the chain above it, one that begins with a sign goes on with the side
above it, and any other begins a new chain, as does what follows a comma, an implication, or words.
"""

from __future__ import annotations

import re
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
    """Sides with the signs between them, one fewer; a first side without text was not found.

    `premise` is "iff" or "implies" where such a sign follows, and `conclusion` says that one precedes.
    """

    sides: tuple[Side, ...]
    signs: tuple[Sign, ...]
    premise: str = ""
    conclusion: bool = False


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
_BRACES = {"{": 1, "}": -1, "\\begin": 1, "\\end": -1}
_BRACKETS = {
    **_BRACES,
    **dict.fromkeys(("(", "[", "\\{", "\\left"), 1),
    **dict.fromkeys((")", "]", "\\}", "\\right"), -1),
}
Piece = tuple[str, str, int, int]
"""A sign, a break or an implication: its kind, its text, and where it begins and ends."""

_GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
_STACKED = re.compile(rf"\\(?:stackrel|overset|underset)\s*{_GROUP}\s*\{{\s*(:=|=|\\[a-z]+)\s*\}}")
_WRITTEN = re.compile(rf"\\(?:text|mathrm|mbox|textrm|textit|textbf|operatorname|intertext|shortintertext)\s*{_GROUP}")
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|:=|=:|s\.\s*t\.|[{}()\[\]=<>≤≥,;]", re.DOTALL)
_DELIMITER = re.compile(r"\s*(?:\\[A-Za-z]+|\\.|.)", re.DOTALL)
_ROW_SPACE = re.compile(r"\*?[ \t]*\[[^\]\n]{0,12}\]")
_DEFINES = re.compile(r"def|triangle|Delta|:")


def chains(display: str) -> list[ChainOfSides]:
    r"""The chains of the text of a display.

    >>> [[side.text.strip(" &") for side in chain.sides] for chain in chains(r"a &= b \\ &= c, \quad d = e")]
    [['a', 'b', 'c'], ['d', 'e']]
    """
    pieces, depth = _pieces(display, _BRACKETS)
    if depth:
        # A bracket that is never closed would swallow the signs behind it; each side will say what is open.
        pieces, _ = _pieces(display, _BRACES)
    building = _Building(display)
    for piece in pieces:
        building.add(*piece)
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
    concluding: bool = False

    def add(self, kind: str, text: str, start: int, end: int) -> None:
        if kind == "implication":
            self._take_side(start)
            self._end_chain("iff" if "iff" in text or "Left" in text or "left" in text else "implies")
            self.concluding = True
        elif kind == "break":
            self._take_side(start)
            self.detached = bool(self.sides)
        else:
            self._take_side(start)
            if len(self.sides) == len(self.signs):
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

    def _end_chain(self, premise: str = "") -> None:
        if self.signs:
            if len(self.sides) == len(self.signs):
                self.sides.append(Side("", self.signs[-1].position))
            self.done.append(ChainOfSides(tuple(self.sides), tuple(self.signs), premise, self.concluding))
            self.concluding = False
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


def _pieces(display: str, brackets: dict[str, int]) -> tuple[list[Piece], int]:
    """The signs, the breaks and the implications outside all brackets, and how many brackets are open at the end."""
    found: list[Piece] = []
    depth = 0
    position = 0
    while match := _TOKEN.search(display, position):
        token, position = match.group(), match.end()
        if token in ("\\left", "\\right"):
            delimiter = _DELIMITER.match(display, position)
            position = delimiter.end() if delimiter else position
        if token in brackets:
            depth = max(0, depth + brackets[token])
        elif depth == 0:
            piece = _outside(display, token, match.start())
            if piece is not None:
                found.append(piece)
                position = piece[3]
    return found, depth


def _outside(display: str, token: str, start: int) -> Piece | None:
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
