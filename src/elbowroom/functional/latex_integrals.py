r"""Integrals and sums over values of a variable in LaTeX: `\int_a^b \ldots dz`, `\int dz \ldots`, `\sum_z \ldots`."""

from __future__ import annotations

from fractions import Fraction

from elbowroom.functional.latex_cursor import CALLIGRAPHIC, WORD_FONTS, LatexCursor
from elbowroom.functional.latex_lexer import LatexToken
from elbowroom.functional.latex_names import simple_name
from elbowroom.functional.syntax import Integration, Minus, Name, Number, Syntax

_INDEXED = "A sum over an index is not understood; a sum over the values of a variable is."


def differential_sign(cursor: LatexCursor, index: int) -> str:
    """`d`, `partial` or `delta` where the token with this index is the sign of a differential, else nothing."""
    texts = [token.text for token in cursor.between(index, index + 4)]
    if texts[:1] in (["d"], ["\\partial"], ["\\delta"]):
        return texts[0].lstrip("\\")
    return "d" if len(texts) == 4 and texts[0] in WORD_FONTS and texts[1:] == ["{", "d", "}"] else ""


def take_sign(cursor: LatexCursor) -> None:
    """Move on behind the sign of a differential."""
    if cursor.take().text in WORD_FONTS:
        cursor.index += 3


def at_differential(cursor: LatexCursor) -> bool:
    """Whether the differential of an integral begins here: `dz`, `\\mathrm{d} z`."""
    if not cursor.integrals or differential_sign(cursor, cursor.index) != "d":
        return False
    after = cursor.ahead(4 if cursor.token.text in WORD_FONTS else 1)
    return after.kind == "letter" or (after.kind == "command" and after.text[1:].isalpha())


def integral(cursor: LatexCursor, sign: LatexToken) -> Syntax:
    """What follows an integral sign, up to and with its differential."""
    lower, upper, over = _limits(cursor)
    cursor.integrals += 1
    variables = _differentials(cursor, None)
    if variables and not cursor.starts_factor():
        body: Syntax = Number(Fraction(1), sign.position)
    else:
        body = cursor.product() if variables else cursor.sum()
    if not variables:
        variables = _differentials(cursor, None if cursor.integrals == 1 else 1)
    cursor.integrals -= 1
    if not variables and over is not None:
        variables = [over]
    if not variables:
        raise cursor.error("The integral has no differential, so its variable is not known.", sign.position)
    for variable in variables:
        body = _integration(body, variable, lower, upper, sign.position)
    return body


def finite_sum(cursor: LatexCursor, sign: LatexToken) -> Syntax:
    """What follows a `\\sum`: a sum over the values of a variable is an integral over it."""
    cursor.need("_", "A sum needs its variable below it.")
    if cursor.token.text == "{":
        below = cursor.between(cursor.index, cursor.closing(cursor.index))
        if any(token.text == "=" for token in below):
            raise cursor.error(_INDEXED)
    variables = _summed(cursor)
    if cursor.token.text == "^":
        raise cursor.error(_INDEXED)
    body = cursor.product()
    for variable in variables:
        body = Integration(body, variable, sign.position)
    return body


def _differentials(cursor: LatexCursor, at_most: int | None) -> list[Name]:
    found: list[Name] = []
    while at_differential(cursor) and (at_most is None or len(found) < at_most):
        take_sign(cursor)
        found.append(simple_name(cursor))
    return found


def _limits(cursor: LatexCursor) -> tuple[Syntax | None, Syntax | None, Name | None]:
    """The bounds of an integral, and the variable where only that, or its domain, stands below the sign."""
    lower = upper = None
    over: Name | None = None
    while cursor.token.text in ("_", "^"):
        if cursor.takes("^"):
            upper = cursor.group()
        else:
            cursor.take()
            if _names_a_domain(cursor):
                over = _domain(cursor)
            else:
                lower = cursor.group()
    if upper is not None and lower is None:
        raise cursor.error("The integral has an upper bound and no lower one.")
    if lower is not None and upper is None:
        over = lower if isinstance(lower, Name) and not lower.text.startswith(CALLIGRAPHIC) else None
        return None, None, over
    return lower, upper, over


def _names_a_domain(cursor: LatexCursor) -> bool:
    stop = cursor.closing(cursor.index) if cursor.token.text == "{" else cursor.index + 1
    texts = {token.text for token in cursor.between(cursor.index, stop)}
    return bool(texts & {"\\in", "\\mathbb", "\\mathcal", "\\Omega"})


def _domain(cursor: LatexCursor) -> Name | None:
    """The variable of `z \\in Z` where one is named; the domain itself is the support of the variable."""
    if not cursor.takes("{"):
        cursor.written()
        return None
    stop = cursor.closing(cursor.index - 1)
    inside = cursor.between(cursor.index, stop)
    name = simple_name(cursor) if any(token.text == "\\in" for token in inside) else None
    cursor.index = stop + 1
    return name


def _summed(cursor: LatexCursor) -> list[Name]:
    if not cursor.takes("{"):
        return [simple_name(cursor)]
    stop = cursor.closing(cursor.index - 1)
    found = [simple_name(cursor)]
    while cursor.takes(","):
        found.append(simple_name(cursor))
    if cursor.index < stop and cursor.token.text != "\\in":
        raise cursor.error("The variable of this sum is not understood.")
    cursor.index = stop + 1
    return found


def _integration(body: Syntax, variable: Name, lower: Syntax | None, upper: Syntax | None, position: int) -> Syntax:
    if lower is None or upper is None or (_infinite(lower) and _infinite(upper)):
        return Integration(body, variable, position)
    return Integration(body, variable, position, (lower, upper))


def _infinite(bound: Syntax) -> bool:
    inner = bound.operand if isinstance(bound, Minus) else bound
    return isinstance(inner, Name) and inner.text == "inf"
