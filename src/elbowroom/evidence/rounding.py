"""Rounding that keeps a bound a bound: the lower end of an interval goes down, the upper end up."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

EVERY_DIGIT = Context(prec=1100)  # of a double


def lower_end(value: float, digits: int = 2) -> str:
    """The largest number of `digits` decimals that is not above `value`.

    >>> lower_end(1.083), lower_end(-23.702), lower_end(0.29), lower_end(-1234.5)
    ('1.08', '-23.71', '0.29', '-1,234.50')
    >>> lower_end(float("-inf"))
    '-inf'
    """
    return _rounded(value, digits, ROUND_FLOOR)


def upper_end(value: float, digits: int = 2) -> str:
    """The smallest number of `digits` decimals that is not below `value`.

    >>> upper_end(1.083), upper_end(-23.702), upper_end(0.29), upper_end(-0.001)
    ('1.09', '-23.70', '0.29', '0.00')
    """
    return _rounded(value, digits, ROUND_CEILING)


def _rounded(value: float, digits: int, mode: str) -> str:
    if not math.isfinite(value):
        return f"{value}"
    found = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), mode, EVERY_DIGIT)
    return f"{abs(found) if found == 0 else found:,f}"
