"""Whether a density of a family is one: its variable has the family's support, its numbers the right sign."""

from __future__ import annotations

from fractions import Fraction

from elbowroom.errors import InputError
from elbowroom.functional.expression import Constant, Expression, Parameter
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.law import Variable
from elbowroom.functional.setting import Setting
from elbowroom.functional.support import Finite, Interval, Support


def check_family(node: FamilyDensity, given: Setting) -> None:
    """Refuse a density of a family on values that it does not live on, or with an impossible parameter.

    Parameters are checked where they are numbers; a formula of parameters is left to whoever computes with it.
    """
    values = dict(zip(node.family.parameters, (_number(p, given) for p in node.parameters), strict=True))
    for name in node.family.positive:
        value = values[name]
        if value is not None and value <= 0:
            raise InputError(f"{node} has the {name} {value:g}, and that of a {node.name} density is positive.")
    for name in ("probs",):
        value = values.get(name)
        if value is not None and not 0 < value < 1:
            raise InputError(f"{node} has the {name} {value:g}, which lies strictly between 0 and 1.")
    if isinstance(node.argument, Variable) and node.argument not in given.observed:
        expected = _support(node, values)
        if expected is not None and node.argument.support != expected:
            raise InputError(
                f"{node} is a density on the values {expected}, and {node.argument} is {node.argument.support}, so its "
                f"total mass would not be one. Declare {node.argument} with that support, or choose another family."
            )


def _support(node: FamilyDensity, values: dict[str, float | None]) -> Support | None:
    """Where the density lives, if that can be said with the numbers that are known."""
    if node.name == "Uniform" and values["low"] is not None and values["high"] is not None:
        if values["low"] >= values["high"]:
            raise InputError(f"{node} has its upper end at or below its lower end. Turn them round.")
        return Interval(Fraction(repr(values["low"])), Fraction(repr(values["high"])))
    if node.name == "Binomial" and values["total_count"] is not None:
        return Finite(int(values["total_count"]) + 1)
    if node.name == "Poisson":
        raise InputError(
            f"{node} is a density on all whole numbers from 0, which no variable here has as its values. It can stand "
            f"for an observation: give {node.argument} a number under [parameters]."
        )
    return node.family.support


def _number(expression: Expression, given: Setting) -> float | None:
    if isinstance(expression, Constant):
        return float(expression.value)
    if isinstance(expression, Parameter):
        return given.parameters.get(expression.name)
    return None
