"""The names that the tables of a problem file declare, before its formulas are read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from elbowroom.errors import FormulaError, InputError
from elbowroom.functional.expression import Function, Parameter
from elbowroom.functional.grammar import read_expression
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.names import CALLED, Declared, nearest_name
from elbowroom.functional.problem import Unknown
from elbowroom.functional.problem_tables import ProblemTables
from elbowroom.functional.roles import Shape, shape_of, with_roles
from elbowroom.functional.support import REAL, Support
from elbowroom.functional.syntax import Call, Name, Syntax


@dataclasses.dataclass(frozen=True)
class ProblemNames:
    """The keys of a problem file as nodes, and the declarations with which its formulas are read."""

    declared: Declared
    laws: Mapping[str, DensityValue]
    functions: Mapping[str, Function]
    unknowns: tuple[Unknown, ...]
    observed: Mapping[Variable, float]
    parameters: Mapping[str, float]


def declared_names(tables: ProblemTables, written: Sequence[Shape]) -> ProblemNames:
    """The names of a problem file, of which `written` are the densities that its formulas hold.

    **Raises.** `InputError` for a key that names nothing, and for a name that means two things.
    """
    supports = {name_of(key, f'[variables] "{key}"'): support for key, support in tables.variables.items()}
    numbers, curves = _unknowns(tables)
    parameters = {name_of(key, f'[parameters] "{key}"'): value for key, value in tables.parameters.items()}
    functions = {key: call_of(key, f'[functions] "{key}"') for key in tables.functions}
    laws = {key: _density(key, f'[laws] "{key}"') for key in tables.laws}
    sought = {key: _density(key, "over") for key in tables.over if not _is_other_unknown(key, numbers, curves)}
    _refuse_two_meanings(supports, numbers, curves, functions, laws, sought, parameters)
    densities = [*sought.values(), *laws.values()]
    if not supports:
        arguments = (name for shape in (*densities, *functions.values(), *curves.values()) for name in shape.names)
        supports = dict.fromkeys(arguments, REAL)
    for key, shape in (*laws.items(), *sought.items(), *((key, shape) for key, shape in curves.items())):
        require_declared(shape.names, supports, key)
    variables = with_roles(supports, densities, written)
    values = {key: _density_value(shape, variables) for key, shape in (*laws.items(), *sought.items())}
    return ProblemNames(
        Declared(
            variables,
            {**{name: Parameter(name) for name in parameters if name not in variables}, **numbers},
            {shape.letter for shape in (*functions.values(), *curves.values())},
            list(values.values()),
        ),
        {key: values[key] for key in laws},
        {key: _function(shape, variables) for key, shape in functions.items()},
        tuple(_unknown(key, values, numbers, curves, variables) for key in tables.over),
        {variables[name]: value for name, value in parameters.items() if name in variables},
        {name: value for name, value in parameters.items() if name not in variables},
    )


def name_of(text: str, where: str) -> str:
    """The name that a key is, Greek letters spelt out. Raises `InputError` if it is none."""
    form = _form(text, where)
    if not isinstance(form, Name) or form.text.endswith("'") or form.text in CALLED:
        raise InputError(f"{where} is not a name. Use letters and digits, and no name of the notation.")
    return form.text


def call_of(text: str, where: str) -> Shape:
    """The function or density of named arguments that a key is. Raises `InputError` if it is none."""
    form = _form(text, where)
    shape = shape_of(form) if isinstance(form, Call) else None
    copies = shape is not None and any(name.endswith("'") for name in shape.names)
    if shape is None or copies or len(set(shape.names)) < len(shape.names):
        raise InputError(f"{where} is not a function or density of different variables, such as p(z) or p(x|z).")
    return shape


def require_declared(names: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse a variable that is not under [variables]."""
    known = list(known)
    for name in names:
        if name.rstrip("'") not in known:
            nearest = nearest_name(name, known, cutoff=0.5) if known else None
            hint = f" Did you mean {nearest}?" if nearest else ""
            raise InputError(
                f'The variable {name} in {where} is not declared. Add it to [variables], such as {name} = "real".{hint}'
            )


