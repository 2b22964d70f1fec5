"""What the names of a formula stand for.

A name is a *variable* if it is an argument of a density, if something is integrated over it or differentiated
by it, or if the caller says so; a call is a *density* if it has a bar, if it is what an expectation, a
divergence or an entropy is taken of, if its letter is p, q or r, perhaps with a number or a subscript (`q1`,
`q_theta`), or if the caller says so; any other call is a function of the notation or an opaque one, and any
other name a real parameter.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from elbowroom.errors import FormulaError
from elbowroom.functional.density_functionals import DENSITY_FUNCTIONALS
from elbowroom.functional.divergences import DIVERGENCES
from elbowroom.functional.elementary import ELEMENTARY
from elbowroom.functional.expression import Parameter
from elbowroom.functional.families import FAMILIES
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.syntax import Call, Chain, Divergence, Integration, Mean, Name, Syntax, parts

FUNCTIONS = ("log", "exp", "sqrt", "max", *(name for name in ELEMENTARY if name != "positive_part"))
FORMS = ("integral", "diff", "at", "MI")
FUNCTIONALS = ("H", *DENSITY_FUNCTIONALS)
TWO_BARS = ("KL", "MMD2", *DIVERGENCES)
_SUGGESTED = ("log", "exp", "sqrt", "KL", "integral", "diff", "H", "E")
_DENSITY = re.compile(r"[pqr](\d+|_\w+)?", re.ASCII)


@dataclass(frozen=True)
class Declared:
    """The names of a formula that a caller knows already.

    **Arguments.** `variables` and `parameters` by name, with their supports; `functions` the names of opaque
    functions, which may be names of the notation; `densities` the known parts of joint laws, which say of what
    variables a letter is a law.
    """

    variables: Mapping[str, Variable] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    functions: Collection[str] = ()
    densities: Sequence[DensityValue] = ()


class Names:
    """What each name of one text stands for. Raises `FormulaError` for a call that cannot be meant."""

    def __init__(self, text: str, sides: Sequence[Syntax], declared: Declared):
        self._text = text
        self.declared = declared
        self.letters = {density.letter for density in declared.densities}
        self._variables = set(declared.variables)
        forms = all_forms(sides)
        self._collect_letters(forms)
        self._collect_variables(forms)
        self.densities = [*declared.densities, *self._written(forms)]

    def fail(self, reason: str, syntax: Syntax) -> NoReturn:
        """Raise the error that points at the place of `syntax`."""
        raise FormulaError(reason, self._text, syntax.position)

    def is_variable(self, name: str) -> bool:
        """Whether the name is a variable, or a primed copy of one."""
        return name in self._variables or name.rstrip("'") in self._variables

    def variable(self, name: str) -> Variable:
        """The variable of that name."""
        known = self.declared.variables
        if name in known:
            return known[name]
        original = known.get(name.rstrip("'"))
        return Variable(name) if original is None else Variable(name, original.support, original.role)

    def refuse_misspelt(self, call: Call) -> None:
        """Refuse the call of an undeclared function whose name is much like one of the notation."""
        name = call.name
        if name in self.declared.functions:
            return
        if name.endswith("'"):
            self.fail(f"{name} cannot be called: a primed name is a second copy of a variable.", call)
        if nearest := nearest_name(name):
            self.fail(f"There is no function {name}. Did you mean {nearest}?", call)

    def is_known_function(self, name: str) -> bool:
        """Whether a call of that name belongs to the notation, and was not declared to be something else."""
        return name in CALLED and name not in self.declared.functions and name not in self.letters

    def _collect_letters(self, forms: Sequence[Syntax]) -> None:
        for form in forms:
            match form:
                case Call("MI", _, _, _, (Name(letter, _), *_)):
                    self.letters.add(letter)
                case Call(name, arguments, _, _) if name in FUNCTIONALS:
                    self._add_letter(*arguments)
                case Call(name, _, given, _) if given or _DENSITY.fullmatch(name):
                    self._add_letter(form)
                case Mean(measure, _, _):
                    self._add_letter(*_factors(measure))
                case Divergence(left, right, _):
                    self._add_letter(*_factors(left), *_factors(right))

    def _add_letter(self, *candidates: Syntax) -> None:
        for call in candidates:
            if not isinstance(call, Call) or call.name in self.declared.functions or call.before:
                continue
            if call.name in CALLED and call.name not in self.letters:
                if call.given:
                    self.fail(f"{call.name} is a function of the notation, and takes no bar.", call)
                continue
            if not _DENSITY.fullmatch(call.name) and call.name not in self.letters:
                self.refuse_misspelt(call)
            self.letters.add(call.name)

    def _collect_variables(self, forms: Sequence[Syntax]) -> None:
        for form in forms:
            match form:
                case Call(name, _, _, _) if name in self.letters:
                    self._add_variables(parts(form))
                case Call("MI", arguments, _, _):
                    self._add_variables(arguments)
                case Call("diff" | "at", (_, Name() as variable, *_), _, _) if self.is_known_function(form.name):
                    self._add_variables((variable,))
                case Integration(_, variable, _):
                    self._add_variables((variable,))

    def _add_variables(self, candidates: Sequence[Syntax]) -> None:
        known = self.declared.parameters
        self._variables.update(part.text for part in candidates if isinstance(part, Name) and part.text not in known)

    def _written(self, forms: Sequence[Syntax]) -> list[DensityValue]:
        """The densities of the text whose arguments are all variables: what a density at a point is a value of."""
        found: list[DensityValue] = []
        for form in forms:
            if isinstance(form, Call) and form.name in self.letters:
                of, given = self._variables_among(form.arguments), self._variables_among(form.given)
                if len(of) == len(form.arguments) and len(given) == len(form.given):
                    found.append(DensityValue(form.name, of, given))
        return found

    def _variables_among(self, forms: Sequence[Syntax]) -> tuple[Variable, ...]:
        names = [form.text for form in forms if isinstance(form, Name)]
        return tuple(self.variable(name) for name in names if self.is_variable(name))


def nearest_name(name: str, known: Collection[str] = (), cutoff: float = 0.66) -> str | None:
    """The name among `known`, by default those of the notation, that `name` may be a misspelling of."""
    if len(name) < 2:
        return None
    by_lower = {candidate.lower(): candidate for candidate in known or _SUGGESTED}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def all_forms(sides: Sequence[Syntax]) -> list[Syntax]:
    """The forms of a text, and all their parts."""
    found: list[Syntax] = list(sides)
    for form in found:  # grows while it is read
        found.extend(parts(form))
    return found


def _factors(syntax: Syntax) -> tuple[Syntax, ...]:
    return parts(syntax) if isinstance(syntax, Chain) else (syntax,)


CALLED = ("E", *FUNCTIONS, *FORMS, *FUNCTIONALS, *TWO_BARS, *FAMILIES)
