"""How the gradient of an average over draws is estimated: one final class per way, behind one interface.

The value of an estimate never depends on the choice: what is reported is the value of the expression, and
a surrogate only ever changes derivatives.
"""

import abc
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.errors import InputError, Refused
from elbowroom.estimation.bindings import name_of
from elbowroom.estimation.linearity import Position, log_coefficient, positions
from elbowroom.estimation.measures import factors_of, mentions
from elbowroom.functional.expression import Expression, Log
from elbowroom.functional.functionals import KL, Entropy, Expectation
from elbowroom.functional.law import DensityValue

Values = Mapping[str, Array]


class Draws(NamedTuple):
    """`samples` draws from one measure: values of its variables with a leading sample axis, and their log-density.

    `log_density` recomputes $\\log q$ of the draws, `(sample,)`, differentiable in the parameters of q.
    """

    values: Values
    log_density: Callable[[], Float[Array, " sample"]]


Evaluate = Callable[[Values], Array]


class AbstractGradient(abc.ABC):
    """A way to differentiate an average over draws.

    `closed_forms` says whether a KL or an entropy known in closed form may be used; `detaches` whether
    $\\log q$ of a draw is evaluated at parameters held fixed.
    """

    closed_forms: ClassVar[bool]
    detaches: ClassVar[bool]

    @abc.abstractmethod
    def check(self, expression: Expression) -> None:
        """Raise `Refused` if the gradient would be wrong for this expression."""

    @abc.abstractmethod
    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        """One draw from a distribution, with the path along which it is differentiated."""

    @abc.abstractmethod
    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        """The average over draws of `evaluate(values)`, which has a leading sample axis."""

    @abc.abstractmethod
    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        """The log of the average of weights whose logarithms are `evaluate(values)`."""


@dataclasses.dataclass(frozen=True)
class Pathwise(AbstractGradient):
    r"""Differentiate through the draw: $z = g_\phi(\epsilon)$, $\nabla_\phi \hat J = \partial \hat
    J(g_\phi(\epsilon), \phi)$.

    **Validity.** Every measure that is drawn from is reparameterised (NumPyro: `has_rsample`) and the integrand is
    differentiable in z. Then the gradient is unbiased for the expected value of the estimate.

    **Raises.** `InputError` for a distribution without such a path.

    **Reference.** Kingma and Welling (2014), Auto-encoding variational Bayes.
    """

    closed_forms: ClassVar[bool] = True
    detaches: ClassVar[bool] = False

    def check(self, expression: Expression) -> None:
        pass

    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        return _reparameterised(distribution, key, name, type(self).__name__)

    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        return _mean(evaluate(draws.values))

    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        return _log_mean(evaluate(draws.values))


