"""Sums of monomials with exact coefficients: the algebra in which normal forms are written.

A monomial is a product of atoms, each to a power that is itself a sum of monomials, so that
p(x | z)**(1/beta) is one. Everything is immutable, compared by structure and kept in one order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property

from elbowroom.functional.law import Variable


@dataclasses.dataclass(frozen=True)
class Atom:
    """What algebra does not look into."""

    @cached_property
    def key(self) -> str:
        """A text by which atoms are put in one order, the same for equal atoms."""
        return repr(self)


@dataclasses.dataclass(frozen=True, repr=False)
class Symbol(Atom):
    """A parameter, a multiplier or a variable, by name."""

    kind: str
    name: str
    variables: tuple[Variable, ...] = ()

    def __repr__(self) -> str:
        return f"{self.kind}:{self.name}{_names(self.variables)}"


@dataclasses.dataclass(frozen=True, repr=False)
class Density(Atom):
    """The value of a density of a law; the order of its variables has no meaning."""

    letter: str
    of: frozenset[Variable]
    given: frozenset[Variable] = frozenset()

    def __repr__(self) -> str:
        return f"density:{self.letter}({_names(self.of)}|{_names(self.given)})"


@dataclasses.dataclass(frozen=True, repr=False)
class Opaque(Atom):
    """A function that nothing is known of, with its arguments."""

    name: str
    arguments: tuple[Polynomial, ...]

    def __repr__(self) -> str:
        return f"function:{self.name}({','.join(argument.key for argument in self.arguments)})"


@dataclasses.dataclass(frozen=True, repr=False)
class Applied(Atom):
    """`log`, `exp`, an elementary function, or the `sum` itself, of a polynomial that no rule takes apart."""

    function: str
    argument: Polynomial

    def __repr__(self) -> str:
        return f"{self.function}({self.argument.key})"


@dataclasses.dataclass(frozen=True, repr=False)
class Integrated(Atom):
    """The integral of a monomial over several variables, which have been renamed in one order."""

    integrand: Polynomial
    variables: tuple[Variable, ...]

    def __repr__(self) -> str:
        return f"integral({self.integrand.key},{_names(self.variables)})"


@dataclasses.dataclass(frozen=True, repr=False)
class Derived(Atom):
    """The derivative of a density or of an opaque function by variables, in one order."""

    of: Atom
    by: tuple[Variable, ...]

    def __repr__(self) -> str:
        return f"derivative({self.of.key},{','.join(variable.name for variable in self.by)})"


@dataclasses.dataclass(frozen=True, repr=False)
class AtPoint(Atom):
    """A form where one of its variables has the value `point`."""

    form: Polynomial
    variable: Variable
    point: Polynomial

    def __repr__(self) -> str:
        return f"at({self.form.key},{self.variable.name},{self.point.key})"


@dataclasses.dataclass(frozen=True, repr=False)
class Between(Atom):
    """An integral of a form from one bound to another."""

    integrand: Polynomial
    variable: Variable
    lower: Polynomial
    upper: Polynomial

    def __repr__(self) -> str:
        return f"between({self.integrand.key},{self.variable.name},{self.lower.key},{self.upper.key})"


@dataclasses.dataclass(frozen=True, repr=False)
class Monomial:
    """A product of atoms to powers, in the order of their keys; no power is zero."""

    powers: tuple[tuple[Atom, Polynomial], ...] = ()

    @cached_property
    def key(self) -> str:
        return "*".join(f"[{atom.key}]^({exponent.key})" for atom, exponent in self.powers)

    def __mul__(self, other: Monomial) -> Monomial:
        powers: dict[Atom, Polynomial] = dict(self.powers)
        for atom, exponent in other.powers:
            powers[atom] = powers[atom] + exponent if atom in powers else exponent
        return monomial(powers)

    def raised(self, exponent: Polynomial) -> Monomial:
        """This monomial to a power."""
        return monomial({atom: power * exponent for atom, power in self.powers})

    def __repr__(self) -> str:
        return self.key


@dataclasses.dataclass(frozen=True, repr=False)
class Polynomial:
    """A linear combination of monomials with rational coefficients, none of them zero, in one order."""

    terms: tuple[tuple[Monomial, Fraction], ...] = ()

    @cached_property
    def key(self) -> str:
        return "+".join(f"{coefficient}*{part.key}" for part, coefficient in self.terms)

    @cached_property
    def _hash(self) -> int:
        return hash(self.key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Polynomial) and self.key == other.key

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __add__(self, other: Polynomial) -> Polynomial:
        return polynomial((*self.terms, *other.terms))

    def __neg__(self) -> Polynomial:
        return self.scaled(Fraction(-1))

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + (-other)

    def __mul__(self, other: Polynomial) -> Polynomial:
        return polynomial((a * b, c * d) for a, c in self.terms for b, d in other.terms)

    def scaled(self, factor: Fraction) -> Polynomial:
        """This polynomial times a number."""
        return polynomial((part, coefficient * factor) for part, coefficient in self.terms)

    @property
    def number(self) -> Fraction | None:
        """The value of a polynomial without atoms, and None for any other."""
        if not self.terms:
            return Fraction(0)
        if len(self.terms) == 1 and not self.terms[0][0].powers:
            return self.terms[0][1]
        return None

    def __repr__(self) -> str:
        return self.key


def monomial(powers: Mapping[Atom, Polynomial]) -> Monomial:
    """The monomial with these powers, those that are zero left out."""
    kept = [(atom, exponent) for atom, exponent in powers.items() if exponent]
    return Monomial(tuple(sorted(kept, key=lambda power: power[0].key)))


def polynomial(terms: Iterable[tuple[Monomial, Fraction]]) -> Polynomial:
    """The sum of these terms, equal monomials collected."""
    collected: dict[str, tuple[Monomial, Fraction]] = {}
    for part, coefficient in terms:
        known = collected.get(part.key)
        collected[part.key] = (part, coefficient + known[1] if known else coefficient)
    kept = [(part, coefficient) for part, coefficient in collected.values() if coefficient]
    return Polynomial(tuple(sorted(kept, key=lambda term: term[0].key)))


def constant(value: Fraction | int) -> Polynomial:
    """A number as a polynomial."""
    return polynomial([(Monomial(), Fraction(value))])


def from_atom(atom: Atom) -> Polynomial:
    """One atom as a polynomial."""
    return polynomial([(monomial({atom: ONE}), Fraction(1))])


def from_monomial(part: Monomial, coefficient: Fraction = Fraction(1)) -> Polynomial:
    """A monomial with its coefficient as a polynomial."""
    return polynomial([(part, coefficient)])


def _names(variables: Iterable[Variable]) -> str:
    return ",".join(sorted(f"{variable.role}@{variable.name}:{variable.support}" for variable in variables))


ONE = Polynomial(((Monomial(), Fraction(1)),))
ZERO = Polynomial()
