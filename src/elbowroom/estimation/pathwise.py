"""The pathwise gradient: differentiate through the draw."""

import dataclasses
from typing import Any, ClassVar

from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.estimation.gradient import (
    AbstractGradient,
    Draws,
    Evaluate,
    average,
    log_average,
    reparameterised_draw,
)
from elbowroom.functional.expression import Expression


@dataclasses.dataclass(frozen=True)
class Pathwise(AbstractGradient):
    r"""Differentiate through the draw: $z = g_\phi(\epsilon)$, $\nabla_\phi \hat J = \partial \hat
    J(g_\phi(\epsilon), \phi)$.

    **Validity.** Every measure that is drawn from is reparameterised (NumPyro: `has_rsample`) and the integrand is
    differentiable in z. Then the gradient is unbiased for the expected value of the estimate.

    **Raises.** `InputError` for a distribution without such a path.

    **Reference.** Kingma and Welling (2014), Auto-encoding variational Bayes.
    """

    detaches: ClassVar[bool] = False

    def check(self, expression: Expression) -> None:
        """Valid for every expression."""

    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        """One reparameterised draw."""
        return reparameterised_draw(distribution, key, name, type(self).__name__)

    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        """The average, differentiated as it stands."""
        return average(evaluate(draws.values))

    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        """The log-average, differentiated as it stands."""
        return log_average(evaluate(draws.values))
