"""A variational problem: a functional, what it is optimised over, its constraints, and what is given."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

from elbowroom.errors import InputError
from elbowroom.functional.expression import Equation, Expression, Function, Inequality, Parameter
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_latex, to_text
from elbowroom.functional.setting import NOTHING_GIVEN, Setting

Unknown = DensityValue | Function | Parameter
"""A density q(z), an ordinary function y(x), or a number with its support."""

Constraint = Equation | Inequality


@dataclasses.dataclass(frozen=True, repr=False)
class Problem:
    """What is stated: make `functional` as small (or as large) as possible over the unknowns `over`.

    That a density is non-negative and of total mass one is implied; `subject_to` may state the normalisation
    again, and holds every other constraint. A single unknown may be given for `over` as it is.
    """

    sense: Literal["minimise", "maximise"]
    functional: Expression
    over: tuple[Unknown, ...]
    subject_to: tuple[Constraint, ...] = ()
    given: Setting = NOTHING_GIVEN

    def __post_init__(self) -> None:
        unknowns = self.over if isinstance(self.over, tuple) else (self.over,)
        for unknown in unknowns:
            if not isinstance(unknown, DensityValue | Function | Parameter):
                raise InputError(
                    f"A problem is solved over a density such as q(z), a function y(x) or a number, and {unknown!r} "
                    "is none of these. Give one of these, or several in a tuple."
                )
        if not unknowns:
            raise InputError("The problem has no unknown. Say what is optimised over, such as over=q(z).")
        object.__setattr__(self, "over", unknowns)

    @property
    def density(self) -> DensityValue:
        """The unknown density, where it is the only unknown.

        **Raises.** `InputError` if there are several unknowns, or if the unknown is a function or a number.
        """
        only = self.over[0]
        if len(self.over) > 1 or not isinstance(only, DensityValue):
            raise InputError(f"The unknown of this problem is not one density but {', '.join(map(str, self.over))}.")
        return only

    def __repr__(self) -> str:
        return to_text(self)

    def _repr_latex_(self) -> str:
        return f"${to_latex(self)}$"


def Minimise(  # noqa: N802
    functional: Expression,
    *,
    over: Unknown | Sequence[Unknown],
    subject_to: Sequence[Constraint] = (),
    given: Setting = NOTHING_GIVEN,
) -> Problem:
    """State the problem of minimising `functional` over a density, or over several unknowns."""
    return Problem("minimise", functional, _several(over), tuple(subject_to), given)


def Maximise(  # noqa: N802
    functional: Expression,
    *,
    over: Unknown | Sequence[Unknown],
    subject_to: Sequence[Constraint] = (),
    given: Setting = NOTHING_GIVEN,
) -> Problem:
    """State the problem of maximising `functional` over a density, or over several unknowns."""
    return Problem("maximise", functional, _several(over), tuple(subject_to), given)


def _several(over: Unknown | Sequence[Unknown]) -> tuple[Unknown, ...]:
    return (over,) if isinstance(over, Expression) else tuple(over)
