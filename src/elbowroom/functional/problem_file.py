"""Problem files: a variational problem in TOML, with its laws, functions and numbers."""

from __future__ import annotations

import pathlib
import re
import tomllib
from collections.abc import Iterable
from typing import Any

from elbowroom.errors import FormulaError, InputError
from elbowroom.functional.expression import Expression
from elbowroom.functional.grammar import read_expression, read_statement
from elbowroom.functional.law import Variable
from elbowroom.functional.names import Declared, all_forms
from elbowroom.functional.parse import parse, parse_statement
from elbowroom.functional.problem import Problem
from elbowroom.functional.problem_checks import check_problem
from elbowroom.functional.problem_names import ProblemNames, declared_names, require_declared
from elbowroom.functional.problem_tables import ProblemTables, read_tables
from elbowroom.functional.roles import Shape, shape_of
from elbowroom.functional.setting import Definition, Setting, Table
from elbowroom.functional.syntax import Call, Integration, Name, Syntax

LARGEST_FILE = 500_000
"""A longer problem file, in bytes, is refused."""

_MOST_HEADERS = 2_000
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)

_MOST_DOTS = 100
_DOTTED = re.compile(r"""[\w\-."' \t]+""")
"""A key with its dots: reading one takes a time that grows with the square of its parts."""


def read_problem(path: str | pathlib.Path) -> Problem:
    """The problem that a TOML file states, with everything that is given in it.

    **Raises.** `InputError` that names the file, the key, what is wrong there, and what to do.
    """
    path = pathlib.Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"The problem file {path} cannot be read: {reason}. Check the path.") from error
    if len(content) > LARGEST_FILE:
        raise InputError(f"The problem file {path} has more than {LARGEST_FILE:,} bytes. Make its tables smaller.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"The problem file {path} is not UTF-8 text (byte {error.start}). Save it so.") from error
    return read_problem_text(text, str(path))


def read_problem_text(text: str, source: str = "the problem") -> Problem:
    """The problem that a text in TOML states; `source` is how errors name it.

    >>> read_problem_text('''
    ... minimise = "KL(q(z) || p(z))"
    ... over = "q(z)"
    ... [laws]
    ... "p(z)" = "Normal(z; 0, 1)"
    ... ''')
    minimise KL(q(z) || p(z)) over q(z)

    **Raises.** `InputError` that names the key, what is wrong there, and what to do.
    """
    try:
        return _problem(read_tables(_document(text)))
    except InputError as error:
        raise InputError(f"In {source}: {error}") from error


def _document(text: str) -> dict[str, Any]:
    if len(text) > LARGEST_FILE or len(_HEADER.findall(text)) > _MOST_HEADERS:
        raise InputError(
            f"This is too long: at most {LARGEST_FILE:,} characters, and {_MOST_HEADERS:,} lines that begin with a "
            "bracket, are read. Make its tables smaller."
        )
    if any(match.group().count(".") > _MOST_DOTS for match in _DOTTED.finditer(text)):
        raise InputError(f"A key of more than {_MOST_DOTS} parts, or as many dots in a row, is not read. Take it out.")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"This is not TOML that can be read: {reason}.") from error


def _problem(tables: ProblemTables) -> Problem:
    forms = _all_written(tables)
    names = declared_names(tables, _written_densities(forms))
    if tables.variables:
        _require_variables(forms, names.declared)
    declared = names.declared
    functional = _parsed(tables.functional, tables.sense, declared)
    constraints = tuple(_constraint(text, declared) for text in tables.subject_to)
    laws = {names.laws[key]: _definition(value, key, declared) for key, value in tables.laws.items()}
    functions = {names.functions[key]: _body(text, key, names) for key, text in tables.functions.items()}
    given = Setting(laws, functions, names.parameters, names.observed, declared.variables)
    problem = Problem(tables.sense, functional, names.unknowns, constraints, given)
    check_problem(problem)
    return problem


def _parsed(text: str, where: str, declared: Declared) -> Expression:
    try:
        return parse(text, declared=declared)
    except FormulaError as error:
        raise InputError(f"{where}: {error}") from error


def _constraint(text: str, declared: Declared) -> Any:
    try:
        return parse_statement(text, declared)
    except FormulaError as error:
        raise InputError(f"subject_to: {error}") from error


def _definition(value: str | tuple[Any, ...], key: str, declared: Declared) -> Definition:
    return _parsed(value, f'[laws] "{key}"', declared) if isinstance(value, str) else Table(value)


def _body(text: str, key: str, names: ProblemNames) -> Expression:
    """The definition of a function, whose arguments are variables there even if they are declared nowhere."""
    own = {argument.name: argument for argument in names.functions[key].arguments if isinstance(argument, Variable)}
    known = names.declared
    local = Declared({**known.variables, **own}, known.parameters, known.functions, known.densities)
    return _parsed(text, f'[functions] "{key}"', local)


def _all_written(tables: ProblemTables) -> list[tuple[str, list[Syntax]]]:
    """Every formula of the file in its parts, with its place."""
    formulas = [(tables.sense, tables.functional)]
    formulas.extend((f'[laws] "{key}"', value) for key, value in tables.laws.items() if isinstance(value, str))
    formulas.extend((f'[functions] "{key}"', text) for key, text in tables.functions.items())
    found = [(where, _forms(text, where)) for where, text in formulas]
    found.extend(("subject_to", _forms(text, "subject_to")) for text in tables.subject_to)
    return found


def _forms(text: str, where: str) -> list[Syntax]:
    try:
        if where != "subject_to":
            return all_forms([read_expression(text)])
        statement = read_statement(text)
    except FormulaError as error:
        raise InputError(f"{where}: {error}") from error
    return all_forms([statement.left, statement.right])


def _written_densities(written: Iterable[tuple[str, list[Syntax]]]) -> list[Shape]:
    shapes = (shape_of(form) for _, forms in written for form in forms if isinstance(form, Call))
    return [shape for shape in dict.fromkeys(shapes) if shape is not None]


def _require_variables(written: Iterable[tuple[str, list[Syntax]]], declared: Declared) -> None:
    """Refuse a formula that integrates over, or takes a density of, a variable that is declared nowhere."""
    letters = {density.letter for density in declared.densities}
    for where, forms in written:
        for form in forms:
            names: tuple[Syntax, ...] = ()
            match form:
                case Integration(_, variable, _):
                    names = (variable,)
                case Call(name, arguments, given, _) if given or name in letters:
                    names = (*arguments, *given)
                case Call("MI", arguments, _, _):
                    names = arguments
            asked = (part.text for part in names if isinstance(part, Name) and part.text not in declared.parameters)
            require_declared(asked, declared.variables, where)
