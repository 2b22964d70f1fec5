"""A link that introduces a name by what must be left for it: log p = KL + L defines L, and q = C p defines C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from elbowroom.derivation.check import check
from elbowroom.derivation.document_densities import forms, shape_of
from elbowroom.derivation.document_links import Link
from elbowroom.derivation.document_sides import Understanding, shown, text
from elbowroom.derivation.document_verdict import Judgement
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.render import render
from elbowroom.functional.expression import Expression
from elbowroom.functional.grammar import read_expression
from elbowroom.functional.printing import to_text
from elbowroom.functional.rewriting import mapped, shape
from elbowroom.functional.syntax import Call, Name, Number, Syntax
from elbowroom.functional.traverse import free_variables

CONSTANT = "const"
_CONSTANTS = (CONSTANT, "C", "K", "Z", "A")


@dataclass(frozen=True)
class Introduced:
    """What a link says of a new name."""

    verdict: Judgement
    reason: str


def new_names(known: Understanding, link: Link, left: Syntax, right: Syntax) -> list[Syntax]:
    """The functionals in a link that the document does not define, and a constant that first occurs here."""
    unknown = list({shape(name): name for side in (left, right) for name in known.definitions.undefined(side)}.values())
    if unknown:
        return unknown
    parts = [part.text for part in forms([left, right]) if isinstance(part, Name)]
    for name in _CONSTANTS:
        named = Name(name, 0)
        is_new = parts.count(name) == 1 and known.definitions.find(named) is None
        if is_new and (name == CONSTANT or _is_first(known, link, name)):
            return [named]
    return []


def introduced(known: Understanding, link: Link, left: Syntax, right: Syntax, unknown: Sequence[Syntax]) -> Introduced:
    """Whether the link defines the only unknown name, by an equation that is linear in it.

    A name without arguments is a number, so it must not depend on the variable of the density that the chain begins
    with.
    """
    names = ", ".join(shown(name) for name in unknown)
    nothing = Introduced("not-understood", f"the document does not say what {names} stands for")
    if len(unknown) > 1 or link.relation not in ("=", ":="):
        return nothing
    name = unknown[0]
    at_zero, at_one, at_two = (_difference(known, link, left, right, name, value) for value in (0, 1, 2))
    if check(at_two - 2 * at_one + at_zero, 0).proof != "normal-form":
        return nothing
    try:
        value = render(NormalForm(marginals=False).of(-at_zero / (at_one - at_zero)))
        depends = {variable.name for variable in free_variables(render(NormalForm().of(value)))}
    except NotDecidedError:
        return nothing
    caught = depends & _head_variables(known, link) if isinstance(name, Name) else set()
    if caught:
        head = _head(known, link)
        called = {part.name for part in forms([right]) if isinstance(part, Call)}
        if link.place == 0 and isinstance(head, Call) and head.name not in called:
            density = shown(head)
            return Introduced("holds", f"it defines {density} up to its normalisation, which {shown(name)} stands for")
        inside = ", ".join(sorted(caught))
        reason = f"no constant {shown(name)} makes this true: it would have to depend on {inside}, as {text(value)}"
        return Introduced("fails", reason)
    if not (isinstance(name, Name) and name.text == CONSTANT):
        known.definitions.add(name, [read_expression(to_text(value))], link.index, link.line)
    return Introduced("holds", f"it defines {shown(name)} as {text(value)}")


def _is_first(known: Understanding, link: Link, name: str) -> bool:
    """Whether no earlier side of the document has the name, the left side of this link included."""
    earlier = [side for chain in known.chains[: link.chain] for side in chain]
    earlier += known.chains[link.chain][: link.place + 1]
    sides = [side.form for side in earlier if side.form is not None]
    return not any(isinstance(part, Name) and part.text == name for part in forms(sides))


def _difference(known: Understanding, link: Link, left: Syntax, right: Syntax, name: Syntax, value: int) -> Expression:
    wanted = shape(name)

    def change(form: Syntax) -> Syntax:
        return Number(Fraction(value), form.position) if shape(form) == wanted else form

    sides = known.sides(link, mapped(left, change), mapped(right, change))
    return sides.left - sides.right


def _head(known: Understanding, link: Link) -> Syntax | None:
    """The density, or that of the logarithm, that the chain begins with."""
    head = known.chains[link.chain][0].form
    if isinstance(head, Call) and head.name == "log" and len(head.arguments) == 1:
        head = head.arguments[0]
    return head


def _head_variables(known: Understanding, link: Link) -> set[str]:
    """The variables of the density that the chain begins with."""
    head = _head(known, link)
    density = shape_of(head) if head is not None else None
    return set() if density is None else set(known.densities.short.get(density, density).of)
