"""A document read as a list of links: two sides and the sign between them, in the forms of the notation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from elbowroom.derivation.document_displays import Display, displays
from elbowroom.errors import FormulaError, InputError
from elbowroom.functional.latex_chain import ChainOfSides, Relation, Side, chains
from elbowroom.functional.latex_grammar import read_latex
from elbowroom.functional.rewriting import shape
from elbowroom.functional.syntax import Syntax

MOST_LINKS = 1000
"""A document with more links is refused; the ones this is made for have at most some hundred."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One side as written, and its form, or the reason why it is not understood.

    `narrow` is its form if a logarithm without brackets takes one factor only, where that is another one.
    """

    text: str
    form: Syntax | None
    reason: str = ""
    narrow: Syntax | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Two neighbouring sides of a chain: number `index` of the document, number `place` of its `chain`.

    `premise` is "iff" or "implies" where such a sign follows the chain, `conclusion` says that one precedes it, and
    `before` is the prose in front of the display.
    """

    index: int
    chain: int
    place: int
    line: int
    relation: Relation
    left: Reading
    right: Reading
    premise: str = ""
    conclusion: bool = False
    before: str = ""


def read_links(text: str, *, tex: bool) -> tuple[list[Link], list[list[Reading]]]:
    """The links of a document, and the sides of each of its chains.

    **Raises.** `InputError` for a document whose displays are too long or too many.
    """
    links: list[Link] = []
    sides: list[list[Reading]] = []
    for display in displays(text, tex=tex):
        for chain in chains(display.text):
            readings = [_read(side, display) for side in chain.sides]
            for place, sign in enumerate(chain.signs):
                line = display.line_at(sign.position)
                pair = readings[place], readings[place + 1]
                around = chain.premise, chain.conclusion, display.before
                links.append(Link(len(links), len(sides), place, line, sign.relation, *pair, *around))
            sides.append(readings)
            if len(links) > MOST_LINKS:
                raise InputError(f"The document has more than {MOST_LINKS:,} equalities. Check it in parts.")
    return links, sides


def read_chain(text: str) -> tuple[ChainOfSides, list[Reading]]:
    """The one chain of a text in LaTeX, and its sides.

    **Raises.** `InputError` for a text with no relation or with several chains.
    """
    found = chains(text)
    if len(found) != 1:
        what = "no relation such as = or \\ge" if not found else "several statements"
        raise InputError(f"The formula has {what}. Write one identity, as LEFT = RIGHT.")
    display = Display(text, 1)
    return found[0], [_read(side, display) for side in found[0].sides]


def _read(side: Side, display: Display) -> Reading:
    written = _trimmed(side.text)
    if not written:
        reason = "there is nothing on this side" if display.closed else "the display is not closed"
        return Reading("", None, reason)
    try:
        form = read_latex(written)
        narrow = read_latex(written, narrow_logarithms=True)
        return Reading(written, form, "", None if shape(narrow) == shape(form) else narrow)
    except FormulaError as error:
        return Reading(written, None, f"{error.reason} (at `{excerpt(written, error.position)}`)")


def _trimmed(text: str) -> str:
    """The side without the alignment signs and the full stop around it."""
    trimmed = text.strip().strip("&").strip()
    while trimmed.endswith((".", "&", "\\", "\\!", "\\,")) and not trimmed.endswith("\\."):
        trimmed = trimmed.rstrip("&.").removesuffix("\\,").removesuffix("\\!").removesuffix("\\").rstrip()
    return trimmed


def excerpt(text: str, position: int) -> str:
    """The few characters of a text around a place."""
    start = max(0, position - 12)
    shown = "".join(sign if sign.isprintable() else " " for sign in text[start : position + 20])
    return f"{'…' if start else ''}{shown}{'…' if position + 20 < len(text) else ''}"


def understood(sides: Sequence[Sequence[Reading]]) -> list[Syntax]:
    """The forms of all sides that are understood."""
    return [reading.form for chain in sides for reading in chain if reading.form is not None]
