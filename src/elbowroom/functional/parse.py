"""From text to expressions, in the plain notation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from elbowroom.errors import FormulaError
from elbowroom.functional.expression import Equation, Expression, Inequality
from elbowroom.functional.grammar import read_expression, read_statement
from elbowroom.functional.law import Variable
from elbowroom.functional.meaning import Meaning
from elbowroom.functional.names import Declared, Names
from elbowroom.functional.syntax import Syntax


def parse(
    text: str,
    variables: Mapping[str, Variable] | None = None,
    functions: Collection[str] = (),
    *,
    declared: Declared | None = None,
) -> Expression:
    """The expression that `text` stands for in the plain notation.

    **Arguments.** `variables` gives the variables whose support is not the real line, by name; `functions`
    the names of opaque functions, which are needed only for names much like those of the notation; `declared`
    says all this and more in their place.

    **Raises.** `FormulaError` with the place where reading stopped and what to do.

    >>> parse("log p(x,z)/q(z|x)")
    log(p(x,z)/q(z|x))
    >>> parse("E_q(z|x)[log p(x|z)] - beta*KL(q(z|x) || p(z))")
    E_q(z|x)[log p(x|z)] - beta*KL(q(z|x) || p(z))
    """
    syntax = read_expression(text)
    return meanings(text, [syntax], declared or Declared(variables or {}, functions=functions))[0]


def parse_equation(
    text: str, variables: Mapping[str, Variable] | None = None, functions: Collection[str] = ()
) -> Equation:
    """The equation that `text` stands for; arguments and errors as for `parse`.

    >>> parse_equation("integral(q(z|x), z) = 1")
    integral(q(z|x), z) = 1
    """
    statement = parse_statement(text, Declared(variables or {}, functions=functions))
    if isinstance(statement, Inequality):
        raise FormulaError("An inequality stands where an equation is expected. Write LEFT = RIGHT.", text, 0)
    return statement


def parse_statement(text: str, declared: Declared | None = None) -> Equation | Inequality:
    """The equation or inequality that `text` stands for; errors as for `parse`. `a <= b` is read as `b >= a`.

    >>> parse_statement("KL(q(z) || p(z)) >= 0")
    KL(q(z) || p(z)) >= 0
    """
    form = read_statement(text)
    left, right = meanings(text, [form.left, form.right], declared or Declared())
    return Equation(left, right) if form.relation == "=" else Inequality(left, right)


def meanings(text: str, forms: Sequence[Syntax], declared: Declared) -> list[Expression]:
    """The expressions that the forms of one text stand for; a name means the same in all of them.

    **Raises.** `FormulaError` at the place in `text` that the offending form was read from.
    """
    meaning = Meaning(Names(text, forms, declared))
    return [meaning.of(form) for form in forms]
