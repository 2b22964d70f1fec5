"""The plain notation: `KL(q(z|x) || p(z|x))`, `E_q(z|x)[log p(x|z)]`, `integral(q(z|x), z)`.

What is printed here is read back by `parse`, up to the nesting of sums and products.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import singledispatch

from elbowroom.functional.density_functionals import DensityFunctional
from elbowroom.functional.differential import Derivative, PointValue, at_points
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.elementary import Elementary, NamedConstant
from elbowroom.functional.expression import (
    HALF,
    MINUS_ONE,
    Constant,
    Equation,
    Exp,
    Expression,
    Function,
    Inequality,
    Log,
    Multiplier,
    Parameter,
    Power,
    Product,
    Sum,
)
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem

SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly a text holds together; a text is put in brackets where something tighter is needed."""


@singledispatch
def tightness(node: Expression) -> int:
    """How tightly the text of `node` holds together: SUM, PRODUCT, POWER or ATOM."""
    return ATOM


@tightness.register
def _(node: Sum) -> int:
    return SUM if len(node.terms) != 1 else tightness(node.terms[0])


@tightness.register
def _(node: Product) -> int:
    if is_negative(node):
        return SUM
    return PRODUCT if len(node.factors) != 1 else tightness(node.factors[0])


@tightness.register
def _(node: Power) -> int:
    if node.exponent == HALF:
        return ATOM
    return PRODUCT if is_reciprocal(node) else POWER


@tightness.register
def _(node: Constant) -> int:
    if node.value < 0:
        return SUM
    return PRODUCT if "/" in number_text(node.value) else ATOM


@tightness.register
def _(node: Log) -> int:
    return PRODUCT if isinstance(node.argument, DensityValue) else ATOM


def is_negative(node: Expression) -> bool:
    """Whether the text of `node` begins with a minus sign."""
    if isinstance(node, Product) and node.factors:
        return is_negative(node.factors[0])
    return isinstance(node, Constant) and node.value < 0


def is_reciprocal(node: Expression) -> bool:
    """Whether `node` is something to the power -1, which is shown as a quotient."""
    return isinstance(node, Power) and bool(node.exponent == MINUS_ONE)


def negated(node: Expression) -> Expression:
    """What follows the minus sign of a node whose text begins with one."""
    if not isinstance(node, Product):
        return -node
    first, *rest = node.factors
    if first != MINUS_ONE or not rest:
        return Product((negated(first), *rest))
    return Product(tuple(rest)) if len(rest) > 1 else rest[0]


