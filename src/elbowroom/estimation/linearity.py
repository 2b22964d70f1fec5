"""Where the expectations of an expression stand: where an average may replace them, and where it biases the result."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from elbowroom.estimation.measures import as_expectation, levels, mentions
from elbowroom.functional.expression import Constant, Expression, Log, Power, Product, Sum
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral
from elbowroom.functional.law import DensityValue
from elbowroom.functional.traverse import children

Position = Literal["linear", "log", "nonlinear"]


def positions(node: Expression, position: Position = "linear") -> Iterator[tuple[Expression, Position]]:
    """Each sampled functional of an expression with how the result depends on its value.

    * `linear`: as a term, or times what is not sampled. The average of draws is an unbiased estimate.
    * `log`: under one logarithm. The estimate is that of a bound, which tightens with more draws.
    * `nonlinear`: in any other way; the estimate is biased, and tends to the value with more draws.
    """
    if isinstance(node, Integral):
        node = as_expectation(node)
    if isinstance(node, (Expectation, KL, Entropy)):
        yield node, position
        if isinstance(node, Expectation):
            yield from positions(node.integrand, "linear" if position == "linear" else "nonlinear")
        return
    for child in children(node):
        yield from positions(child, _below(node, child, position))


def is_unbiased(expression: Expression) -> bool:
    """Whether the mean of `estimate` over keys is the value of the expression, for any number of samples."""
    return all(position == "linear" for _, position in positions(expression))


def _below(node: Expression, child: Expression, position: Position) -> Position:
    if isinstance(node, Log) and position == "linear":
        return "log"
    if isinstance(node, Sum) and position == "linear":
        return "linear"
    if isinstance(node, Product):
        others = sum(bool(levels(factor)) for factor in node.factors) - 1
        return position if position == "log" or (position == "linear" and others == 0) else "nonlinear"
    if isinstance(node, Power) and position == "log" and child is node.base and not levels(node.exponent):
        return "log"
    return "nonlinear"


def log_coefficient(node: Expression, density: DensityValue) -> tuple[Fraction | None, ...] | None:
    r"""How $\log q$ enters a term: the coefficients with which it is added up, or `None` if it enters otherwise.

    A coefficient is `None` itself if it is not a known number but free of the variables of the density.
    `log p(x, z)/q(z | x)` gives (-1,), a term without q gives (). Another density of the same letter that shares a
    variable with it, such as q(y, z | x), holds it as a factor, and so counts as entering otherwise.
    """
    return _in_term(node, density, Fraction(1))


def _in_term(node: Expression, density: DensityValue, scale: Fraction | None) -> tuple[Fraction | None, ...] | None:
    if not _holds(node, density):
        return ()
    if isinstance(node, Sum):
        return _joined([_in_term(term, density, scale) for term in node.terms])
    if isinstance(node, Log):
        return _in_log(node.argument, density, scale)
    if isinstance(node, Product):
        holding = [factor for factor in node.factors if _holds(factor, density)]
        others = [factor for factor in node.factors if not _holds(factor, density)]
        if len(holding) == 1 and not any(mentions(other, {v.name for v in density.of}) for other in others):
            return _in_term(holding[0], density, _times(scale, others))
    return None


def _in_log(node: Expression, density: DensityValue, scale: Fraction | None) -> tuple[Fraction | None, ...] | None:
    if not _holds(node, density):
        return ()
    if isinstance(node, DensityValue):
        return (scale,) if _variables(node) == _variables(density) else None
    if isinstance(node, Product):
        return _joined([_in_log(factor, density, scale) for factor in node.factors])
    if isinstance(node, Power) and not mentions(node.exponent, {v.name for v in density.of}):
        return _in_log(node.base, density, _times(scale, [node.exponent]))
    return None


def _holds(node: Expression, density: DensityValue) -> bool:
    if isinstance(node, DensityValue):
        return node.letter == density.letter and bool(_variables(node)[0] & _variables(density)[0])
    return any(_holds(child, density) for child in children(node))


def _variables(density: DensityValue) -> tuple[frozenset[str], frozenset[str]]:
    of, given = ((variable.name for variable in part) for part in (density.of, density.given))
    return frozenset(of), frozenset(given)


def _joined(parts: list[tuple[Fraction | None, ...] | None]) -> tuple[Fraction | None, ...] | None:
    found: tuple[Fraction | None, ...] = ()
    for part in parts:
        if part is None:
            return None
        found += part
    return found


def _times(scale: Fraction | None, factors: list[Expression]) -> Fraction | None:
    for factor in factors:
        scale = scale * factor.value if scale is not None and isinstance(factor, Constant) else None
    return scale
