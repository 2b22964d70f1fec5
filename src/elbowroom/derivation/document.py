r"""Is every link of a document's displayed maths true? A verdict for each, with its line."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Sequence

from elbowroom.derivation.check import check
from elbowroom.derivation.check_lines import WORK as WORK_FOR_ONE
from elbowroom.derivation.check_verdict import Verdict
from elbowroom.derivation.document_definitions import Definitions
from elbowroom.derivation.document_densities import abbreviations, forms, renamed_laws, shapes
from elbowroom.derivation.document_filling import Densities, declared
from elbowroom.derivation.document_judge import Judge
from elbowroom.derivation.document_links import Link, Reading, excerpt, read_chain, read_links, understood
from elbowroom.derivation.document_verdict import DocumentVerdict
from elbowroom.derivation.numeric.budget import limited
from elbowroom.errors import InputError
from elbowroom.functional.expression import Equation, Inequality
from elbowroom.functional.parse import meanings
from elbowroom.functional.rewriting import mapped, shape
from elbowroom.functional.syntax import Call, Integration, Name, Syntax

LARGEST_DOCUMENT = 5_000_000
WORK = 10 * WORK_FOR_ONE
"""How many values of integrands all links together may take; what is beyond that is undecided, with this as reason."""

_JUDGED = ("=", ":=", ">=", "<=", "propto")


def check_document(path: str | os.PathLike[str]) -> DocumentVerdict:
    r"""The verdict on every link of the displayed maths of a Markdown or LaTeX file.

    A link is two neighbouring sides of a chain of equalities or inequalities, in the notation of papers. A name
    that stands alone on one side is defined there; a condition on the unknown density is compared with the first
    variation of the functional that the document defines; anything else is an identity, and is checked as `check`
    does. What is not understood is reported as such and never counts as true. Numerical work is limited for each link,
    and for all together to ten times that: what takes more is undecided, and says so.

    **Conventions.** `q_\theta` is `q` unless the document compares the two; a density without its variables is the
    only one of its letter that fits; where the document speaks of a functional `J[q]`, q(z) is its q(z|x). They are
    listed in `notes`.

    **Raises.** `InputError` for a file that is not there, not text, too long, or that has no displayed maths.
    """
    file = pathlib.Path(path)
    return check_text(_read(file), tex=file.suffix == ".tex", name=str(path))


def check_text(text: str, *, tex: bool = False, name: str = "document") -> DocumentVerdict:
    """The verdict on every link of a text in Markdown, or with `tex` in LaTeX; see `check_document`."""
    links, sides = read_links(text, tex=tex)
    if not sides:
        raise InputError(
            f"{name} has no displayed equality. Displayed maths stands between $$ and $$ or \\[ and \\], or in an "
            "environment such as align."
        )
    renaming = renamed_laws(understood(sides))
    chains = [[_renamed(side, renaming) for side in chain] for chain in sides]
    read = understood(chains)
    known = shapes(read)
    short = abbreviations(read)
    densities = Densities(known, short)
    definitions = Definitions(_variables(read), densities.letters)
    links = [link for link in links if link.relation in _JUDGED]
    defining = _define(links, chains, definitions)
    judge = Judge(densities, definitions, chains, defining)
    notes = [f"{old} is read as {new}" for old, new in sorted(renaming.items())]
    notes += [f"{old} is read as {new}" for old, new in short.items()]
    with limited(WORK):
        return DocumentVerdict(name, tuple(judge.verdict(link) for link in links), tuple(notes))


def check_latex(text: str) -> Verdict:
    r"""The verdict on one identity or inequality in LaTeX, with the conventions of a document that holds it alone.

    >>> check_latex(r"D_{KL}(q_\theta(z|x) \| p(z)) = \mathbb{E}_{q(z|x)}\left[\log\frac{q(z|x)}{p(z)}\right]").proof
    'normal-form'

    **Raises.** `InputError` for a text that is not one statement, or that is not understood.
    """
    chain, sides = read_chain(text.strip().strip("$"))
    relation = chain.signs[0].relation
    if len(chain.signs) != 1 or relation not in ("=", ":=", ">=", "<="):
        raise InputError("The formula is a chain of several statements. Check them one at a time, or as a document.")
    renaming = renamed_laws(understood([sides]))
    read = [_renamed(side, renaming) for side in sides]
    for side in read:
        if side.form is None:
            raise InputError(f"The side {excerpt(side.text, 0)} is not understood: {side.reason}.")
    forms_read = understood([read])
    known = shapes(forms_read)
    densities = Densities(known, abbreviations(forms_read))
    left, right = meanings("", [densities.filled(form, known) for form in forms_read], declared(densities.known))
    if relation in (">=", "<="):
        return check(Inequality(left, right) if relation == ">=" else Inequality(right, left))
    return check(Equation(left, right))


def _read(file: pathlib.Path) -> str:
    try:
        size = file.stat().st_size
        if size > LARGEST_DOCUMENT:
            raise InputError(f"{file} has {size:,} bytes; documents of at most {LARGEST_DOCUMENT:,} bytes are read.")
        content = file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"There is no file {file}. Give the path of a Markdown or LaTeX document.") from None
    except IsADirectoryError:
        raise InputError(f"{file} is a folder. Give the path of a Markdown or LaTeX document.") from None
    except OSError as error:
        raise InputError(
            f"{str(file)[:80]} cannot be read ({error.strerror}). Give the path of a Markdown or LaTeX document; text "
            "is checked by check_text."
        ) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file} is not text in UTF-8: the byte at {error.start} does not belong to it. Give a Markdown or LaTeX "
            "document."
        ) from None
    if "\0" in text:
        raise InputError(f"{file} is not text: it has a byte of value zero. Give a Markdown or LaTeX document.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _renamed(side: Reading, renaming: dict[str, str]) -> Reading:
    if side.form is None or not renaming:
        return side

    def change(form: Syntax) -> Syntax:
        if isinstance(form, Name) and form.text in renaming:
            return Name(renaming[form.text], form.position)
        if isinstance(form, Call) and form.name in renaming:
            return dataclasses.replace(form, name=renaming[form.name])
        return form

    narrow = None if side.narrow is None else mapped(side.narrow, change)
    return dataclasses.replace(side, form=mapped(side.form, change), narrow=narrow)


def _variables(sides: Sequence[Syntax]) -> set[str]:
    found = {name for shape in shapes(sides) for name in (*shape.of, *shape.given)}
    return found | {form.variable.text for form in forms(sides) if isinstance(form, Integration)}


def _define(links: Sequence[Link], chains: Sequence[Sequence[Reading]], definitions: Definitions) -> dict[int, Syntax]:
    """Record the names that the links define; which side of which link is the name that it defines."""
    defining: dict[int, Syntax] = {}
    for link in links:
        left, right = (chains[link.chain][link.place + step].form for step in (0, 1))
        if link.relation not in ("=", ":=") or left is None or right is None or shape(left) == shape(right):
            continue
        for form, other in ((left, right), (right, left)):
            if not definitions.can_name(form) or definitions.find(form) is not None:
                continue
            readings = [other, *_other_sides(links, chains, link, form)]
            definitions.add(form, readings, link.index, link.line)
            if definitions.find(form) is not None:
                defining[link.index] = form
                break
    return defining


def _other_sides(links: Sequence[Link], chains: Sequence[Sequence[Reading]], link: Link, form: Syntax) -> list[Syntax]:
    """What else the chain says that a name is equal to."""
    sides = chains[link.chain]
    signs = {other.place: other.relation for other in links if other.chain == link.chain}
    found: list[Syntax] = []
    for step in (1, -1):
        place = link.place if step < 0 else link.place + 1
        while signs.get(place if step > 0 else place - 1) in ("=", ":="):
            place += step
            side = sides[place].form
            if side is not None and shape(side) != shape(form):
                found.append(side)
    return found
