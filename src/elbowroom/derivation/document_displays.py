r"""The displayed maths of a Markdown or LaTeX document, each with the line on which it begins."""

from __future__ import annotations

import re
from dataclasses import dataclass

from elbowroom.errors import InputError
from elbowroom.functional.lexer import LONGEST_FORMULA

_ENVIRONMENTS = (
    "equation align gather multline eqnarray displaymath math dmath flalign alignat split aligned gathered alignedat "
    "subequations IEEEeqnarray"
)
_NAMES = "|".join(_ENVIRONMENTS.split())
_OPENING = re.compile(rf"(?<!\\)\$\$|(?<!\\)\\\[|\\begin\{{({_NAMES})\*?\}}|^[ \t]*```+[ \t]*math[ \t]*$", re.MULTILINE)
_WRAPPER = re.compile(rf"\\(?:begin|end)\{{(?:{_NAMES})\*?\}}(?:\{{[^{{}}]{{0,20}}\}})?")
_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})[ \t]*(?!math[ \t]*$)[^\n`]*$", re.MULTILINE)
_MATH_FENCE = re.compile(r"^[ \t]{0,3}`{3,}[ \t]*math[ \t]*$", re.MULTILINE)
_INLINE_CODE = re.compile(r"(?<!`)`[^`\n]+`(?!`)")
_TEX_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_VERBATIM = ("verbatim", "verbatim*", "lstlisting", "comment")
_MACRO = re.compile(r"\\(?:re)?newcommand\*?\s*\{?\\([A-Za-z]+)\}?(?:\[(\d)\])?\s*\{|\\def\s*\\([A-Za-z]+)()\s*\{")
_OPERATOR = re.compile(r"\\DeclareMathOperator\*?\s*\{?\\([A-Za-z]+)\}?\s*\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_MOST_EXPANSIONS = 500
_MOST_PROSE = 400


@dataclass(frozen=True, slots=True)
class Display:
    """The text of one display and the line of the document on which it begins; `closed` unless its end is missing."""

    text: str
    line: int
    closed: bool = True
    before: str = ""
    """The words in front of the display."""

    def line_at(self, position: int) -> int:
        """The line of the document on which the character with this index stands."""
        return self.line + self.text.count("\n", 0, position)


@dataclass(frozen=True, slots=True)
class _Macro:
    arguments: int
    body: str


def displays(text: str, *, tex: bool) -> list[Display]:
    r"""The displays of a document: `$$...$$`, `\[...\]`, and the environments equation, align, gather and the like.

    Code, comments and what is quoted verbatim are left out. With `tex` comments begin with a percent sign, and the
    commands that `\newcommand` defines are put in.

    **Raises.** `InputError` for a display of more than 100,000 characters.
    """
    if tex:
        shown = _without(_TEX_COMMENT, text)
        for name in _VERBATIM:
            shown = _without_between(shown, f"\\begin{{{name}}}", f"\\end{{{name}}}")
    else:
        shown = _without(_INLINE_CODE, _without_fences(_without_between(text, "<!--", "-->")))
    macros = _macros(shown)
    found: list[Display] = []
    position, counted, line = 0, 0, 1
    while match := _OPENING.search(shown, position):
        begin, end, after = _extent(shown, match)
        line += shown.count("\n", counted, begin)
        counted = begin
        if end - begin > LONGEST_FORMULA:
            raise InputError(
                f"The displayed formula that begins on line {line} has {end - begin:,} characters; at most "
                f"{LONGEST_FORMULA:,} are read. Close it where it ends, or split it."
            )
        body = _without(_WRAPPER, shown[begin:end])
        found.append(
            Display(
                _expanded(body, macros) if macros else body, line, after > end, _prose(shown[position : match.start()])
            )
        )
        position = after
    return found


def _prose(text: str) -> str:
    """The last paragraph of the text in front of a display."""
    return text.rstrip().rsplit("\n\n", 1)[-1][-_MOST_PROSE:]


def _extent(text: str, opening: re.Match[str]) -> tuple[int, int, int]:
    """Where the text of a display begins and ends, and where its closing sign ends; the same where there is none."""
    sign = opening.group().strip()
    if opening.group(1):
        close = re.compile(rf"\\end\{{{opening.group(1)}\*?\}}")
        match = close.search(text, opening.end())
    else:
        wanted = {"$$": r"(?<!\\)\$\$", "\\[": r"(?<!\\)\\\]"}.get(sign, r"^[ \t]*```+[ \t]*$")
        match = re.compile(wanted, re.MULTILINE).search(text, opening.end())
    if match is None:
        return opening.end(), len(text), len(text)
    return opening.end(), match.start(), match.end()


def _without(pattern: re.Pattern[str], text: str) -> str:
    """The text with what the pattern matches blanked, its lines kept."""
    return pattern.sub(lambda match: _blank(match.group()), text)


def _without_between(text: str, opening: str, closing: str) -> str:
    """The text with what stands between two signs blanked, its lines kept; an opening without end is left alone."""
    pieces: list[str] = []
    position = 0
    while (start := text.find(opening, position)) >= 0 and (end := text.find(closing, start + len(opening))) >= 0:
        pieces += [text[position:start], _blank(text[start : end + len(closing)])]
        position = end + len(closing)
    return "".join([*pieces, text[position:]])


def _without_fences(text: str) -> str:
    """The text with its fenced code blanked, except what is fenced as `math`."""
    lines = text.split("\n")
    fence = ""
    for number, line in enumerate(lines):
        sign = line.lstrip(" \t")[:3]
        if fence:
            closes = sign == fence and not line.strip().strip(fence[0])
            if fence != "math":
                lines[number] = ""
            elif sign == "```":
                closes = True
            fence = "" if closes else fence
        elif _MATH_FENCE.fullmatch(line):
            fence = "math"
        elif _FENCE.fullmatch(line):
            fence, lines[number] = sign, ""
    return "\n".join(lines)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _macros(text: str) -> dict[str, _Macro]:
    found: dict[str, _Macro] = {}
    for match in _MACRO.finditer(text):
        name = match.group(1) or match.group(3)
        body = _balanced(text, match.end() - 1)
        if body is not None and name:
            found[name] = _Macro(int(match.group(2) or 0), " ".join(body.split("\n")))
    for match in _OPERATOR.finditer(text):
        found[match.group(1)] = _Macro(0, rf"\operatorname{{{match.group(2)}}}")
    return found


def _balanced(text: str, start: int) -> str | None:
    """What stands in the braces that open at `start`; None where they do not close within a few thousand characters."""
    depth = 0
    for index in range(start, min(len(text), start + 2000)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return text[start + 1 : index]
    return None


def _expanded(text: str, macros: dict[str, _Macro]) -> str:
    """The text with the macros put in; expansions that do not end are cut off."""
    position = 0
    for _ in range(_MOST_EXPANSIONS):
        match = _COMMAND.search(text, position)
        if match is None or len(text) > LONGEST_FORMULA:
            break
        macro = macros.get(match.group(1))
        if macro is None:
            position = match.end()
            continue
        body, end = _applied(macro, text, match.end())
        text = text[: match.start()] + body + text[end:]
        position = match.start()
    return text


def _applied(macro: _Macro, text: str, position: int) -> tuple[str, int]:
    body = macro.body
    for number in range(1, macro.arguments + 1):
        while text[position : position + 1].isspace():
            position += 1
        inside = _balanced(text, position) if text[position : position + 1] == "{" else None
        argument = text[position : position + 1] if inside is None else inside
        position += 1 if inside is None else len(inside) + 2
        body = body.replace(f"#{number}", argument)
    after = text[position : position + 1]
    return (f"{body} " if after.isalpha() and body[-1:].isalpha() else body), position
