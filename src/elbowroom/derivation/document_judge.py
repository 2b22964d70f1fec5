"""The verdict on one link of a document: what its sides stand for, as what it is meant, and whether it is true."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

from elbowroom.derivation.check import check
from elbowroom.derivation.check_verdict import Verdict
from elbowroom.derivation.correction import smallest_correction
from elbowroom.derivation.document_definitions import Definitions
from elbowroom.derivation.document_densities import Densities, Shape, declared, forms, shape_of, shapes
from elbowroom.derivation.document_links import Link, Reading
from elbowroom.derivation.document_stationarity import (
    euler_lagrange,
    functional_derivative,
    is_condition_of,
    solves,
)
from elbowroom.derivation.document_verdict import Judgement, Kind, LinkVerdict
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.render import render
from elbowroom.errors import FormulaError, InputError
from elbowroom.functional.expression import Constant, Equation, Expression, Inequality, Log, Multiplier, Parameter
from elbowroom.functional.functionals import Integral
from elbowroom.functional.grammar import read_expression
from elbowroom.functional.latex_cursor import CALLIGRAPHIC
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.parse import meanings
from elbowroom.functional.printing import to_text
from elbowroom.functional.rewriting import mapped, plain, shape
from elbowroom.functional.substitute import substitute
from elbowroom.functional.syntax import Call, Chain, Integration, Name, Number, Syntax
from elbowroom.functional.traverse import free_variables, walk

_SIGNS = {"=": "=", ":=": "=", ">=": ">=", "<=": "<=", "propto": "∝"}


@dataclasses.dataclass(frozen=True)
class _Sides:
    """Both sides of a link as expressions, and what was assumed in reading them."""

    left: Expression
    right: Expression
    note: str = ""


class Judge:
    """What is known of a document while its links are judged in their order.

    **Arguments.** `chains` are the sides of every chain with their densities written out; `defining` says for the
    links that define a name which of the two sides is the name.
    """

    def __init__(
        self,
        densities: Densities,
        definitions: Definitions,
        chains: Sequence[Sequence[Reading]],
        defining: dict[int, Syntax],
    ):
        self._densities = densities
        self._definitions = definitions
        self._chains = chains
        self._defining = defining
        self._declared = declared(densities.known)
        self._aggregates: dict[Expression, Expression] = {}
        self._condition: tuple[Expression, DensityValue] | None = None

    def verdict(self, link: Link) -> LinkVerdict:
        """The verdict on a link."""
        left, right = (self._chains[link.chain][link.place + step] for step in (0, 1))
        if left.form is None or right.form is None:
            return self._not_understood(link, left, right, " and ".join(filter(None, (left.reason, right.reason))))
        try:
            return self._judged(link, left.form, right.form)
        except FormulaError as error:
            return self._not_understood(link, left, right, error.reason)
        except InputError as error:
            return self._not_understood(link, left, right, str(error).split("\n")[0])

    # One step after another: definitions, conditions, then identities.

    def _judged(self, link: Link, left: Syntax, right: Syntax) -> LinkVerdict:
        if link.index in self._defining:
            return self._definition(link, left, right)
        general = euler_lagrange(left, right, self._densities.letters)
        if general is not None:
            wrong = general.startswith("wrong: ")
            reason = general.removeprefix("wrong: ")
            return self._said(link, (_shown(left), _shown(right)), "fails" if wrong else "holds", "condition", reason)
        unknown = self._definitions.undefined(Chain("sum", left, ((True, right),), 0))
        constants = [] if unknown else self._new_constants(link, left, right)
        if unknown or constants:
            return self._introduced(link, left, right, [*unknown, *constants])
        readings = self._definitions.readings((left, right), link.index)
        first: LinkVerdict | None = None
        for number in range(readings):
            sides = self._sides(link, left, right, number)
            found = self._compared(link, sides)
            if found.verdict == "holds":
                return found
            first = first or found
        assert first is not None
        if first.verdict == "fails":
            other = self._other_meaning(link, left, right)
            if other is not None:
                return other
            return self._corrected(link, first, self._sides(link, left, right, 0))
        return first

    def _sides(self, link: Link, left: Syntax, right: Syntax, reading: int) -> _Sides:
        forms = [self._definitions.expanded(side, link.index, reading) for side in (left, right)]
        near = self._near(link)
        one, other = self._meanings([self._densities.filled(form, near) for form in forms])
        note = "" if reading == 0 else ", reading a name by another side of the chain that defines it"
        if self._aggregates:
            one, other = (substitute(side, self._aggregates) for side in (one, other))
        return _Sides(one, other, note)

    def _meanings(self, sides: Sequence[Syntax]) -> list[Expression]:
        for side in sides:
            for name in _summed_over_nothing(side):
                raise InputError(f"Nothing under the integral or sum over {name} depends on it.")
        return meanings("", sides, self._declared)

    def _near(self, link: Link) -> list[Shape]:
        return shapes([side.form for side in self._chains[link.chain] if side.form is not None])

    def _compared(self, link: Link, sides: _Sides) -> LinkVerdict:
        statement: Equation | Inequality
        left, right = sides.left, sides.right
        if link.relation == "propto":
            left, right = self._cross_multiplied(link, sides)
        if link.relation == ">=":
            statement = Inequality(left, right)
        elif link.relation == "<=":
            statement = Inequality(right, left)
        else:
            statement = Equation(left, right)
        answer = check(statement)
        kind: Kind = "inequality" if isinstance(statement, Inequality) else "identity"
        return self._answered(link, sides, answer, kind)

    def _answered(self, link: Link, sides: _Sides, answer: Verdict, kind: Kind) -> LinkVerdict:
        return LinkVerdict(
            link.line,
            _SIGNS[link.relation],
            _text(sides.left),
            _text(sides.right),
            answer.verdict,
            kind,
            answer.reason + sides.note,
            answer.proof,
            answer.counterexample,
            None,
            answer.hypotheses,
        )

    def _cross_multiplied(self, link: Link, sides: _Sides) -> tuple[Expression, Expression]:
        """`a(z) propto b(z)` as a(z) b(z') = a(z') b(z), for the variables that the left density is one of."""
        if not isinstance(sides.left, DensityValue):
            raise InputError("It is not said in which variable the two sides are proportional.")
        copies: dict[Expression, Expression] = {
            variable: Variable(f"{variable.name}'", variable.support) for variable in sides.left.of
        }
        elsewhere = [substitute(side, copies) for side in (sides.left, sides.right)]
        return sides.left * elsewhere[1], elsewhere[0] * sides.right

    # Definitions.

    def _definition(self, link: Link, left: Syntax, right: Syntax) -> LinkVerdict:
        named = self._defining[link.index]
        body = right if named is left or shape(named) == shape(left) else left
        expanded = self._definitions.expanded(body, link.index)
        (meaning,) = self._meanings([self._densities.filled(expanded, self._near(link))])
        texts = (_shown(left), _text(meaning)) if body is right else (_text(meaning), _shown(right))
        reason = f"the definition of {_shown(named)}"
        return self._said(link, texts, "holds", "definition", reason)

    def _new_constants(self, link: Link, left: Syntax, right: Syntax) -> list[Syntax]:
        """Constants such as C and const that occur in this link for the first time, and only once in it."""
        found: list[Syntax] = []
        for name in ("const", *(letter for letter in "CKZA")):
            count = sum(isinstance(part, Name) and part.text == name for part in _parts(left, right))
            named = Name(name, 0)
            if count == 1 and self._definitions.find(named) is None and (name == "const" or self._is_first(link, name)):
                found.append(named)
        return found[:1]

    def _is_first(self, link: Link, name: str) -> bool:
        """Whether no earlier side of the document has the name, the left side of this link included."""
        earlier = [side for chain in self._chains[: link.chain] for side in chain]
        earlier += self._chains[link.chain][: link.place + 1]
        return not any(
            isinstance(part, Name) and part.text == name
            for side in earlier
            if side.form is not None
            for part in _parts(side.form)
        )

    def _introduced(self, link: Link, left: Syntax, right: Syntax, unknown: Sequence[Syntax]) -> LinkVerdict:
        """A link that introduces a name by what must be left for it: log p = KL + L, or q = C p."""
        names = ", ".join(_shown(name) for name in unknown)
        if len(unknown) > 1 or link.relation not in ("=", ":="):
            return self._unknown_names(link, left, right, names)
        name = unknown[0]
        at_zero, at_one, at_two = (self._difference(link, left, right, name, value) for value in (0, 1, 2))
        if check(at_two - 2 * at_one + at_zero, 0).proof != "normal-form":
            return self._unknown_names(link, left, right, names)
        try:
            value = render(NormalForm(marginals=False).of(-at_zero / (at_one - at_zero)))
            depends = {variable.name for variable in free_variables(render(NormalForm().of(value)))}
        except NotDecidedError:
            return self._unknown_names(link, left, right, names)
        caught = depends & self._head_variables(link) if isinstance(name, Name) else set()
        if caught:
            reason = (
                f"no constant {_shown(name)} makes this true: it would have to depend on {', '.join(sorted(caught))}"
            )
            return self._said(
                link, (_shown(left), _shown(right)), "fails", "definition", f"{reason}, as {_text(value)}"
            )
        if not (isinstance(name, Name) and name.text == "const"):
            self._definitions.add(name, [read_expression(to_text(value))], link.index, link.line)
        reason = f"it defines {_shown(name)} as {_text(value)}"
        return self._said(link, (_shown(left), _shown(right)), "holds", "definition", reason)

    def _difference(self, link: Link, left: Syntax, right: Syntax, name: Syntax, value: int) -> Expression:
        wanted = shape(name)

        def change(form: Syntax) -> Syntax:
            return Number(Fraction(value), form.position) if shape(form) == wanted else form

        sides = self._sides(link, mapped(left, change), mapped(right, change), 0)
        return sides.left - sides.right

    def _unknown_names(self, link: Link, left: Syntax, right: Syntax, names: str) -> LinkVerdict:
        reason = f"the document does not say what {names} stands for"
        return self._said(link, (_shown(left), _shown(right)), "not-understood", "statement", reason)

    def _head_variables(self, link: Link) -> set[str]:
        """The variables of the density, or of its logarithm, that the chain begins with."""
        head = self._chains[link.chain][0].form
        if isinstance(head, Call) and head.name == "log" and len(head.arguments) == 1:
            head = head.arguments[0]
        density = shape_of(head) if head is not None else None
        if density is None:
            return set()
        return set(self._densities.short.get(density, density).of)

    # What else a false equality may be meant as.

    def _other_meaning(self, link: Link, left: Syntax, right: Syntax) -> LinkVerdict | None:
        if link.relation not in ("=", ":="):
            return None
        sides = self._sides(link, left, right, 0)
        for attempt in (self._stationarity, self._solution, self._aggregate, self._chosen):
            found = attempt(link, sides)
            if found is not None:
                return found
        return None

    def _stationarity(self, link: Link, sides: _Sides) -> LinkVerdict | None:
        """A condition on the unknown density, where a functional of it with a multiplier was defined before."""
        if not (isinstance(sides.right, Constant) and sides.right.value == 0):
            return None
        statement: LinkVerdict | None = None
        for known in reversed([known for known in self._definitions if known.place < link.index]):
            functional, of = self._functional(known.form, known.readings[0], link)
            if functional is None or of is None or not _has_density(sides.left, of):
                continue
            name = _shown(known.form)
            if is_condition_of(sides.left, sides.right, functional, of):
                self._condition = (sides.left, of)
                reason = f"it is the condition for {name} to be stationary in {_text(of)}, by its first variation"
                said = self._said(link, (_text(sides.left), "0"), "holds", "condition", reason)
                return dataclasses.replace(said, proof="normal-form")
            derivative = functional_derivative(functional, of)
            if derivative is not None and _multipliers(derivative) & _multipliers(sides.left) and statement is None:
                reason = f"it is not the condition for {name} to be stationary in {_text(of)}"
                said = self._said(link, (_text(sides.left), "0"), "fails", "condition", reason)
                statement = dataclasses.replace(said, correction=f"{_text(derivative)} = 0")
        if statement is None and _is_pointwise(sides.left):
            reason = "an equation to be solved, not an identity, and no functional of the document leads to it"
            return self._said(link, (_text(sides.left), "0"), "not-understood", "statement", reason)
        return statement

    def _functional(self, form: Syntax, body: Syntax, link: Link) -> tuple[Expression | None, DensityValue | None]:
        letters = [
            part.text for part in _parts(form) if isinstance(part, Name) and part.text in self._densities.letters
        ]
        if len(letters) != 1:
            return None, None
        own = [known for known in self._densities.known if known.letter == letters[0]]
        try:
            expanded = self._definitions.expanded(body, link.index)
            functional, of = self._meanings([self._densities.filled(expanded, own), own[0].call(0)])
        except (InputError, IndexError):
            return None, None
        return (functional, of) if len(own) == 1 and isinstance(of, DensityValue) else (None, None)

    def _solution(self, link: Link, sides: _Sides) -> LinkVerdict | None:
        """What a condition before it was solved to."""
        if self._condition is None or not isinstance(sides.left, DensityValue):
            return None
        condition, of = self._condition
        if sides.left != of or of in set(walk(sides.right)):
            return None
        named = bool(_multipliers(sides.right) & _multipliers(condition))
        texts = _text(sides.left), _text(sides.right)
        if solves(condition, of, sides.right, multiplier=named):
            return self._said(link, texts, "holds", "solution", f"it solves the condition {_text(condition)} = 0")
        return self._said(link, texts, "fails", "solution", f"it does not solve the condition {_text(condition)} = 0")

    def _aggregate(self, link: Link, sides: _Sides) -> LinkVerdict | None:
        """q(z) as the integral of q(z|x) and another law of x: it says which law of x goes with q."""
        if not isinstance(sides.left, DensityValue) or not isinstance(sides.right, Integral):
            return None
        inside = [node for node in walk(sides.right.integrand) if isinstance(node, DensityValue)]
        own = [node for node in inside if node.letter == sides.left.letter]
        others = [node for node in inside if node.letter != sides.left.letter]
        if len(own) != 1 or len(others) != 1 or set(own[0].given) != set(others[0].of) or others[0].given:
            return None
        if set(own[0].of) != set(sides.left.of) or sides.left.given:
            return None
        self._aggregates[sides.left] = sides.right
        reason = f"the definition of {_text(sides.left)} as the average of {_text(own[0])} over {_text(others[0])}"
        return self._said(link, (_text(sides.left), _text(sides.right)), "holds", "definition", reason)

    def _chosen(self, link: Link, sides: _Sides) -> LinkVerdict | None:
        """A density of one law set equal to an expression in others: a choice, if that is a density at all."""
        density = sides.left
        if not isinstance(density, DensityValue) or link.place != 0:
            return None
        if any(isinstance(node, DensityValue) and node.letter == density.letter for node in walk(sides.right)):
            return None
        mass = sides.right
        for variable in density.of:
            mass = Integral(mass, variable)
        texts = _text(density), _text(sides.right)
        if check(mass, 1).verdict == "holds":
            reason = f"a choice of {_text(density)}; the right side is a density"
            return self._said(link, texts, "holds", "definition", reason)
        return None

    # Corrections.

    def _corrected(self, link: Link, found: LinkVerdict, sides: _Sides) -> LinkVerdict:
        if link.relation not in ("=", ":="):
            return found
        correction = smallest_correction(sides.left, sides.right)
        if correction is None:
            return found
        return dataclasses.replace(found, correction=f"{found.left} = {_text(correction)}")

    def _said(self, link: Link, texts: tuple[str, str], verdict: Judgement, kind: Kind, reason: str) -> LinkVerdict:
        return LinkVerdict(link.line, _SIGNS[link.relation], *texts, verdict, kind, reason)

    def _not_understood(self, link: Link, left: Reading, right: Reading, reason: str) -> LinkVerdict:
        one, other = (_shown(side.form) if side.form is not None else side.text for side in (left, right))
        texts = one, other
        return self._said(link, texts, "not-understood", "statement", reason)


def _parts(*sides: Syntax) -> list[Syntax]:
    return list(forms(sides))


def _summed_over_nothing(side: Syntax) -> list[str]:
    """The variables of integrals and sums whose body does not have them, such as the index of a sum over data."""
    return [
        form.variable.text
        for form in _parts(side)
        if isinstance(form, Integration)
        and not any(isinstance(part, Name) and part.text == form.variable.text for part in _parts(form.body))
        and not isinstance(form.body, Number)
    ]


def _text(expression: Expression) -> str:
    return to_text(expression).replace(CALLIGRAPHIC, "")


def _shown(form: Syntax) -> str:
    return plain(form).replace(CALLIGRAPHIC, "")


def _has_density(expression: Expression, of: DensityValue) -> bool:
    return any(node == of for node in walk(expression) if isinstance(node, DensityValue))


def _multipliers(expression: Expression) -> set[str]:
    return {node.name for node in walk(expression) if isinstance(node, Parameter | Multiplier)}


def _is_pointwise(expression: Expression) -> bool:
    """Whether an expression has the logarithm of a density outside every integral, as a stationarity condition has."""
    terms = getattr(expression, "terms", (expression,))
    return any(isinstance(part, Log) for term in terms for part in (term, *getattr(term, "factors", ())))
