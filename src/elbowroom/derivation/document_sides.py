"""The sides of a document's links as expressions, with the names, the densities and the choices of that document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from elbowroom.derivation.document_definitions import Definitions
from elbowroom.derivation.document_densities import LETTER, Shape, forms, shape_of, shapes
from elbowroom.derivation.document_filling import Densities, declared
from elbowroom.derivation.document_links import Link, Reading
from elbowroom.derivation.document_stationarity import functional_derivative, partial_derivative
from elbowroom.errors import InputError
from elbowroom.functional.expression import Expression
from elbowroom.functional.functionals import Integral
from elbowroom.functional.grammar import read_expression
from elbowroom.functional.latex_cursor import CALLIGRAPHIC
from elbowroom.functional.law import DensityValue
from elbowroom.functional.parse import meanings
from elbowroom.functional.printing import to_text
from elbowroom.functional.rewriting import mapped, moved, plain
from elbowroom.functional.substitute import substitute
from elbowroom.functional.syntax import Call, Integration, Name, Number, Syntax
from elbowroom.functional.traverse import walk

_MOST_READINGS = 8


@dataclass(frozen=True)
class Sides:
    """Both sides of a link as expressions, and what was assumed in reading them."""

    left: Expression
    right: Expression
    note: str = ""


@dataclass
class Understanding:
    """What is known of a document: its densities, its definitions, and what it said of its laws so far.

    **Arguments.** `chains` are the sides of every chain. `aggregates` are marginals that the document defines as an
    average over another law, and `choices` densities that it sets equal to something: the former are always put in,
    the latter only where a link does not hold without.
    """

    densities: Densities
    definitions: Definitions
    chains: Sequence[Sequence[Reading]]
    aggregates: dict[Expression, Expression] = field(default_factory=dict)
    choices: dict[Expression, Expression] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._declared = declared(self.densities.known)

    def readings(self, link: Link) -> Iterator[Sides]:
        """The sides of a link, in the order of how likely each reading is.

        A name that its defining chain gives several meanings is read in each of them, a logarithm without brackets as
        that of the whole product behind it or of its first factor, and densities as what they were set equal to.
        """
        left, right = self.pair(link)
        number = self.definitions.readings([form for form in (left.form, right.form) if form], link.index)
        wide = [(reading, False) for reading in range(number)]
        narrow = [(reading, True) for reading in range(number)] if left.narrow or right.narrow else []
        for reading, is_narrow in [*wide, *narrow][:_MOST_READINGS]:
            one, other = (side.narrow or side.form if is_narrow else side.form for side in (left, right))
            note = ", reading a name by another side of the chain that defines it" if reading else ""
            note += ", reading a logarithm as that of the first factor behind it" if is_narrow else ""
            if one is not None and other is not None:
                yield self.sides(link, one, other, reading, note)
        if self.choices and left.form is not None and right.form is not None:
            plainly = self.sides(link, left.form, right.form)
            chosen = [substitute(side, self.choices) for side in (plainly.left, plainly.right)]
            used = [key for key in self.choices if key in set(walk(plainly.left)) | set(walk(plainly.right))]
            if used:
                yield Sides(chosen[0], chosen[1], f", with {', '.join(text(key) for key in used)} as it was set before")

    def pair(self, link: Link) -> tuple[Reading, Reading]:
        """The two sides of a link."""
        chain = self.chains[link.chain]
        return chain[link.place], chain[link.place + 1]

    def near(self, link: Link) -> list[Shape]:
        """The densities of the chain of a link."""
        return shapes([side.form for side in self.chains[link.chain] if side.form is not None])

    def sides(self, link: Link, left: Syntax, right: Syntax, reading: int = 0, note: str = "") -> Sides:
        """Both sides as expressions.

        **Raises.** `InputError` where a side has no meaning.
        """
        one, other = self.expressions(link, (left, right), reading)
        if self.aggregates:
            one, other = (substitute(side, self.aggregates) for side in (one, other))
        return Sides(one, other, note)

    def expressions(self, link: Link, sides: Sequence[Syntax], reading: int = 0) -> list[Expression]:
        """What the forms stand for, names and densities written out."""
        near = self.near(link)
        filled = [self.densities.filled(self.definitions.expanded(s, link.index, reading), near) for s in sides]
        return self.meanings([self._varied(side) for side in filled])

    def meanings(self, sides: Sequence[Syntax]) -> list[Expression]:
        """The expressions of forms in which every name and density is written out."""
        for side in sides:
            for name in _summed_over_nothing(side):
                raise InputError(f"Nothing under the integral or sum over {name} depends on it.")
        return meanings("", sides, self._declared)

    def functionals(self, form: Syntax, link: Link) -> Iterator[tuple[Expression, DensityValue]]:
        """A defined functional in each of its readings, and the density that it is a functional of."""
        for reading in range(self.definitions.readings([form], link.index)):
            found = self._functional(form, self.definitions.expanded(form, link.index, reading), link)
            if found is not None:
                yield found

    def _functional(self, form: Syntax, body: Syntax, link: Link) -> tuple[Expression, DensityValue] | None:
        letters = [
            part.text for part in forms([form]) if isinstance(part, Name) and part.text in self.densities.letters
        ]
        if not letters:
            written = shapes([self.densities.filled(body, self.near(link))])
            letters = list(dict.fromkeys(shape.letter for shape in written if shape.letter.startswith("q")))
        own = [known for known in self.densities.known if letters and known.letter == letters[0]]
        if len(letters) != 1 or len(own) != 1:
            return None
        functional, of = self.meanings([self.densities.filled(body, own), own[0].call(0)])
        return (functional, of) if isinstance(of, DensityValue) else None

    def _varied(self, side: Syntax) -> Syntax:
        """The form with its functional derivatives, and derivatives by the value of a density, carried out."""

        def change(form: Syntax) -> Syntax:
            if not (isinstance(form, Call) and form.name in ("variation", "diff") and len(form.arguments) == 2):
                return form
            body, by = form.arguments
            density = self._density(by)
            if density is None:
                return form
            expression, of = self.meanings([body, density.call(0)])
            assert isinstance(of, DensityValue)
            pointwise = form.name == "diff" and not any(isinstance(node, Integral) for node in walk(expression))
            derived = partial_derivative(expression, of) if pointwise else functional_derivative(expression, of)
            if derived is None:
                raise InputError(f"The derivative by {density} cannot be carried out here.")
            return moved(read_expression(to_text(derived)), form.position)

        return mapped(side, change)

    def _density(self, by: Syntax) -> Shape | None:
        """The density that a derivative is taken by, if it is one."""
        if isinstance(by, Name) and by.text in self.densities.letters:
            own = [shape for shape in self.densities.known if shape.letter == by.text]
            return own[0] if len(own) == 1 else None
        shape = shape_of(by, frozenset(self.densities.letters))
        return shape if shape is not None and LETTER.fullmatch(shape.letter) else None


def _summed_over_nothing(side: Syntax) -> list[str]:
    """The variables of integrals and sums whose body does not have them, such as the index of a sum over data."""
    return [
        form.variable.text
        for form in forms([side])
        if isinstance(form, Integration)
        and not any(isinstance(part, Name) and part.text == form.variable.text for part in forms([form.body]))
        and not isinstance(form.body, Number)
    ]


def text(expression: Expression) -> str:
    """The expression in the plain notation, calligraphic letters shown as plain ones."""
    return to_text(expression).replace(CALLIGRAPHIC, "")


def shown(form: Syntax) -> str:
    """The form in the plain notation, calligraphic letters shown as plain ones."""
    return plain(form).replace(CALLIGRAPHIC, "")
