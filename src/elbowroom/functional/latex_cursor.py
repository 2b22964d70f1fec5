r"""A place in a formula in LaTeX, and the names there: `q_{\theta}`, `\mathbf{x}`, `\mathcal{L}`, `\hat p`."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass

from elbowroom.errors import FormulaError
from elbowroom.functional.latex_lexer import LatexToken, latex_tokens
from elbowroom.functional.lexer import GREEK
from elbowroom.functional.syntax import Syntax

CALLIGRAPHIC = "cal_"
"""How the name of a calligraphic letter begins, so that `\\mathcal{L}` is not the name of `L`."""

PLAIN_FONTS = frozenset({"\\mathbf", "\\boldsymbol", "\\bm", "\\vec", "\\mathit", "\\mathsf", "\\pmb", "\\underline"})
WORD_FONTS = frozenset(
    [
        "\\mathrm",
        "\\text",
        "\\operatorname",
        "\\textrm",
        "\\textit",
        "\\textbf",
        "\\textsc",
        "\\texttt",
        "\\mbox",
        "\\mathtt",
        "\\textsf",
    ]
)
_SCRIPT_FONTS = frozenset({"\\mathcal", "\\mathscr", "\\mathfrak", "\\mathds"})
_ACCENTS = {
    "\\hat": "hat",
    "\\widehat": "hat",
    "\\tilde": "tilde",
    "\\widetilde": "tilde",
    "\\bar": "bar",
    "\\overline": "bar",
    "\\dot": "dot",
    "\\ddot": "ddot",
    "\\check": "check",
}
_GREEK = frozenset(f"\\{name}" for name in GREEK.values())
_CAPITAL_GREEK = frozenset(
    ["\\Gamma", "\\Delta", "\\Theta", "\\Lambda", "\\Xi", "\\Pi", "\\Sigma", "\\Upsilon", "\\Phi", "\\Psi", "\\Omega"]
)
_NAMING = (
    PLAIN_FONTS | WORD_FONTS | _SCRIPT_FONTS | frozenset(_ACCENTS) | _GREEK | _CAPITAL_GREEK | {"\\ell", "\\mathbb"}
)
OPENING = {"(": ")", "[": "]", "{": "}"}
"""The bracket that closes each bracket."""

_JOINED = {"+": "p", "-": "m", "*": "star", ",": "_", "'": "'", ";": "_"}


@dataclass(frozen=True, slots=True)
class Written:
    """A letter or a word as it stands, without its sub- and superscripts."""

    text: str
    style: str
    position: int


class LatexCursor(abc.ABC):
    """A place in a list of tokens; `latex_grammar` reads the levels of precedence from it."""

    def __init__(self, text: str):
        self.text = text
        self._tokens = latex_tokens(text)
        self.index = 0
        self.integrals = 0
        """How many integrals wait for their differential here."""

    @abc.abstractmethod
    def sum(self) -> Syntax:
        """Read terms that are added and subtracted."""

    @abc.abstractmethod
    def product(self, in_logarithm: bool = False) -> Syntax:
        """Read factors that stand side by side."""

    @abc.abstractmethod
    def group(self) -> Syntax:
        """Read what stands in braces, or the single token there."""

    @abc.abstractmethod
    def bracket(self) -> Syntax:
        """Read what stands in brackets."""

    @abc.abstractmethod
    def starts_factor(self) -> bool:
        """Whether a factor of the product that is being read begins here."""

    @property
    def token(self) -> LatexToken:
        return self._tokens[self.index]

    def ahead(self, count: int = 1) -> LatexToken:
        """The token so many places further on; the end for a place behind it."""
        return self._tokens[min(self.index + count, len(self._tokens) - 1)]

    def take(self) -> LatexToken:
        token = self.token
        self.index += token.kind != "end"
        return token

    def take_figure(self) -> str:
        """The first figure of the number that stands here, as `\\frac12` takes them one by one."""
        token = self.token
        if len(token.text) > 1:
            rest = LatexToken("number", token.text[1:], token.position + 1)
            self._tokens[self.index] = rest
        else:
            self.take()
        return token.text[0]

    def takes(self, text: str) -> bool:
        """Move on behind a token with this text, if it is there."""
        if self.token.text != text or self.token.kind == "end":
            return False
        self.index += 1
        return True

    def need(self, text: str, reason: str) -> None:
        if not self.takes(text):
            raise self.error(reason)

    def error(self, reason: str, position: int | None = None) -> FormulaError:
        return FormulaError(reason, self.text, self.token.position if position is None else position)

    def closing(self, start: int) -> int:
        """The index of the token that closes the bracket at index `start`; the last index where none does."""
        depth = 0
        for index in range(start, len(self._tokens)):
            text = self._tokens[index].text
            if text in ("(", "[", "{"):
                depth += 1
            elif text in (")", "]", "}"):
                depth -= 1
                if depth == 0:
                    return index
        return len(self._tokens) - 1

    def close(self, opening: LatexToken) -> None:
        """Move on behind the bracket that closes `opening`; another one is not taken for it."""
        wanted = OPENING[opening.text]
        if not self.takes(wanted):
            if self.token.kind == "end":
                raise self.error(f"This {opening.text} is never closed.", opening.position)
            raise self.error(f"A {wanted} is expected before this {self.token.text}.")

    def between(self, start: int, stop: int) -> list[LatexToken]:
        """The tokens from index `start` to before index `stop`."""
        return self._tokens[start:stop]

    def word(self, longest: int) -> str:
        """The letters that stand here without space between them, at most `longest`."""
        letters: list[str] = []
        while len(letters) < longest and (token := self.ahead(len(letters))).kind == "letter":
            if token.position != self.token.position + len(letters):
                break
            letters.append(token.text)
        return "".join(letters)

    def starts_name(self) -> bool:
        """Whether a name begins here."""
        token = self.token
        if token.kind == "letter":
            return True
        return token.kind == "command" and token.text in _NAMING

    def written(self) -> Written:
        """Read one letter, or a word in upright letters."""
        token = self.take()
        if token.kind == "letter":
            return Written(token.text, "", token.position)
        name = token.text
        if name in _GREEK | _CAPITAL_GREEK or name == "\\ell":
            return Written(name[1:], "", token.position)
        if name in PLAIN_FONTS:
            inner = self._inside(self.written)
            return Written(inner.text, inner.style, token.position)
        if name in _ACCENTS:
            inner = self._inside(self.written)
            return Written(f"{inner.text}_{_ACCENTS[name]}", inner.style, token.position)
        if name in WORD_FONTS:
            return Written(self.upright(), "word", token.position)
        if name in _SCRIPT_FONTS or name == "\\mathbb":
            style = "double" if name in ("\\mathbb", "\\mathds") else "script"
            return Written(self.upright(), style, token.position)
        raise self.error(f"{name} is not a name.", token.position)

    def _inside(self, read: Callable[[], Written]) -> Written:
        if not self.takes("{"):
            return read()
        inner = read()
        self.need("}", "A } is expected here.")
        return inner

    def upright(self) -> str:
        """The letters and figures of a group such as the `{data}` of `\\text{data}`; other signs are left out."""
        if not self.takes("{"):
            return self.take().text.lstrip("\\")
        found: list[str] = []
        while not self.takes("}"):
            token = self.take()
            if token.kind == "end":
                raise self.error("This group is never closed. Add } where it should end.", token.position)
            found.append(self.upright() if token.text in WORD_FONTS else token.text.lstrip("\\"))
        return "".join(part for part in found if part.isalnum())

    def subscript(self) -> tuple[str, bool]:
        """The text of a subscript, behind its `_`, and whether it was left open at a bracket."""
        if not self.takes("{"):
            return self._subscript_piece(self.take()), False
        found = ""
        while not self.takes("}"):
            if self.token.text == "(":
                return found, True
            found += self._subscript_piece(self.take())
        return found, False

    def _subscript_piece(self, token: LatexToken) -> str:
        if token.kind in ("letter", "number"):
            return token.text
        if token.text in _GREEK | _CAPITAL_GREEK or token.text == "\\ell":
            return token.text[1:]
        if token.text in PLAIN_FONTS | WORD_FONTS | _SCRIPT_FONTS:
            return self.upright()
        if token.text in _JOINED:
            return _JOINED[token.text]
        if token.text in (":", "<", ">", "\\leq", "\\geq", "\\dots", "\\ldots", "\\neq", "\\setminus", "\\backslash"):
            raise self.error("A subscript that stands for a range of variables is not understood.", token.position)
        raise self.error("This subscript is not understood.", token.position)

    def mark(self) -> str | None:
        """The text of a superscript that belongs to a name, such as `*` or `(i)`, read; None for a power, not read.

        The place is at the `^`.
        """
        start = self.index + 1
        opening = self.ahead()
        inside = [opening] if opening.text != "{" else self.between(start + 1, self.closing(start))
        after = start + 1 if opening.text != "{" else self.closing(start) + 1
        texts = [token.text for token in inside]
        found: str | None = None
        if texts and all(text in ("*", "\\dagger") for text in texts):
            found = "star"
        elif texts and texts[0] in WORD_FONTS:
            found = "".join(text for text in texts[1:] if text.isalnum())
        elif len(texts) > 2 and texts[0] == "(" and texts[-1] == ")" and len(texts) <= 5:
            found = "".join(_JOINED.get(text, text.lstrip("\\")) for text in texts[1:-1])
        if texts in (["T"], ["\\top"], ["\\intercal"], ["\\mathsf", "{", "T", "}"]):
            raise self.error("Transposes are not understood.")
        if not found or not found.replace("_", "").isalnum():
            return None
        self.index = after
        return found
