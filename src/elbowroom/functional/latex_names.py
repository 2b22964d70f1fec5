r"""Names in LaTeX with their sub- and superscripts and their arguments: `q_\phi^{*}(z|x)`, `\mathcal{L}(\theta; x)`."""

from __future__ import annotations

from elbowroom.errors import FormulaError
from elbowroom.functional.latex_cursor import CALLIGRAPHIC, OPENING, LatexCursor, Written
from elbowroom.functional.syntax import Call, Name, Raised, Syntax

SLOT = "cdot_"
"""The name of the argument in `q(\\cdot | x)`."""

_WORDS = ("ELBO", "DKL", "KL", "MI", "log", "ln", "exp", "const", "Var")
_LONGEST = max(map(len, _WORDS))
_CALLED_LETTERS = frozenset("fghklyTUVWuvw") | {"ell", "phi", "psi", "Phi", "Psi", "sigma"}
_HEADS = {
    "E": "E",
    "KL": "KL",
    "DKL": "KL",
    "D": "D",
    "H": "H",
    "I": "I",
    "MI": "I",
    "log": "log",
    "ln": "log",
    "exp": "exp",
    "Var": "Var",
    "V": "Var",
    "const": "const",
    "constant": "const",
    "ELBO": "ELBO",
}


def head(cursor: LatexCursor) -> str:
    """What a name that begins here is the head of: `E`, `KL`, `D`, `H`, `I`, `log`, ...; nothing for other names."""
    if not cursor.starts_name():
        return ""
    word = cursor.word(_LONGEST)
    if len(word) > 1:
        found = next((known for known in _WORDS if word.startswith(known)), word[0])
        return _HEADS.get(found, "") if len(found) > 1 or found in "EDHI" else ""
    start = cursor.index
    written = cursor.written()
    cursor.index = start
    known = _HEADS.get(written.text, "")
    if written.style in ("word", "double") or (written.style == "script" and written.text in ("H", "I", "D")):
        return known
    return known if written.style == "" and written.text in ("E", "D", "H", "I") else ""


def take_head(cursor: LatexCursor) -> Written:
    """Move on behind the head that stands here."""
    word = cursor.word(_LONGEST)
    known = next((known for known in _WORDS if word.startswith(known)), "") if len(word) > 1 else ""
    if not known:
        return cursor.written()
    position = cursor.token.position
    cursor.index += len(known)
    return Written(known, "word", position)


def scripted(cursor: LatexCursor, written: Written) -> tuple[Name, Syntax | None, bool]:
    """The name with its scripts; the power where a superscript is one; whether its subscript is still open.

    The last is so in `q_{\\theta(z|x)}`, a slip for `q_\\theta(z|x)`: the arguments stand in the subscript.
    """
    text = CALLIGRAPHIC + written.text if written.style == "script" else written.text
    below, marks, primes = "", "", ""
    power: Syntax | None = None
    still_open = False
    while cursor.token.text in ("_", "^", "'") and not still_open:
        if cursor.takes("'"):
            primes += "'"
        elif cursor.takes("_"):
            if below:
                raise cursor.error("There are two subscripts.")
            below, still_open = cursor.subscript()
        elif (mark := cursor.mark()) is not None:
            marks += f"_{mark}"
        else:
            if power is not None:
                raise cursor.error("There are two superscripts.")
            cursor.take()
            power = cursor.group()
    joined = below if below.isdigit() else f"_{below}" if below else ""
    return Name(f"{text}{joined}{marks}{primes}", written.position), power, still_open


def simple_name(cursor: LatexCursor) -> Name:
    """A name without arguments and without a power, such as the variable of an integral."""
    if not cursor.starts_name():
        raise cursor.error("A name is expected here.")
    name, power, still_open = scripted(cursor, cursor.written())
    if power is not None or still_open:
        raise cursor.error("A name is expected here, without a power and without arguments.")
    return name


def named(cursor: LatexCursor, written: Written) -> Syntax:
    """A name with the arguments that follow it, if they are its arguments and not a factor."""
    name, power, still_open = scripted(cursor, written)
    syntax: Syntax = name
    if cursor.token.text in ("(", "[") and (still_open or _are_arguments(cursor, name, written.style)):
        syntax = _call(cursor, name)
    if still_open:
        cursor.need("}", "A } is expected behind these arguments.")
    return syntax if power is None else Raised(syntax, power, name.position)


def argument_list(cursor: LatexCursor) -> tuple[Syntax, ...]:
    """Arguments separated by commas."""
    waiting, cursor.integrals = cursor.integrals, 0
    items = [_item(cursor)]
    while cursor.takes(","):
        items.append(_item(cursor))
    cursor.integrals = waiting
    return tuple(items)


def _item(cursor: LatexCursor) -> Syntax:
    if cursor.token.text == "*" and cursor.ahead().text in ("|", ",", ";", *OPENING.values()):
        return Name(SLOT, cursor.take().position)
    return cursor.sum()


def _call(cursor: LatexCursor, name: Name) -> Call:
    stop = cursor.closing(cursor.index)
    opening = cursor.take()
    arguments = argument_list(cursor)
    given: tuple[Syntax, ...] = ()
    if cursor.takes("|"):
        given = argument_list(cursor)
    if cursor.token.text == "||":
        raise cursor.error("The two bars stand only between the densities of a divergence.")
    if cursor.takes(";"):
        if name.text[0].isupper() or name.text.startswith(CALLIGRAPHIC):
            arguments = (*arguments, *argument_list(cursor))
        else:
            cursor.index = stop  # what stands behind the semicolon of a density or a function are its parameters
    cursor.close(opening)
    return Call(name.text, arguments, given, name.position)


def _are_arguments(cursor: LatexCursor, name: Name, style: str) -> bool:
    """Whether the bracket here holds the arguments of `name`, rather than a factor beside it."""
    texts = {token.text for token in cursor.between(cursor.index, cursor.closing(cursor.index))}
    functional = style in ("word", "script") or (name.text[:1].isupper() and name.text[1:2] in ("", "_", "'"))
    if cursor.token.text == "[":
        return functional and not texts & {"+", "-", "=", "\\int", "\\log"}
    if _lists_names(cursor):
        return True
    if functional:
        return not texts & {"+", "-", "=", "\\int", "\\log"}
    stem = name.text.split("_")[0].rstrip("0123456789'")
    return stem in _CALLED_LETTERS or (stem in ("p", "q", "r") and not texts & {"\\int", "\\log", "=", "("} - {"("})


def _lists_names(cursor: LatexCursor) -> bool:
    """Whether the bracket here holds names only, separated by commas, semicolons and one bar."""
    start = cursor.index
    cursor.take()
    try:
        while True:
            if cursor.token.text == "*" and cursor.ahead().text in ("|", ",", ";", ")"):
                cursor.take()
            else:
                simple_name(cursor)
            if cursor.takes(")"):
                return True
            if not any(cursor.takes(sign) for sign in (",", ";", "|")):
                return False
    except FormulaError:
        return False
    finally:
        cursor.index = start