def number_text(value: Fraction) -> str:
    """A rational number: `3`, `1/2`, and as a decimal where that is exact and not shorter as a fraction: `0.1`."""
    denominator = value.denominator
    if denominator <= 8:
        return str(value)
    places = 0
    while places < 18 and 10**places % denominator:
        places += 1
    if 10**places % denominator:
        return str(value)
    digits = str(abs(value.numerator) * (10**places // denominator)).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _bracketed(node: Expression, needed: int) -> str:
    if isinstance(node, Log) and needed > PRODUCT:
        return f"log({to_text(node.argument)})"
    text = to_text(node)
    return text if tightness(node) >= needed else f"({text})"


@to_text.register
def _(node: Constant) -> str:
    return number_text(node.value)


@to_text.register
def _(node: Parameter) -> str:
    return node.name


@to_text.register
def _(node: Multiplier) -> str:
    return f"{node.name}({', '.join(to_text(variable) for variable in node.of)})" if node.of else node.name


@to_text.register
def _(node: Variable) -> str:
    return node.name


@to_text.register
def _(node: Function) -> str:
    return f"{node.name}({', '.join(to_text(argument) for argument in node.arguments)})"


@to_text.register
def _(node: DensityValue) -> str:
    return _density(node, {})


def _density(node: DensityValue, points: Mapping[Variable, Expression]) -> str:
    of, given = (
        ",".join(to_text(points.get(variable, variable)) for variable in part) for part in (node.of, node.given)
    )
    return f"{node.letter}({of}|{given})" if given else f"{node.letter}({of})"


@to_text.register
def _(node: PointValue) -> str:
    inner, points = at_points(node)
    if isinstance(inner, DensityValue):
        return _density(inner, points)
    return f"at({to_text(node.expression)}, {node.variable.name}, {to_text(node.point)})"


@to_text.register
def _(node: Derivative) -> str:
    return f"diff({to_text(node.expression)}, {node.variable.name})"


@to_text.register
def _(node: NamedConstant) -> str:
    return node.name


@to_text.register
def _(node: Elementary) -> str:
    argument = to_text(node.argument)
    return f"max(0, {argument})" if node.name == "positive_part" else f"{node.name}({argument})"


@to_text.register
def _(node: FamilyDensity) -> str:
    return f"{node.name}({to_text(node.argument)}; {', '.join(map(to_text, node.parameters))})"


@to_text.register
def _(node: MutualInformation) -> str:
    return f"MI({node.letter}; {node.left.name}, {node.right.name})"


@to_text.register
def _(node: Sum) -> str:
    text = ""
    for place, term in enumerate(node.terms):
        if is_negative(term):
            text += f"{' - ' if place else '-'}{_bracketed(negated(term), PRODUCT)}"
        else:
            text += f" + {_bracketed(term, PRODUCT)}" if place else to_text(term)
    return text or "0"


@to_text.register
def _(node: Product) -> str:
    if is_negative(node):
        return "-" + _bracketed(negated(node), PRODUCT)
    text = ""
    last = len(node.factors) - 1
    for place, factor in enumerate(node.factors):
        if isinstance(factor, Power) and is_reciprocal(factor):
            text += f"{'' if place else '1'}/{_bracketed(factor.base, POWER)}"
        else:
            # A logarithm without brackets takes all that follows it, so it can only come last.
            loose = (place == 0 and isinstance(factor, Constant)) or (place == last and isinstance(factor, Log))
            text += f"{'*' if place else ''}{_bracketed(factor, PRODUCT if loose else POWER)}"
    return text or "1"


@to_text.register
def _(node: Power) -> str:
    if is_reciprocal(node):
        return f"1/{_bracketed(node.base, POWER)}"
    if node.exponent == HALF:
        return f"sqrt({to_text(node.base)})"
    return f"{_bracketed(node.base, ATOM)}**{_bracketed(node.exponent, ATOM)}"


@to_text.register
def _(node: Log) -> str:
    argument = to_text(node.argument)
    return f"log {argument}" if isinstance(node.argument, DensityValue) else f"log({argument})"


@to_text.register
def _(node: Exp) -> str:
    return f"exp({to_text(node.argument)})"


@to_text.register
def _(node: Integral) -> str:
    bounds = f", {to_text(node.lower)}, {to_text(node.upper)}" if node.lower is not None else ""
    return f"integral({to_text(node.integrand)}, {node.variable.name}{bounds})"


@to_text.register
def _(node: Expectation) -> str:
    measure = to_text(node.measure)
    if not isinstance(node.measure, DensityValue):
        measure = f"{{{measure}}}"
    return f"E_{measure}[{to_text(node.integrand)}]"


@to_text.register
def _(node: KL) -> str:
    return f"KL({to_text(node.left)} || {to_text(node.right)})"


@to_text.register
def _(node: Entropy) -> str:
    return f"H({to_text(node.density)})"


@to_text.register
def _(node: Divergence) -> str:
    return f"{node.name}({_order(node.order)}{to_text(node.left)} || {to_text(node.right)})"


@to_text.register
def _(node: SquaredMMD) -> str:
    return f"MMD2({node.kernel}; {to_text(node.left)} || {to_text(node.right)})"


@to_text.register
def _(node: DensityFunctional) -> str:
    return f"{node.name}({_order(node.order)}{to_text(node.density)})"


def _order(order: Expression | None) -> str:
    return "" if order is None else f"{to_text(order)}; "


@to_text.register
def _(node: Equation) -> str:
    return f"{to_text(node.left)} = {to_text(node.right)}"


@to_text.register
def _(node: Inequality) -> str:
    return f"{to_text(node.left)} >= {to_text(node.right)}"


@to_text.register
def _(node: Problem) -> str:
    constraints = f" subject to {', '.join(map(to_text, node.subject_to))}" if node.subject_to else ""
    return f"{node.sense} {to_text(node.functional)} over {', '.join(map(to_text, node.over))}{constraints}"
