"""On which variables a normal form depends, and the same form with variables renamed."""

from collections.abc import Mapping

from elbowroom.derivation.polynomial import (
    Applied,
    Atom,
    Density,
    Integrated,
    Monomial,
    Opaque,
    Polynomial,
    Symbol,
    monomial,
    polynomial,
)
from elbowroom.functional.law import Variable


def variables_of(form: Polynomial | Monomial | Atom) -> frozenset[Variable]:
    """The free variables of a form."""
    match form:
        case Polynomial(terms):
            return frozenset().union(*(variables_of(part) for part, _ in terms))
        case Monomial(powers):
            return frozenset().union(*(variables_of(atom) | variables_of(exponent) for atom, exponent in powers))
        case Symbol(_, _, variables):
            return frozenset(variables)
        case Density(_, of, given):
            return of | given
        case Opaque(_, arguments):
            return frozenset().union(*(variables_of(argument) for argument in arguments))
        case Applied(_, argument):
            return variables_of(argument)
        case Integrated(integrand, variables):
            return variables_of(integrand) - frozenset(variables)
    return frozenset()


def renamed(form: Polynomial, names: Mapping[Variable, Variable]) -> Polynomial:
    """`form` with free variables replaced by others."""
    return polynomial((renamed_monomial(part, names), coefficient) for part, coefficient in form.terms)


def renamed_monomial(part: Monomial, names: Mapping[Variable, Variable]) -> Monomial:
    """`part` with free variables replaced by others."""
    if not variables_of(part) & names.keys():
        return part
    return monomial({renamed_atom(atom, names): renamed(exponent, names) for atom, exponent in part.powers})


def renamed_atom(atom: Atom, names: Mapping[Variable, Variable]) -> Atom:
    """`atom` with free variables replaced by others."""
    match atom:
        case Symbol("variable", _, (variable,)):
            new = names.get(variable, variable)
            return Symbol("variable", new.name, (new,))
        case Symbol(kind, name, variables):
            return Symbol(kind, name, tuple(names.get(variable, variable) for variable in variables))
        case Density(letter, of, given):
            return Density(letter, _replaced(of, names), _replaced(given, names))
        case Opaque(name, arguments):
            return Opaque(name, tuple(renamed(argument, names) for argument in arguments))
        case Applied(function, argument):
            return Applied(function, renamed(argument, names))
        case Integrated(integrand, variables):
            kept = {old: new for old, new in names.items() if old not in variables}
            return Integrated(renamed(integrand, kept), variables)
    return atom


def _replaced(variables: frozenset[Variable], names: Mapping[Variable, Variable]) -> frozenset[Variable]:
    return frozenset(names.get(variable, variable) for variable in variables)
