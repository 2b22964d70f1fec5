"""The normal form of an expression: equal normal forms prove an identity.

Named functionals are expanded to integrals, logarithms of products are split, densities are written in marginals of
their joint law, what does not depend on an integration variable leaves the integral, and a variable that only one
density depends on is integrated out of it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatchmethod

from elbowroom.derivation.dependence import variables_of
from elbowroom.derivation.differentiate import differentiated
from elbowroom.derivation.integration import integrate
from elbowroom.derivation.numbers_form import is_positive_support, log_of_number, positive_on_interval
from elbowroom.derivation.polynomial import (
    ONE,
    ZERO,
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
    from_atom,
    from_monomial,
    monomial,
    polynomial,
)
from elbowroom.errors import MissingRule
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.elementary import Elementary, NamedConstant
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import (
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

LARGEST_SUM = 2000  # a normal form with more terms is given up: the identity is left to the finite worlds


class NotDecidedError(Exception):
    """The normal form cannot take this expression apart; it says nothing about the identity."""


class NormalForm:
    """The rules from expressions to normal forms, and the hypotheses that were used on the way.

    **Arguments.** With `marginals`, p(x | z) is written p(x, z) / p(z), which decides identities; without,
    densities stay as they were written, which keeps what a derivation prints readable.
    """

    def __init__(self, marginals: bool = True):
        self.marginals = marginals
        self.hypotheses: set[str] = set()

    def of(self, expression: Expression) -> Polynomial:
        """The normal form of `expression`. Raises `NotDecidedError` where no rule applies."""
        return self._form(expand(expression))

    @singledispatchmethod
    def _form(self, node: Expression) -> Polynomial:
        raise MissingRule(f"no normal-form rule for {type(node).__name__}; add one in derivation/normal_form.py")

    @_form.register
    def _(self, node: Constant) -> Polynomial:
        return constant(node.value)

    @_form.register
    def _(self, node: Parameter) -> Polynomial:
        return from_atom(Symbol("parameter", node.name))

    @_form.register
    def _(self, node: Multiplier) -> Polynomial:
        variables = tuple(variable for variable in node.of if isinstance(variable, Variable))
        return from_atom(Symbol("multiplier", node.name, variables))

    @_form.register
    def _(self, node: Variable) -> Polynomial:
        return from_atom(Symbol("variable", node.name, (node,)))

    @_form.register
    def _(self, node: Function) -> Polynomial:
        return from_atom(Opaque(node.name, tuple(self._form(argument) for argument in node.arguments)))

    @_form.register
    def _(self, node: DensityValue) -> Polynomial:
        of, given = frozenset(node.of), frozenset(node.given)
        if not self.marginals or not given:
            return from_atom(Density(node.letter, of, given))
        joint, marginal = Density(node.letter, of | given), Density(node.letter, given)
        return from_monomial(monomial({joint: ONE, marginal: constant(-1)}))

    @_form.register
    def _(self, node: Sum) -> Polynomial:
        return self._bounded(polynomial(entry for term in node.terms for entry in self._form(term).terms))

    @_form.register
    def _(self, node: Product) -> Polynomial:
        total = ONE
        for factor in node.factors:
            total = self._bounded(total * self._form(factor))
        return total

    @_form.register
    def _(self, node: Power) -> Polynomial:
        return self.power(self._form(node.base), self._form(node.exponent))

    @_form.register
    def _(self, node: Log) -> Polynomial:
        return self.log(self._form(node.argument))

    @_form.register
    def _(self, node: Exp) -> Polynomial:
        return self.exp(self._form(node.argument))

    @_form.register
    def _(self, node: NamedConstant) -> Polynomial:
        return from_atom(Symbol("constant", node.name))

    @_form.register
    def _(self, node: Elementary) -> Polynomial:
        return from_atom(Applied(node.name, self._form(node.argument)))

    @_form.register
    def _(self, node: Integral) -> Polynomial:
        integrand = self._form(node.integrand)
        if node.lower is None or node.upper is None:
            return integrate(integrand, node.variable)
        return self._between(integrand, node.variable, self._form(node.lower), self._form(node.upper))

    @_form.register
    def _(self, node: Derivative) -> Polynomial:
        carried_out = differentiated(node, lambda name: None)
        if isinstance(carried_out, Derivative):
            return from_atom(self._derived(carried_out))
        return self._form(carried_out)

    @_form.register
    def _(self, node: PointValue) -> Polynomial:
        return from_atom(AtPoint(self._form(node.expression), node.variable, self._form(node.point)))

    def _derived(self, node: Derivative) -> Derived:
        """The derivative of a name, perhaps by several variables, as an atom."""
        inner, by = node.expression, [node.variable]
        while isinstance(inner, Derivative):
            by.append(inner.variable)
            inner = inner.expression
        if isinstance(inner, DensityValue):
            of: Atom = Density(inner.letter, frozenset(inner.of), frozenset(inner.given))
        elif isinstance(inner, Function):
            of = Opaque(inner.name, tuple(self._form(argument) for argument in inner.arguments))
        else:
            raise NotDecidedError(f"the derivative {node!r} cannot be carried out")
        return Derived(of, tuple(sorted(by, key=lambda variable: variable.name)))

    def _between(self, form: Polynomial, variable: Variable, lower: Polynomial, upper: Polynomial) -> Polynomial:
        """The integral between bounds: linear, factors without the variable outside."""
        total = ZERO
        for part, coefficient in form.terms:
            inside = {a: e for a, e in part.powers if variable in variables_of(a) | variables_of(e)}
            outside = monomial({a: e for a, e in part.powers if a not in inside})
            if inside:
                atom = Between(from_monomial(monomial(inside)), variable, lower, upper)
                total = total + from_monomial(outside, coefficient) * from_atom(atom)
            else:
                total = total + from_monomial(outside, coefficient) * (upper - lower)
        return total

    def _bounded(self, form: Polynomial) -> Polynomial:
        if len(form.terms) > LARGEST_SUM:
            raise NotDecidedError(f"the expression expands to more than {LARGEST_SUM} terms")
        return form

    def log(self, form: Polynomial) -> Polynomial:
        """The logarithm: split over the factors that are positive, which is noted as a hypothesis."""
        if len(form.terms) != 1:
            return self._log_of_sum(form)
        part, coefficient = form.terms[0]
        total = ZERO
        unsigned: dict = {}
        for atom, exponent in part.powers:
            if self._positive(atom):
                total = total + exponent * self._log_atom(atom)
            else:
                unsigned[atom] = exponent
        if unsigned or coefficient < 0:
            return total + from_atom(Applied("log", from_monomial(monomial(unsigned), coefficient)))
        return total + log_of_number(coefficient)

    def _log_of_sum(self, form: Polynomial) -> Polynomial:
        if not form.terms:
            raise NotDecidedError("it takes the logarithm of zero")
        lead = form.terms[0][1]
        if lead <= 0:
            return from_atom(Applied("log", form))
        return log_of_number(lead) + from_atom(Applied("log", form.scaled(1 / lead)))

    def _log_atom(self, atom: object) -> Polynomial:
        match atom:
            case Applied("exp", argument):
                return argument
            case Applied("sum", argument):
                return self._log_of_sum(argument)
            case _:
                return from_atom(Applied("log", from_atom(atom)))  # pyright: ignore[reportArgumentType]

    def exp(self, form: Polynomial) -> Polynomial:
        """The exponential: a product over the terms, each logarithm in them undone."""
        total = ONE
        for part, coefficient in form.terms:
            total = total * self._exp_of_term(part, coefficient)
        return total

    def _exp_of_term(self, part: Monomial, coefficient: Fraction) -> Polynomial:
        logs = [
            atom
            for atom, exponent in part.powers
            if isinstance(atom, Applied) and atom.function == "log" and exponent == ONE
        ]
        if len(logs) == 1:
            rest = from_monomial(monomial({a: e for a, e in part.powers if a != logs[0]}), coefficient)
            return self.power(logs[0].argument, rest)
        atom = Applied("exp", from_monomial(part))
        return from_monomial(monomial({atom: constant(coefficient)}))

    def power(self, base: Polynomial, exponent: Polynomial) -> Polynomial:
        """`base` to the power `exponent`."""
        number = exponent.number
        whole = number is not None and number.denominator == 1
        terms = list(base.terms)
        if not terms:
            if number is not None and number > 0:
                return ZERO
            raise NotDecidedError("it takes a power of zero that is not positive")
        part, coefficient = terms[0]
        if len(terms) > 1:
            if whole and number is not None and 0 <= number <= 6:
                return self._repeated(base, int(number))
            atom = Applied("sum", base.scaled(1 / coefficient))
            return self._number_power(coefficient, exponent) * from_monomial(monomial({atom: exponent}))
        if not whole and not all(self._positive(atom) for atom, _ in part.powers):
            atom = Applied("sum", base)
            return from_monomial(monomial({atom: exponent}))
        return self._number_power(coefficient, exponent) * from_monomial(part.raised(exponent))

    def _repeated(self, base: Polynomial, times: int) -> Polynomial:
        total = ONE
        for _ in range(times):
            total = self._bounded(total * base)
        return total

    def _number_power(self, value: Fraction, exponent: Polynomial) -> Polynomial:
        number = exponent.number
        if value == 1:
            return ONE
        if number is not None and number.denominator == 1 and abs(number) <= 64:
            return constant(value ** int(number))
        return from_monomial(monomial({Applied("sum", constant(value)): exponent}))

    def _positive(self, atom: object) -> bool:
        match atom:
            case Density():
                self.hypotheses.add("densities are positive where their logarithm is taken")
                return True
            case Symbol("parameter", name):
                self.hypotheses.add(f"{name} > 0")
                return True
            case Symbol("variable", _, variables):
                return all(is_positive_support(variable.support) for variable in variables)
            case Symbol("constant", _, _) | Applied("exp" | "cosh" | "i0", _):
                return True
            case Applied("sum", argument):
                return positive_on_interval(argument) or self._all_positive(argument)
            case Integrated(integrand, _):
                return self._all_positive(integrand)
            case _:
                return False

    def _all_positive(self, form: Polynomial) -> bool:
        return all(
            coefficient > 0 and all(self._positive(atom) for atom, _ in part.powers) for part, coefficient in form.terms
        )
