r"""Expectations, divergences, entropies, information: `\mathbb{E}_{z \sim q(z|x)}[...]`, `D_{KL}(q \| p)`, `I(x;z)`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from elbowroom.functional.latex_cursor import OPENING, LatexCursor
from elbowroom.functional.latex_names import SLOT, argument_list, scripted, simple_name
from elbowroom.functional.syntax import Call, Chain, Divergence, Mean, Minus, Name, Number, Raised, Syntax

BARE = "~"
"""The name of a call that stands for a density without its arguments: for `z \\sim q` that of `q` and `z`."""


_BARS = ("||", "|", ":", ";", ",")
_DIVERGENCES = {"KL": "KL", "": "KL", "JS": "JS", "JSD": "JS", "TV": "TV"}
"""The subscript of a divergence by its name in the plain notation."""


def _divergence(cursor: LatexCursor, position: int) -> Syntax | None:
    kind = cursor.subscript()[0] if cursor.takes("_") else ""
    if cursor.token.text not in OPENING:
        return None
    inside = cursor.between(cursor.index, cursor.closing(cursor.index))
    if kind.upper() != "KL" and not any(token.text == "||" for token in inside):
        return None
    name = _DIVERGENCES.get(kind.upper())
    if name is None:
        raise cursor.error(f"The divergence with the subscript {kind} is not understood.", position)
    return _sides(cursor, position, name)


def _relative_entropy(cursor: LatexCursor, position: int) -> Syntax | None:
    if cursor.token.text not in OPENING:
        return None
    return _sides(cursor, position, "KL")


def _sides(cursor: LatexCursor, position: int, name: str) -> Syntax:
    opening = cursor.take()
    left = cursor.sum()
    if not any(cursor.takes(bar) for bar in _BARS):
        raise cursor.error("A divergence has two bars between its densities.")
    right = cursor.sum()
    cursor.close(opening)
    return Divergence(left, right, position, name)


def _mean(cursor: LatexCursor, position: int) -> Syntax | None:
    if not cursor.takes("_"):
        if cursor.token.text == "[":
            raise cursor.error("This expectation has no density, so it is not known what it is taken over.", position)
        return None
    measure = _measure(cursor)
    return Mean(measure, _body(cursor), position)


def _body(cursor: LatexCursor) -> Syntax:
    if cursor.token.text in OPENING:
        return cursor.bracket()
    if not cursor.starts_factor():
        raise cursor.error("What the expectation is taken of is missing.")
    return cursor.product()


def _variance(cursor: LatexCursor, position: int) -> Syntax | None:
    if not cursor.takes("_"):
        return None
    measure = _measure(cursor)
    body = _body(cursor)
    two = Number(Fraction(2), position)
    square = Mean(measure, Raised(body, two, position), position)
    return Chain("sum", square, ((True, Raised(Mean(measure, body, position), two, position)),), position)


def _measure(cursor: LatexCursor) -> Syntax:
    """The density, or the product of densities, below an expectation."""
    position = cursor.token.position
    if not cursor.takes("{"):
        if not cursor.starts_name():
            raise cursor.error("This measure is not understood.")
        return scripted(cursor, cursor.written())[0]
    first = _measured(cursor)
    rest: list[tuple[bool, Syntax]] = []
    while cursor.takes(","):
        rest.append((False, _measured(cursor)))
    cursor.need("}", "This measure is not understood.")
    return Chain("product", first, tuple(rest), position) if rest else first


def _measured(cursor: LatexCursor) -> Syntax:
    names = _drawn(cursor)
    density = cursor.product()
    if not names:
        return density
    if isinstance(density, Name):
        return Call(BARE, (density, *names), (), density.position)
    if isinstance(density, Call):
        written = [argument.text for argument in density.arguments if isinstance(argument, Name)]
        if written == [SLOT]:
            return Call(density.name, tuple(names), density.given, density.position)
        if written != [name.text for name in names]:
            raise cursor.error("The density behind ~ is not one of the variable before it.", density.position)
    return density


def _drawn(cursor: LatexCursor) -> list[Name]:
    """The names before a `\\sim`, read with it; none where there is no such sign."""
    start = cursor.index
    stop = next((i for i in range(start, cursor.closing(start - 1)) if cursor.between(i, i + 1)[0].text == "\\sim"), 0)
    if not stop:
        return []
    bracket = cursor.takes("(")
    names = [simple_name(cursor)]
    while cursor.takes(","):
        names.append(simple_name(cursor))
    if bracket:
        cursor.need(")", "A ) is expected here.")
    if cursor.takes("\\sim"):
        return names
    cursor.index = start
    return []


def _entropy(cursor: LatexCursor, position: int) -> Syntax | None:
    if cursor.token.text not in ("(", "[", "{"):
        return None
    opening = cursor.take()
    of = argument_list(cursor)
    given = argument_list(cursor) if cursor.takes("|") else ()
    cursor.close(opening)
    if len(of) == 2 and not given and all(isinstance(part, Call) for part in of):
        return Minus(Mean(of[0], Call("log", (of[1],), (), position), position), position)
    return Call("H", of, given, position)


def _information(cursor: LatexCursor, position: int) -> Syntax | None:
    letter = cursor.subscript()[0] if cursor.takes("_") else ""
    if cursor.token.text not in ("(", "["):
        return None
    opening = cursor.take()
    one = argument_list(cursor)
    other = argument_list(cursor) if cursor.takes(";") else ()
    cursor.close(opening)
    if not other:
        one, other = one[:1], one[1:]
    if not other or not all(isinstance(name, Name) for name in (*one, *other)):
        return None
    if len(one) == len(other) == 1:
        return Call("MI", (*one, *other), (), position, (Name(letter, position),))
    apart = Chain("product", Call(letter, one, (), position), ((False, Call(letter, other, (), position)),), position)
    return Divergence(Call(letter, (*one, *other), (), position), apart, position)


def _logarithm(cursor: LatexCursor, position: int) -> Syntax:
    bracket = cursor.token.text in ("(", "[")
    return Call("log", (cursor.bracket() if bracket else cursor.product(in_logarithm=True),), (), position)


def _exponential(cursor: LatexCursor, position: int) -> Syntax:
    return Call("exp", (cursor.group() if cursor.token.text not in ("(", "[") else cursor.bracket(),), (), position)


FUNCTIONAL_READERS: dict[str, Callable[[LatexCursor, int], Syntax | None]] = {
    "E": _mean,
    "KL": _relative_entropy,
    "D": _divergence,
    "H": _entropy,
    "I": _information,
    "Var": _variance,
    "log": _logarithm,
    "exp": _exponential,
}
"""By head: what reads the functional behind it, or answers None where the head is an ordinary name."""
