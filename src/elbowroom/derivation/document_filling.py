r"""Densities that a document writes short, put in full: `\mathbb{E}_q`, `z \sim q`, `KL(q \| p)`, `q(\cdot | x)`.

What is dropped is put back only where the document leaves one possibility; where it leaves several, the formula is not
understood.
"""

from __future__ import annotations

from collections.abc import Sequence

from elbowroom.derivation.document_densities import Shape, shape_of, shapes
from elbowroom.errors import InputError
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.names import Declared
from elbowroom.functional.rewriting import mapped
from elbowroom.functional.syntax import Call, Chain, Divergence, Mean, Name, Syntax


class Densities:
    """The densities of a document, and how one of them is found where it is written short."""

    def __init__(self, known: Sequence[Shape], short: dict[Shape, Shape]):
        self.short = short
        self.known = [shape for shape in known if shape not in short]
        self.letters = {shape.letter for shape in known}

    def filled(self, side: Syntax, near: Sequence[Shape]) -> Syntax:
        """The form with every density written out; `near` are those of the same chain, which come first.

        **Raises.** `InputError` for a density that may be one of several, or of which nothing is known.
        """

        def change(form: Syntax) -> Syntax:
            match form:
                case Mean(measure, body, position):
                    return Mean(self._measure(measure, near), body, position)
                case Divergence(left, right, position, name, order):
                    left, right = self._pair(left, right, near)
                    return Divergence(left, right, position, name, order)
                case Call("H", of, given, position):
                    return self._entropy(form, of, given, position, near)
                case Call("MI", names, _, position, (Name("", _),)):
                    joint = self._of_law(Call("", names, (), position), near)
                    return Call("MI", joint.arguments, (), position, (Name(joint.name, position),))
                case Call("", _, _, _):
                    return self._of_law(form, near)
                case Call():
                    shape = shape_of(form)
                    long = self.short.get(shape) if shape else None
                    return form if long is None else long.call(form.position)
                case _:
                    return form

        return mapped(side, change)

    def _measure(self, measure: Syntax, near: Sequence[Shape]) -> Syntax:
        if isinstance(measure, Chain) and measure.operation == "product":
            rest = tuple((inverse, self._measure(part, near)) for inverse, part in measure.rest)
            return Chain("product", self._measure(measure.first, near), rest, measure.position)
        wanted = self._wanted(measure)
        if wanted is None:
            return measure
        return self._one(self._candidates(*wanted), near, wanted[0]).call(measure.position)

    def _wanted(self, form: Syntax) -> tuple[str, tuple[str, ...] | None, tuple[str, ...] | None] | None:
        """Letter, variables and what is given of a density written short; None for any other form."""
        if isinstance(form, Name) and form.text in self.letters:
            return form.text, None, None
        if isinstance(form, Call) and form.name == "~":
            letter, *names = [part.text for part in form.arguments if isinstance(part, Name)]
            return letter, tuple(names), None
        if isinstance(form, Call) and any(isinstance(part, Name) and part.text == "cdot_" for part in form.arguments):
            return form.name, None, tuple(part.text for part in form.given if isinstance(part, Name))
        return None

    def _candidates(self, letter: str, of: tuple[str, ...] | None, given: tuple[str, ...] | None) -> list[Shape]:
        found = [
            shape
            for shape in self.known
            if shape.letter == letter
            and (of is None or set(shape.of) == set(of))
            and (given is None or set(shape.given) == set(given))
        ]
        if not found and of is not None and letter not in {shape.letter for shape in self.known}:
            return [Shape(letter, of)]
        return found

    def _one(self, candidates: Sequence[Shape], near: Sequence[Shape], letter: str) -> Shape:
        close = [shape for shape in candidates if shape in near]
        for found in (candidates, close):
            if len(found) == 1:
                return found[0]
        if not candidates:
            raise InputError(f"The density {letter} is written without its variables, and nothing says which they are.")
        choice = " or ".join(str(shape) for shape in candidates)
        raise InputError(f"The density {letter} is written without its variables, and it may be {choice}.")

    def _pair(self, left: Syntax, right: Syntax, near: Sequence[Shape]) -> tuple[Syntax, Syntax]:
        """Both sides of a divergence, which are densities of the same variables."""
        options = [self._side(side) for side in (left, right)]
        if all(option is None for option in options):
            return left, right
        lefts, rights = (
            [side] if option is None else option for side, option in zip((left, right), options, strict=True)
        )
        pairs = [(one, other) for one in lefts for other in rights if _variables(one) == _variables(other)]
        close = [pair for pair in pairs if all(not isinstance(one, Shape) or one in near for one in pair)]
        for found in (pairs, close):
            if len(found) == 1:
                one, other = found[0]
                return _as_form(one, left), _as_form(other, right)
        raise InputError(
            "A divergence is written without the variables of its densities, and "
            + ("nothing says which they are." if not pairs else "they may be several.")
        )

    def _side(self, side: Syntax) -> list[Shape] | None:
        wanted = self._wanted(side)
        return None if wanted is None else self._candidates(*wanted)

    def _entropy(
        self, form: Call, of: tuple[Syntax, ...], given: tuple[Syntax, ...], position: int, near: Sequence[Shape]
    ) -> Syntax:
        if len(of) == 1 and not given and self._wanted(of[0]) is not None:
            return Call("H", (self._measure(of[0], near),), (), position)
        names = [part for part in (*of, *given) if isinstance(part, Name)]
        if len(names) < len(of) + len(given):
            return form
        joint = self._of_law(Call("", of, given, position), near)
        entropy = Call("H", (joint,), (), position)
        if not given:
            return entropy
        return Mean(Call(joint.name, joint.given, (), position), entropy, position)

    def _of_law(self, call: Call, near: Sequence[Shape]) -> Call:
        """A density whose letter is not written, as in H(X) and I(X; Z): that of the only law of its variables.

        Where several laws have them, that of the only law in the same chain.
        """
        names = [part.text for part in (*call.arguments, *call.given) if isinstance(part, Name)]
        variables = {name for shape in self.known for name in (*shape.of, *shape.given)}
        lowered = {name: name if name in variables else name.lower() for name in names}
        laws = {shape.letter for shape in self.known if set(lowered.values()) <= set(self._roles(shape.letter))}
        joint = {shape.letter for shape in self.known if not shape.given and set(lowered.values()) <= set(shape.of)}
        laws = laws & joint or laws
        close = laws & {shape.letter for shape in near}
        laws = close if len(close) == 1 else laws
        if len(laws) != 1:
            said = "no law" if not laws else f"the laws {', '.join(sorted(laws))}"
            raise InputError(f"It is not said under which law this is taken; {said} of the document fit.")
        of, given = (
            tuple(Name(lowered[part.text], part.position) for part in side if isinstance(part, Name))
            for side in (call.arguments, call.given)
        )
        return Call(next(iter(laws)), of, given, call.position)

    def _roles(self, letter: str) -> list[str]:
        return [name for shape in self.known if shape.letter == letter for name in (*shape.of, *shape.given)]


def _variables(side: Syntax | Shape) -> frozenset[str]:
    if isinstance(side, Shape):
        return frozenset(side.of)
    found = shapes([side])
    return frozenset(name for shape in found for name in shape.of)


def _as_form(side: Syntax | Shape, written: Syntax) -> Syntax:
    return side.call(written.position) if isinstance(side, Shape) else side


def declared(known: Sequence[Shape]) -> Declared:
    """The laws of a document, for reading one of its formulas."""
    return Declared(
        variables={name: Variable(name) for shape in known for name in (*shape.of, *shape.given)},
        densities=[
            DensityValue(shape.letter, tuple(map(Variable, shape.of)), tuple(map(Variable, shape.given)))
            for shape in known
        ],
    )
