"""Putting expressions in the place of others, without changing what is bound.

Variables are replaced where they are free; a bound variable that would catch a variable of what is put
in is renamed first. A density is replaced as a function: for q(z|x) also where it stands under the
integral over z, and q(z'|x) becomes the replacement at z'; so is a function l(x, z) of variables. Where
a number or a formula takes the place of a variable of a density or of a derivative, the result is a
`PointValue`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from elbowroom.errors import InputError
from elbowroom.functional.density_functionals import DensityFunctional
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.expand import definition
from elbowroom.functional.expression import Expression, Function, Product, Sum, as_expression
from elbowroom.functional.functionals import KL, Entropy, Expectation, measured_variables
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.traverse import bound_variables, children, free_variables, rebuild, walk

_Pairs = Mapping[Expression, Expression]
_Measured = Expectation | KL | Entropy | Divergence | DensityFunctional | SquaredMMD


def substitute(expression: Expression, replacements: Mapping[Expression, Any]) -> Expression:
    """`expression` with every key of `replacements` replaced by its value, all at the same time.

    **Arguments.** The keys are nodes: variables, parameters, densities, or whole expressions, which are
    replaced where they occur exactly; the values are expressions or numbers.

    >>> from elbowroom.functional.law import laws, variables
    >>> (x, z, u), (p, q) = variables("x z u"), laws("p q")
    >>> substitute(KL(q(z | x), p(z)), {q(z | x): p(z | x)})
    KL(p(z|x) || p(z))
    >>> substitute(Expectation(q(z), p(x, z)), {x: z})
    E_q(z')[p(z,z')]
    >>> substitute(q(z | x), {z: -1})
    q(-1|x)
    """
    pairs = {as_expression(key): as_expression(value) for key, value in replacements.items()}
    moving = {key: value for key, value in pairs.items() if key != value}
    return _substitute(expression, moving) if moving else expression


def fresh_variable(variable: Variable, taken: Iterable[str]) -> Variable:
    """A copy of `variable` whose name, primed as often as needed, is not among `taken`."""
    names = set(taken)
    name = variable.name
    while name in names:
        name += "'"
    return Variable(name, variable.support, variable.role)


def _substitute(expression: Expression, pairs: _Pairs) -> Expression:
    if expression in pairs:
        return pairs[expression]
    if isinstance(expression, DensityValue):
        for key, value in pairs.items():
            renaming = _renaming(key, expression)
            if renaming is not None:
                return _substitute(value, renaming) if renaming else value
    if isinstance(expression, Function):
        for key, value in pairs.items():
            if isinstance(key, Function) and _is_the_function(key, expression):
                arguments = (_substitute(argument, pairs) for argument in expression.arguments)
                return _substitute(value, dict(zip(key.arguments, arguments, strict=True)))
    if bound := bound_variables(expression):
        pairs = {key: value for key, value in pairs.items() if key not in bound}
        expression = _apart(expression, bound, pairs)
    if isinstance(expression, Derivative) and _moves(expression, pairs):
        return _moved(expression, pairs)
    parts = [_substitute(child, pairs) for child in children(expression)]
    if isinstance(expression, Sum | Product):
        return _flat(expression, parts)
    if isinstance(expression, DensityValue):
        return _density_at(expression, parts)
    if isinstance(expression, PointValue):
        return _value_at(expression, *parts)
    if isinstance(expression, MutualInformation) and _mentions_letter(pairs, expression.letter):
        return _substitute(definition(expression), pairs)
    if isinstance(expression, _Measured) and not _same_measures(expression, parts, pairs):
        return _substitute(definition(expression), pairs)
    try:
        return rebuild(expression, parts)
    except TypeError as error:
        raise InputError(f"The substitution cannot be made in {expression!r}: {error}") from error


def _flat(expression: Sum | Product, parts: list[Expression]) -> Expression:
    """The sum of the terms, or the product of the factors, that new `parts` have; itself if nothing is new."""
    if all(new is old for new, old in zip(parts, children(expression), strict=True)):
        return expression
    kind = type(expression)
    return kind(tuple(inner for part in parts for inner in (children(part) if isinstance(part, kind) else (part,))))


def _renaming(key: Expression, density: DensityValue) -> dict[Expression, Expression] | None:
    """How the variables of `key` are called in `density`, if that is the same density at other variables."""
    if not isinstance(key, DensityValue) or key.letter != density.letter:
        return None
    if _roles(key.of) != _roles(density.of) or _roles(key.given) != _roles(density.given):
        return None
    names = {variable.role: variable for variable in (*density.of, *density.given)}
    return {old: names[old.role] for old in (*key.of, *key.given) if old != names[old.role]}


def _is_the_function(key: Function, call: Function) -> bool:
    """Whether `key` names a function by its variables, as in l(x, z), and `call` is a value of that function."""
    arguments = set(key.arguments)
    named = len(arguments) == len(key.arguments) and all(isinstance(argument, Variable) for argument in arguments)
    return named and key.name == call.name and len(key.arguments) == len(call.arguments)


def _roles(variables: tuple[Variable, ...]) -> set[str]:
    return {variable.role for variable in variables}


def _apart(expression: Expression, bound: tuple[Variable, ...], pairs: _Pairs) -> Expression:
    """`expression` with those bound variables renamed that would catch a variable of what is put in."""
    arriving: set[Variable] = set()
    for key, value in pairs.items():
        foreign = free_variables(value).difference(free_variables(key))
        if foreign.intersection(bound) and _occurs(key, expression):
            arriving |= foreign
    caught = [variable for variable in bound if variable in arriving]
    if not caught:
        return expression
    taken = {variable.name for variable in arriving}
    taken.update(node.name for node in walk(expression) if isinstance(node, Variable))
    renaming: dict[Expression, Expression] = {}
    for variable in caught:
        fresh = fresh_variable(variable, taken)
        renaming[variable] = fresh
        taken.add(fresh.name)
    return rebuild(expression, [_substitute(child, renaming) for child in children(expression)])


def _occurs(key: Expression, expression: Expression) -> bool:
    if isinstance(key, Variable):
        return key in free_variables(expression)
    return any(
        node == key or (isinstance(node, DensityValue) and _renaming(key, node) is not None)
        for node in walk(expression)
    )


def _same_measures(expression: Expression, parts: list[Expression], pairs: _Pairs) -> bool:
    """Whether the parts of a functional are still what it is a functional of, so that it keeps its name."""
    measures = parts[:1]
    if isinstance(expression, SquaredMMD):
        measures = parts
        if any(isinstance(key, Function) and key.name == expression.kernel for key in pairs):
            return False
    return all(_is_measure_of(bound_variables(expression), measure) for measure in measures)


def _is_measure_of(variables: tuple[Variable, ...], measure: Expression) -> bool:
    """Whether `measure` is a density, or a product of densities, of `variables`."""
    factors = measure.factors if isinstance(measure, Product) else (measure,)
    if not all(isinstance(factor, DensityValue) for factor in factors):
        return False
    return set(measured_variables(measure)) == set(variables)


def _density_at(density: DensityValue, parts: list[Expression]) -> Expression:
    """The density with `parts` as its arguments: at another variable, or at a point where a part is none."""
    roles = [part.role for part in parts if isinstance(part, Variable)]
    taken = {node.name for part in parts for node in walk(part) if isinstance(node, Variable)}
    arguments: list[Expression] = []
    points: list[tuple[Variable, Expression]] = []
    for variable, part in zip(children(density), parts, strict=True):
        assert isinstance(variable, Variable)
        if isinstance(part, Variable) and (part.role == variable.role or roles.count(part.role) == 1):
            arguments.append(part)
            continue
        kept = fresh_variable(variable, taken)
        taken.add(kept.name)
        arguments.append(kept)
        points.append((kept, part))
    value: Expression = rebuild(density, arguments)
    for variable, point in reversed(points):
        value = PointValue(value, variable, point)
    return value


def _value_at(node: PointValue, expression: Expression, variable: Expression, point: Expression) -> Expression:
    """The value of what `expression` has become: as it is written, where it is no longer only a name of itself."""
    again = isinstance(point, Variable) and isinstance(variable, Variable) and point.role == variable.role
    if isinstance(expression, DensityValue | Derivative | PointValue) and not again:
        return rebuild(node, [expression, variable, point])
    return _substitute(expression, {variable: point})


def _moves(node: Derivative, pairs: _Pairs) -> bool:
    """Whether the derivative has to be taken before the replacement, at a variable of its own."""
    for key, value in pairs.items():
        if key == node.variable:
            if not isinstance(value, Variable) or value in free_variables(node.expression):
                return True
        elif node.variable in free_variables(value).difference(free_variables(key)) and _occurs(key, node.expression):
            return True
    return False


def _moved(node: Derivative, pairs: _Pairs) -> Expression:
    """The derivative by a variable of its own, at what takes the place of the one that it was taken by."""
    names = [node for part in (node.expression, *pairs.values()) for node in walk(part) if isinstance(node, Variable)]
    taken = {variable.name for variable in names if variable != node.variable}
    if any(node.variable in free_variables(value) for value in pairs.values()):
        taken.add(node.variable.name)
    own = fresh_variable(node.variable, taken)
    slope = Derivative(_substitute(node.expression, {node.variable: own}), own)
    rest = {key: value for key, value in pairs.items() if key != node.variable}
    return PointValue(_substitute(slope, rest), own, _substitute(node.variable, pairs))


def _mentions_letter(pairs: _Pairs, letter: str) -> bool:
    return any(isinstance(key, DensityValue) and key.letter == letter for key in pairs)
