"""Reading the plain notation: from text to `syntax`, by descent through the levels of precedence.

equation  = sum "=" sum
sum       = product (("+" | "-") product)*
product   = signed (("*" | "/") signed)*
signed    = "-"* power
power     = operand ["**" signed]
operand   = number | name | "(" sum ")" | call | "log" product | expectation | divergence | integral
"""

from __future__ import annotations

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
    Syntax,
)

DEEPEST_NESTING = 50
"""A formula nested deeper is refused, rather than run into the limit of Python's own stack."""

LARGEST_EXPONENT = 300
LONGEST_NUMBER = 300

_CLOSING = {"(": ")", "[": "]", "{": "}"}


def read_expression(text: str) -> Syntax:
    """The form of a text that holds one expression. Raises `FormulaError` at the place where reading stops."""
    reader = _Reader(text)
    syntax = reader.sum()
    if reader.token.text == "=":
        raise reader.error(
            "An equation stands where one expression is expected. Leave out the equals sign and one side."
        )
    reader.finish()
    return syntax


def read_equation(text: str) -> tuple[Syntax, Syntax]:
    """The two sides of a text that holds one equation. Raises `FormulaError` at the place where reading stops."""
    reader = _Reader(text)
    left = reader.sum()
    if reader.token.kind == "end":
        raise reader.error("There is no equals sign. Write an identity as LEFT = RIGHT.")
    if reader.token.text != "=":
        reader.finish()
    reader.take()
    right = reader.sum()
    if reader.token.text == "=":
        raise reader.error("There is a second equals sign. Write one identity at a time.")
    reader.finish()
    return left, right


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

    def finish(self) -> None:
        """Check that nothing follows."""
        token = self.token
        if token.kind == "end":
            return
        if token.text in (")", "]", "}"):
            raise self.error(f"This {token.text} closes a bracket that was not opened. Take it out, or open it.")
        if token.text == "||":
            raise self.error("The two bars || stand only inside KL( || ).")
        if token.text == "|":
            raise self.error("The bar | stands only between the arguments of a density, as in q(z|x).")
        if token.kind == "symbol" and token.text not in ("(", "∫"):
            raise self.error(f"The formula should end before this {token.text}.")
        raise self.error("An operator is missing before this. Write * for a product.")

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
            if token.text == "KL":
                return self._divergence(token)
            return self._call(token)
        if token.text == "log":
            return Call("log", (self.product(),), (), token.position)
        if token.text == "E" and self.token.text == "[":
            raise self.error("This expectation has no density. Write which one: E_q(z|x)[...].", token.position)
        return Name(token.text, token.position)

    def _call(self, name: Token) -> Syntax:
        opening = self.take()
        arguments = self._list(opening)
        given: tuple[Syntax, ...] = ()
        if self.token.text == "|":
            self.take()
            given = self._list(opening)
        if self.token.text == "||":
            reason = (
                f"Two bars stand only between the densities of KL, as in KL(q(z) || p(z)), not in {name.text}(...)."
            )
            raise self.error(f"{reason} Did you mean KL, or one bar?", name.position)
        self._close(opening)
        if name.text == "integral":
            return self._integral(name, arguments)
        return Call(name.text, arguments, given, name.position)

    def _list(self, opening: Token) -> tuple[Syntax, ...]:
        if self.token.text in (")", "|"):
            raise self.error(f"An argument is missing before this {self.token.text}.")
        items = [self.sum()]
        while self.token.text == ",":
            self.take()
            items.append(self.sum())
        return tuple(items)

    def _integral(self, name: Token, arguments: tuple[Syntax, ...]) -> Integration:
        if len(arguments) != 2:
            reason = f"integral takes an integrand and a variable, as in integral(q(z), z); {len(arguments)} arguments"
            raise self.error(f"{reason} are given.", name.position)
        body, variable = arguments
        if not isinstance(variable, Name):
            raise self.error("The second argument of integral is the variable that it runs over.", variable.position)
        return Integration(body, variable, name.position)

    def _integral_sign(self) -> Integration:
        sign = self.take()
        body = self.sum()
        token = self.token
        if token.kind != "name" or not token.text.startswith("d") or len(token.text) == 1:
            raise self.error("The integral sign needs its variable behind the integrand, as in ∫ q(z) dz.")
        self.take()
        return Integration(body, Name(token.text[1:], token.position + 1), sign.position)

    def _divergence(self, name: Token) -> Divergence:
        opening = self.take()
        left = self.sum()
        if self.token.text != "||":
            raise self.error("KL has two bars between its densities, as in KL(q(z|x) || p(z|x)).")
        self.take()
        right = self.sum()
        self._close(opening)
        return Divergence(left, right, name.position)

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
        if self.token.text == "=":
            raise self.error(f"The bracket {opening.text} is still open before this =. Close it with {wanted}.")
        if self.token.kind == "symbol" and self.token.text != "(":
            raise self.error(f"A {wanted} is expected before this {self.token.text}.")
        raise self.error("An operator is missing before this. Write * for a product.")
