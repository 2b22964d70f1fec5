"""Whether a density of a family is one: its variable has the family's support, its numbers the right sign."""

from __future__ import annotations

import math
from fractions import Fraction

from elbowroom.errors import InputError
from elbowroom.functional.expression import Constant, Expression, Parameter
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.law import Variable
from elbowroom.functional.setting import Setting
from elbowroom.functional.support import Finite, Interval, Support
from elbowroom.functional.table_checks import MASS_TOLERANCE


def check_family(node: FamilyDensity, given: Setting) -> None:
    """Refuse a density of a family on values that it does not live on, or with an impossible parameter.

    Parameters are checked where they are numbers; a formula of parameters is left to whoever computes with it.
    """
    numbers = [_number(parameter, given) for parameter in node.parameters]
    for name, value in zip(_names(node), numbers, strict=True):
        if value is None:
            continue
        if name in node.family.positive and value <= 0:
            raise InputError(f"{node} has the {name} {value:g}, and that of a {node.name} density is positive.")
        if name == "probs" and not 0 <= value <= 1:
            raise InputError(f"{node} has the {name} {value:g}, and a probability lies between 0 and 1.")
    if node.name == "Categorical" and None not in numbers and abs(math.fsum(numbers) - 1) > MASS_TOLERANCE:  # pyright: ignore
        raise InputError(f"The probabilities of {node} do not sum to one. Divide them by their sum.")
    if isinstance(node.argument, Variable) and node.argument not in given.observed:
        expected = _support(node, numbers)
        if expected is not None and node.argument.support != expected:
            raise InputError(
                f"{node} is a density on the values {expected}, and {node.argument} is {node.argument.support}, so its "
                f"total mass would not be one. Declare {node.argument} with that support, or choose another family."
            )


def _names(node: FamilyDensity) -> tuple[str, ...]:
    return node.family.parameters * len(node.parameters) if node.family.repeats else node.family.parameters


def _support(node: FamilyDensity, numbers: list[float | None]) -> Support | None:
    """Where the density lives, if that can be said with the numbers that are known."""
    match node.name, numbers:
        case "Uniform", [float(low), float(high)]:
            if low >= high:
                raise InputError(f"{node} has its upper end at or below its lower end. Turn them round.")
            return Interval(Fraction(repr(low)), Fraction(repr(high)))
        case "Categorical", _:
            return Finite(len(numbers))
        case "Binomial", [float(count), _]:
            return Finite(int(count) + 1)
        case "Poisson", _:
            raise InputError(
                f"{node} is a density on all whole numbers from 0, which no variable here has as its values. It can "
                f"stand for an observation: give {node.argument} a number under [parameters]."
            )
    return node.family.support


def _number(expression: Expression, given: Setting) -> float | None:
    if isinstance(expression, Constant):
        return float(expression.value)
    if isinstance(expression, Parameter):
        return given.parameters.get(expression.name)
    return None
