r"""A formula in LaTeX cut into tokens, without what only concerns its looks: `\left`, `\,`, `\label{...}`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from elbowroom.errors import FormulaError
from elbowroom.functional.lexer import GREEK, LONGEST_FORMULA

_SAME_COMMAND = {
    "mid": "|",
    "vert": "|",
    "lvert": "|",
    "rvert": "|",
    "parallel": "||",
    "Vert": "||",
    "lVert": "||",
    "rVert": "||",
    "lbrack": "[",
    "rbrack": "]",
    "lbrace": "(",
    "rbrace": ")",
    "lparen": "(",
    "rparen": ")",
    "cdot": "*",
    "times": "*",
    "ast": "*",
    "star": "*",
    "colon": ":",
    "prime": "'",
    "dfrac": "\\frac",
    "tfrac": "\\frac",
    "cfrac": "\\frac",
    "ln": "\\log",
    "varepsilon": "\\epsilon",
    "vartheta": "\\theta",
    "varphi": "\\phi",
    "varrho": "\\rho",
    "varpi": "\\pi",
    "varsigma": "\\sigma",
    "iint": "\\int",
    "iiint": "\\int",
    "intop": "\\int",
}
"""Commands that are another spelling of a symbol or of another command."""

_SIZES = (
    "left right middle big Big bigg Bigg bigl bigr bigm Bigl Bigr Bigm biggl biggr biggm Biggl Biggr Biggm "
    "displaystyle textstyle scriptstyle limits nolimits nonumber notag quad qquad thinspace allowbreak strut "
    "mathstrut hfill relax normalsize small mathop mathrel mathbin mathord mathopen mathclose protect ensuremath"
)
_LAYOUT = frozenset(_SIZES.split())
_LAYOUT_WITH_ARGUMENT = frozenset(
    [
        "label",
        "tag",
        "hspace",
        "vspace",
        "mspace",
        "hskip",
        "phantom",
        "vphantom",
        "hphantom",
        "color",
        "cite",
        "ref",
        "eqref",
    ]
)

_PIECE = re.compile(
    r"""(?P<number>\d+(?:\.\d+)?|\.\d+)
      | (?P<command>\\[A-Za-z]+\*?)
      | (?P<escaped>\\.)
      | (?P<symbol>\|\||[-+*/()\[\]{}^_,;:|='!&<>.~]|[−·⋅×∣‖∥∫′])
      | (?P<letter>[A-Za-z])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_SPACE = re.compile(r"(?:\s|%[^\n]*(?:\n|$))*")
_SAME_SYMBOL = {"−": "-", "·": "*", "⋅": "*", "×": "*", "∣": "|", "‖": "||", "∥": "||", "′": "'"}
_ESCAPED = {"\\|": "||", "\\{": "(", "\\}": ")"}
_BLANK = frozenset({"\\,", "\\;", "\\:", "\\!", "\\ ", "\\\n", "\\\\", "\\>", "\\/", "\\\t"})


@dataclass(frozen=True, slots=True)
class LatexToken:
    """A piece of a formula and the index at which it begins; the last one is of kind `end`, with empty text."""

    kind: Literal["number", "letter", "command", "symbol", "end"]
    text: str
    position: int


def latex_tokens(text: str) -> list[LatexToken]:
    r"""The tokens of a formula in LaTeX.

    A letter is a token of its own, a Greek letter is the command that names it, and `\{` is read as a round
    bracket.

    **Raises.** `FormulaError` for a character or an escape that formulas do not have, for an empty formula, and
    for one of more than 100,000 characters.
    """
    if len(text) > LONGEST_FORMULA:
        reason = f"The formula has {len(text):,} characters; at most {LONGEST_FORMULA:,} are read. Split it into parts."
        raise FormulaError(reason, text, 0)
    found: list[LatexToken] = []
    position = _after_space(text, 0)
    while position < len(text):
        token, position = _token_at(text, position)
        position = _after_space(text, position)
        if token is not None:
            _append(found, token)
    if not found:
        raise FormulaError("The formula is empty.", text, 0)
    found.append(LatexToken("end", "", len(text.rstrip())))
    return found


def _append(found: list[LatexToken], token: LatexToken) -> None:
    """Add a token; two single bars that touch are the double bar of a divergence."""
    if token.text == "|" and found and found[-1].text == "|" and found[-1].kind == "symbol":
        token = LatexToken("symbol", "||", found.pop().position)
    found.append(token)


def _token_at(text: str, position: int) -> tuple[LatexToken | None, int]:
    if text[position] in GREEK:
        return LatexToken("command", "\\" + GREEK[text[position]], position), position + 1
    match = _PIECE.match(text, position)
    if match is None:
        raise _unknown(text, position)
    piece, end = match.group(), match.end()
    match match.lastgroup:
        case "number":
            return LatexToken("number", piece, position), end
        case "letter":
            return LatexToken("letter", piece, position), end
        case "command":
            return _command(text, piece.rstrip("*")[1:], position, end)
        case "escaped":
            if piece in _BLANK:
                return None, end
            if piece in _ESCAPED:
                return LatexToken("symbol", _ESCAPED[piece], position), end
            raise FormulaError(f"The escape {piece} is not known in a formula.", text, position)
        case _:
            if piece in "&~!":
                return None, end
            if piece == "∫":
                return LatexToken("command", "\\int", position), end
            return LatexToken("symbol", _SAME_SYMBOL.get(piece, piece), position), end


def _command(text: str, name: str, position: int, end: int) -> tuple[LatexToken | None, int]:
    if name in _LAYOUT:
        # \left. and \right. are brackets that are not shown.
        after = _after_space(text, end)
        invisible = name in ("left", "right", "middle") and text[after : after + 1] == "."
        return None, after + 1 if invisible else end
    if name in _LAYOUT_WITH_ARGUMENT:
        return None, _after_group(text, end)
    same = _SAME_COMMAND.get(name)
    if same is None:
        return LatexToken("command", "\\" + name, position), end
    return LatexToken("command" if same.startswith("\\") else "symbol", same, position), end


def _after_group(text: str, position: int) -> int:
    """The index behind the group in braces that begins at `position`; `position` itself where there is none."""
    start = _after_space(text, position)
    if text[start : start + 1] != "{":
        return position
    depth = 0
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index + 1
    raise FormulaError("This { is never closed. Add } where it should end.", text, start)


def _unknown(text: str, position: int) -> FormulaError:
    character = text[position]
    name = unicodedata.name(character, "no name")
    shown = f"`{character}` " if character.isprintable() else ""
    reason = f"Formulas do not have the character {shown}(U+{ord(character):04X}, {name})."
    return FormulaError(reason, text, position)


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
