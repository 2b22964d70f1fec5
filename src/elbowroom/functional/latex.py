r"""The notation of papers: `\mathrm{KL}\left(q(z \mid x) \,\|\, p(z \mid x)\right)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from elbowroom.functional.density_functionals import DensityFunctional
from elbowroom.functional.differential import Derivative, PointValue, at_points
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.elementary import Elementary, NamedConstant
from elbowroom.functional.expression import (
    HALF,
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
from elbowroom.functional.latex_spelling import name_latex
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.printing import to_latex
from elbowroom.functional.problem import Problem
from elbowroom.functional.text import (
    ATOM,
    POWER,
    PRODUCT,
    SUM,
    is_negative,
    is_reciprocal,
    negated,
    number_text,
    tightness,
)

LARGEST_DENOMINATOR = 1000
"""Beyond it a number that is a short decimal is written as one."""


def _list(nodes: Sequence[Expression]) -> str:
    return ", ".join(to_latex(node) for node in nodes)


def _tightness(node: Expression) -> int:
    """As for text, except that a fraction bar holds a quotient together on its own."""
    if isinstance(node, Constant) and node.value >= 0:
        return ATOM if node.value.denominator == 1 else POWER
    if isinstance(node, Log):
        return PRODUCT if _is_bare(node.argument) else ATOM
    if isinstance(node, Integral):
        return SUM
    if isinstance(node, Derivative):
        return PRODUCT
    return POWER if tightness(node) == PRODUCT and _is_fraction(node) else tightness(node)


def _is_fraction(node: Expression) -> bool:
    if isinstance(node, Product):
        return any(is_reciprocal(factor) for factor in node.factors)
    return is_reciprocal(node)


def _is_bare(argument: Expression) -> bool:
    """Whether a logarithm needs no brackets around `argument`."""
    if is_negative(argument):
        return False
    return isinstance(argument, DensityValue | Parameter | Variable) or _is_fraction(argument)


def _bracketed(node: Expression, needed: int) -> str:
    text = to_latex(node)
    return text if _tightness(node) >= needed else rf"\left({text}\right)"


@to_latex.register
def _(node: Constant) -> str:
    sign, value = ("-" if node.value < 0 else ""), abs(node.value)
    shown = number_text(value)
    if "/" not in shown and value.denominator > LARGEST_DENOMINATOR:
        return f"{sign}{shown}"
    if value.denominator == 1:
        return f"{sign}{value}"
    return rf"{sign}\frac{{{value.numerator}}}{{{value.denominator}}}"


@to_latex.register
def _(node: Parameter) -> str:
    return name_latex(node.name)


@to_latex.register
def _(node: Variable) -> str:
    return name_latex(node.name)


@to_latex.register
def _(node: Multiplier) -> str:
    return name_latex(node.name) + (f"({_list(node.of)})" if node.of else "")


@to_latex.register
def _(node: Function) -> str:
    return f"{name_latex(node.name)}({_list(node.arguments)})"


@to_latex.register
def _(node: DensityValue) -> str:
    return _density(node, {})


def _density(node: DensityValue, points: Mapping[Variable, Expression]) -> str:
    of, given = (_list([points.get(variable, variable) for variable in part]) for part in (node.of, node.given))
    return f"{name_latex(node.letter)}({of}" + (rf" \mid {given})" if given else ")")


@to_latex.register
def _(node: PointValue) -> str:
    inner, points = at_points(node)
    if isinstance(inner, DensityValue):
        return _density(inner, points)
    variable, point = to_latex(node.variable), to_latex(node.point)
    return rf"\left. {to_latex(node.expression)} \right|_{{{variable} = {point}}}"


@to_latex.register
def _(node: Derivative) -> str:
    return rf"\frac{{\partial}}{{\partial {to_latex(node.variable)}}} {_bracketed(node.expression, POWER)}"


@to_latex.register
def _(node: NamedConstant) -> str:
    return name_latex(node.name)


@to_latex.register
def _(node: Elementary) -> str:
    argument = to_latex(node.argument)
    if node.name == "abs":
        return rf"\left|{argument}\right|"
    if node.name == "positive_part":
        return rf"\max\left(0, {argument}\right)"
    return rf"{node.function.latex}\left({argument}\right)"


@to_latex.register
def _(node: FamilyDensity) -> str:
    return rf"\mathrm{{{node.name}}}\left({to_latex(node.argument)}; {_list(node.parameters)}\right)"


@to_latex.register
def _(node: MutualInformation) -> str:
    return rf"\mathrm{{MI}}_{{{name_latex(node.letter)}}}\left({to_latex(node.left)}; {to_latex(node.right)}\right)"


@to_latex.register
def _(node: Sum) -> str:
    text = ""
    for place, term in enumerate(node.terms):
        if is_negative(term):
            text += f"{' - ' if place else '-'}{_bracketed(negated(term), PRODUCT)}"
        else:
            text += f" + {_bracketed(term, PRODUCT)}" if place else to_latex(term)
    return text or "0"


@to_latex.register
def _(node: Product) -> str:
    if is_negative(node):
        return "-" + _bracketed(negated(node), PRODUCT)
    below = [factor.base for factor in node.factors if isinstance(factor, Power) and is_reciprocal(factor)]
    above = [factor for factor in node.factors if not is_reciprocal(factor)]
    if below:
        return rf"\frac{{{_row(above)}}}{{{_row(below)}}}"
    return _row(above)


def _row(factors: Sequence[Expression]) -> str:
    if len(factors) == 1:
        return to_latex(factors[0])
    text = ""
    for place, factor in enumerate(factors):
        last = place == len(factors) - 1 and isinstance(factor, Log)
        piece = _bracketed(factor, PRODUCT if last else POWER)
        # Between two numbers juxtaposition would read as one number.
        text += rf" \cdot {piece}" if place and isinstance(factor, Constant) else f" {piece}" if place else piece
    return text or "1"


@to_latex.register
def _(node: Power) -> str:
    if is_reciprocal(node):
        return rf"\frac{{1}}{{{to_latex(node.base)}}}"
    if node.exponent == HALF:
        return rf"\sqrt{{{to_latex(node.base)}}}"
    base = to_latex(node.base)
    plain = (
        isinstance(node.base, Parameter | Variable | NamedConstant)
        or (isinstance(node.base, Constant) and base.isdigit())
        or (isinstance(node.base, Elementary) and node.base.name == "abs")
    )
    return (base if plain else rf"\left({base}\right)") + f"^{{{to_latex(node.exponent)}}}"


@to_latex.register
def _(node: Log) -> str:
    argument = to_latex(node.argument)
    return rf"\log {argument}" if _is_bare(node.argument) else rf"\log\left({argument}\right)"


@to_latex.register
def _(node: Exp) -> str:
    return rf"\exp\left({to_latex(node.argument)}\right)"


@to_latex.register
def _(node: Integral) -> str:
    bounds = "" if node.lower is None else f"_{{{to_latex(node.lower)}}}^{{{to_latex(node.upper)}}}"
    return rf"\int{bounds} {_bracketed(node.integrand, PRODUCT)} \, d{to_latex(node.variable)}"


@to_latex.register
def _(node: Expectation) -> str:
    return rf"\mathbb{{E}}_{{{to_latex(node.measure)}}}\left[{to_latex(node.integrand)}\right]"


@to_latex.register
def _(node: KL) -> str:
    return rf"\mathrm{{KL}}\left({to_latex(node.left)} \,\|\, {to_latex(node.right)}\right)"


@to_latex.register
def _(node: Entropy) -> str:
    return rf"\mathrm{{H}}\left({to_latex(node.density)}\right)"


@to_latex.register
def _(node: Divergence) -> str:
    sides = rf"{to_latex(node.left)} \,\|\, {to_latex(node.right)}"
    return rf"{_ordered(node.kind.latex, node.order)}\left({sides}\right)"


@to_latex.register
def _(node: SquaredMMD) -> str:
    sides = rf"{to_latex(node.left)} \,\|\, {to_latex(node.right)}"
    return rf"\mathrm{{MMD}}^2_{{{name_latex(node.kernel)}}}\left({sides}\right)"


@to_latex.register
def _(node: DensityFunctional) -> str:
    return rf"{_ordered(node.kind.latex, node.order)}\left({to_latex(node.density)}\right)"


def _ordered(name: str, order: Expression | None) -> str:
    return name if order is None else f"{name}_{{{to_latex(order)}}}"


@to_latex.register
def _(node: Equation) -> str:
    return f"{to_latex(node.left)} = {to_latex(node.right)}"


@to_latex.register
def _(node: Inequality) -> str:
    return rf"{to_latex(node.left)} \ge {to_latex(node.right)}"


@to_latex.register
def _(node: Problem) -> str:
    verb = rf"\{node.sense[:3]}_{{{_list(node.over)}}}"
    constraints = rf" \quad \text{{subject to}} \quad {', '.join(map(to_latex, node.subject_to))}"
    return rf"{verb} \; {to_latex(node.functional)}{constraints if node.subject_to else ''}"
