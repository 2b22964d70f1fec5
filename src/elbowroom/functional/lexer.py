"""A formula cut into tokens: numbers, names, symbols, and the end."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

from elbowroom.errors import FormulaError

LONGEST_FORMULA = 100_000
"""A longer formula is refused; it is a mistake rather than a formula."""

_GREEK_NAMES = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon
    phi chi psi omega
"""

GREEK = {
    unicodedata.lookup(f"GREEK SMALL LETTER {'LAMDA' if name == 'lambda' else name.upper()}"): name
    for name in _GREEK_NAMES.split()
}
"""A Greek letter is the same name as its spelling: `λ` is `lambda`."""

_SAME_SYMBOL = {
    "−": "-",
    "·": "*",
    "⋅": "*",
    "×": "*",
    "∣": "|",
    "‖": "||",
    "∥": "||",
    "≥": ">=",
    "≤": "<=",
}
_LETTER = "A-Za-z" + "".join(GREEK)
_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[{_LETTER}][{_LETTER}0-9_]*'*)
    |(?P<symbol>\*\*|\|\||>=|<=|[-+*/()\[\]{{}},;|=∫−·⋅×∣‖∥≥≤])
    |(?P<end>\Z))""",
    re.VERBOSE,
)
_HINTS = {
    "^": "A power is written **.",
    "<": "An inequality is written >= or <=.",
    ">": "An inequality is written >= or <=.",
    "\\": "The plain notation has no commands with a backslash.",
}


class Token(NamedTuple):
    """A piece of a formula and the index at which it begins; the last one is of kind `end`, with empty text."""

    kind: Literal["number", "name", "symbol", "end"]
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """The tokens of `text`.

    **Raises.** `FormulaError` for a character that the notation does not have, named with its code point,
    for an empty formula, and for one of more than 100,000 characters.
    """
    if len(text) > LONGEST_FORMULA:
        reason = f"The formula has {len(text):,} characters; at most {LONGEST_FORMULA:,} are read. Split it into parts."
        raise FormulaError(reason, text, 0)
    found: list[Token] = []
    position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        kind = match.lastgroup
        if kind == "end":
            break
        found.append(Token(kind, _plain(match.group(kind)), match.start(kind)))  # pyright: ignore
    else:
        raise _strange(text, len(text) - len(text[position:].lstrip()))
    if not found:
        raise FormulaError("The formula is empty. Write one such as KL(q(z|x) || p(z|x)).", text, 0)
    found.append(Token("end", "", len(text.rstrip())))
    return found


def _plain(piece: str) -> str:
    """A name or a symbol in the characters of the plain notation."""
    if piece.isascii():
        return piece
    return _SAME_SYMBOL.get(piece) or "".join(GREEK.get(character, character) for character in piece)


def _strange(text: str, position: int) -> FormulaError:
    """The error for a character that the notation does not have."""
    character = text[position]
    name = unicodedata.name(character, "no name")
    code = f"U+{ord(character):04X}"
    shown = f"`{character}` ({code}, {name})" if character.isprintable() else f"{code} ({name})"
    hint = _HINTS.get(
        character, "Write the formula with Latin or Greek letters, numbers and + - * / ** ( ) [ ] | = >=."
    )
    return FormulaError(f"The notation does not have the character {shown}. {hint}".rstrip(), text, position)
