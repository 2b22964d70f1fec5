"""The meaning of each form of the notation: the node that it becomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import NoReturn

from elbowroom.functional.density_functionals import DENSITY_FUNCTIONALS, DensityFunctional
from elbowroom.functional.differential import Derivative
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.elementary import ELEMENTARY, NAMED_CONSTANTS, Elementary, NamedConstant
from elbowroom.functional.expression import (
    Constant,
    Expression,
    Function,
    Parameter,
    Power,
    Product,
    Sum,
    exp,
    log,
    sqrt,
)
from elbowroom.functional.families import FAMILIES, FamilyDensity
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.names import TWO_BARS, Names, nearest_name
from elbowroom.functional.substitute import substitute
from elbowroom.functional.syntax import Call, Chain, Integration, Mean, Minus, Name, Number, Raised, Syntax
from elbowroom.functional.syntax import Divergence as TwoBars
from elbowroom.functional.traverse import extent

DEEPEST_EXPRESSION = 100
"""An expression of more levels is refused, so that no operation on it meets the limit of Python's stack."""

LARGEST_EXPRESSION = 20_000
"""A value at a point of more nodes is refused: what is put in twice at each of many levels grows without bound."""

_OF_ONE: dict[str, Callable[[Expression], Expression]] = {"log": log, "exp": exp, "sqrt": sqrt, "H": Entropy}
_LARGEST_FOLDED = 4096

_WITH_VARIABLE = {"diff": (2, "diff(q(z), z)"), "at": (3, "at(diff(q(z), z), z, 0)")}


