"""Two expressions compared on the supports themselves, where what they say depends on Lebesgue's measure.

A finite world knows no derivative, no bounds and no length, so it neither refutes nor supports
`integral(exp(-z**2), z) = sqrt(pi)`. Here the laws are smooth densities of named families, and the integrals are
evaluated by adaptive quadrature.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction

import numpy as np

from elbowroom.derivation.check_verdict import Instance
from elbowroom.derivation.check_worlds import Agreement
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.errors import InputError
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.elementary import PI, Elementary
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import (
    Constant,
    Expression,
    Function,
    Multiplier,
    Parameter,
    as_expression,
    exp,
)
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.setting import Setting, Table
from elbowroom.functional.support import Circle, Finite, Interval, Positive, Real
from elbowroom.functional.traverse import children, free_variables, walk

INSTANCES = 4
SAME = 1e-8
DIFFERENT = 1e-6
_MOST_ROLES = 3


def needs_lines(*sides: Expression) -> bool:
    """Whether the sides depend on what a variable with a continuum of values is worth where it is integrated over.

    Densities and opaque functions of it do not count: every measure will do for them.
    """
    return any(_measures(expand(side)) for side in sides)


def _measures(node: Expression) -> bool:
    if isinstance(node, Derivative | PointValue):
        return True
    if isinstance(node, Integral):
        continuous = not isinstance(node.variable.support, Finite)
        if node.lower is not None or (continuous and _is_worth(node.integrand, node.variable)):
            return True
    return any(_measures(child) for child in children(node) if not isinstance(child, Variable))


def _is_worth(node: Expression, variable: Variable) -> bool:
    """Whether the value of the variable is used, outside the arguments of densities and opaque functions."""
    if isinstance(node, DensityValue):
        return False
    if isinstance(node, Function):
        return any(_is_worth(a, variable) for a in node.arguments if not isinstance(a, Variable))
    if isinstance(node, Integral) and node.variable == variable:
        return False
    return any(child == variable or _is_worth(child, variable) for child in _parts(node))


def _parts(node: Expression) -> list[Expression]:
    parts = list(children(node))
    if isinstance(node, Integral | Derivative):
        parts = [part for part in parts if part is not node.variable]
    return parts


def compare_on_lines(
    statement_sides: tuple[Expression, Expression], *, inequality: bool, instances: int = INSTANCES
) -> Instance | Agreement:
    """Whether the sides are equal, or the left one is at least the right one, for random laws on the supports."""
    left, right = (expand(side) for side in statement_sides)
    agreed = doubtful = 0
    largest: float | None = None
    trouble = "no instance gave both sides a finite value"
    for index in range(instances):
        generator = random.Random(f"elbowroom line {index}")
        try:
            setting = _setting((left, right), generator)
            at = {v.name: _point(v, generator) for v in sorted(free_variables(left) | free_variables(right), key=str)}
            with np.errstate(all="ignore"):
                one, other = (number(side, Scene(setting), at) for side in (left, right))
        except (InputError, ArithmeticError, ValueError) as error:
            trouble = str(error).split("\n")[0]
            continue
        if not (math.isfinite(one) and math.isfinite(other)):
            continue
        gap = (other - one if inequality else abs(one - other)) / max(1.0, abs(one), abs(other))
        if gap > DIFFERENT:
            return Instance(_shown(setting), at, one, other)
        largest = max(largest or 0.0, gap)
        doubtful += gap > SAME
        agreed += gap <= SAME
    return Agreement(agreed, None if inequality else largest, doubtful, trouble)


def _setting(sides: Sequence[Expression], generator: random.Random) -> Setting:
    nodes = list(dict.fromkeys(node for side in sides for node in walk(side)))
    letters: dict[str, dict[str, Variable]] = {}
    given: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, DensityValue):
            for variable in (*node.of, *node.given):
                own = Variable(variable.role, variable.support)
                letters.setdefault(node.letter, {}).setdefault(variable.role, own)
            for variable in node.given:
                given[variable.role] = given.get(variable.role, 0) + 1
    laws: dict[DensityValue, Expression | Table] = {}
    for letter, roles in sorted(letters.items()):
        if len(roles) > _MOST_ROLES:
            raise InputError(f"The law {letter} has more than {_MOST_ROLES} variables, too many to integrate over.")
        ordered = sorted(roles.values(), key=lambda variable: (-given.get(variable.role, 0), variable.role))
        for place, variable in enumerate(ordered):
            before = tuple(ordered[:place])
            laws[DensityValue(letter, (variable,), before)] = _density(variable, before, generator)
    parameters = {
        node.name: round(generator.uniform(0.4, 2.5), 3)
        for node in sorted((n for n in nodes if isinstance(n, Parameter | Multiplier)), key=lambda n: n.name)
    }
    functions = dict(_function(node, generator) for node in _distinct_functions(nodes))
    return Setting(laws=laws, functions=functions, parameters=parameters)


def _density(variable: Variable, before: tuple[Variable, ...], generator: random.Random) -> Expression | Table:
    """A random smooth density of a variable, which leans on the variables before it."""
    lean = _sum([_decimal(generator, 0.3, 0.8) * Elementary("tanh", other) for other in before])
    match variable.support:
        case Finite(size):
            return _table(size, before, generator)
        case Real(1):
            location = lean + _decimal(generator, -0.8, 0.8)
            return FamilyDensity("Normal", variable, (location, _decimal(generator, 0.6, 1.4)))
        case Positive():
            return FamilyDensity(
                "Gamma", variable, (exp(lean) + _decimal(generator, 1.2, 2.5), _decimal(generator, 0.7, 1.8))
            )
        case Interval(lower, upper):
            turn = Elementary("cos", PI * (variable - lower) / (upper - lower))
            return (1 + _decimal(generator, 0.2, 0.7) * Elementary("cos", lean) * turn) / (upper - lower)
        case Circle():
            return (1 + _decimal(generator, 0.2, 0.7) * Elementary("cos", variable - lean)) / (2 * PI)
    raise InputError(f"There is no random density on the support {variable.support}.")


def _table(size: int, before: tuple[Variable, ...], generator: random.Random) -> Table:
    sizes = [other.support.size for other in before if isinstance(other.support, Finite)]
    if len(sizes) < len(before):
        raise InputError("A finite variable that depends on a continuous one has no random law here.")
    cells = list(itertools.product(*map(range, sizes)))
    columns = {}
    for cell in cells:
        weights = [generator.uniform(0.1, 1.0) for _ in range(size)]
        columns[cell] = [weight / math.fsum(weights) for weight in weights]

    def level(cell: tuple[int, ...], value: int) -> object:
        if len(cell) == len(sizes):
            return columns[cell][value]
        return tuple(level((*cell, place), value) for place in range(sizes[len(cell)]))

    return Table(tuple(level((), value) for value in range(size)))


def _distinct_functions(nodes: Collection[Expression]) -> Iterator[Function]:
    seen: set[tuple[str, int]] = set()
    for node in nodes:
        if isinstance(node, Function) and (node.name, len(node.arguments)) not in seen:
            seen.add((node.name, len(node.arguments)))
            yield node


def _function(node: Function, generator: random.Random) -> tuple[Function, Expression]:
    own = tuple(Variable(f"a{place}") for place in range(len(node.arguments)))
    wave = _sum([_decimal(generator, 0.5, 1.5) * argument for argument in own])
    body = _decimal(generator, 1.2, 2.0) + Elementary("sin", wave + _decimal(generator, 0.0, 3.0))
    return Function(node.name, own), body


def _point(variable: Variable, generator: random.Random) -> float:
    match variable.support:
        case Finite(size):
            return float(generator.randrange(size))
        case Positive():
            return generator.uniform(0.3, 2.5)
        case Interval(lower, upper):
            return float(lower) + float(upper - lower) * generator.uniform(0.1, 0.9)
    return generator.uniform(-1.5, 1.5)


def _decimal(generator: random.Random, lower: float, upper: float) -> Constant:
    return Constant(Fraction(round(1000 * generator.uniform(lower, upper)), 1000))


def _sum(terms: Sequence[Expression]) -> Expression:
    total: Expression = as_expression(0)
    for term in terms:
        total = total + term
    return total


def _shown(setting: Setting) -> dict[str, str]:
    laws = {to_text(law): str(d.values) if isinstance(d, Table) else to_text(d) for law, d in setting.laws.items()}
    functions = {to_text(function): to_text(body) for function, body in setting.functions.items()}
    return {**laws, **functions, **{name: f"{value:g}" for name, value in setting.parameters.items()}}
