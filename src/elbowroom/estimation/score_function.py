"""The score-function gradient: differentiate the density of the draw."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.errors import Refused
from elbowroom.estimation.bindings import name_of
from elbowroom.estimation.gradient import AbstractGradient, Draws, Evaluate, average, log_average
from elbowroom.estimation.linearity import positions
from elbowroom.functional.expression import Expression


@dataclasses.dataclass(frozen=True)
class ScoreFunction(AbstractGradient):
    r"""Differentiate the density of the draw: $\nabla_\phi \mathbb E_q[f] = \mathbb E_q[(f - b)\,\nabla_\phi \log q +
    \nabla_\phi f]$.

    With several draws the baseline b of a draw is what the estimate would be without it: the mean of the others, and
    under a logarithm the log-average with its weight replaced by the geometric mean of the others. With one draw
    there is none.

    **Validity.** Any measure, discrete ones too: nothing is differentiated along z. Unbiased where the expectation
    stands as a term or under one logarithm (K draws: for the bound with K draws). Checked. Its noise is much larger
    than that of `Pathwise`: use it where there is no path.

    **Raises.** `Refused` for an expectation inside another function.

    **Reference.** Williams (1992); the baselines: Mnih and Rezende (2016), Variational inference for Monte Carlo
    objectives.
    """

    detaches: ClassVar[bool] = False

    def check(self, expression: Expression) -> None:
        """Refuse an expectation inside a function other than one logarithm."""
        for node, position in positions(expression):
            if position == "nonlinear":
                raise Refused(
                    f"ScoreFunction would bias the gradient here: {name_of(node)} stands inside a function other than "
                    "one logarithm. Use Pathwise() if its measure is reparameterised."
                )

    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        """One draw that is a constant to differentiation."""
        return jax.lax.stop_gradient(distribution.sample(key))

    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        """The average, with the score of each draw times how far its value is from that of the others."""
        values = evaluate(draws.values)
        count = values.shape[0]
        baseline = (jnp.sum(values, 0) - values) / (count - 1) if count > 1 else 0.0
        score = _score(draws.log_density()).reshape((count,) + (1,) * (values.ndim - 1))
        return average(values + jax.lax.stop_gradient(values - baseline) * score)

    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        """The log-average, with the score of each draw times what that draw adds to it."""
        logs = evaluate(draws.values)
        value = log_average(logs)
        reward = value - _log_average_without_each(logs) if logs.shape[0] > 1 else value[None]
        return value + jnp.sum(jax.lax.stop_gradient(reward) * _score(draws.log_density()))


def _log_average_without_each(logs: Float[Array, " sample"]) -> Float[Array, " sample"]:
    count = logs.shape[0]
    others = (jnp.sum(logs) - logs) / (count - 1)
    replaced = jnp.where(jnp.eye(count, dtype=bool), others[:, None], logs[None, :])
    return jax.vmap(log_average)(replaced)


def _score(log_density: Float[Array, " sample"]) -> Float[Array, " sample"]:
    """Zero, with the gradient of the log-density: multiplied into a value it changes derivatives only."""
    return log_density - jax.lax.stop_gradient(log_density)
