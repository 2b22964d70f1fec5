"""From text to expressions: what the names of a formula stand for.

A name is a *variable* if it is an argument of a density, if something is integrated over it, or if the
caller says so; a call is a *density* if it has a bar, if it is what an expectation, a divergence or an
entropy is taken of, or if its letter is p, q or r, perhaps with a number or a subscript (`q1`, `q_theta`);
any other call is an opaque function, and any other name a real parameter.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from typing import NoReturn

from elbowroom.errors import FormulaError
from elbowroom.functional.expression import (
    Constant,
    Equation,
    Expression,
    Function,
    Parameter,
    Power,
    Product,
    Sum,
    exp,
    log,
    sqrt,
)
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral
from elbowroom.functional.grammar import read_equation, read_expression
from elbowroom.functional.law import DensityValue, Variable
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
    parts,
)

DEEPEST_EXPRESSION = 100
"""An expression of more levels is refused, so that no operation on it meets the limit of Python's stack."""

_FUNCTIONS: dict[str, Callable[[Expression], Expression]] = {"log": log, "exp": exp, "sqrt": sqrt, "H": Entropy}
_KNOWN = ("log", "exp", "sqrt", "KL", "integral", "H", "E")
_PLANNED = ("abs", "sin", "cos", "diff", "MI")
_DENSITY = re.compile(r"[pqr](\d+|_\w+)?", re.ASCII)
_LARGEST_FOLDED = 4096


def parse(text: str, variables: Mapping[str, Variable] | None = None, functions: Collection[str] = ()) -> Expression:
    """The expression that `text` stands for in the plain notation.

    **Arguments.** `variables` gives the variables whose support is not the real line, by name; `functions`
    the names of opaque functions, which are needed only for names much like those of the notation.

    **Raises.** `FormulaError` with the place where reading stopped and what to do.

    >>> parse("log p(x,z)/q(z|x)")
    log(p(x,z)/q(z|x))
    >>> parse("E_q(z|x)[log p(x|z)] - beta*KL(q(z|x) || p(z))")
    E_q(z|x)[log p(x|z)] - beta*KL(q(z|x) || p(z))
    """
    syntax = read_expression(text)
    return _Meaning(text, (syntax,), variables or {}, functions).of(syntax)


def parse_equation(
    text: str, variables: Mapping[str, Variable] | None = None, functions: Collection[str] = ()
) -> Equation:
    """The equation that `text` stands for; arguments and errors as for `parse`.

    >>> parse_equation("integral(q(z|x), z) = 1")
    integral(q(z|x), z) = 1
    """
    left, right = read_equation(text)
    meaning = _Meaning(text, (left, right), variables or {}, functions)
    return Equation(meaning.of(left), meaning.of(right))


