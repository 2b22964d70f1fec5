"""Statements about numbers alone, such as `log(8) = 3*log(2)`: one instance, and nothing random in it."""

from __future__ import annotations

from elbowroom.derivation.check_lines import needs_lines
from elbowroom.derivation.check_verdict import Counterexample, Verdict
from elbowroom.derivation.random_world import random_world
from elbowroom.derivation.world import evaluate
from elbowroom.errors import MissingRule
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Equation, Expression, Function, Inequality, Multiplier, Parameter
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.traverse import walk

ROUNDING = 64 * 2.0**-52
"""The relative difference that rounding explains in a short calculation with numbers of 64 bits."""

APART = 1e-9

_NOT_NUMBERS = (DensityValue, Function, Integral, Multiplier, Parameter, Variable)


def is_number(side: Expression) -> bool:
    """Whether nothing occurs in `side` but numbers."""
    return not needs_lines(side) and not any(isinstance(node, _NOT_NUMBERS) for node in walk(expand(side)))


def compare_numbers(statement: Equation | Inequality) -> Verdict:
    """The verdict on a statement about two numbers, which no normal form has decided."""
    whole = tuple(expand(side) for side in (statement.left, statement.right))
    world = random_world(whole, 0)
    try:
        left, right = (evaluate(side, world, {}) for side in whole)
    except (MissingRule, ArithmeticError) as error:
        return Verdict(statement, "undecided", None, 0, None, None, f"a side has no real value: {error}")
    error = (left - right) / max(1.0, abs(left), abs(right))
    values = f"the left side is {left:.17g} and the right side {right:.17g}, in 64 bits"
    if error < -APART or (isinstance(statement, Equation) and error > APART):
        example = Counterexample(world, {}, left, right)
        return Verdict(statement, "fails", None, 1, abs(error), example, f"computed: {values}")
    if isinstance(statement, Inequality) and error > ROUNDING:
        return Verdict(statement, "holds", "instances", 1, None, None, f"computed, not proved: {values}")
    if isinstance(statement, Equation) and abs(error) <= ROUNDING:
        reason = f"the two numbers agree up to rounding, which is no proof: {values}"
        return Verdict(statement, "holds", "instances", 1, abs(error), None, reason)
    reason = f"numbers of 64 bits cannot tell whether this is so: {values}"
    return Verdict(statement, "undecided", None, 1, abs(error), None, reason)
