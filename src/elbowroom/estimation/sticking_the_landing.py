"""Sticking the landing: the pathwise gradient without the score of the draw."""

import dataclasses
from typing import Any, ClassVar

from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.errors import Refused
from elbowroom.estimation.bindings import name_of
from elbowroom.estimation.gradient import (
    AbstractGradient,
    Draws,
    Evaluate,
    average,
    log_average,
    reparameterised_draw,
)
from elbowroom.estimation.linearity import log_coefficient, positions
from elbowroom.estimation.measures import measure_of
from elbowroom.functional.expression import Expression
from elbowroom.functional.functionals import Expectation


@dataclasses.dataclass(frozen=True)
class StickingTheLanding(AbstractGradient):
    r"""Pathwise without the score term: $\log q_\phi(z \mid x)$ of a draw is evaluated at fixed $\phi$.

    What is left out, $\mathbb E_q[\nabla_\phi \log q_\phi(z)] = 0$, is noise: at $q = p(z \mid x)$ the
    gradient of the ELBO is zero for every draw.

    **Validity.** As `Pathwise`; and $\log q$ enters the integrand only as a term with a coefficient that is free of z,
    under no logarithm of an expectation; and q is not conditioned on what is drawn. Checked.

    **Raises.** `Refused` if that is not so.

    **Reference.** Roeder, Wu and Duvenaud (2017), Sticking the landing.
    """

    detaches: ClassVar[bool] = True

    def check(self, expression: Expression) -> None:
        """Refuse a functional in which the average of what is left out is not zero."""
        for node, position in positions(expression):
            for density in measure_of(node):
                found = log_coefficient(node.integrand, density) if isinstance(node, Expectation) else (None,)
                if found == () or (found is not None and position == "linear"):
                    continue
                raise Refused(
                    f"StickingTheLanding would bias the gradient here: it leaves out the score of "
                    f"{name_of(density)}, whose average is zero only where log {name_of(density)} is a plain term "
                    f"of an expectation, and here it stands in {name_of(node)} under a logarithm, a power or a "
                    "factor that depends on the draw. Use DoublyReparameterised() for an importance-weighted "
                    "bound, Pathwise() otherwise."
                )

    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        """One reparameterised draw."""
        return reparameterised_draw(distribution, key, name, type(self).__name__)

    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        """The average; what detaches the density of the draw is the scope in which it is evaluated."""
        return average(evaluate(draws.values))

    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        """The log-average of weights that do not hold the density of the draw."""
        return log_average(evaluate(draws.values))
