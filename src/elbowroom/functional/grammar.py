"""Reading the plain notation: from text to `syntax`, by descent through the levels of precedence.

statement = sum ("=" | ">=" | "<=") sum
sum       = product (("+" | "-") product)*
product   = signed (("*" | "/") signed)*
signed    = "-"* power
power     = operand ["**" signed]
operand   = number | name | "(" sum ")" | call | "log" product | expectation | divergence | integral
"""

from __future__ import annotations

import difflib
from fractions import Fraction

from elbowroom.errors import FormulaError
from elbowroom.functional.lexer import Token, tokens
from elbowroom.functional.syntax import (
    Call,
    Chain,
    Divergence,
    Integration,
    Mean,
    Minus,
    Name,
    Number,
    Raised,
    Statement,
    Syntax,
)

DEEPEST_NESTING = 50
"""A formula nested deeper is refused, rather than run into the limit of Python's own stack."""

LARGEST_EXPONENT = 300
LONGEST_NUMBER = 300

_LOGS = ("log", "ln")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_RELATIONS = {"=": "An equation", ">=": "An inequality", "<=": "An inequality"}


def read_expression(text: str) -> Syntax:
    """The form of a text that holds one expression. Raises `FormulaError` at the place where reading stops."""
    reader = _Reader(text)
    syntax = reader.sum()
    if reader.token.text in _RELATIONS:
        raise reader.error(f"{_RELATIONS[reader.token.text]} stands where one expression is expected. Give one side.")
    reader.finish()
    return syntax


def read_statement(text: str) -> Statement:
    """A text that holds one equation or inequality. Raises `FormulaError` at the place where reading stops."""
    reader = _Reader(text)
    left = reader.sum()
    if reader.token.kind == "end":
        raise reader.error("There is no equals sign. Write an identity as LEFT = RIGHT, or a bound as LEFT >= RIGHT.")
    if reader.token.text not in _RELATIONS:
        reader.finish()
    relation = reader.take().text
    right = reader.sum()
    if reader.token.text in _RELATIONS:
        raise reader.error(f"There is a second {reader.token.text}. Write one statement at a time.")
    reader.finish()
    return Statement(right, left, ">=") if relation == "<=" else Statement(left, right, relation)


