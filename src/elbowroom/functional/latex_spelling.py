"""How names are spelt in LaTeX: subscripts, primes and Greek letters."""

from __future__ import annotations

import re

from elbowroom.functional.lexer import GREEK

_PIECES = re.compile(r"([A-Za-z]+?)_?(\d+|(?<=_)\w+)?('*)", re.ASCII)
_NAMED_GREEK = frozenset(GREEK.values())


def name_latex(name: str) -> str:
    r"""A name as papers write it: `z1` is `z_{1}`, `q_theta` is `q_{\theta}`, `lambda` is `\lambda`."""
    match = _PIECES.fullmatch(name)
    if match is None:
        return _upright(name)
    stem, subscript, primes = match.groups()
    return _word(stem) + (f"_{{{_word(subscript)}}}" if subscript else "") + primes


def _word(word: str) -> str:
    if word in _NAMED_GREEK:
        return f"\\{word}" if word != "omicron" else "o"
    return word if len(word) == 1 or word.isdigit() else _upright(word)


def _upright(name: str) -> str:
    escaped = name.replace("_", r"\_")
    return rf"\mathrm{{{escaped}}}"
