"""From a normal form back to an expression that reads well: marginals paired to conditionals, signs in front."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import add

from elbowroom.derivation.dependence import renamed, variables_of
from elbowroom.derivation.polynomial import (
    ONE,
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
    constant,
    monomial,
)
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.elementary import Elementary, NamedConstant
from elbowroom.functional.expression import (
    MINUS_ONE,
    Constant,
    Exp,
    Expression,
    Function,
    Log,
    Multiplier,
    Parameter,
    Power,
    Product,
    Sum,
)
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable

Power_ = tuple[Atom, Polynomial]
"""An atom and the power it is raised to."""


def render(form: Polynomial) -> Expression:
    """An expression with this normal form."""
    terms = [render_term(part, coefficient) for part, coefficient in _paired_logs(form).terms]
    if not terms:
        return Constant(Fraction(0))
    return Sum(tuple(terms)) if len(terms) > 1 else terms[0]


def render_term(part: Monomial, coefficient: Fraction) -> Expression:
    """A monomial with its coefficient, numbers first, logarithms and integrals last."""
    powers = sorted(_paired(part).powers, key=lambda power: (_rank(power[0], power[1]), power[0].key))
    roots, powers = _common_roots(powers)
    whole, powers = _one_exponential(powers)
    last = [power for power in powers if _rank(*power) > 4]
    first = [power for power in powers if power not in last]
    factors = [*roots, *(_render_power(*power) for power in first), *whole, *(_render_power(*power) for power in last)]
    if coefficient == -1 and factors:
        factors.insert(0, MINUS_ONE)
    elif coefficient != 1 or not factors:
        factors.insert(0, Constant(coefficient))
    return Product(tuple(factors)) if len(factors) > 1 else factors[0]


def _one_exponential(powers: list[Power_]) -> tuple[list[Expression], list[Power_]]:
    """Several exponentials, or one to a power, as the exponential of a sum; and the other factors."""
    own = [(atom, exponent) for atom, exponent in powers if isinstance(atom, Applied) and atom.function == "exp"]
    if len(own) < 2 and all(exponent.number in (1, -1) for _, exponent in own):
        return [], powers
    total = reduce(add, (exponent * atom.argument for atom, exponent in own))
    rest = [power for power in powers if power not in own]
    return ([Exp(render(total))] if total else []), rest


def _common_roots(powers: list[Power_]) -> tuple[list[Expression], list[Power_]]:
    """Numbers to the same power, such as 2 and pi to -1/2, as a power of their product; and the other factors."""
    numbers: dict[Polynomial, list[Atom]] = {}
    for atom, exponent in powers:
        if exponent != ONE and _is_number(atom):
            numbers.setdefault(exponent, []).append(atom)
    several = {exponent: atoms for exponent, atoms in numbers.items() if len(atoms) > 1}
    made: list[Expression] = []
    for exponent, atoms in several.items():
        parts = sorted(map(_render_atom, atoms), key=lambda part: not isinstance(part, Constant))
        made.append(Power(Product(tuple(parts)), render(exponent)))
    return made, [power for power in powers if not (power[1] in several and _is_number(power[0]))]


def _is_number(atom: Atom) -> bool:
    match atom:
        case Symbol("constant", _, _):
            return True
        case Applied("sum", argument):
            return argument.number is not None
    return False


def _rank(atom: Atom, exponent: Polynomial) -> int:
    match atom:
        case Symbol():
            return 0 if exponent == ONE else 1
        case Density(_, _, given):
            return 3 if given else 2
        case Applied("log", _):
            return 6
        case Integrated():
            return 5
        case _:
            return 4


def _render_power(atom: Atom, exponent: Polynomial) -> Expression:
    base = _render_atom(atom)
    return base if exponent == ONE else Power(base, render(exponent))


def _render_atom(atom: Atom) -> Expression:
    match atom:
        case Symbol("parameter", name, _):
            return Parameter(name)
        case Symbol("constant", name, _):
            return NamedConstant(name)
        case Symbol("multiplier", name, variables):
            return Multiplier(name, variables)
        case Symbol(_, _, (variable,)):
            return variable
        case Density(letter, of, given):
            return DensityValue(letter, _in_order(of), _in_order(given))
        case Opaque(name, arguments):
            return Function(name, tuple(render(argument) for argument in arguments))
        case Applied("log", argument):
            return Log(render(argument))
        case Applied("exp", argument):
            return Exp(render(argument))
        case Applied("sum", argument):
            return render(argument)
        case Applied(name, argument):
            return Elementary(name, render(argument))
        case Derived(of, by):
            derived = _render_atom(of)
            for variable in by:
                derived = Derivative(derived, variable)
            return derived
        case AtPoint(inner, variable, point):
            return PointValue(render(inner), variable, render(point))
        case Between(integrand, variable, lower, upper):
            return Integral(render(integrand), variable, render(lower), render(upper))
        case Integrated(integrand, variables):
            return _render_integral(integrand, variables)
    raise TypeError(f"{atom!r} is not an atom of a normal form")


def _render_integral(integrand: Polynomial, variables: tuple[Variable, ...]) -> Expression:
    # Bound variables get the shortest names that are free: z, then z', and so on.
    from_names = {variable: variable for variable in variables}
    taken = {variable.name for variable in variables_of(integrand).difference(variables)}
    for variable in variables:
        name = variable.role
        while name in taken:
            name += "'"
        taken.add(name)
        from_names[variable] = Variable(name, variable.support, variable.role)
    body = render(renamed(integrand, from_names))
    for variable in from_names.values():
        body = Integral(body, variable)
    return body


def _in_order(variables: frozenset[Variable]) -> tuple[Variable, ...]:
    return tuple(sorted(variables, key=lambda variable: variable.name))


def _paired(part: Monomial) -> Monomial:
    """p(x,z) * p(x)**-1 as p(z|x), wherever the powers are opposite."""
    powers = dict(part.powers)
    for joint in sorted((a for a in powers if isinstance(a, Density)), key=lambda a: -len(a.of)):
        exponent = powers.get(joint)
        for marginal in sorted((a for a in powers if isinstance(a, Density)), key=lambda a: -len(a.of)):
            fits = marginal.letter == joint.letter and marginal.of < joint.of and not (joint.given or marginal.given)
            if exponent is not None and fits and powers[marginal] == -exponent and joint in powers:
                del powers[joint], powers[marginal]
                powers[Density(joint.letter, joint.of - marginal.of, marginal.of)] = exponent
                break
    return monomial(powers)


def _paired_logs(form: Polynomial) -> Polynomial:
    """log p(x,z) - log p(x) as log p(z|x), wherever the coefficients are opposite."""
    terms = dict(form.terms)
    for part in sorted(terms, key=_log_size, reverse=True):
        found = _log_density(part)
        if found is None or part not in terms or found[0].given:
            continue
        for other in sorted(terms, key=_log_size, reverse=True):
            smaller = _log_density(other)
            if smaller is None or smaller[1] != found[1] or terms[other] != -terms[part]:
                continue
            if smaller[0].letter == found[0].letter and smaller[0].of < found[0].of and not smaller[0].given:
                conditional = Density(found[0].letter, found[0].of - smaller[0].of, smaller[0].of)
                coefficient = terms.pop(part)
                del terms[other]
                terms[found[1] * _log_of(conditional)] = coefficient
                break
    return Polynomial(tuple(terms.items()))


def _log_of(density: Density) -> Monomial:
    return monomial({Applied("log", Polynomial(((monomial({density: ONE}), Fraction(1)),))): ONE})


def _log_size(part: Monomial) -> int:
    found = _log_density(part)
    return len(found[0].of) if found else 0


def _log_density(part: Monomial) -> tuple[Density, Monomial] | None:
    """The density whose logarithm is a factor of `part`, and the other factors."""
    for atom, exponent in part.powers:
        if isinstance(atom, Applied) and atom.function == "log" and exponent == ONE:
            inner = atom.argument.terms
            if len(inner) == 1 and inner[0][1] == 1 and len(inner[0][0].powers) == 1:
                density, power = inner[0][0].powers[0]
                if isinstance(density, Density) and power == constant(1):
                    return density, monomial({a: e for a, e in part.powers if a != atom})
    return None
