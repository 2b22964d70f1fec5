r"""Which densities a document speaks of: `q_\theta` and `q` as one law, `q` alone for its only density, `J[q]`.

Papers drop what is clear. What is dropped here is put back only where the document leaves one possibility; where it
leaves several, the formula is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from elbowroom.errors import InputError
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.lexer import GREEK
from elbowroom.functional.names import FUNCTIONS as NOTATION
from elbowroom.functional.names import TWO_BARS, Declared
from elbowroom.functional.rewriting import mapped
from elbowroom.functional.syntax import Call, Chain, Divergence, Mean, Name, Syntax, parts

LETTER = re.compile(r"[pqr](\d+|_\w+)?'*", re.ASCII)
_PARAMETERS = re.compile(f"(?:{'|'.join(sorted(GREEK.values(), key=len, reverse=True))})+|[wW]")
_NOT_LAWS = frozenset({*NOTATION, *TWO_BARS, "H", "E", "integral", "diff", "at", "MI", "variation", "~"})


@dataclass(frozen=True, slots=True)
class Shape:
    """A density as it is written: its letter, and the names of its variables."""

    letter: str
    of: tuple[str, ...]
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        bar = f"|{','.join(self.given)}" if self.given else ""
        return f"{self.letter}({','.join(self.of)}{bar})"

    def same_variables(self, other: Shape) -> bool:
        """Whether it is a density of the same variables given the same, whatever its letter."""
        return set(self.of) == set(other.of) and set(self.given) == set(other.given)

    def call(self, position: int) -> Call:
        of, given = (tuple(Name(name, position) for name in side) for side in (self.of, self.given))
        return Call(self.letter, of, given, position)


def forms(sides: Iterable[Syntax]) -> Iterator[Syntax]:
    """The forms and all their parts."""
    waiting = list(sides)
    while waiting:
        form = waiting.pop()
        yield form
        waiting.extend(parts(form))


def shape_of(form: Syntax, letters: frozenset[str] = frozenset()) -> Shape | None:
    """The density that a form is, if it is one written with its variables."""
    if not isinstance(form, Call) or form.before or form.name in _NOT_LAWS:
        return None
    if not (form.given or form.name in letters or LETTER.fullmatch(form.name)):
        return None
    if not all(isinstance(part, Name) for part in (*form.arguments, *form.given)):
        return None
    of, given = (tuple(part.text for part in side if isinstance(part, Name)) for side in (form.arguments, form.given))
    return Shape(form.name, of, given)


def shapes(sides: Iterable[Syntax]) -> list[Shape]:
    """The densities that occur, each once, the most frequent first."""
    found = list(forms(sides))
    letters = _letters(found)
    counts: dict[Shape, int] = {}
    for form in reversed(found):
        shape = shape_of(form, letters)
        if shape is not None:
            counts[shape] = counts.get(shape, 0) + 1
    return sorted(counts, key=lambda shape: -counts[shape])


def _letters(found: Sequence[Syntax]) -> frozenset[str]:
    """What is called with a bar, averaged over or compared in a divergence is a density, whatever its letter."""
    letters = {form.name for form in found if isinstance(form, Call) and form.given and not form.before}
    for form in found:
        match form:
            case Mean(measure, _, _):
                sides = [measure]
            case Divergence(left, right, _):
                sides = [left, right]
            case _:
                continue
        for side in sides:
            factors = parts(side) if isinstance(side, Chain) else (side,)
            letters.update(factor.name for factor in factors if isinstance(factor, Call) and not factor.before)
    return frozenset(letters - _NOT_LAWS)


def renamed_laws(sides: Sequence[Syntax]) -> dict[str, str]:
    r"""How the laws are called without their parameters: `q_theta` is `q` where nothing sets the two apart.

    Two parametrised spellings with the same variables are two laws, and so are a plain and a parametrised one
    that are compared with each other: in a divergence, in a ratio, or as a law of the data and its model in a mean.
    """
    by_stem: dict[str, dict[str, list[Shape]]] = {}
    for shape in shapes(sides):
        by_stem.setdefault(_stem(shape.letter), {}).setdefault(shape.letter, []).append(shape)
    for form in forms(sides):
        if isinstance(form, Name) and LETTER.fullmatch(form.text):
            by_stem.setdefault(_stem(form.text), {}).setdefault(form.text, [])
    renaming: dict[str, str] = {}
    for stem, spellings in by_stem.items():
        if not _kept_apart(stem, spellings, sides):
            renaming.update({letter: stem for letter in spellings if letter != stem})
    return renaming


def _stem(letter: str) -> str:
    """The letter without subscripts that are parameters."""
    first, *rest = letter.rstrip("'").split("_")
    kept = [part for part in rest if not _PARAMETERS.fullmatch(part)]
    return "_".join((first, *kept)) + "'" * (len(letter) - len(letter.rstrip("'")))


def _kept_apart(stem: str, spellings: dict[str, list[Shape]], sides: Sequence[Syntax]) -> bool:
    letters = list(spellings)
    for place, one in enumerate(letters):
        for other in letters[place + 1 :]:
            shared = any(a.same_variables(b) for a in spellings[one] for b in spellings[other])
            if not shared:
                continue
            if stem not in (one, other):
                return True

            def rivals(a: Shape, b: Shape, pair: frozenset[str] = frozenset((one, other))) -> bool:
                return {a.letter, b.letter} == pair and a.same_variables(b)

            plain = stem
            if compared(sides, rivals) or _model_of(plain, one if other == stem else other, sides):
                return True
    return False


def _model_of(data: str, model: str, sides: Sequence[Syntax]) -> bool:
    """Whether one letter is only averaged over and the other only averaged, as in E_p(x)[log p_theta(x)]."""
    measures: set[str] = set()
    bodies: set[str] = set()
    for form in forms(sides):
        if isinstance(form, Mean):
            measures.update(shape.letter for shape in shapes([form.measure]))
            bodies.update(shape.letter for shape in shapes([form.body]))
    return data in measures and data not in bodies and model in bodies and model not in measures


def compared(sides: Iterable[Syntax], rivals: Callable[[Shape, Shape], bool]) -> bool:
    """Whether two densities that are `rivals` stand on the two sides of a divergence or of a quotient."""
    for form in forms(sides):
        match form:
            case Divergence(left, right, _):
                one, other = shapes([left]), shapes([right])
            case Chain("product", first, rest, _):
                one = shapes([first, *(part for inverse, part in rest if not inverse)])
                other = shapes([part for inverse, part in rest if inverse])
            case Chain("sum", first, rest, _):
                one = _logged([first, *(part for inverse, part in rest if not inverse)])
                other = _logged([part for inverse, part in rest if inverse])
            case _:
                continue
        if any(rivals(a, b) for a in one for b in other):
            return True
    return False


def _logged(terms: Iterable[Syntax]) -> list[Shape]:
    return shapes([term for term in terms if isinstance(term, Call) and term.name == "log"])


def abbreviations(sides: Sequence[Syntax]) -> dict[Shape, Shape]:
    r"""Densities written without what they are given: q(z) for q(z|x), where the document declares one density q.

    It does so by writing a functional of it, `J[q]`. It must have no other density of that letter, and q(z) and
    q(z|x) must not be compared with each other, as a marginal and a conditional would be.
    """
    found: dict[Shape, Shape] = {}
    known = shapes(sides)
    for letter in _functional_arguments(sides):
        own = [shape for shape in known if shape.letter == letter]
        full = [shape for shape in own if shape.given]
        short = [shape for shape in own if not shape.given]
        if len(full) != 1 or any(set(shape.of) != set(full[0].of) for shape in short):
            continue

        def rivals(a: Shape, b: Shape, own: str = letter) -> bool:
            return a.letter == b.letter == own and bool(a.given) != bool(b.given)

        if not compared(sides, rivals):
            found.update(dict.fromkeys(short, full[0]))
    return found


def _functional_arguments(sides: Iterable[Syntax]) -> list[str]:
    """The letters of which something is said to be a functional: q in J[q], S[q, lambda], L(q)."""
    found: dict[str, None] = {}
    for form in forms(sides):
        if isinstance(form, Call) and form.name not in _NOT_LAWS and shape_of(form) is None:
            for part in form.arguments:
                if isinstance(part, Name) and LETTER.fullmatch(part.text):
                    found[part.text] = None
    return list(found)


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
                    joint = self._of_law(Call("", names, (), position))
                    return Call("MI", joint.arguments, (), position, (Name(joint.name, position),))
                case Call("", _, _, _):
                    return self._of_law(form)
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
        joint = self._of_law(Call("", of, given, position))
        entropy = Call("H", (joint,), (), position)
        if not given:
            return entropy
        return Mean(Call(joint.name, joint.given, (), position), entropy, position)

    def _of_law(self, call: Call) -> Call:
        """A density whose letter is not written, as in H(X) and I(X; Z): that of the only law of its variables."""
        names = [part.text for part in (*call.arguments, *call.given) if isinstance(part, Name)]
        variables = {name for shape in self.known for name in (*shape.of, *shape.given)}
        lowered = {name: name if name in variables else name.lower() for name in names}
        laws = {shape.letter for shape in self.known if set(lowered.values()) <= set(self._roles(shape.letter))}
        joint = {shape.letter for shape in self.known if not shape.given and set(lowered.values()) <= set(shape.of)}
        laws = laws & joint or laws
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
