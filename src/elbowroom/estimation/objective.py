"""An objective: what is maximised in training, and how it is estimated."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from elbowroom.errors import InputError
from elbowroom.estimation.bindings import Bindings
from elbowroom.estimation.estimate import estimate
from elbowroom.estimation.gradient import AbstractGradient
from elbowroom.estimation.pathwise import Pathwise
from elbowroom.estimation.symbols import x as observed_variable
from elbowroom.functional.expression import Expression

Schedule = Callable[[Any], ArrayLike]


@dataclasses.dataclass(frozen=True)
class Objective:
    r"""A functional to be maximised, with the number of draws and the gradient estimator.

    **Fields.** `bound` is an expression in the symbols of `estimation.symbols` (x observed, z latent, laws p and q).
    `samples` draws estimate each expectation. `parameters` gives each `Parameter` of the bound a number, or a
    schedule: a function of the number of steps done, as in Optax.

    What is reported as the ELBO of a model never depends on the objective it was trained with.
    """

    bound: Expression
    samples: int = 1
    gradient: AbstractGradient = dataclasses.field(default_factory=Pathwise)
    parameters: Mapping[str, float | Schedule] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise InputError(f"samples is {self.samples}; an objective needs at least one draw.")
        self.gradient.check(self.bound)

    @staticmethod
    def of(objective: "Expression | Objective") -> "Objective":
        """An objective as it is; an expression with one draw and pathwise gradients."""
        return objective if isinstance(objective, Objective) else Objective(objective)

    def parameters_at(self, step: Any) -> dict[str, ArrayLike]:
        """The parameters after `step` steps of training, schedules evaluated."""
        return {name: given(step) if callable(given) else given for name, given in self.parameters.items()}

    def estimate(
        self,
        bindings: Bindings,
        x: Float[Array, " observed"],
        *,
        key: PRNGKeyArray,
        parameters: Mapping[str, ArrayLike] | None = None,
    ) -> Float[Array, ""]:
        """The objective of one datum `x`, in nats; `parameters` default to those after no step."""
        bound = bindings.with_parameters(self.parameters_at(0) if parameters is None else parameters)
        return estimate(
            self.bound, bound, {observed_variable: x}, key=key, samples=self.samples, gradient=self.gradient
        )