@dataclasses.dataclass(frozen=True)
class StickingTheLanding(AbstractGradient):
    r"""Pathwise without the score term: $\log q_\phi(z \mid x)$ of a draw is evaluated at fixed $\phi$.

    What is left out, $\mathbb E_q[\nabla_\phi \log q_\phi(z)] = 0$, is noise: at $q = p(z \mid x)$ the
    gradient of the ELBO is zero for every draw.

    **Validity.** As `Pathwise`; and $\log q$ enters the integrand only as a term with a coefficient that is free of z,
    under no logarithm of an expectation; and no factor of the measure is conditioned on another. Checked.

    **Raises.** `Refused` if that is not so.

    **Reference.** Roeder, Wu and Duvenaud (2017), Sticking the landing.
    """

    closed_forms: ClassVar[bool] = False
    detaches: ClassVar[bool] = True

    def check(self, expression: Expression) -> None:
        for node, position in positions(expression):
            for density in _own_densities(node):
                found = log_coefficient(node.integrand, density) if isinstance(node, Expectation) else (None,)
                if found == ():
                    continue
                if found is None or position != "linear":
                    raise Refused(
                        f"StickingTheLanding would bias the gradient here: it leaves out the score of "
                        f"{name_of(density)}, whose average is zero only where log {name_of(density)} is a plain term "
                        f"of an expectation, and here it stands in {name_of(node)} under a logarithm, a power or a "
                        "factor that depends on the draw. Use DoublyReparameterised() for an importance-weighted "
                        "bound, Pathwise() otherwise."
                    )
            _check_unconditioned(node, type(self).__name__)

    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        return _reparameterised(distribution, key, name, type(self).__name__)

    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        return _mean(evaluate(draws.values))

    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        return _log_mean(evaluate(draws.values))


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

    closed_forms: ClassVar[bool] = False
    detaches: ClassVar[bool] = True

    def check(self, expression: Expression) -> None:
        for node, position in positions(expression):
            for density in _own_densities(node):
                if self._is_valid(node, position, density):
                    continue
                raise Refused(
                    f"DoublyReparameterised would bias the gradient here: under a logarithm it needs "
                    f"{name_of(density)} to divide the integrand exactly once, as in log E_q[p(x, z) / q(z | x)], and "
                    f"{name_of(node)} is not of that form. Use Pathwise()."
                )
            _check_unconditioned(node, type(self).__name__)

    @staticmethod
    def _is_valid(node: Expression, position: Position, density: DensityValue) -> bool:
        if not isinstance(node, Expectation):
            return position == "linear"
        if position == "linear":
            return log_coefficient(node.integrand, density) is not None
        return position == "log" and log_coefficient(Log(node.integrand), density) == (-1,)

    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        return _reparameterised(distribution, key, name, type(self).__name__)

    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        return _mean(evaluate(draws.values))

    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        fixed = jax.tree.map(jax.lax.stop_gradient, draws.values)
        share = jax.lax.stop_gradient(jax.nn.softmax(evaluate(fixed)))
        return _log_mean(evaluate({name: _damped(value, share) for name, value in draws.values.items()}))


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

    closed_forms: ClassVar[bool] = True
    detaches: ClassVar[bool] = False

    def check(self, expression: Expression) -> None:
        for node, position in positions(expression):
            if position == "nonlinear":
                raise Refused(
                    f"ScoreFunction would bias the gradient here: {name_of(node)} stands inside a function other than "
                    "one logarithm. Use Pathwise() if its measure is reparameterised."
                )

    def draw(self, distribution: Distribution, key: PRNGKeyArray, name: str) -> Any:
        return jax.lax.stop_gradient(distribution.sample(key))

    def mean(self, draws: Draws, evaluate: Evaluate) -> Array:
        values = evaluate(draws.values)
        count = values.shape[0]
        baseline = (jnp.sum(values, 0) - values) / (count - 1) if count > 1 else 0.0
        score = _score(draws.log_density()).reshape((count,) + (1,) * (values.ndim - 1))
        return _mean(values + jax.lax.stop_gradient(values - baseline) * score)

    def log_mean(self, draws: Draws, evaluate: Evaluate) -> Float[Array, ""]:
        logs = evaluate(draws.values)
        value = _log_mean(logs)
        reward = value - _log_mean_without_each(logs) if logs.shape[0] > 1 else value[None]
        return value + jnp.sum(jax.lax.stop_gradient(reward) * _score(draws.log_density()))


def _mean(values: Array) -> Array:
    return values[0] if values.shape[0] == 1 else jnp.mean(values, axis=0)


def _log_mean(logs: Float[Array, " sample"]) -> Float[Array, ""]:
    if logs.shape[0] == 1:
        return logs[0]
    return jax.scipy.special.logsumexp(logs, axis=0) - jnp.log(jnp.asarray(logs.shape[0], logs.dtype))


def _log_mean_without_each(logs: Float[Array, " sample"]) -> Float[Array, " sample"]:
    count = logs.shape[0]
    others = (jnp.sum(logs) - logs) / (count - 1)
    replaced = jnp.where(jnp.eye(count, dtype=bool), others[:, None], logs[None, :])
    return jax.vmap(_log_mean)(replaced)


def _score(log_density: Float[Array, " sample"]) -> Float[Array, " sample"]:
    """Zero, with the gradient of the log-density: multiplied into a value it changes derivatives only."""
    return log_density - jax.lax.stop_gradient(log_density)


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


def _reparameterised(distribution: Distribution, key: PRNGKeyArray, name: str, estimator: str) -> Any:
    if not distribution.has_rsample:
        raise InputError(
            f"{estimator} differentiates through the draw, and {name} is a {type(distribution).__name__}, which has no "
            "such path (it is not reparameterised in NumPyro). Use gradient=ScoreFunction()."
        )
    return distribution.rsample(key)


def _own_densities(node: Expression) -> tuple[DensityValue, ...]:
    if isinstance(node, Expectation):
        return factors_of(node.measure)
    if isinstance(node, KL):
        return factors_of(node.left)
    return factors_of(node.density) if isinstance(node, Entropy) else ()


def _check_unconditioned(node: Expression, estimator: str) -> None:
    densities = _own_densities(node)
    measured = {variable.name for density in densities for variable in density.of}
    for density in densities:
        if any(mentions(given, measured) for given in density.given):
            raise Refused(
                f"{estimator} cannot hold the parameters of {name_of(density)} fixed without cutting the path through "
                "the variables it is conditioned on, which are drawn too. Use Pathwise()."
            )
