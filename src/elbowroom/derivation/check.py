"""Is a statement true? Proved by normal form, or compared on finite worlds, or refuted by one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from fractions import Fraction

from elbowroom.derivation.check_gibbs import prove_at_least
from elbowroom.derivation.check_lines import INSTANCES, compare_on_lines, needs_lines
from elbowroom.derivation.check_numbers import compare_numbers, is_number
from elbowroom.derivation.check_search import search
from elbowroom.derivation.check_verdict import Counterexample, Instance, Verdict
from elbowroom.derivation.check_worlds import (
    BATCHES,
    BATCHES_BESIDE_PROOF,
    WORLDS,
    Agreement,
    compare,
    has_negative_parameter,
    parameters_of,
)
from elbowroom.derivation.proof import proved_difference
from elbowroom.errors import InputError
from elbowroom.functional.expression import Constant, Equation, Expression, Inequality, Parameter, as_expression
from elbowroom.functional.law import Variable
from elbowroom.functional.parse import parse, parse_statement
from elbowroom.functional.printing import to_text
from elbowroom.functional.traverse import walk

LARGEST_STATEMENT = 4_000
"""How many parts both sides have at most; what is larger is a mistake rather than a statement."""

MOST_NAMES = 60
"""How many variables and parameters a statement has at most."""


def check(left: Expression | Equation | Inequality | str, right: Expression | float | str | None = None) -> Verdict:
    """Is `left` equal to `right`, or at least `right`, for all densities and all values of the free variables?

    Equal normal forms prove an identity, and a difference that is a sum of divergences proves an inequality. Otherwise
    both sides are evaluated in random finite worlds: one clear disagreement refutes the statement and is returned;
    agreement in all of them is reported as what it is, "checked on N instances". Neither is ever guessed: rounding
    alone decides nothing. Where a side depends on derivatives, bounds or the values of a continuous variable, the
    instances are smooth laws on the supports themselves, integrated by quadrature.

    **Arguments.** Two expressions, an `Equation`, an `Inequality`, or text: `check("LEFT = RIGHT")`.

    **Raises.** `InputError` if there is one side only; `FormulaError` for text that cannot be read.

    >>> from elbowroom.functional.law import laws, variables
    >>> check("E_q(z|x)[log p(x)] = log p(x)").proof
    'normal-form'
    >>> check("E_q(z|x)[log p(z)] = log p(x)").verdict
    'fails'
    >>> check("KL(q(z) || p(z)) >= 0").proof
    'normal-form'
    """
    statement = _statement(left, right)
    return _at_least(statement) if isinstance(statement, Inequality) else _equal(statement)


def _statement(
    left: Expression | Equation | Inequality | str, right: Expression | float | str | None
) -> Equation | Inequality:
    if isinstance(left, Equation | Inequality) and right is None:
        return left
    if isinstance(left, str) and right is None:
        return parse_statement(left)
    if right is None or isinstance(left, Equation | Inequality):
        raise InputError("check needs two sides: check(left, right), check(left == right) or check('LEFT = RIGHT').")
    sides = [parse(side) if isinstance(side, str) else as_expression(side) for side in (left, right)]
    return Equation(sides[0], sides[1])


def _equal(identity: Equation) -> Verdict:
    left, right = identity.left, identity.right
    _refuse_giants(left, right)
    difference, hypotheses = proved_difference(left, right)
    proved = difference == 0
    if difference:
        return _apart(identity, difference, hypotheses)
    if not proved and is_number(left) and is_number(right):
        return compare_numbers(identity)
    positive = {text.removesuffix(" > 0") for text in hypotheses if text.endswith(" > 0")}
    lines = needs_lines(left, right)
    if proved and lines:
        seen: Counterexample | Instance | Agreement = Agreement(0, None, 0, "")
    elif lines:
        seen = compare_on_lines((left, right), inequality=False)
    else:
        seen = compare(left, right, BATCHES_BESIDE_PROOF if proved else BATCHES, positive)
    assumed = tuple(sorted(hypotheses)) if proved else ()
    if isinstance(seen, Counterexample | Instance):
        if proved:
            raise AssertionError(f"A defect of elbowroom: {to_text(identity)} was proved, yet fails in\n{seen}")
        names = parameters_of(left, right)
        hint = _where_it_may_hold(seen, names, lambda: compare(left, right, BATCHES, names))
        return _refuted(identity, seen, "the two sides differ", hint)
    if proved:
        reason = "proved: both sides have the same normal form"
        return Verdict(identity, "holds", "normal-form", seen.instances, seen.max_error, None, reason, assumed)
    return _seen(identity, seen, INSTANCES if lines else WORLDS, "smooth laws" if lines else "finite worlds")


def _apart(identity: Equation | Inequality, difference: Fraction, hypotheses: Collection[str]) -> Verdict:
    """The refutation of a statement whose sides differ by the same number in every world."""
    left, right = identity.left, identity.right
    shown = to_text(Constant(difference))
    reason = f"proved: the left side minus the right side is {shown}, whatever the laws are"
    seen = compare(left, right, BATCHES_BESIDE_PROOF[:1])
    example = seen if isinstance(seen, Counterexample) else None
    if isinstance(seen, Agreement) and not seen.instances and not needs_lines(left, right):
        return Verdict(identity, "undecided", None, 0, None, None, seen.trouble)
    return Verdict(identity, "fails", None, 1, abs(float(difference)), example, reason, tuple(sorted(hypotheses)))


def _at_least(statement: Inequality) -> Verdict:
    left, right = statement.left, statement.right
    _refuse_giants(left, right)
    difference, hypotheses = proved_difference(left, right)
    if difference is not None and difference < 0:
        return _apart(statement, difference, hypotheses)
    if difference is not None:
        excess = f"proved: the left side minus the right side is {to_text(Constant(difference))}, whatever the laws are"
        return Verdict(statement, "holds", "normal-form", 0, None, None, excess, tuple(sorted(hypotheses)))
    if is_number(left) and is_number(right):
        return compare_numbers(statement)
    lines = needs_lines(left, right)
    proof = prove_at_least(left, right)
    if proof is not None:
        reason = f"proved: the sides differ by {proof}, which is not negative"
        return Verdict(statement, "holds", "normal-form", 0, None, None, reason, proof.hypotheses)
    seen = compare_on_lines((left, right), inequality=True) if lines else search(left, right)
    if isinstance(seen, Counterexample | Instance):
        names = parameters_of(left, right)
        hint = _where_it_may_hold(seen, names, lambda: search(left, right, names))
        return _refuted(statement, seen, "the left side is the smaller one", hint)
    kind = "smooth laws" if lines else "finite worlds, some of them moved towards a violation"
    return _seen(statement, seen, INSTANCES if lines else WORLDS, kind)


def _refuse_giants(*sides: Expression) -> None:
    """Refuse a statement so large that it is a mistake rather than a statement."""
    size = sum(1 for side in sides for _ in walk(side))
    if size > LARGEST_STATEMENT:
        raise InputError(
            f"The statement has {size:,} parts; at most {LARGEST_STATEMENT:,} are compared. Check it in smaller steps."
        )
    names = {
        (node.role if isinstance(node, Variable) else node.name)
        for side in sides
        for node in walk(side)
        if isinstance(node, Variable | Parameter)
    }
    if len(names) > MOST_NAMES:
        raise InputError(
            f"The statement has {len(names):,} variables and parameters; at most {MOST_NAMES} are compared. Check it "
            "in smaller steps."
        )


def _where_it_may_hold(
    seen: Counterexample | Instance,
    names: Collection[str],
    compare_positive: Callable[[], Counterexample | Agreement],
) -> str:
    """A hint beside a refutation that took a negative parameter; the refutation stands."""
    if not (isinstance(seen, Counterexample) and has_negative_parameter(seen)):
        return ""
    again = compare_positive()
    if not isinstance(again, Agreement) or again.doubtful or not again.instances:
        return ""
    positive = ", ".join(f"{name} > 0" for name in sorted(names))
    return f"; no such world was found among {again.instances} with {positive}"


def _refuted(statement: Equation | Inequality, seen: Counterexample | Instance, what: str, hint: str = "") -> Verdict:
    where = "in a finite world" if isinstance(seen, Counterexample) else "for these laws"
    return Verdict(statement, "fails", None, 1, abs(seen.left - seen.right), seen, f"{what} {where}{hint}")


def _seen(statement: Equation | Inequality, seen: Agreement, wanted: int, kind: str) -> Verdict:
    if 2 * seen.instances < wanted or seen.doubtful:
        return Verdict(statement, "undecided", None, seen.instances, seen.max_error, None, seen.trouble)
    reason = f"checked on {seen.instances} instances (random {kind}), not proved"
    if seen.instances < wanted:
        reason += f"; in {wanted - seen.instances} others a side had no real value"
    return Verdict(statement, "holds", "instances", seen.instances, seen.max_error, None, reason)