class _Reader:
    """A place in a list of tokens; each method reads one level of the grammar and moves on behind it."""

    def __init__(self, text: str):
        self._text = text
        self._tokens = tokens(text)
        self._index = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._index]

    def take(self) -> Token:
        token = self.token
        self._index += token.kind != "end"
        return token

    def error(self, reason: str, position: int | None = None) -> FormulaError:
        return FormulaError(reason, self._text, self.token.position if position is None else position)

    def _operator_missing(self) -> FormulaError:
        """The error where an operand follows another one; `log` alone goes without brackets, and may be misspelt."""
        before = self._tokens[self._index - 1]
        if before.kind == "name" and len(before.text) > 1 and difflib.get_close_matches(before.text, _LOGS, cutoff=0.6):
            return self.error(f"There is no function {before.text}. Did you mean log?", before.position)
        return self.error("An operator is missing before this. Write * for a product.")

    def finish(self) -> None:
        """Check that nothing follows."""
        token = self.token
        if token.kind == "end":
            return
        if token.text in (")", "]", "}"):
            raise self.error(f"This {token.text} closes a bracket that was not opened. Take it out, or open it.")
        if token.text == "||":
            raise self.error("The two bars || stand only inside a divergence such as KL( || ).")
        if token.text == "|":
            raise self.error("The bar | stands only between the arguments of a density, as in q(z|x).")
        if token.kind == "symbol" and token.text not in ("(", "∫"):
            raise self.error(f"The formula should end before this {token.text}.")
        raise self._operator_missing()

    def sum(self) -> Syntax:
        return self._chain("sum", "+", "-")

    def _chain(self, operation: str, forward: str, backward: str) -> Syntax:
        position = self.token.position
        operand = self.product if operation == "sum" else self._signed
        first = operand()
        rest: list[tuple[bool, Syntax]] = []
        while self.token.kind == "symbol" and self.token.text in (forward, backward):
            inverse = self.take().text == backward
            rest.append((inverse, operand()))
        return Chain(operation, first, tuple(rest), position) if rest else first

    def product(self) -> Syntax:
        return self._chain("product", "*", "/")

    def _signed(self) -> Syntax:
        signs: list[int] = []
        while self.token.text in ("-", "+"):
            if self.token.text == "-":
                signs.append(self.token.position)
            self.take()
        syntax = self._power()
        # Two minus signs cancel, so that a long row of them does not nest.
        return Minus(syntax, signs[0]) if len(signs) % 2 else syntax

    def _power(self) -> Syntax:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise self.error(f"The formula is nested more than {DEEPEST_NESTING} levels deep here. Write it in parts.")
        position = self.token.position
        syntax = self._operand()
        if self.token.text == "**":
            self.take()
            syntax = Raised(syntax, self._signed(), position)
        self._depth -= 1
        return syntax

    def _operand(self) -> Syntax:
        token = self.token
        if token.kind == "number":
            return self._number()
        if token.kind == "name":
            return self._name()
        if token.text == "(":
            self.take()
            syntax = self.sum()
            self._close(token)
            return syntax
        if token.text == "∫":
            return self._integral_sign()
        if token.kind == "end":
            raise self.error("The formula ends where an operand is expected: a number, a name, or a bracket.")
        raise self.error(f"An operand is expected before this {token.text}: a number, a name, or a bracket.")

    def _number(self) -> Number:
        token = self.take()
        mantissa, _, exponent = token.text.lower().partition("e")
        too_long = len(mantissa) > LONGEST_NUMBER or len(exponent) > 5
        if too_long or abs(int(exponent or 0)) > LARGEST_EXPONENT:
            reason = f"This number is too long or too large: at most {LONGEST_NUMBER} digits, exponents up to 300."
            raise self.error(reason, token.position)
        return Number(Fraction(token.text), token.position)

    def _name(self) -> Syntax:
        token = self.take()
        if token.text.startswith("E_"):
            return self._expectation(token)
        if self.token.text == "(":
            if token.text == "E":
                raise self.error("An expectation is written with its density: E_q(z|x)[...].", token.position)
            return self._call(token)
        if token.text == "log":
            return Call("log", (self.product(),), (), token.position)
        if token.text == "E" and self.token.text == "[":
            raise self.error("This expectation has no density. Write which one: E_q(z|x)[...].", token.position)
        return Name(token.text, token.position)

    def _call(self, name: Token) -> Syntax:
        opening = self.take()
        before: tuple[Syntax, ...] = ()
        arguments = self._list()
        if self.token.text == ";":
            self.take()
            before, arguments = arguments, self._list()
        if self.token.text == "||":
            return self._divergence(name, opening, before, arguments)
        given: tuple[Syntax, ...] = ()
        if self.token.text == "|":
            self.take()
            given = self._list()
        self._close(opening)
        if name.text == "integral":
            return self._integral(name, arguments)
        return Call(name.text, arguments, given, name.position, before)

    def _list(self) -> tuple[Syntax, ...]:
        if self.token.text in (")", "|", ";"):
            raise self.error(f"An argument is missing before this {self.token.text}.")
        items = [self.sum()]
        while self.token.text == ",":
            self.take()
            items.append(self.sum())
        return tuple(items)

    def _integral(self, name: Token, arguments: tuple[Syntax, ...]) -> Integration:
        if len(arguments) not in (2, 4):
            raise self.error(
                "integral takes an integrand and a variable, as in integral(q(z), z), and perhaps two bounds behind "
                f"them; {len(arguments)} arguments are given.",
                name.position,
            )
        body, variable, *bounds = arguments
        if not isinstance(variable, Name):
            raise self.error("The second argument of integral is the variable that it runs over.", variable.position)
        return Integration(body, variable, name.position, (bounds[0], bounds[1]) if bounds else None)

    def _integral_sign(self) -> Integration:
        sign = self.take()
        body = self.sum()
        token = self.token
        if token.kind != "name" or not token.text.startswith("d") or len(token.text) == 1:
            raise self.error("The integral sign needs its variable behind the integrand, as in ∫ q(z) dz.")
        self.take()
        return Integration(body, Name(token.text[1:], token.position + 1), sign.position)

    def _divergence(
        self, name: Token, opening: Token, before: tuple[Syntax, ...], arguments: tuple[Syntax, ...]
    ) -> Divergence:
        if len(arguments) != 1 or len(before) > 1:
            raise self.error("A divergence has one density on each side of its two bars, as in KL(q(z|x) || p(z|x)).")
        self.take()
        right = self.sum()
        self._close(opening)
        return Divergence(arguments[0], right, name.position, name.text, before[0] if before else None)

    def _expectation(self, name: Token) -> Mean:
        letter = name.text.removeprefix("E_")
        opening = self.token
        if letter and opening.text == "(":
            measure = self._call(Token("name", letter, name.position + 2))
        elif not letter and opening.text == "{":
            self.take()
            measure = self.sum()
            self._close(opening)
        else:
            raise self.error("The density of an expectation has its variables: E_q(z|x)[...].", name.position)
        opening = self.token
        if opening.text != "[":
            raise self.error("What an expectation is taken of stands in square brackets: E_q(z|x)[...].")
        self.take()
        body = self.sum()
        self._close(opening)
        return Mean(measure, body, name.position)

    def _close(self, opening: Token) -> None:
        wanted = _CLOSING[opening.text]
        if self.token.text == wanted:
            self.take()
            return
        if self.token.kind == "end":
            raise self.error(
                f"This {opening.text} is never closed. Add {wanted} where it should end.", opening.position
            )
        if self.token.text in _RELATIONS:
            token = self.token.text
            raise self.error(f"The bracket {opening.text} is still open before this {token}. Close it with {wanted}.")
        if self.token.kind == "symbol" and self.token.text != "(":
            raise self.error(f"A {wanted} is expected before this {self.token.text}.")
        raise self._operator_missing()
