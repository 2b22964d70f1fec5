"""The values of an expression in one finite world by plain enumeration, which shares no code with `check`."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from elbowroom.functional.expression import Constant, Exp, Expression, Log, Parameter, Power, Product, Sum
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import DensityValue

VALUES = range(3)
"""The values of each of the variables x and z."""


class Enumeration:
    """A world in which x and z have three values, p and q random tables, and every parameter a number."""

    def __init__(self, seed: int):
        generator = random.Random(f"enumeration {seed}")
        self.tables: dict[str, dict[tuple[int, int], float]] = {}
        for letter in "pq":
            weights = {(x, z): generator.uniform(0.05, 1.0) for x in VALUES for z in VALUES}
            whole = sum(weights.values())
            self.tables[letter] = {point: weight / whole for point, weight in weights.items()}
        self.parameter = generator.uniform(1.2, 2.5)

    def values(self, expression: Expression) -> list[float]:
        """The values at every pair of x and z."""
        return [self._value(expression, {"x": x, "z": z}) for x in VALUES for z in VALUES]

    def _value(self, node: Expression, at: Mapping[str, int]) -> float:
        match node:
            case Constant(value):
                return float(value)
            case Parameter():
                return self.parameter
            case DensityValue():
                return self._density(node, at)
            case Sum(terms):
                return sum(self._value(term, at) for term in terms)
            case Product(factors):
                return math.prod(self._value(factor, at) for factor in factors)
            case Power(base, exponent):
                return self._value(base, at) ** self._value(exponent, at)
            case Log(argument):
                return math.log(self._value(argument, at))
            case Exp(argument):
                return math.exp(self._value(argument, at))
            case Integral(integrand, variable):
                return sum(self._value(integrand, {**at, variable.name: value}) for value in VALUES)
            case Expectation(DensityValue() as measure, integrand):
                return self._mean(measure, at, lambda here: self._value(integrand, here))
            case KL(DensityValue() as left, right):
                return self._mean(left, at, lambda here: math.log(self._value(left, here) / self._value(right, here)))
            case Entropy(DensityValue() as density):
                return self._mean(density, at, lambda here: -math.log(self._value(density, here)))
            case MutualInformation(letter, left, right):
                joint = DensityValue(letter, (left, right))
                apart = DensityValue(letter, (left,)), DensityValue(letter, (right,))

                def gain(here: Mapping[str, int]) -> float:
                    one, other = (self._value(density, here) for density in apart)
                    return math.log(self._value(joint, here) / (one * other))

                return self._mean(joint, at, gain)
        raise AssertionError(f"no value of {node!r}")

    def _mean(self, measure: DensityValue, at: Mapping[str, int], of) -> float:
        points: list[dict[str, int]] = [dict(at)]
        for variable in measure.of:
            points = [{**point, variable.name: value} for point in points for value in VALUES]
        return sum(self._value(measure, point) * of(point) for point in points)

    def _density(self, node: DensityValue, at: Mapping[str, int]) -> float:
        own = {variable.role: at[variable.name] for variable in (*node.of, *node.given)}
        given = {variable.role: at[variable.name] for variable in node.given}
        return self._mass(node.letter, own) / self._mass(node.letter, given)

    def _mass(self, letter: str, fixed: Mapping[str, int]) -> float:
        return sum(
            probability
            for (x, z), probability in self.tables[letter].items()
            if fixed.get("x", x) == x and fixed.get("z", z) == z
        )
