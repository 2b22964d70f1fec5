"""How the gradient of an average over draws is estimated: the interface, one final class per way beside it.

The value of an estimate never depends on the choice: what is reported is the value of the expression, and
a surrogate only ever changes derivatives.
"""

import abc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.errors import InputError
from elbowroom.functional.expression import Expression

Values = Mapping[str, Array]
Evaluate = Callable[[Values], Array]


class Draws(NamedTuple):
    """Some draws from one measure: values of its variables with a leading sample axis, and their log-density.

    `log_density` recomputes $\\log q$ of the draws, `(sample,)`, differentiable in the parameters of q.
    """

    values: Values
    log_density: Callable[[], Float[Array, " sample"]]


class AbstractGradient(abc.ABC):
    """A way to differentiate an average over draws.

    `detaches` says that $\\log q$ of a draw is evaluated at parameters held fixed, so that the derivative of a KL or an
    entropy is that of its average over the draws even where its value is known in closed form.
    """

    detaches: ClassVar[bool]

    @abc.abstractmethod
    def check(self, expression: Expression) -> None:
        """Raise `Refused` if the gradient would be wrong for this expression, whatever its densities are bound to."""

    @abc.abstractmethod
    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        """One draw from a distribution, with the path along which it is differentiated."""

    @abc.abstractmethod
    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        """The average over draws of `evaluate(values)`, which has a leading sample axis."""

    @abc.abstractmethod
    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        """The log of the average of weights whose logarithms are `evaluate(values)`."""


def average(values: Float[Array, "sample ..."]) -> Array:
    """The average over the leading axis; of one draw, the draw itself."""
    return values[0] if values.shape[0] == 1 else jnp.mean(values, axis=0)


def log_average(logs: Float[Array, " sample"]) -> Float[Array, ""]:
    r"""$\log \frac1K \sum_k e^{l_k}$ without overflow."""
    if logs.shape[0] == 1:
        return logs[0]
    return jax.scipy.special.logsumexp(logs, axis=0) - jnp.log(jnp.asarray(logs.shape[0], logs.dtype))


def reparameterised_draw(distribution: Distribution, key: PRNGKeyArray, name: str, estimator: str) -> Any:
    r"""$z = g_\phi(\epsilon)$, differentiable in $\phi$.

    **Raises.** `InputError` if NumPyro knows no such path for the distribution.
    """
    if not distribution.has_rsample:
        raise InputError(
            f"{estimator} differentiates through the draw, and {name} is a {type(distribution).__name__}, which has no "
            "such path (it is not reparameterised in NumPyro). Use gradient=ScoreFunction()."
        )
    return distribution.rsample(key)
