r"""Names that a document gives to formulas: `J[q]`, `\mathcal{L}(q)`, `w(x, z)`, and constants such as C.

A name that stands alone on one side of an equality is defined there, the first time; from then on it is what stands
on the other side. Where the chain that defines it goes on, its other sides are what the document also says of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from elbowroom.derivation.document_densities import forms, shape_of
from elbowroom.errors import InputError
from elbowroom.functional.latex_cursor import CALLIGRAPHIC
from elbowroom.functional.names import FORMS, FUNCTIONALS, FUNCTIONS, TWO_BARS
from elbowroom.functional.rewriting import mapped, moved, shape, with_names
from elbowroom.functional.syntax import Call, Name, Syntax

MOST_READINGS = 4
_DEEPEST = 8
_NOTATION = frozenset({*FUNCTIONS, *FORMS, *FUNCTIONALS, *TWO_BARS, "E", "variation", "~", "inf", "pi", "const", ""})


@dataclass(frozen=True)
class Definition:
    """What a name stands for: the first of `readings`, or another that the same chain gives.

    **Arguments.** `parameters` are the variables that the name is a function of; `place` is the number of the link that
    defines it, `line` the line of the document.
    """

    form: Syntax
    parameters: tuple[str, ...]
    readings: tuple[Syntax, ...]
    place: int
    line: int


class Definitions:
    """The names that a document defines."""

    def __init__(self, variables: Collection[str], letters: Collection[str]):
        self._variables = frozenset(variables)
        self._letters = frozenset(letters)
        self._known: dict[str, Definition] = {}

    def add(self, form: Syntax, readings: Sequence[Syntax], place: int, line: int) -> None:
        """Record what a name stands for, unless it is known already."""
        parameters = _parameters(form, self._variables)
        usable = tuple(reading for reading in readings if not self._mentions(reading, form))[:MOST_READINGS]
        if usable and self.find(form) is None:
            self._known[shape(form)] = Definition(form, parameters, usable, place, line)

    def also(self, form: Syntax, reading: Syntax) -> None:
        """Record what else a known name was found to be equal to."""
        known = self.find(form)
        if known is not None and len(known.readings) < MOST_READINGS and not self._mentions(reading, form):
            self._known[shape(known.form)] = replace(known, readings=(*known.readings, reading))

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._known.values())

    def find(self, form: Syntax) -> Definition | None:
        """The definition of a name, with whatever variables it is applied to."""
        exact = self._known.get(shape(form))
        if exact is not None:
            return exact
        name = _name(form)
        same = [known for known in self._known.values() if _name(known.form) == name]
        if len(same) != 1:
            return None
        own, given = _parameters(same[0].form, self._variables), _parameters(form, self._variables)
        loose = isinstance(form, Name) or isinstance(same[0].form, Name)
        return same[0] if loose or (own and len(own) == len(given)) else None

    def can_name(self, form: Syntax) -> bool:
        """Whether a form is a name that may be given to a formula: neither a variable, a density nor notation."""
        if isinstance(form, Name):
            return form.text not in self._variables | self._letters | _NOTATION
        if not isinstance(form, Call) or form.given or form.before:
            return False
        return form.name not in _NOTATION and shape_of(form, self._letters) is None

    def is_functional(self, form: Syntax) -> bool:
        r"""Whether a name looks like a functional, such as `\mathcal{L}`, `ELBO`, `J[q]`, rather than a number."""
        if not self.can_name(form):
            return False
        name = _name(form)
        if name.startswith(CALLIGRAPHIC) or (len(name.split("_")[0]) > 2 and name.isupper()):
            return True
        return isinstance(form, Call) and name[0].isupper()

    def undefined(self, side: Syntax) -> list[Syntax]:
        """The names of functionals in a form that the document does not define, each once."""
        found = {shape(form): form for form in forms([side]) if self.is_functional(form) and self.find(form) is None}
        return list(found.values())

    def readings(self, sides: Sequence[Syntax], place: int) -> int:
        """How many readings the names in these forms have: those of the name that has most."""
        most = 1
        waiting, seen = list(sides), set[str]()
        while waiting:
            for form in forms([waiting.pop()]):
                known = self._usable(form, place)
                if known is not None and shape(known.form) not in seen:
                    seen.add(shape(known.form))
                    most = max(most, len(known.readings))
                    waiting.extend(known.readings)
        return most

    def expanded(self, side: Syntax, place: int, reading: int = 0, depth: int = 0) -> Syntax:
        """The form with every defined name replaced by what it stands for, in the reading of that number.

        **Raises.** `InputError` for definitions that go in a circle.
        """
        if depth > _DEEPEST:
            raise InputError("The definitions of the names here go in a circle.")

        def change(form: Syntax) -> Syntax:
            known = self._usable(form, place)
            if known is None:
                return form
            body = known.readings[min(reading, len(known.readings) - 1)]
            names = dict(zip(known.parameters, form.arguments, strict=False)) if isinstance(form, Call) else {}
            body = with_names(body, names) if names and known.parameters != _parameters(form, self._variables) else body
            return moved(self.expanded(body, known.place, reading, depth + 1), form.position)

        return mapped(side, change)

    def _usable(self, form: Syntax, place: int) -> Definition | None:
        if not isinstance(form, Name | Call) or not self.can_name(form):
            return None
        known = self.find(form)
        if known is None:
            return None
        # A number such as lambda has no value before the line that gives it one.
        return known if place > known.place or (place < known.place and self.is_functional(form)) else None

    def _mentions(self, side: Syntax, form: Syntax) -> bool:
        return any(isinstance(part, Name | Call) and _name(part) == _name(form) for part in forms([side]))


def _name(form: Syntax) -> str:
    return form.name if isinstance(form, Call) else form.text if isinstance(form, Name) else ""


def _parameters(form: Syntax, variables: Collection[str]) -> tuple[str, ...]:
    if not isinstance(form, Call):
        return ()
    names = tuple(part.text for part in form.arguments if isinstance(part, Name))
    return names if len(names) == len(form.arguments) and all(name in variables for name in names) else ()
