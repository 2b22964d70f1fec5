"""Kinds of certainty: every number of a certificate carries one, and no operation makes it stronger."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """How far a number can be trusted, from the strongest to the weakest.

    `EXACT`: computed, with a numerical error only. `STRICT`: holds with probability at least 1 - delta at the stated
    sample size, with no assumption on tails, mixing or convergence. `ASYMPTOTIC`: true as the computation grows.

    >>> str(weakest([Kind.EXACT, Kind.ASYMPTOTIC, Kind.STRICT]))
    'asymptotic'
    """

    EXACT = 0
    STRICT = 1
    ASYMPTOTIC = 2

    def __str__(self) -> str:
        return self.name.lower()


def weakest(kinds: Iterable[Kind]) -> Kind:
    """The kind of a number made of several parts: that of its weakest part, and `EXACT` if there is none."""
    return max(kinds, default=Kind.EXACT)


@dataclass(frozen=True)
class Number:
    """A value in nats with its kind. Arithmetic keeps the weakest kind; a plain float counts as exact.

    >>> Number(2.0, Kind.STRICT) - Number(0.5, Kind.ASYMPTOTIC)
    Number(value=1.5, kind=<Kind.ASYMPTOTIC: 2>)
    """

    value: float
    kind: Kind

    def __add__(self, other: "Number | float") -> "Number":
        other = _as_number(other)
        return Number(self.value + other.value, weakest((self.kind, other.kind)))

    def __sub__(self, other: "Number | float") -> "Number":
        other = _as_number(other)
        return Number(self.value - other.value, weakest((self.kind, other.kind)))

    def weakened(self, kind: Kind) -> "Number":
        """The same value with a kind at least as weak as `kind`."""
        return Number(self.value, weakest((self.kind, kind)))


def never_negative(lower: Number) -> Number:
    """A lower bound of a quantity that is never negative, such as a KL: its value is at least zero, its kind stays.

    >>> never_negative(Number(-0.2, Kind.ASYMPTOTIC))
    Number(value=0.0, kind=<Kind.ASYMPTOTIC: 2>)
    """
    return Number(0.0, lower.kind) if lower.value < 0.0 else lower


def _as_number(value: "Number | float") -> Number:
    return value if isinstance(value, Number) else Number(float(value), Kind.EXACT)


def _if_finite(number: Number | None) -> Number | None:
    return number if number is not None and math.isfinite(number.value) else None


@dataclass(frozen=True)
class Interval:
    """Two ends with their kinds, and a point estimate; an end is None where no bound was computed (one-sided)."""

    lower: Number | None
    upper: Number | None
    estimate: float | None = None

    @classmethod
    def between(cls, lower: Number | None, upper: Number | None, estimate: float | None = None) -> "Interval":
        """The interval with its finite ends: an infinite or undefined end bounds nothing, and is left out."""
        return cls(_if_finite(lower), _if_finite(upper), estimate)

    @property
    def one_sided(self) -> bool:
        return self.lower is None or self.upper is None

    @property
    def kind(self) -> Kind:
        """The kind of the statement "the value lies between the two ends"; without ends it says nothing, exactly."""
        return weakest(end.kind for end in (self.lower, self.upper) if end is not None)

    def to_json(self) -> dict[str, float | str | None]:
        """`lower`, `upper`, `lower_kind`, `upper_kind`, `estimate`; null where there is no bound."""
        return {
            "lower": None if self.lower is None else self.lower.value,
            "upper": None if self.upper is None else self.upper.value,
            "lower_kind": None if self.lower is None else str(self.lower.kind),
            "upper_kind": None if self.upper is None else str(self.upper.kind),
            "estimate": self.estimate,
        }
