"""What an equality that is no identity may be meant as: a condition, its solution, a definition, an assumption.

Each of these is judged by what it says; only what none of them explains is false.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from elbowroom.derivation.check import check
from elbowroom.derivation.document_links import Link
from elbowroom.derivation.document_sides import Sides, Understanding, shown, text
from elbowroom.derivation.document_stationarity import functional_derivative, is_condition_of, solves
from elbowroom.derivation.document_verdict import Judgement, Kind
from elbowroom.errors import InputError
from elbowroom.functional.expression import Constant, Expression, Log, Multiplier, Parameter, Product
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.syntax import Syntax
from elbowroom.functional.traverse import walk

_ASSUMING = re.compile(
    r"assum|independen|factori[sz]|mean[- ]field|markov|i\.i\.d|suppose|restrict|famil(y|ies) of", re.IGNORECASE
)


@dataclass(frozen=True)
class Meant:
    """As what a link is meant, and whether it is right as that."""

    verdict: Judgement
    kind: Kind
    reason: str
    proved: bool = False
    correction: str | None = None


@dataclass
class Condition:
    """The condition on the unknown density that the document came to last: an expression that is zero."""

    expression: Expression
    of: DensityValue


class Meanings:
    """The attempts to understand a link that is no identity, in the order in which they are made."""

    def __init__(self, known: Understanding):
        self._known = known
        self._condition: Condition | None = None

    def meant(self, link: Link, sides: Sides) -> Meant | None:
        """As what the link is meant; None where it can only be meant as an identity."""
        attempts = (self._equation, self._stationarity, self._solution, self._aggregate, self._chosen, self._assumed)
        for attempt in attempts:
            found = attempt(link, sides)
            if found is not None:
                return found
        return None

    def _equation(self, link: Link, sides: Sides) -> Meant | None:
        """An equation for a variable or for numbers, which no law is part of."""
        for one, other in ((sides.left, sides.right), (sides.right, sides.left)):
            if isinstance(one, Variable) and one not in set(walk(other)):
                return Meant("not-understood", "statement", f"an equation for the variable {one}, not an identity")
            names = {node for node in walk(one) if isinstance(node, Parameter)}
            only_names = all(not isinstance(node, DensityValue | Variable | Integral) for node in walk(one))
            if names and only_names and not names & set(walk(other)):
                shared = ", ".join(sorted(name.name for name in names))
                return Meant("not-understood", "statement", f"an equation for {shared}, not an identity")
        return None

    def _stationarity(self, link: Link, sides: Sides) -> Meant | None:
        """A condition on the unknown density, where a functional of it was defined before."""
        if not _is_number(sides.right, 0):
            return None
        wrong: Meant | None = None
        for known in reversed([known for known in self._known.definitions if known.place < link.index]):
            name = shown(known.form)
            for functional, of in self._functionals(known.form, link):
                if of not in set(walk(sides.left)):
                    continue
                if is_condition_of(sides.left, sides.right, functional, of):
                    self._condition = Condition(sides.left, of)
                    reason = f"it is the condition for {name} to be stationary in {text(of)}, by its first variation"
                    return Meant("holds", "condition", reason, proved=True)
                derivative = functional_derivative(functional, of)
                if wrong is None and derivative is not None and _numbers(derivative) & _numbers(sides.left):
                    reason = f"it is not the condition for {name} to be stationary in {text(of)}"
                    wrong = Meant("fails", "condition", reason, correction=f"{text(derivative)} = 0")
        if wrong is None and _is_pointwise(sides.left):
            reason = "an equation to be solved, not an identity, and no functional of the document leads to it"
            return Meant("not-understood", "statement", reason)
        return wrong

    def _functionals(self, form: Syntax, link: Link) -> list[tuple[Expression, DensityValue]]:
        try:
            return list(self._known.functionals(form, link))
        except InputError:
            return []

    def _solution(self, link: Link, sides: Sides) -> Meant | None:
        """What the condition before it was solved to."""
        condition = self._condition
        if condition is None or sides.left != condition.of or condition.of in set(walk(sides.right)):
            return None
        named = bool(_numbers(sides.right) & _numbers(condition.expression))
        equation = f"{text(condition.expression)} = 0"
        if solves(condition.expression, condition.of, sides.right, multiplier=named):
            self._known.choices[condition.of] = sides.right
            return Meant("holds", "solution", f"it solves the condition {equation}")
        return Meant("fails", "solution", f"it does not solve the condition {equation}")

    def _aggregate(self, link: Link, sides: Sides) -> Meant | None:
        """q(z) as the integral of q(z|x) and another law of x: it says which law of x goes with q."""
        density = sides.left
        if not isinstance(density, DensityValue) or not isinstance(sides.right, Integral) or density.given:
            return None
        inside = [node for node in walk(sides.right.integrand) if isinstance(node, DensityValue)]
        own = [node for node in inside if node.letter == density.letter]
        others = [node for node in inside if node.letter != density.letter]
        if len(own) != 1 or len(others) != 1 or set(own[0].given) != set(others[0].of) or others[0].given:
            return None
        if set(own[0].of) != set(density.of):
            return None
        self._known.aggregates[density] = sides.right
        reason = f"the definition of {text(density)} as the average of {text(own[0])} over {text(others[0])}"
        return Meant("holds", "definition", reason)

    def _chosen(self, link: Link, sides: Sides) -> Meant | None:
        """A density of one law set equal to an expression in others: a choice, if that is a density at all."""
        density = sides.left
        if not isinstance(density, DensityValue) or link.place != 0:
            return None
        if any(isinstance(node, DensityValue) and node.letter == density.letter for node in walk(sides.right)):
            return None
        if link.relation == "propto":
            return Meant("holds", "definition", f"it defines {text(density)} up to its normalisation")
        mass = sides.right
        for variable in density.of:
            mass = Integral(mass, variable)
        if check(mass, 1).verdict != "holds":
            return None
        self._known.choices.setdefault(density, sides.right)
        return Meant("holds", "definition", f"a choice of {text(density)}; the right side is a density")

    def _assumed(self, link: Link, sides: Sides) -> Meant | None:
        """A density as a product of others of its law, where the words before it speak of an assumption."""
        density, right = sides.left, sides.right
        factors = right.factors if isinstance(right, Product) else (right,)
        same = all(isinstance(factor, DensityValue) for factor in factors)
        if not isinstance(density, DensityValue) or not same or not _ASSUMING.search(link.before):
            return None
        self._known.choices[density] = right
        return Meant("holds", "statement", f"an assumption about the law {density.letter}, as the words before it say")


def _is_number(expression: Expression, value: int) -> bool:
    return isinstance(expression, Constant) and expression.value == value


def _numbers(expression: Expression) -> set[str]:
    return {node.name for node in walk(expression) if isinstance(node, Parameter | Multiplier)}


def _is_pointwise(expression: Expression) -> bool:
    """Whether an expression has the logarithm of a density outside every integral, as a stationarity condition has."""
    terms = getattr(expression, "terms", (expression,))
    return any(isinstance(part, Log) for term in terms for part in (term, *getattr(term, "factors", ())))
