"""A formula cut into tokens: numbers, names, symbols, and the end."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

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
_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(rf"[A-Za-z{''.join(GREEK)}][A-Za-z0-9_{''.join(GREEK)}]*'*", re.ASCII)
_SYMBOL = re.compile(r"\*\*|\|\||>=|<=|[-+*/()\[\]{},;|=∫−·⋅×∣‖∥≥≤]")
_SPACE = re.compile(r"\s*")
_HINTS = {
    "^": "A power is written **.",
    "<": "An inequality is written >= or <=.",
    ">": "An inequality is written >= or <=.",
    "\\": "The plain notation has no commands with a backslash.",
}


@dataclass(frozen=True, slots=True)
class Token:
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
    position = _after_space(text, 0)
    while position < len(text):
        token = _token_at(text, position)
        found.append(token)
        position = _after_space(text, position + len(token.text))
    if not found:
        raise FormulaError("The formula is empty. Write one such as KL(q(z|x) || p(z|x)).", text, 0)
    found.append(Token("end", "", len(text.rstrip())))
    return [_plain(token) for token in found]


def _token_at(text: str, position: int) -> Token:
    if match := _NUMBER.match(text, position):
        return Token("number", match.group(), position)
    if match := _NAME.match(text, position):
        return Token("name", match.group(), position)
    if match := _SYMBOL.match(text, position):
        return Token("symbol", match.group(), position)
    character = text[position]
    name = unicodedata.name(character, "no name")
    code = f"U+{ord(character):04X}"
    shown = f"`{character}` ({code}, {name})" if character.isprintable() else f"{code} ({name})"
    hint = _HINTS.get(
        character, "Write the formula with Latin or Greek letters, numbers and + - * / ** ( ) [ ] | = >=."
    )
    raise FormulaError(f"The notation does not have the character {shown}. {hint}".rstrip(), text, position)


def _plain(token: Token) -> Token:
    """The token in the characters of the plain notation."""
    if token.kind == "name" and not token.text.isascii():
        return Token("name", "".join(GREEK.get(character, character) for character in token.text), token.position)
    return Token(token.kind, _SAME_SYMBOL.get(token.text, token.text), token.position)


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
