"""A limit on numerical work, counted in values and not in seconds, so that an input has one answer on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LARGEST_ARRAY = 4_000_000
"""How many values are held at once where work is limited: 32 MB for each term of an integrand."""

_left: ContextVar[list[int] | None] = ContextVar("values left", default=None)


class TooMuchWork(ArithmeticError):
    """More values of an integrand were wanted than are allowed here."""

    def __init__(self) -> None:
        super().__init__("the integrals take more work than is allowed for an instance")


@contextmanager
def limited(values: int) -> Iterator[None]:
    """Within this block integrands are evaluated at `values` places in all, and then `TooMuchWork` is raised."""
    token = _left.set([values])
    try:
        yield
    finally:
        _left.reset(token)


def spend(values: int) -> None:
    """Count values that are about to be evaluated. **Raises** `TooMuchWork`."""
    left = _left.get()
    if left is None:
        return
    left[0] -= values
    if left[0] < 0 or values > LARGEST_ARRAY:
        raise TooMuchWork
