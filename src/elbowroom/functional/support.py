"""Supports: the set of values that a variable ranges over."""

import dataclasses
import math
from fractions import Fraction

from elbowroom.errors import MissingRule


@dataclasses.dataclass(frozen=True)
class Support:
    """A set of values. Every rule that integrates over a variable depends on it."""


@dataclasses.dataclass(frozen=True)
class Real(Support):
    """The real line, or R^n for `dimension` n: measure is Lebesgue's."""

    dimension: int = 1

    def __str__(self) -> str:
        return "real" if self.dimension == 1 else f"real^{self.dimension}"


REAL = Real()
"""The real line, the support of a variable of which nothing else is said."""


@dataclasses.dataclass(frozen=True)
class Positive(Support):
    """The half line z > 0."""

    def __str__(self) -> str:
        return "positive"


@dataclasses.dataclass(frozen=True)
class Interval(Support):
    """The bounded interval [lower, upper]."""

    lower: Fraction
    upper: Fraction

    def __str__(self) -> str:
        return f"[{self.lower}, {self.upper}]"


@dataclasses.dataclass(frozen=True)
class Circle(Support):
    """Angles in [-pi, pi], the end points being one point."""

    def __str__(self) -> str:
        return "circle"


@dataclasses.dataclass(frozen=True)
class Finite(Support):
    """The values 0, 1, ..., size - 1; an integral over it is a sum."""

    size: int

    def __str__(self) -> str:
        return f"{{0..{self.size - 1}}}"


def contains(support: Support, value: float) -> bool:
    """Whether a number is among the values of a support of one dimension."""
    match support:
        case Real(dimension):
            return dimension == 1
        case Positive():
            return value > 0
        case Interval(lower, upper):
            return lower <= value <= upper
        case Circle():
            return -math.pi <= value <= math.pi
        case Finite(size):
            return value == int(value) and 0 <= value < size
    raise MissingRule(f"no rule for the values of {type(support).__name__}; add one in functional/support.py")
