r"""Reading the LaTeX that papers use: from text to `syntax`, by descent through the levels of precedence.

sum       = ["+" | "-"] product (("+" | "-") product)*
product   = signed (("\cdot" | "\times" | "/" | nothing) signed)*
signed    = "-"* power
power     = operand ["^" group]
operand   = number | name | bracket | fraction | logarithm | integral | finite sum | expectation | divergence | ...

A logarithm without brackets takes the product that follows, up to the next sign, integral, expectation or logarithm.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from elbowroom.functional.grammar import DEEPEST_NESTING, LONGEST_NUMBER
from elbowroom.functional.latex_cursor import OPENING, LatexCursor
from elbowroom.functional.latex_functionals import FUNCTIONAL_READERS
from elbowroom.functional.latex_integrals import at_differential, differential_sign, finite_sum, integral, take_sign
from elbowroom.functional.latex_lexer import LatexToken
from elbowroom.functional.latex_names import head, named, take_head
from elbowroom.functional.syntax import Call, Chain, Minus, Name, Number, Raised, Syntax

_ENDS_LOGARITHM = frozenset({"\\log", "\\int", "\\sum", "\\exp"})
_FUNCTIONS = frozenset({"\\sin", "\\cos", "\\tan", "\\tanh", "\\sinh", "\\cosh"})
_DOTS = "Dots are not understood: it is not said what they stand for."
_EXTREMUM = "An extremum is not understood inside a formula."
_NOT_UNDERSTOOD = {
    "\\prod": "A product over an index is not understood.",
    "\\nabla": "A gradient is not understood.",
    "\\max": _EXTREMUM,
    "\\min": _EXTREMUM,
    "\\arg": _EXTREMUM,
    "\\argmin": _EXTREMUM,
    "\\argmax": _EXTREMUM,
    "\\sup": _EXTREMUM,
    "\\inf": _EXTREMUM,
    "\\lim": "A limit is not understood.",
    "\\ldots": _DOTS,
    "\\dots": _DOTS,
    "\\cdots": _DOTS,
    "\\dotsc": _DOTS,
    "\\pm": "A sign that may be either is not understood.",
}


def read_latex(text: str, *, narrow_logarithms: bool = False) -> Syntax:
    r"""The form of a text in LaTeX that holds one expression.

    **Arguments.** With `narrow_logarithms` a logarithm without brackets takes the first factor behind it only, as
    some papers mean it, and not the whole product.

    **Raises.** `FormulaError` at the place where reading stops.

    >>> read_latex(r"\lambda").text
    'lambda'
    """
    reader = _LatexReader(text, narrow_logarithms)
    syntax = reader.sum()
    reader.finish()
    return syntax


class _LatexReader(LatexCursor):
    """A place in a formula; each method reads one level of the grammar and moves on behind it."""

    def __init__(self, text: str, narrow_logarithms: bool):
        super().__init__(text)
        self._depth = 0
        self._narrow = narrow_logarithms

    def finish(self) -> None:
        """Check that nothing follows."""
        token = self.token
        if token.text in (")", "]", "}"):
            raise self.error(f"This {token.text} closes a bracket that was not opened.")
        if token.kind != "end":
            raise self.error(f"This {token.text} is not understood here.")

    def sum(self) -> Syntax:
        position = self.token.position
        first = self.product()
        rest: list[tuple[bool, Syntax]] = []
        while self.token.text in ("+", "-"):
            inverse = self.take().text == "-"
            rest.append((inverse, self.product()))
        return Chain("sum", first, tuple(rest), position) if rest else first

    def product(self, in_logarithm: bool = False) -> Syntax:
        position = self.token.position
        first = self._signed()
        rest: list[tuple[bool, Syntax]] = []
        while True:
            if self.token.text in ("*", "/"):
                inverse = self.take().text == "/"
                rest.append((inverse, self._signed()))
            elif self.starts_factor() and not (in_logarithm and self._ends_logarithm()):
                rest.append((False, self._power()))
            else:
                return Chain("product", first, tuple(rest), position) if rest else first

    def _signed(self) -> Syntax:
        position = self.token.position
        negative = False
        while self.token.text in ("+", "-"):
            negative ^= self.take().text == "-"
        syntax = self._power()
        return Minus(syntax, position) if negative else syntax

    def _power(self) -> Syntax:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise self.error(f"The formula is nested more than {DEEPEST_NESTING} levels deep here. Write it in parts.")
        position = self.token.position
        syntax = self._operand()
        while self.takes("^"):
            syntax = Raised(syntax, self.group(), position)
        self._depth -= 1
        return syntax

    def group(self) -> Syntax:
        token = self.token
        if token.text == "{":
            return self.bracket()
        if token.kind == "number" and token.text.isdigit():
            return Number(Fraction(self.take_figure()), token.position)
        if token.kind == "letter":
            self.take()
            return Name(token.text, token.position)
        return self._operand()

    def starts_factor(self) -> bool:
        token = self.token
        if token.kind == "end" or at_differential(self):
            return False
        if token.kind in ("number", "letter"):
            return True
        if token.kind == "symbol":
            return token.text in OPENING
        return self.starts_name() or token.text in _STARTING

    def _ends_logarithm(self) -> bool:
        return self._narrow or self.token.text in _ENDS_LOGARITHM or head(self) in ("E", "KL", "D", "log", "exp")

    def _operand(self) -> Syntax:
        token = self.token
        if token.kind == "number":
            return self._number()
        if token.text in OPENING:
            return self.bracket()
        if token.text == "|":
            return self._absolute()
        if token.kind == "end":
            raise self.error("The formula ends where an operand is expected.")
        if token.text in _READERS:
            self.take()
            return _READERS[token.text](self, token)
        if self.starts_name():
            return self._name()
        raise self.error(_NOT_UNDERSTOOD.get(token.text, f"This {token.text} is not understood here."))

    def _number(self) -> Number:
        token = self.take()
        if len(token.text) > LONGEST_NUMBER:
            raise self.error(f"This number has more than {LONGEST_NUMBER} figures.", token.position)
        return Number(Fraction(token.text), token.position)

    def _name(self) -> Syntax:
        start, position = self.index, self.token.position
        kind = head(self)
        if kind in FUNCTIONAL_READERS:
            take_head(self)
            syntax = FUNCTIONAL_READERS[kind](self, position)
            if syntax is not None:
                return syntax
            self.index = start
        if self.token.text == "e" and self.ahead().text == "^":
            self.index += 2
            return Call("exp", (self.group(),), (), position)
        return named(self, take_head(self))

    def bracket(self) -> Syntax:
        opening = self.take()
        waiting = self.integrals
        if opening.text != "{":
            self.integrals = 0
        syntax = self.sum()
        self.integrals = waiting
        self.close(opening)
        return syntax

    def _absolute(self) -> Syntax:
        opening = self.take()
        body = self.sum()
        self.need("|", "This | is neither the bar of a density nor closed as an absolute value.")
        return Call("abs", (body,), (), opening.position)

    def _argument(self) -> Syntax:
        """What a function takes: a bracket, or without one the product that follows."""
        if self.token.text not in ("(", "["):
            return self.product(in_logarithm=True)
        body = self.bracket()
        if self.token.text == "^":
            raise self.error("It is not clear whether this power belongs to the argument or to the function.")
        return body

    def _fraction(self, token: LatexToken) -> Syntax:
        if self.token.text == "{":
            above = differential_sign(self, self.index + 1)
            below = differential_sign(self, self.closing(self.index) + 2)
            if above and above == below:
                return self._derivative(token, above)
        numerator, denominator = self.group(), self.group()
        return Chain("product", numerator, ((True, denominator),), token.position)

    def _derivative(self, token: LatexToken, sign: str) -> Syntax:
        self.take()
        take_sign(self)
        body = None if self.token.text == "}" else self.sum()
        self.need("}", "A } is expected at the end of this numerator.")
        self.need("{", "A derivative has a denominator in braces.")
        take_sign(self)
        by = self._power()
        self.need("}", "A derivative of higher order is not understood.")
        name = "variation" if sign == "delta" else "diff"
        return Call(name, (self._argument() if body is None else body, by), (), token.position)

    def _root(self, token: LatexToken) -> Syntax:
        degree = self.bracket() if self.token.text == "[" else None
        body = self.group()
        if degree is None:
            return Call("sqrt", (body,), (), token.position)
        one = Number(Fraction(1), token.position)
        return Raised(body, Chain("product", one, ((True, degree),), token.position), token.position)

    def _logarithm(self, token: LatexToken) -> Syntax:
        base = self.group() if self.takes("_") else None
        if self.token.text == "^":
            raise self.error("A superscript on the logarithm is not understood. Put the logarithm in brackets.")
        syntax = Call("log", (self._argument(),), (), token.position)
        if base is None:
            return syntax
        return Chain("product", syntax, ((True, Call("log", (base,), (), token.position)),), token.position)

    def _exponential(self, token: LatexToken) -> Syntax:
        body = self._argument() if self.token.text != "{" else self.bracket()
        return Call("exp", (body,), (), token.position)

    def _function(self, token: LatexToken) -> Syntax:
        return Call(token.text[1:], (self._argument(),), (), token.position)

    def _annotated(self, token: LatexToken) -> Syntax:
        """`\\underbrace{...}_{note}`: what stands in the brace; the note on it is left out."""
        body = self.group()
        while self.token.text in ("_", "^") and self.ahead().text == "{":
            self.index = self.closing(self.index + 1) + 1
        return body

    def _coloured(self, token: LatexToken) -> Syntax:
        if self.token.text == "{":
            self.index = self.closing(self.index) + 1
        return self.group()

    def _infinity(self, token: LatexToken) -> Syntax:
        return Name("inf", token.position)


_READERS: dict[str, Callable[[_LatexReader, LatexToken], Syntax]] = {
    "\\frac": _LatexReader._fraction,
    "\\sqrt": _LatexReader._root,
    "\\log": _LatexReader._logarithm,
    "\\exp": _LatexReader._exponential,
    "\\int": integral,
    "\\sum": finite_sum,
    "\\underbrace": _LatexReader._annotated,
    "\\overbrace": _LatexReader._annotated,
    "\\boxed": _LatexReader._annotated,
    "\\cancel": _LatexReader._annotated,
    "\\textcolor": _LatexReader._coloured,
    "\\infty": _LatexReader._infinity,
    **dict.fromkeys(_FUNCTIONS, _LatexReader._function),
}
_STARTING = frozenset(_READERS) | frozenset(_NOT_UNDERSTOOD)
