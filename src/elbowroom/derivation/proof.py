"""Proofs by normal form: that two expressions are equal, or differ by a number."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.polynomial import Polynomial
from elbowroom.errors import MissingRule
from elbowroom.functional.expression import Expression


def proved_difference(left: Expression, right: Expression) -> tuple[Fraction | None, frozenset[str]]:
    """The number by which the left side exceeds the right one, where the normal forms prove one, and the hypotheses.

    None where the difference is no number, or the normal forms do not decide.
    """
    rules = NormalForm()
    try:
        difference = rules.of(left) - rules.of(right)
    except (NotDecidedError, MissingRule):
        return None, frozenset()
    return difference.number, frozenset(rules.hypotheses)


def proves_equal(left: Expression, right: Expression) -> tuple[bool, frozenset[str]]:
    """Whether the normal forms of both sides are equal, and the hypotheses that were used.

    Equal is a proof; unequal or undecidable is no statement at all.
    """
    rules = NormalForm()
    decide: Callable[[Expression], Polynomial] = rules.of
    try:
        return not (decide(left) - decide(right)), frozenset(rules.hypotheses)
    except (NotDecidedError, MissingRule):
        return False, frozenset()
