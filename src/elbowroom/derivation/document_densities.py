r"""Which densities a document speaks of: `q_\theta` and `q` as one law, `q` alone for its only density, `J[q]`.

Papers drop what is clear. What is dropped here is put back only where the document leaves one possibility; where it
leaves several, the formula is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from elbowroom.functional.lexer import GREEK
from elbowroom.functional.names import FUNCTIONS as NOTATION
from elbowroom.functional.names import TWO_BARS
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