class Meaning:
    """What each form of one text stands for."""

    def __init__(self, names: Names):
        self._names = names

    def of(self, syntax: Syntax, depth: int = 1) -> Expression:
        """The expression that a form stands for."""
        if depth > DEEPEST_EXPRESSION:
            self._fail(f"The formula has more than {DEEPEST_EXPRESSION} levels here. Write it in parts.", syntax)
        match syntax:
            case Number(value, _):
                return Constant(value)
            case Name():
                return self._name(syntax)
            case Call():
                return self._call(syntax, depth + 1)
            case Chain():
                operands = [(inverse, self.of(part, depth + 1)) for inverse, part in syntax.rest]
                operands.insert(0, (False, self.of(syntax.first, depth + 1)))
                return _sum(operands) if syntax.operation == "sum" else self._product(syntax, operands)
            case Minus(operand, _):
                return -self.of(operand, depth + 1)
            case Raised(base, exponent, _):
                return Power(self.of(base, depth + 1), self.of(exponent, depth + 1))
            case Mean(measure, body, _):
                return self._make(Expectation, syntax, self.of(measure, depth + 1), self.of(body, depth + 1))
            case TwoBars():
                return self._divergence(syntax, depth + 1)
            case Integration(body, variable, _, bounds):
                limits = [self.of(bound, depth + 1) for bound in bounds or ()]
                return self._make(Integral, syntax, self.of(body, depth + 1), self._variable(variable), *limits)

    def _fail(self, reason: str, syntax: Syntax) -> NoReturn:
        self._names.fail(reason, syntax)

    def _make(self, kind: Callable[..., Expression], syntax: Syntax, *arguments: object) -> Expression:
        try:
            return kind(*arguments)
        except TypeError as error:
            self._fail(str(error), syntax)

    def _name(self, name: Name) -> Expression:
        names, text = self._names, name.text
        if text in names.declared.parameters:
            return names.declared.parameters[text]
        if names.is_variable(text):
            return names.variable(text)
        if text in names.letters:
            self._fail(f"The density {text} needs its variables, as in {text}(z|x).", name)
        if names.is_known_function(text) and text != "E":
            self._fail(f"{text} needs its argument in brackets: {text}(...).", name)
        return NamedConstant(text) if text in NAMED_CONSTANTS else Parameter(text)

    def _variable(self, name: Syntax) -> Variable:
        if not isinstance(name, Name):
            self._fail("A variable is expected here.", name)
        return self._names.variable(name.text)

    def _call(self, call: Call, depth: int) -> Expression:
        names = self._names
        if call.name in names.letters and not call.before:
            return self._density(call, depth)
        if names.is_known_function(call.name):
            return self._known(call, depth)
        if call.before:
            nearest = nearest_name(call.name, FAMILIES)
            hint = f"Did you mean {nearest}?" if nearest else f"Known are {', '.join(FAMILIES)}."
            self._fail(f"There is no family {call.name}. {hint}", call)
        names.refuse_misspelt(call)
        return Function(call.name, tuple(self.of(argument, depth) for argument in call.arguments))

    def _known(self, call: Call, depth: int) -> Expression:
        name = call.name
        if name == "E":
            self._fail("An expectation is written with its density: E_q(z|x)[...].", call)
        if call.given:
            self._fail(f"{name} is a function of the notation, and takes no bar.", call)
        if name in TWO_BARS:
            self._fail(f"{name} has two bars between its densities, as in {name}(q(z|x) || p(z|x)).", call)
        if name == "MI":
            return self._mutual_information(call)
        if name in FAMILIES:
            return self._family(call, depth)
        arguments = [self.of(argument, depth) for argument in call.arguments]
        if name in DENSITY_FUNCTIONALS:
            order = [self.of(argument, depth) for argument in call.before]
            return self._make(DensityFunctional, call, name, *arguments, *order)
        if call.before:
            self._fail(f"{name} is a function of the notation, and takes no semicolon.", call)
        if name in _WITH_VARIABLE:
            return self._with_variable(call, arguments)
        if name == "max":
            return self._maximum(call, arguments)
        if len(arguments) != 1:
            self._fail(f"{name} takes one argument, and here it has {len(arguments)}.", call)
        if name in ELEMENTARY:
            return Elementary(name, arguments[0])
        return self._make(_OF_ONE[name], call, arguments[0])

    def _maximum(self, call: Call, arguments: list[Expression]) -> Expression:
        zeros = [isinstance(argument, Constant) and argument.value == 0 for argument in arguments]
        if len(arguments) != 2 or not any(zeros):
            self._fail("max takes zero and one more argument, max(0, ...): the positive part of that.", call)
        return Elementary("positive_part", arguments[0 if zeros[1] else 1])

    def _with_variable(self, call: Call, arguments: list[Expression]) -> Expression:
        wanted, shown = _WITH_VARIABLE[call.name]
        if len(arguments) != wanted:
            self._fail(f"{call.name} takes {wanted} arguments, as in {shown}, and here it has {len(arguments)}.", call)
        variable = arguments[1]
        if not isinstance(variable, Variable):
            self._fail(f"The second argument of {call.name} is a variable, as in {shown}.", call.arguments[1])
        if call.name == "diff":
            return Derivative(arguments[0], variable)
        (nodes, levels), (more_nodes, more_levels) = extent(arguments[0]), extent(arguments[2])
        if nodes * more_nodes > LARGEST_EXPRESSION or levels + more_levels > DEEPEST_EXPRESSION:
            self._fail("The value at this point is too long a formula. Write it in parts.", call)
        return substitute(arguments[0], {variable: arguments[2]})

    def _mutual_information(self, call: Call) -> Expression:
        letters = [form.text for form in call.before if isinstance(form, Name)]
        if len(letters) != 1 or len(call.arguments) != 2:
            self._fail("Mutual information is written with its law and two variables: MI(q; x, z).", call)
        left, right = (self._variable(argument) for argument in call.arguments)
        return self._make(MutualInformation, call, letters[0], left, right)

    def _family(self, call: Call, depth: int) -> Expression:
        family = FAMILIES[call.name]
        if len(call.before) != 1:
            shown = f"{call.name}(z; {', '.join(family.parameters)})"
            self._fail(f"The density of {call.name} is written with a semicolon behind its variable: {shown}.", call)
        argument = self.of(call.before[0], depth)
        parameters = tuple(self.of(parameter, depth) for parameter in call.arguments)
        return self._make(FamilyDensity, call, call.name, argument, parameters)

    def _divergence(self, form: TwoBars, depth: int) -> Expression:
        if form.name not in TWO_BARS:
            nearest = nearest_name(form.name, TWO_BARS, cutoff=0.5)
            hint = f"Did you mean {nearest}, or one bar?" if nearest else "Did you mean KL, or one bar?"
            self._fail(
                f"Two bars stand only between the densities of a divergence, as in KL(q(z) || p(z)), "
                f"not in {form.name}(...). {hint}",
                form,
            )
        if form.name == "MMD2":
            if not isinstance(form.order, Name):
                self._fail("MMD2 has a kernel, a function of two points: MMD2(k; q(z) || p(z)).", form)
            sides = (self.of(form.left, depth), self.of(form.right, depth))
            return self._make(SquaredMMD, form, form.order.text, *sides)
        left, right = self.of(form.left, depth), self.of(form.right, depth)
        if form.name == "KL":
            if form.order is not None:
                self._fail("KL has no order. Write KL(q(z) || p(z)), or Renyi(2; q(z) || p(z)).", form)
            return self._make(KL, form, left, right)
        order = None if form.order is None else self.of(form.order, depth)
        return self._make(Divergence, form, form.name, left, right, order)

    def _density(self, call: Call, depth: int) -> Expression:
        of, given = ([self.of(part, depth) for part in side] for side in (call.arguments, call.given))
        arguments = [*of, *given]
        variables = [argument for argument in arguments if isinstance(argument, Variable)]
        role, count = Counter(variable.role for variable in variables).most_common(1)[0] if variables else ("", 0)
        if count > 1:
            self._fail(f"The density {call.name} has the variable {role} more than once.", call)
        if len(variables) < len(arguments):
            density = self._density_of_shape(call, of, given)
            own = (*density.of, *density.given)
            return substitute(density, {old: new for old, new in zip(own, arguments, strict=True) if old != new})
        return self._make(DensityValue, call, call.name, tuple(of), tuple(given))

    def _density_of_shape(self, call: Call, of: list[Expression], given: list[Expression]) -> DensityValue:
        """The density that a value at a point is a value of: the only one of its letter that fits."""
        fitting = {
            density: None
            for density in self._names.densities
            if density.letter == call.name and _fits(density.of, of) and _fits(density.given, given)
        }
        if len(fitting) != 1:
            several = f"; it may be {' or '.join(map(str, fitting))}" if fitting else ""
            self._fail(
                f"The arguments of the density {call.name} are variables, and here one is not, so it cannot be told "
                f"which density this is a value of{several}. Write that density in its variables too, such as "
                f"{call.name}(z).",
                call,
            )
        return next(iter(fitting))

    def _product(self, chain: Chain, operands: list[tuple[bool, Expression]]) -> Expression:
        for (inverse, value), (_, part) in zip(operands[1:], chain.rest, strict=True):
            if inverse and isinstance(value, Constant) and value.value == 0:
                self._fail("This divides by zero.", part)
        return _product(operands)


