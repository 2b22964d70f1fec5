"""A variational problem: a functional, the density it is optimised over, and its constraints."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

from elbowroom.functional.expression import Equation, Expression
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_latex, to_text


@dataclasses.dataclass(frozen=True, repr=False)
class Problem:
    """What is stated: make `functional` as small (or as large) as possible over the density `over`.

    That `over` is a density, non-negative and of total mass one, is implied; `subject_to` may state
    the normalisation again, and holds every other constraint.
    """

    sense: Literal["minimise", "maximise"]
    functional: Expression
    over: DensityValue
    subject_to: tuple[Equation, ...] = ()

    def __repr__(self) -> str:
        return to_text(self)

    def _repr_latex_(self) -> str:
        return f"${to_latex(self)}$"


def Minimise(functional: Expression, *, over: DensityValue, subject_to: Sequence[Equation] = ()) -> Problem:  # noqa: N802
    """State the problem of minimising `functional` over the density `over`."""
    return Problem("minimise", functional, over, tuple(subject_to))


def Maximise(functional: Expression, *, over: DensityValue, subject_to: Sequence[Equation] = ()) -> Problem:  # noqa: N802
    """State the problem of maximising `functional` over the density `over`."""
    return Problem("maximise", functional, over, tuple(subject_to))
