"""The densities of a letter by the parts of its joint law: marginals are integrals, posteriors are quotients."""

from __future__ import annotations

from collections.abc import Iterable

from elbowroom.errors import InputError
from elbowroom.functional.expression import MINUS_ONE, Expression, Power, Product
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.substitute import fresh_variable, substitute

Parts = tuple[DensityValue, ...]


def is_same(left: DensityValue, right: DensityValue) -> bool:
    """Whether two densities are the same function, at the same or at other variables."""
    return (
        left.letter == right.letter
        and _roles(left.of) == _roles(right.of)
        and _roles(left.given) == _roles(right.given)
    )


def part_of(density: DensityValue, parts: Parts) -> DensityValue | None:
    """The part that `density` is, at whatever variables."""
    return next((part for part in parts if is_same(part, density)), None)


def in_parts(density: DensityValue, parts: Parts) -> Expression:
    """`density` by the parts of the joint law of its letter, which is their product.

    **Raises.** `InputError` if the parts do not say what it is.
    """
    if part_of(density, parts) is not None:
        return density
    own = tuple(part for part in parts if part.letter == density.letter)
    if density.given and (both := part_of(DensityValue(density.letter, (*density.of, *density.given)), own)):
        joint: Expression = _at(both, density)
    else:
        joint = _marginal((*density.of, *density.given), own, density)
    if not density.given:
        return joint
    return Product((joint, Power(in_parts(DensityValue(density.letter, density.given), parts), MINUS_ONE)))


def _marginal(wanted: tuple[Variable, ...], parts: Parts, density: DensityValue) -> Expression:
    needed = _ancestors({variable.role for variable in wanted}, parts)
    used = [part for part in parts if _roles(part.of) & needed]
    explained = {role for part in used for role in _roles(part.of)}
    if missing := needed - explained:
        known = ", ".join(str(part) for part in parts) or "nothing"
        raise InputError(
            f"solve needs {density}, and the parts of the law {density.letter} that are given ({known}) do not say how "
            f"{', '.join(sorted(missing))} is distributed. Add the density of {', '.join(sorted(missing))} there."
        )
    names = {variable.role: variable for variable in wanted}
    summed = []
    for part in used:
        for variable in (*part.of, *part.given):
            if variable.role not in names:
                names[variable.role] = fresh_variable(variable, (other.name for other in names.values()))
                summed.append(variable.role)
    renaming = {variable: names[variable.role] for part in used for variable in (*part.of, *part.given)}
    factors = tuple(substitute(part, {old: new for old, new in renaming.items() if old != new}) for part in used)
    result: Expression = factors[0] if len(factors) == 1 else Product(factors)
    for role in summed:
        result = Integral(result, names[role])
    return result


def _at(part: DensityValue, density: DensityValue) -> Expression:
    names = {variable.role: variable for variable in (*density.of, *density.given)}
    return substitute(part, {old: names[old.role] for old in part.of if old != names[old.role]})


def _ancestors(roles: set[str], parts: Parts) -> set[str]:
    """The roles that the law of `roles` depends on: theirs, and those that their parts are given."""
    found = set(roles)
    while True:
        more = {role for part in parts if _roles(part.of) & found for role in _roles(part.of) | _roles(part.given)}
        if more <= found:
            return found
        found |= more


def _roles(variables: Iterable[Variable]) -> set[str]:
    return {variable.role for variable in variables}