def _fits(variables: tuple[Variable, ...], arguments: list[Expression]) -> bool:
    """Whether `arguments` are values of `variables`: as many, and the same variable where one is a variable."""
    if len(variables) != len(arguments):
        return False
    return all(
        argument.role == variable.role
        for variable, argument in zip(variables, arguments, strict=True)
        if isinstance(argument, Variable)
    )


def _sum(operands: list[tuple[bool, Expression]]) -> Expression:
    terms: list[Expression] = []
    for inverse, value in operands:
        value = -value if inverse else value
        terms.extend(value.terms if isinstance(value, Sum) else (value,))
    return Sum(tuple(terms))


def _product(operands: list[tuple[bool, Expression]]) -> Expression:
    number = Fraction(1)
    used = 0
    for inverse, value in operands:
        if not isinstance(value, Constant) or number.denominator.bit_length() > _LARGEST_FOLDED:
            break
        if number.numerator.bit_length() > _LARGEST_FOLDED:
            break
        number = number / value.value if inverse else number * value.value
        used += 1
    factors: list[Expression] = [Constant(number)] if used else []
    for inverse, value in operands[used:]:
        if inverse:
            factors.append(Power(value, Constant(Fraction(-1))))
        else:
            factors.extend(value.factors if isinstance(value, Product) else (value,))
    return Product(tuple(factors)) if len(factors) > 1 else factors[0]
