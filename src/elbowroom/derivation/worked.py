"""What a derivation knows after its first half: the problem, its variation, the strong form."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from elbowroom.derivation.dependence import atoms_in, same_function
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.polynomial import Density, Derived, Polynomial, from_monomial
from elbowroom.derivation.render import render
from elbowroom.derivation.restraint import Restraint
from elbowroom.derivation.variation import direction
from elbowroom.functional.expression import Constant, Equation, Expression, Function, Multiplier, Product, Sum
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem


@dataclasses.dataclass(frozen=True)
class Worked:
    """The first half of a derivation.

    `derivative` is the functional derivative, as a normal form; with `over_given` the functional integrates over
    what q is conditioned on, and the multiplier is a function of it.
    """

    problem: Problem
    expanded: Expression
    first: Expression
    derivative: Polynomial
    over_given: bool
    restraints: tuple[Restraint, ...] = ()
    boundary_terms: tuple[str, ...] = ()
    pinned: tuple[Equation, ...] = ()
    """Constraints that give the density at a point."""

    @property
    def multiplier(self) -> Multiplier:
        """The multiplier of the normalisation: a number, or a function of what q is conditioned on."""
        return Multiplier("lambda", self.problem.density.given if self.over_given else ())

    @property
    def direction(self) -> Function:
        """The direction eta, at the variables of the unknown density."""
        return direction(self.problem.density)

    @property
    def mass(self) -> Expression:
        """The integral of the unknown density."""
        mass: Expression = self.problem.density
        for variable in self.problem.density.of:
            mass = Integral(mass, variable)
        return mass

    @property
    def has_derivatives(self) -> bool:
        """Whether the condition holds a derivative of the unknown: then a finite world has no value for it."""
        return any(isinstance(atom, Derived) for atom in atoms_in(self.derivative))

    def has_unknown(self, unknown: Density) -> bool:
        """Whether the functional derivative still contains the unknown density."""
        return _holds(self.derivative, unknown)

    def condition(self) -> Equation:
        """The stationarity condition: the unknown first, then numbers, the rest, the multiplier."""
        terms = render(self.derivative)
        parts = list(terms.terms) if isinstance(terms, Sum) else [terms]
        over = self.problem.density
        unknown = Density(over.letter, frozenset(over.of), frozenset(over.given))

        def rank(term: Expression) -> int:
            if _holds(NormalForm(marginals=False).of(term), unknown):
                return 0
            return 1 if isinstance(term, Constant) else 2

        ordered = sorted(parts, key=rank)
        levels = [Product((one.multiplier, *_factors(render(one.statistic)))) for one in self.restraints]
        return Equation(Sum((*ordered, self.multiplier, *levels)), Constant(Fraction(0)))

    def lagrangian(self, functional: Expression) -> str:
        """S = J plus each multiplier times its constraint, integrated over the variables it depends on."""
        terms = [to_text(functional), _with_integrals(self.multiplier, f"({to_text(self.mass)} - 1)", self._given())]
        for one in self.restraints:
            terms.append(_with_integrals(one.multiplier, f"({to_text(one.excess)})", one.free))
        return " + ".join(terms)

    def _given(self) -> tuple[Variable, ...]:
        return self.problem.density.given if self.over_given else ()

    def linear_terms(self) -> list[str]:
        """The terms of a functional whose derivative does not contain the unknown."""
        form = NormalForm(marginals=False).of(self.expanded)
        return [to_text(render(from_monomial(part, coefficient))) for part, coefficient in form.terms]


def _factors(expression: Expression) -> tuple[Expression, ...]:
    return expression.factors if isinstance(expression, Product) else (expression,)


def _with_integrals(multiplier: Multiplier, excess: str, over: tuple[Variable, ...]) -> str:
    text = f"{to_text(multiplier)}*{excess}"
    if not over:
        return text
    return f"integral({text}, {', '.join(variable.name for variable in over)})"


def _holds(form: Polynomial, unknown: Density) -> bool:
    return any(isinstance(atom, Density) and same_function(atom, unknown) for atom in atoms_in(form))
