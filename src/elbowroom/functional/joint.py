"""The densities of a joint law by its known parts: marginals are integrals of their product, posteriors quotients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from elbowroom.errors import InputError
from elbowroom.functional.expression import Expression, Product
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.substitute import fresh_variable, substitute


def is_same_density(left: DensityValue, right: DensityValue) -> bool:
    """Whether two densities are the same function, at the same or at other variables."""
    same = (_roles(left.of), _roles(left.given)) == (_roles(right.of), _roles(right.given))
    return left.letter == right.letter and same


def part_of(density: DensityValue, parts: Sequence[DensityValue]) -> DensityValue | None:
    """The part that `density` is, at whatever variables; None if it is none of them."""
    return next((part for part in parts if is_same_density(part, density)), None)


def in_parts(density: DensityValue, parts: Sequence[DensityValue]) -> Expression:
    r"""`density` by the parts of the joint law of its letter, which is the product of the parts.

    Parts that the variables in question do not depend on integrate to one and are left out. A variable that no
    part is a density of can only stand behind the bar, and then stays there.

    **Raises.** `InputError` if the parts do not say what the density is.

    >>> from elbowroom.functional.law import laws, variables
    >>> (x, z), (p,) = variables("x z"), laws("p")
    >>> in_parts(p(z | x), [p(z), p(x | z)])
    p(z)*p(x|z)/integral(p(z')*p(x|z'), z')
    """
    own = [part for part in parts if part.letter == density.letter]
    if part_of(density, own) is not None:
        return density
    explained = {role for part in own for role in _roles(part.of)}
    outside = tuple(variable for variable in density.given if variable.role not in explained)
    inside = tuple(variable for variable in density.given if variable.role in explained)
    joint = _marginal((*density.of, *inside), outside, own, density)
    if not inside:
        return joint
    return joint / _apart(in_parts(DensityValue(density.letter, inside, outside), parts), density)


def _marginal(
    wanted: Sequence[Variable], outside: Sequence[Variable], parts: Sequence[DensityValue], density: DensityValue
) -> Expression:
    """The density of `wanted`, given what is outside: the product of the parts, integrated over all else."""
    needed = _ancestors(_roles(wanted), parts)
    used = [part for part in parts if _roles(part.of) & needed]
    names = {variable.role: variable for variable in (*wanted, *outside)}
    missing = needed - {role for part in used for role in _roles(part.of)} - _roles(outside)
    if missing:
        known = ", ".join(map(str, parts)) or "nothing"
        lacking = ", ".join(sorted(missing))
        raise InputError(
            f"{density} is needed, and what is known of the law {density.letter} ({known}) does not say how {lacking} "
            f"is distributed. Add the density of {lacking} under [laws]."
        )
    over: list[Variable] = []
    for variable in (variable for part in used for variable in (*part.of, *part.given)):
        if variable.role not in names:
            names[variable.role] = fresh_variable(variable, [other.name for other in names.values()])
            over.append(names[variable.role])
    factors = [_at(part, names) for part in used]
    result: Expression = factors[0] if len(factors) == 1 else Product(tuple(factors))
    for variable in over:
        result = Integral(result, variable)
    return result


def _at(part: DensityValue, names: dict[str, Variable]) -> DensityValue:
    """The part at the variables that have the names of its roles."""
    of, given = (tuple(names[variable.role] for variable in side) for side in (part.of, part.given))
    return DensityValue(part.letter, of, given)


def _apart(expression: Expression, density: DensityValue) -> Expression:
    """The expression with its integrals over copies of the variables of `density`, for the eye."""
    if not isinstance(expression, Integral):
        return expression
    taken = [variable.name for variable in (*density.of, *density.given)]
    copy = fresh_variable(expression.variable, taken)
    inner = substitute(expression.integrand, {expression.variable: copy}) if copy != expression.variable else None
    return Integral(_apart(inner if inner is not None else expression.integrand, density), copy)


def _ancestors(roles: set[str], parts: Sequence[DensityValue]) -> set[str]:
    """The roles that the law of `roles` depends on: theirs, and those that their parts are given."""
    found = set(roles)
    while True:
        more = {role for part in parts if _roles(part.of) & found for role in _roles((*part.of, *part.given))}
        if more <= found:
            return found
        found |= more


def _roles(variables: Iterable[Variable]) -> set[str]:
    return {variable.role for variable in variables}