def _form(text: str, where: str) -> Syntax:
    try:
        return read_expression(text)
    except FormulaError as error:
        raise InputError(f"{where}: {error}") from error


def _density(text: str, where: str) -> Shape:
    if isinstance(_form(text, where), Name):
        raise InputError(
            f"{where} {text} is neither a density with its variables, such as q(z), nor a number or function that is "
            "declared under [unknowns]."
        )
    shape = call_of(text, where)
    if shape.letter in CALLED:
        raise InputError(f"{where} has the name {shape.letter}, which belongs to the notation. Choose another letter.")
    return shape


def _unknowns(tables: ProblemTables) -> tuple[dict[str, Parameter], dict[str, Shape]]:
    """The unknown numbers by name, and the unknown functions by name."""
    numbers: dict[str, Parameter] = {}
    curves: dict[str, Shape] = {}
    for key, kind in tables.unknowns.items():
        where = f'[unknowns] "{key}"'
        if isinstance(kind, Support):
            name = name_of(key, where)
            numbers[name] = Parameter(name, kind)
        else:
            shape = call_of(key, where)
            if shape.given:
                raise InputError(f"{where} has a bar, and a function has none. Write its arguments with commas.")
            curves[shape.letter] = shape
    return numbers, curves


def _is_other_unknown(text: str, numbers: Mapping[str, Parameter], curves: Mapping[str, Shape]) -> bool:
    form = _form(text, "over")
    return (isinstance(form, Name) and form.text in numbers) or (isinstance(form, Call) and form.name in curves)


def _unknown(
    text: str,
    densities: Mapping[str, DensityValue],
    numbers: Mapping[str, Parameter],
    curves: Mapping[str, Shape],
    variables: Mapping[str, Variable],
) -> Unknown:
    if text in densities:
        return densities[text]
    form = _form(text, "over")
    if isinstance(form, Name):
        return numbers[form.text]
    shape = call_of(text, "over")
    if shape != curves[shape.letter]:
        declared = ", ".join(curves[shape.letter].names)
        raise InputError(f"over has {text}, and [unknowns] declares {shape.letter}({declared}). Write both alike.")
    return _function(shape, variables)


def _density_value(shape: Shape, variables: Mapping[str, Variable]) -> DensityValue:
    of, given = (tuple(variables[name] for name in side) for side in (shape.of, shape.given))
    return DensityValue(shape.letter, of, given)


def _function(shape: Shape, variables: Mapping[str, Variable]) -> Function:
    if shape.given:
        raise InputError(f"The function {shape.letter} has a bar, and a function has none. Use commas.")
    return Function(shape.letter, tuple(variables.get(name, Variable(name)) for name in shape.of))


def _refuse_two_meanings(
    supports: Mapping[str, Support],
    numbers: Mapping[str, Parameter],
    curves: Mapping[str, Shape],
    functions: Mapping[str, Shape],
    laws: Mapping[str, Shape],
    sought: Mapping[str, Shape],
    parameters: Mapping[str, float],
) -> None:
    letters = {shape.letter for shape in (*laws.values(), *sought.values())}
    called = [shape.letter for shape in functions.values()]
    meanings = (
        ("a variable", list(supports)),
        ("an unknown number", list(numbers)),
        ("an unknown function", list(curves)),
        ("a function", called),
        ("a law", list(letters)),
    )
    seen: dict[str, str] = {}
    for meaning, names in meanings:
        for name in names:
            if name in seen:
                raise InputError(f"{name} is declared as {seen[name]} and as {meaning}. Give one of them another name.")
            seen[name] = meaning
    for name in numbers:
        if name in parameters:
            raise InputError(f"{name} is an unknown number and has a value under [parameters]. Take one of them out.")
