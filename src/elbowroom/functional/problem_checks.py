"""What has to hold of a problem before it is worth solving: its laws are laws, and nothing contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator

from elbowroom.errors import InputError
from elbowroom.functional.constraint_checks import check_constraints
from elbowroom.functional.definition_checks import check_definitions, in_order, shortened
from elbowroom.functional.expression import Expression, Parameter
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.family_checks import check_family
from elbowroom.functional.joint import is_same_density
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.names import nearest_name
from elbowroom.functional.problem import Problem
from elbowroom.functional.setting import Table
from elbowroom.functional.support import contains
from elbowroom.functional.table_checks import check_table
from elbowroom.functional.traverse import free_variables, walk


def check_problem(problem: Problem) -> None:
    """Refuse a problem whose parts contradict one another. Raises `InputError` that names the part."""
    given = problem.given
    _check_unknowns(problem)
    _check_parts(problem)
    check_definitions(given)
    for density, definition in given.laws.items():
        if isinstance(definition, Table):
            check_table(density, definition)
        else:
            _check_definition(density, definition, set(density.of) | set(density.given) | set(given.observed))
    for function, body in given.functions.items():
        _check_definition(
            function, body, {v for v in function.arguments if isinstance(v, Variable)} | set(given.observed)
        )
    for variable, value in given.observed.items():
        if not contains(variable.support, value):
            raise InputError(
                f"{variable} is observed at {value:g}, which is outside its values, {variable.support}. "
                "Correct the number under [parameters] or the support under [variables]."
            )
    for expression in _expressions(problem):
        for node in walk(expression):
            if isinstance(node, FamilyDensity):
                check_family(node, given)
    _check_names(problem)
    check_constraints(problem)


def _expressions(problem: Problem) -> Iterator[Expression]:
    yield problem.functional
    for constraint in problem.subject_to:
        yield constraint.left
        yield constraint.right
    for definition in (*problem.given.laws.values(), *problem.given.functions.values()):
        if isinstance(definition, Expression):
            yield definition


def _check_unknowns(problem: Problem) -> None:
    for place, unknown in enumerate(problem.over):
        if any(bool(unknown == other) for other in problem.over[:place]):
            raise InputError(f"{unknown} stands twice in over. Take one of them out.")
        if isinstance(unknown, DensityValue) and any(is_same_density(unknown, law) for law in problem.given.laws):
            raise InputError(f"{unknown} is the unknown, and [laws] defines it. Take it out of [laws] or of over.")


def _check_parts(problem: Problem) -> None:
    """Every variable of a joint law is given by one part, and the parts can be put in an order."""
    unknown = [density for density in problem.over if isinstance(density, DensityValue)]
    letters: dict[str, list[DensityValue]] = {}
    for density in (*problem.given.laws, *unknown):
        letters.setdefault(density.letter, []).append(density)
    for parts in letters.values():
        source: dict[str, DensityValue] = {}
        for part in parts:
            for variable in part.of:
                if variable.role in source:
                    raise InputError(
                        f"The law {part.letter} gives {variable.role} twice, by {source[variable.role]} and by {part}. "
                        "The joint law is the product of its parts, so each variable is given by one of them."
                    )
                source[variable.role] = part
        needs = {part: {source[v.role] for v in part.given if v.role in source} for part in parts}
        _, circle = in_order(needs)
        if circle:
            raise InputError(
                f"The parts {' and '.join(shortened(circle[1:]))} of the law {circle[0].letter} depend on one another "
                "in a circle, so their product is no joint law. Give one of them without the bar."
            )


def _check_definition(key: Expression, body: Expression, allowed: set[Variable]) -> None:
    foreign = sorted(variable.name for variable in free_variables(body) - allowed)
    if foreign:
        names = ", ".join(foreign)
        raise InputError(
            f"The definition of {key} depends on {names}, which is none of its arguments. "
            f"Add {names} to them, or integrate over it."
        )


def _check_names(problem: Problem) -> None:
    """A number that is given and not used, beside one that is used and not given, is a slip of the pen."""
    used = {
        node.name: None
        for expression in _expressions(problem)
        for node in walk(expression)
        if isinstance(node, Parameter) and not any(bool(node == unknown) for unknown in problem.over)
    }
    spare = [name for name in problem.given.parameters if name not in used]
    for name in used:
        if name not in problem.given.parameters and (nearest := nearest_name(name, spare, cutoff=0.75)):
            raise InputError(
                f"{name} has no value, and {nearest} under [parameters] is not used. Write both names alike."
            )
