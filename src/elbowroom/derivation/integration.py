"""Integrals in normal form: linear, constants outside, nested ones merged, densities integrated out."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from elbowroom.derivation.dependence import forms_in, renamed_monomial, variables_of
from elbowroom.derivation.polynomial import (
    ONE,
    ZERO,
    Atom,
    Density,
    Integrated,
    Monomial,
    Polynomial,
    from_atom,
    from_monomial,
    monomial,
)
from elbowroom.functional.law import Variable

MOST_REORDERED = 4
"""With more integration variables their order is kept as it comes; equal forms may then go unrecognised."""


def integrate(form: Polynomial, variable: Variable) -> Polynomial:
    """The integral of `form` over `variable`."""
    total = ZERO
    for part, coefficient in form.terms:
        total = total + _integrate_monomial(part, (variable,)).scaled(coefficient)
    return total


def _integrate_monomial(part: Monomial, variables: tuple[Variable, ...]) -> Polynomial:
    """The integral of a monomial over several variables: what can be taken out or integrated out, is."""
    part, variables = _merged(part, variables)
    outside: dict[Atom, Polynomial] = {}
    inside = dict(part.powers)
    remaining = list(variables)
    changed = True
    while changed:
        changed = False
        for atom, exponent in list(inside.items()):
            if not (variables_of(atom) | variables_of(exponent)) & set(remaining):
                outside[atom] = outside[atom] + exponent if atom in outside else exponent
                del inside[atom]
        for variable in remaining:
            density = _sole_density(inside, variable)
            if density is None:
                continue
            del inside[density]
            remaining.remove(variable)
            rest = density.of - {variable}
            if rest:
                smaller = Density(density.letter, rest, density.given)
                inside[smaller] = inside[smaller] + ONE if smaller in inside else ONE
            changed = True
            break
    core = from_monomial(monomial(outside))
    if not remaining:
        return core * from_monomial(monomial(inside))
    return core * _separated(monomial(inside), tuple(remaining))


def _separated(part: Monomial, variables: tuple[Variable, ...]) -> Polynomial:
    """The integral as a product over groups of variables that no atom ties together."""
    total = ONE
    waiting = list(variables)
    while waiting:
        group = {waiting[0]}
        grown = True
        while grown:
            grown = False
            for atom, exponent in part.powers:
                touched = (variables_of(atom) | variables_of(exponent)) & set(waiting)
                if touched & group and not touched <= group:
                    group |= touched
                    grown = True
        own = {a: e for a, e in part.powers if (variables_of(a) | variables_of(e)) & group}
        total = total * from_atom(_canonical(monomial(own), tuple(v for v in waiting if v in group)))
        waiting = [variable for variable in waiting if variable not in group]
    return total


def _sole_density(inside: dict[Atom, Polynomial], variable: Variable) -> Density | None:
    """The density that alone depends on `variable`, as one of the variables it is a density of."""
    depending = [a for a, e in inside.items() if variable in variables_of(a) | variables_of(e)]
    if len(depending) != 1 or inside[depending[0]] != ONE:
        return None
    density = depending[0]
    return density if isinstance(density, Density) and variable in density.of else None


def _merged(part: Monomial, variables: tuple[Variable, ...]) -> tuple[Monomial, tuple[Variable, ...]]:
    """Integrals that stand as factors inside and depend on an integration variable, made part of this one."""
    for atom, exponent in part.powers:
        nested = isinstance(atom, Integrated) and exponent == ONE and len(atom.integrand.terms) == 1
        if isinstance(atom, Integrated) and nested and variables_of(atom) & set(variables):
            taken = {v.name for v in variables} | {v.name for v in variables_of(part)}
            fresh = {old: _fresh(old, taken) for old in atom.variables}
            inner = renamed_monomial(atom.integrand.terms[0][0], fresh)
            rest = monomial({a: e for a, e in part.powers if a != atom})
            return _merged(rest * inner, (*variables, *fresh.values()))
    return part, variables


def _fresh(variable: Variable, taken: set[str]) -> Variable:
    name = variable.role
    while name in taken:
        name += "'"
    taken.add(name)
    return Variable(name, variable.support)


def _canonical(part: Monomial, variables: tuple[Variable, ...]) -> Integrated:
    """The integral with its variables renamed in the one order that gives the smallest key."""
    depth = 1 + _depth(from_monomial(part))
    orders = permutations(variables) if len(variables) <= MOST_REORDERED else [variables]
    candidates: list[Integrated] = []
    for order in orders:
        names = _bound_names(order, depth)
        integrand = from_monomial(renamed_monomial(part, names), Fraction(1))
        candidates.append(Integrated(integrand, tuple(names.values())))
    return min(candidates, key=lambda candidate: candidate.key)


def _bound_names(order: tuple[Variable, ...], depth: int) -> dict[Variable, Variable]:
    """Primed copies that no inner integral uses: a law still sees the role of each variable."""
    names: dict[Variable, Variable] = {}
    for place, old in enumerate(order):
        names[old] = Variable(old.role + "'" * (8 * depth + place), old.support)
    return names


def _depth(form: Polynomial) -> int:
    """How many integrals stand inside one another in `form`."""
    deepest = 0
    for part, _ in form.terms:
        for atom, exponent in part.powers:
            deepest = max(deepest, _depth(exponent))
            inner = max((_depth(form) for form in forms_in(atom)), default=0)
            deepest = max(deepest, inner + isinstance(atom, Integrated))
    return deepest