class _Meaning:
    """What each name of one text stands for."""

    def __init__(
        self,
        text: str,
        sides: tuple[Syntax, ...],
        variables: Mapping[str, Variable],
        functions: Collection[str],
    ):
        self._text = text
        self._declared = variables
        self._functions = functions
        self._letters: set[str] = set()
        self._variables: set[str] = set(variables)
        self._collect_letters(sides)
        self._collect_variables(sides)

    def of(self, syntax: Syntax, depth: int = 1) -> Expression:
        """The expression that a form stands for."""
        if depth > DEEPEST_EXPRESSION:
            self._fail(f"The formula has more than {DEEPEST_EXPRESSION} levels here. Write it in parts.", syntax)
        match syntax:
            case Number(value, _):
                return Constant(value)
            case Name():
                return self._name(syntax)
            case Call():
                return self._call(syntax, depth)
            case Chain():
                operands = [(inverse, self.of(part, depth + 1)) for inverse, part in syntax.rest]
                operands.insert(0, (False, self.of(syntax.first, depth + 1)))
                return _sum(operands) if syntax.operation == "sum" else self._product(syntax, operands)
            case Minus(operand, _):
                return -self.of(operand, depth + 1)
            case Raised(base, exponent, _):
                return Power(self.of(base, depth + 1), self.of(exponent, depth + 1))
            case Mean(measure, body, _):
                return self._make(Expectation, syntax, self.of(measure, depth + 1), self.of(body, depth + 1))
            case Divergence(left, right, _):
                return self._make(KL, syntax, self.of(left, depth + 1), self.of(right, depth + 1))
            case Integration(body, variable, _):
                return Integral(self.of(body, depth + 1), self._variable(variable))

    def _fail(self, reason: str, syntax: Syntax) -> NoReturn:
        raise FormulaError(reason, self._text, syntax.position)

    def _make(self, kind: Callable[..., Expression], syntax: Syntax, *arguments: Expression) -> Expression:
        try:
            return kind(*arguments)
        except TypeError as error:
            raise FormulaError(str(error), self._text, syntax.position) from error

    def _name(self, name: Name) -> Expression:
        if self._is_variable(name.text):
            return self._variable(name)
        if name.text in _FUNCTIONS or name.text in ("KL", "integral"):
            self._fail(f"{name.text} needs its argument in brackets: {name.text}(...).", name)
        if name.text in self._letters:
            self._fail(f"The density {name.text} needs its variables, as in {name.text}(z|x).", name)
        return Parameter(name.text)

    def _is_variable(self, name: str) -> bool:
        return name in self._variables or name.rstrip("'") in self._variables

    def _variable(self, name: Name) -> Variable:
        if name.text in self._declared:
            return self._declared[name.text]
        original = self._declared.get(name.text.rstrip("'"))
        return Variable(name.text) if original is None else Variable(name.text, original.support)

    def _call(self, call: Call, depth: int) -> Expression:
        if call.name in self._letters:
            return self._density(call)
        arguments = [self.of(argument, depth + 1) for argument in call.arguments]
        if call.name in _FUNCTIONS and call.name not in self._functions:
            if len(arguments) != 1:
                self._fail(f"{call.name} takes one argument, and here it has {len(arguments)}.", call)
            return self._make(_FUNCTIONS[call.name], call, arguments[0])
        self._refuse_misspelt(call)
        return Function(call.name, tuple(arguments))

    def _refuse_misspelt(self, call: Call) -> None:
        name = call.name
        if name in self._functions:
            return
        if name in _PLANNED:
            self._fail(f"{name} belongs to the notation, but this version does not compute with it yet.", call)
        if name.endswith("'"):
            self._fail(f"{name} cannot be called: a primed name is a second copy of a variable.", call)
        if nearest := _nearest(name):
            self._fail(f"There is no function {name}. Did you mean {nearest}?", call)

    def _density(self, call: Call) -> DensityValue:
        for argument in (*call.arguments, *call.given):
            if not isinstance(argument, Name):
                self._fail(f"The arguments of the density {call.name} are variables, and this is not one.", argument)
        of = tuple(self._variable(name) for name in call.arguments if isinstance(name, Name))
        given = tuple(self._variable(name) for name in call.given if isinstance(name, Name))
        roles = [variable.role for variable in (*of, *given)]
        for role in roles:
            if roles.count(role) > 1:
                self._fail(f"The density {call.name} has the variable {role} more than once.", call)
        return DensityValue(call.name, of, given)

    def _product(self, chain: Chain, operands: list[tuple[bool, Expression]]) -> Expression:
        for (inverse, value), (_, part) in zip(operands[1:], chain.rest, strict=True):
            if inverse and isinstance(value, Constant) and value.value == 0:
                self._fail("This divides by zero.", part)
        return _product(operands)

    def _collect_letters(self, sides: tuple[Syntax, ...]) -> None:
        for form in _all_forms(sides):
            if isinstance(form, Call) and (form.given or _DENSITY.fullmatch(form.name)):
                self._add_letter(form)
            elif isinstance(form, Mean):
                self._add_letter(*_factors(form.measure))
            elif isinstance(form, Divergence):
                self._add_letter(*_factors(form.left), *_factors(form.right))
            elif isinstance(form, Call) and form.name == "H":
                self._add_letter(*form.arguments)

    def _add_letter(self, *candidates: Syntax) -> None:
        for call in candidates:
            if not isinstance(call, Call) or call.name in self._functions:
                continue
            if call.name in _FUNCTIONS or call.name in _PLANNED:
                if call.given:
                    self._fail(f"{call.name} is a function of the notation, and takes no bar.", call)
                continue
            if not _DENSITY.fullmatch(call.name):
                self._refuse_misspelt(call)
            self._letters.add(call.name)

    def _collect_variables(self, sides: tuple[Syntax, ...]) -> None:
        for form in _all_forms(sides):
            if isinstance(form, Call) and form.name in self._letters:
                self._variables.update(part.text for part in parts(form) if isinstance(part, Name))
            elif isinstance(form, Integration):
                self._variables.add(form.variable.text)


def _nearest(name: str) -> str | None:
    if len(name) < 2:
        return None
    by_lower = {known.lower(): known for known in _KNOWN}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.66)
    return by_lower[found[0]] if found else None


def _all_forms(sides: tuple[Syntax, ...]) -> list[Syntax]:
    found: list[Syntax] = list(sides)
    for form in found:  # grows while it is read
        found.extend(parts(form))
    return found


def _factors(syntax: Syntax) -> tuple[Syntax, ...]:
    return parts(syntax) if isinstance(syntax, Chain) else (syntax,)


def _sum(operands: list[tuple[bool, Expression]]) -> Expression:
    terms: list[Expression] = []
    for inverse, value in operands:
        value = -value if inverse else value
        terms.extend(value.terms if isinstance(value, Sum) else (value,))
    return Sum(tuple(terms))


def _product(operands: list[tuple[bool, Expression]]) -> Expression:
    number = Fraction(1)
    used = 0
    for inverse, value in operands:
        if not isinstance(value, Constant) or number.denominator.bit_length() > _LARGEST_FOLDED:
            break
        if number.numerator.bit_length() > _LARGEST_FOLDED:
            break
        number = number / value.value if inverse else number * value.value
        used += 1
    factors: list[Expression] = [Constant(number)] if used else []
    for inverse, value in operands[used:]:
        if inverse:
            factors.append(Power(value, Constant(Fraction(-1))))
        else:
            factors.extend(value.factors if isinstance(value, Product) else (value,))
    return Product(tuple(factors)) if len(factors) > 1 else factors[0]
