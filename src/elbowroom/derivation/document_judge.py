"""The verdict on one link of a document: what its sides stand for, as what it is meant, and whether it is true."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from elbowroom.derivation.check import check
from elbowroom.derivation.check_verdict import Verdict
from elbowroom.derivation.correction import smallest_correction
from elbowroom.derivation.document_definitions import Definitions
from elbowroom.derivation.document_filling import Densities
from elbowroom.derivation.document_introduced import introduced, new_names
from elbowroom.derivation.document_links import Link, Reading
from elbowroom.derivation.document_meant import Meanings
from elbowroom.derivation.document_sides import Sides, Understanding, shown, text
from elbowroom.derivation.document_stationarity import derived_unknown, euler_lagrange
from elbowroom.derivation.document_verdict import Judgement, Kind, LinkVerdict
from elbowroom.errors import FormulaError, InputError
from elbowroom.functional.expression import Constant, Equation, Expression, Inequality
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.rewriting import shape
from elbowroom.functional.substitute import substitute
from elbowroom.functional.syntax import Syntax

_SIGNS = {"=": "=", ":=": "=", ">=": ">=", "<=": "<=", "propto": "∝"}


class Judge:
    """What is known of a document while its links are judged in their order.

    **Arguments.** `chains` are the sides of every chain; `defining` says for the links that define a name which of the
    two sides is the name.
    """

    def __init__(
        self,
        densities: Densities,
        definitions: Definitions,
        chains: Sequence[Sequence[Reading]],
        defining: dict[int, Syntax],
    ):
        self._known = Understanding(densities, definitions, chains)
        self._meanings = Meanings(self._known)
        self._defining = defining
        self._doubtful: set[int] = set()
        self._checked: dict[tuple[str, Expression, Expression], Verdict] = {}

    def verdict(self, link: Link) -> LinkVerdict:
        """The verdict on a link."""
        left, right = self._known.pair(link)
        if left.form is None or right.form is None:
            return self._not_understood(link, left, right, " and ".join(filter(None, (left.reason, right.reason))))
        try:
            return self._conditional(link, self._judged(link, left.form, right.form))
        except FormulaError as error:
            return self._not_understood(link, left, right, error.reason)
        except InputError as error:
            return self._not_understood(link, left, right, str(error).split("\n")[0])

    def _judged(self, link: Link, left: Syntax, right: Syntax) -> LinkVerdict:
        if link.index in self._defining:
            return self._definition(link, left, right)
        written = shown(left), shown(right)
        general = euler_lagrange(left, right, self._known.densities.letters)
        if general is not None:
            wrong = general.startswith("wrong: ")
            return _said(link, written, "fails" if wrong else "holds", "condition", general.removeprefix("wrong: "))
        derived = derived_unknown((left, right), self._known.densities.letters, self._known.definitions)
        if derived is not None:
            reason = f"the document does not say what {shown(derived)} stands for, so that it has no derivative"
            return _said(link, written, "not-understood", "statement", reason)
        unknown = new_names(self._known, link, left, right)
        if unknown:
            found = introduced(self._known, link, left, right, unknown)
            kind: Kind = "statement" if found.verdict == "not-understood" else "definition"
            return _said(link, written, found.verdict, kind, found.reason)
        found = self._compared(link)
        if found.verdict == "holds" and found.kind == "identity":
            for name, other in ((left, right), (right, left)):
                self._known.definitions.also(name, other)
        return found

    def _definition(self, link: Link, left: Syntax, right: Syntax) -> LinkVerdict:
        named = self._defining[link.index]
        body = right if shape(named) == shape(left) else left
        (meaning,) = self._known.expressions(link, (body,))
        texts = (shown(left), text(meaning)) if body is right else (text(meaning), shown(right))
        return _said(link, texts, "holds", "definition", f"the definition of {shown(named)}")

    def _compared(self, link: Link) -> LinkVerdict:
        """The verdict in the first reading in which the link holds; in the first of all where there is none."""
        first: tuple[Sides, LinkVerdict] | None = None
        for sides in self._known.readings(link):
            found = self._check(link, sides)
            if found.verdict == "holds":
                return found
            first = first or (sides, found)
        assert first is not None
        sides, found = first
        if found.verdict == "holds" or link.relation not in ("=", ":=", "propto"):
            return found
        meant = self._meanings.meant(link, sides)
        if meant is not None:
            said = _said(link, (found.left, found.right), meant.verdict, meant.kind, meant.reason)
            return dataclasses.replace(said, proof="normal-form" if meant.proved else None, correction=meant.correction)
        return _corrected(found, sides) if found.verdict == "fails" and link.relation != "propto" else found

    def _check(self, link: Link, sides: Sides) -> LinkVerdict:
        key = (link.relation, sides.left, sides.right)
        if key not in self._checked:
            self._checked[key] = _checked(link, sides)
        return _answered(link, sides, self._checked[key])

    def _conditional(self, link: Link, found: LinkVerdict) -> LinkVerdict:
        """A false equality beside an implication is a condition, or what is said under one."""
        if found.verdict != "fails":
            return found
        if link.premise and (link.premise == "iff" or _is_condition(self._known, link)):
            self._doubtful.add(link.chain)
        elif not (link.conclusion and link.chain - 1 in self._doubtful):
            return found
        else:
            self._doubtful.add(link.chain)
        reason = "a condition beside an implication, not an identity"
        return _said(link, (found.left, found.right), "not-understood", "statement", reason)

    def _not_understood(self, link: Link, left: Reading, right: Reading, reason: str) -> LinkVerdict:
        one, other = (shown(side.form) if side.form is not None else side.text for side in (left, right))
        return _said(link, (one, other), "not-understood", "statement", reason)


def _checked(link: Link, sides: Sides) -> Verdict:
    left, right = _cross_multiplied(sides) if link.relation == "propto" else (sides.left, sides.right)
    statement: Equation | Inequality = Equation(left, right)
    if link.relation == ">=":
        statement = Inequality(left, right)
    elif link.relation == "<=":
        statement = Inequality(right, left)
    return check(statement)


def _answered(link: Link, sides: Sides, answer: Verdict) -> LinkVerdict:
    kind: Kind = "inequality" if isinstance(answer.identity, Inequality) else "identity"
    said = _said(link, (text(sides.left), text(sides.right)), answer.verdict, kind, answer.reason + sides.note)
    return dataclasses.replace(
        said, proof=answer.proof, counterexample=answer.counterexample, hypotheses=answer.hypotheses
    )


def _cross_multiplied(sides: Sides) -> tuple[Expression, Expression]:
    """`a(z) propto b(z)` as a(z) b(z') = a(z') b(z), for the variables that the left density is one of."""
    if not isinstance(sides.left, DensityValue):
        raise InputError("It is not said in which variable the two sides are proportional.")
    copies: dict[Expression, Expression] = {
        variable: Variable(f"{variable.name}'", variable.support, variable.role) for variable in sides.left.of
    }
    left, right = (substitute(side, copies) for side in (sides.left, sides.right))
    return sides.left * right, left * sides.right


def _is_condition(known: Understanding, link: Link) -> bool:
    """Whether a side of the link is a number, as in KL(q || p) = 0."""
    left, right = known.pair(link)
    if left.form is None or right.form is None:
        return False
    sides = known.sides(link, left.form, right.form)
    return isinstance(sides.left, Constant) or isinstance(sides.right, Constant)


def _corrected(found: LinkVerdict, sides: Sides) -> LinkVerdict:
    correction = smallest_correction(sides.left, sides.right)
    if correction is not None:
        return dataclasses.replace(found, correction=f"{found.left} = {text(correction)}")
    correction = smallest_correction(sides.right, sides.left)
    if correction is not None:
        return dataclasses.replace(found, correction=f"{text(correction)} = {found.right}")
    return found


def _said(link: Link, texts: tuple[str, str], verdict: Judgement, kind: Kind, reason: str) -> LinkVerdict:
    return LinkVerdict(link.line, _SIGNS[link.relation], *texts, verdict, kind, reason)
