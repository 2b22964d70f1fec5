"""A problem made ready for numbers: everything written out in integrals, and which variables and unknowns there are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from elbowroom.errors import InputError
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import (
    Constant,
    Equation,
    Expression,
    Function,
    Inequality,
    Parameter,
    as_expression,
)
from elbowroom.functional.functionals import Integral
from elbowroom.functional.joint import is_same_density
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.problem import Problem
from elbowroom.functional.setting import Setting, Table
from elbowroom.functional.support import Finite, Interval, Real, Support
from elbowroom.functional.traverse import free_variables, walk


@dataclasses.dataclass(frozen=True, eq=False)
class Constraint:
    """`left - right`, which is zero, or not negative; `text` is as it was stated."""

    text: str
    left: Expression
    right: Expression
    is_equation: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Statement:
    """What is minimised (the negative of what is maximised), over what, and under which conditions.

    **Arguments.** `supports` holds the support of each role; `names` the role of each variable by name; `guesses`
    a first guess of each unknown number, where there is one.
    """

    problem: Problem
    sign: float
    objective: Expression
    constraints: tuple[Constraint, ...]
    setting: Setting
    supports: dict[str, Support]
    names: dict[str, str]
    guesses: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def densities(self) -> tuple[DensityValue, ...]:
        """The unknown densities."""
        return tuple(unknown for unknown in self.problem.over if isinstance(unknown, DensityValue))

    @property
    def functions(self) -> tuple[Function, ...]:
        """The unknown functions."""
        return tuple(unknown for unknown in self.problem.over if isinstance(unknown, Function))

    @property
    def numbers(self) -> tuple[Parameter, ...]:
        """The unknown numbers."""
        return tuple(unknown for unknown in self.problem.over if isinstance(unknown, Parameter))

    @property
    def expressions(self) -> Iterator[Expression]:
        """The functional and both sides of all constraints."""
        yield self.objective
        for constraint in self.constraints:
            yield constraint.left
            yield constraint.right

    def floor(self, function: Function) -> float | None:
        """The number c of a bound y(x) >= c that the function touches by one of its conditions y(a) = c."""
        for bound in self.constraints:
            left, right = bound.left, bound.right
            if (
                bound.is_equation
                or not isinstance(left, Function)
                or left != function
                or not isinstance(right, Constant)
            ):
                continue
            for other in self.constraints:
                value = other.left
                named = other.is_equation and isinstance(value, Function) and value.name == function.name
                if named and isinstance(other.right, Constant) and other.right.value == right.value:
                    return float(right.value)
        return None

    def is_smooth(self, density: DensityValue) -> bool:
        """Whether derivatives of a density, or its values at points, occur."""
        for expression in self.expressions:
            for node in walk(expression):
                if isinstance(node, Derivative | PointValue):
                    inside = walk(node.expression)
                    if any(isinstance(part, DensityValue) and is_same_density(part, density) for part in inside):
                        return True
        return False


def statement(problem: Problem) -> Statement:
    """Write a problem out.

    **Raises.** `InputError` for what solve cannot work with: variables of several dimensions, a functional that
    still depends on a variable, an unknown whose law is given.
    """
    given = problem.given
    setting = dataclasses.replace(
        given,
        laws={law: meaning if isinstance(meaning, Table) else expand(meaning) for law, meaning in given.laws.items()},
        functions={function: expand(meaning) for function, meaning in given.functions.items()},
    )
    constraints = tuple(_constraint(stated) for stated in problem.subject_to)
    objective = expand(problem.functional)
    found = list(_variables(problem, objective, constraints, setting))
    names = {variable.name: variable.role for variable in found}
    supports = {variable.role: variable.support for variable in found}
    supports |= {variable.role: variable.support for variable in found if variable.name == variable.role}
    supports |= {variable.role: variable.support for variable in setting.variables.values()}
    sign = 1.0 if problem.sense == "minimise" else -1.0
    whole = Statement(
        problem,
        sign,
        objective,
        (*constraints, *_within(problem)),
        setting,
        supports,
        names,
        {
            number.name: middle
            for number in problem.over
            if isinstance(number, Parameter) and (middle := _middle(number))
        },
    )
    _check(whole)
    return whole


def _middle(number: Parameter) -> float | None:
    support = number.support
    return float(support.lower + support.upper) / 2 if isinstance(support, Interval) else None


def _within(problem: Problem) -> Iterator[Constraint]:
    """The ends of the unknown numbers that range over an interval."""
    for number in problem.over:
        if isinstance(number, Parameter) and isinstance(number.support, Interval):
            lower, upper = as_expression(number.support.lower), as_expression(number.support.upper)
            yield Constraint(f"{number} >= {lower}", number, lower, is_equation=False)
            yield Constraint(f"{number} <= {upper}", upper, number, is_equation=False)


def _constraint(stated: Equation | Inequality) -> Constraint:
    left, right = expand(stated.left), expand(stated.right)
    return Constraint(str(stated), left, right, isinstance(stated, Equation))


def _variables(
    problem: Problem, objective: Expression, constraints: Iterable[Constraint], setting: Setting
) -> Iterator[Variable]:
    roots: list[Expression] = [objective, *problem.over]
    roots.extend(side for constraint in constraints for side in (constraint.left, constraint.right))
    for key, meaning in (*setting.laws.items(), *setting.functions.items()):
        roots.append(key)
        if isinstance(meaning, Expression):
            roots.append(meaning)
    for root in roots:
        yield from (node for node in walk(root) if isinstance(node, Variable))


def _check(whole: Statement) -> None:
    observed = {variable.name for variable in whole.setting.observed}
    for role, support in whole.supports.items():
        if isinstance(support, Real) and support.dimension > 1:
            raise InputError(
                f"solve works with variables of one dimension, and {role} has {support.dimension}. Declare each "
                "as a variable of its own, or ask derive."
            )
        if isinstance(support, Finite) and support.size > 2000:
            raise InputError(f"{role} has {support.size} values; solve takes up to 2000.")
    free = {variable.name for variable in free_variables(whole.objective)} - observed
    if free:
        names = ", ".join(sorted(free))
        raise InputError(
            f"{whole.problem.functional} still depends on {names}, so it is a function and not a number. Integrate "
            f"over {names}, take an expectation, or give its observed value under [parameters]."
        )
    for density in whole.densities:
        if any(is_same_density(density, law) for law in whole.setting.laws):
            raise InputError(f"{density} is both unknown and given under [laws]. Take one of the two out.")
        if len(density.of) + len(density.given) > 3:
            raise InputError(f"{density} has more than three variables, which is more than solve can tabulate.")


def integrals(expression: Expression) -> Iterator[Integral]:
    """All integrals of an expression."""
    return (node for node in walk(expression) if isinstance(node, Integral))
