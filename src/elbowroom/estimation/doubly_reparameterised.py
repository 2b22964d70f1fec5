"""The doubly reparameterised gradient of an importance-weighted bound."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
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
from elbowroom.estimation.linearity import Position, log_coefficient, positions
from elbowroom.estimation.measures import measure_of
from elbowroom.functional.expression import Expression, Log
from elbowroom.functional.functionals import Expectation
from elbowroom.functional.law import DensityValue


@dataclasses.dataclass(frozen=True)
class DoublyReparameterised(AbstractGradient):
    r"""For $\log \frac1K \sum_k w_k$: the encoder's gradient is $\sum_k \bar w_k^2\, \partial_z \log w_k\,
    \partial_\phi z_k$.

    Here $\bar w_k = w_k / \sum_j w_j$ and $\log q$ is evaluated at fixed $\phi$. Unlike that of `Pathwise`,
    its signal-to-noise ratio grows with K. The gradient of everything else is as with `Pathwise`. With one draw, and
    for plain expectations, it is `StickingTheLanding`.

    **Validity.** As `StickingTheLanding`, except that the expectation may stand under one logarithm if
    $w = f / q$: $\log q$ enters $\log w$ once, with coefficient -1. Checked. It does not hold for
    the Rényi bounds other than that one.

    **Raises.** `Refused` if that is not so.

    **Reference.** Tucker, Lawson, Gu and Maddison (2019), Doubly reparameterized gradient estimators.
    """

    detaches: ClassVar[bool] = True

    def check(self, expression: Expression) -> None:
        """Refuse a functional that is neither a plain expectation nor an importance-weighted bound."""
        for node, position in positions(expression):
            for density in measure_of(node):
                if not _is_valid(node, position, density):
                    raise Refused(
                        f"DoublyReparameterised would bias the gradient here: under a logarithm it needs "
                        f"{name_of(density)} to divide the integrand exactly once, as in log E_q[p(x, z) / q(z | x)], "
                        f"and {name_of(node)} is not of that form. Use Pathwise()."
                    )

    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        """One reparameterised draw."""
        return reparameterised_draw(distribution, key, name, type(self).__name__)

    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        """The average, as `StickingTheLanding` has it."""
        return average(evaluate(draws.values))

    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        """The log-average, in which the path of each draw counts by its share of the weights once more."""
        fixed = jax.tree.map(jax.lax.stop_gradient, draws.values)
        share = jax.lax.stop_gradient(jax.nn.softmax(evaluate(fixed)))
        return log_average(evaluate({name: _damped(value, share) for name, value in draws.values.items()}))


def _is_valid(node: Expression, position: Position, density: DensityValue) -> bool:
    if not isinstance(node, Expectation):
        return position == "linear"
    if position == "linear":
        return log_coefficient(node.integrand, density) is not None
    return position == "log" and log_coefficient(Log(node.integrand), density) == (-1,)


@jax.custom_vjp
def _damped(value: Array, factor: Float[Array, " sample"]) -> Array:
    """`value`, whose derivative is multiplied by `factor` along the sample axis."""
    del factor
    return value


def _damped_forward(value: Array, factor: Float[Array, " sample"]) -> tuple[Array, Array]:
    return value, factor


def _damped_backward(factor: Array, cotangent: Array) -> tuple[Array, Array]:
    return cotangent * factor.reshape((-1,) + (1,) * (cotangent.ndim - 1)), jnp.zeros_like(factor)


_damped.defvjp(_damped_forward, _damped_backward)
