"""On which variables a normal form depends, and the same form with variables renamed."""

from collections.abc import Iterator, Mapping

from elbowroom.derivation.polynomial import (
    Applied,
    Atom,
    AtPoint,
    Between,
    Density,
    Derived,
    Integrated,
    Monomial,
    Opaque,
    Polynomial,
    Symbol,
    from_atom,
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
        case Derived(of, by):
            return variables_of(of) | frozenset(by)
        case AtPoint(inner, variable, point):
            return variables_of(inner) - {variable} | variables_of(point)
        case Between(integrand, variable, lower, upper):
            return variables_of(integrand) - {variable} | variables_of(lower) | variables_of(upper)
    return frozenset()


def forms_in(atom: Atom) -> tuple[Polynomial, ...]:
    """The forms that an atom is made of, one level down."""
    match atom:
        case Opaque(_, arguments):
            return arguments
        case Applied(_, argument):
            return (argument,)
        case Integrated(integrand, _):
            return (integrand,)
        case Derived(of, _):
            return (from_atom(of),)
        case AtPoint(inner, _, point):
            return (inner, point)
        case Between(integrand, _, lower, upper):
            return (integrand, lower, upper)
    return ()


def atoms_in(form: Polynomial) -> Iterator[Atom]:
    """Every atom in a form, at any depth."""
    for part, _ in form.terms:
        for atom, exponent in part.powers:
            yield atom
            yield from atoms_in(exponent)
            for inner in forms_in(atom):
                yield from atoms_in(inner)


def same_function(left: Density, right: Density) -> bool:
    """Whether two densities are the same function, perhaps at other values of its variables."""
    own = ({v.role for v in left.of}, {v.role for v in left.given})
    return left.letter == right.letter and own == ({v.role for v in right.of}, {v.role for v in right.given})


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
        case Derived(of, by):
            return Derived(renamed_atom(of, names), tuple(names.get(variable, variable) for variable in by))
        case AtPoint(inner, variable, point):
            return AtPoint(renamed(inner, _without(names, variable)), variable, renamed(point, names))
        case Between(integrand, variable, lower, upper):
            inside = renamed(integrand, _without(names, variable))
            return Between(inside, variable, renamed(lower, names), renamed(upper, names))
    return atom


def _replaced(variables: frozenset[Variable], names: Mapping[Variable, Variable]) -> frozenset[Variable]:
    return frozenset(names.get(variable, variable) for variable in variables)


def _without(names: Mapping[Variable, Variable], bound: Variable) -> dict[Variable, Variable]:
    return {old: new for old, new in names.items() if old != bound}
