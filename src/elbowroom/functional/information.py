"""The mutual information of two variables under one joint law."""

from __future__ import annotations

import dataclasses

from elbowroom.functional.expression import Expression
from elbowroom.functional.law import Variable


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class MutualInformation(Expression):
    """MI(q; x, z) = KL(q(x,z) || q(x)*q(z)), in nats, under the joint law of `letter`."""

    letter: str
    left: Variable
    right: Variable

    def __post_init__(self) -> None:
        for variable in (self.left, self.right):
            if not isinstance(variable, Variable):
                raise TypeError(f"Mutual information is that of two variables, and {variable!r} is not one.")
        if self.left.role == self.right.role:
            raise TypeError(f"Mutual information is that of two different variables, not of {self.left!r} with itself.")
