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
        super().__init__("the integrals take more work than is allowed in one go")


@contextmanager
def limited(values: int) -> Iterator[None]:
    """Within this block integrands are evaluated at `values` places in all, and then `TooMuchWork` is raised.

    A limit within a limit is at most what is left of the outer one, and is taken from it.
    """
    outer = _left.get()
    allowed = values if outer is None else max(0, min(values, outer[0]))
    inner = [allowed]
    token = _left.set(inner)
    try:
        yield
    finally:
        _left.reset(token)
        if outer is not None:
            outer[0] -= allowed - max(0, inner[0])


def spend(values: int) -> None:
    """Count values that are about to be evaluated. **Raises** `TooMuchWork`."""
    left = _left.get()
    if left is None:
        return
    left[0] -= values
    if left[0] < 0 or values > LARGEST_ARRAY:
        raise TooMuchWork
