"""The importance sandwich: two ends of log p(x) without a Markov chain, where one exact posterior draw is known."""

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from elbowroom.evidence.bounds import AbstractBound, EvidenceBounds, Problem
from elbowroom.evidence.importance import check_weights, draw, log_mean_exp, unusable
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.target import diagonal_gaussian


@dataclass(frozen=True)
class ExactDrawBound(AbstractBound):
    r"""Importance weights of the refined q*, w(z) = p(x, z) / q*(z), with and without the draw of z that made x.

    $$E\Big[\frac1K \sum_{k=1}^K w(z_k)\Big] = p(x), \qquad
      E\Big[\Big(\frac1K \Big(w(z_0) + \sum_{k=2}^K w(z_k)\Big)\Big)^{-1}\Big] = \frac1{p(x)}$$

    for $z_1, \dots, z_K \sim q^*$ and $z_0 \sim p(z \mid x)$; K is `samples`. The second holds by symmetry: exchanging
    $z_0$ with any other draw leaves the mean of the weights as it is.

    **Validity.** Both ends are strict, however heavy the tails, where q* covers the posterior. On given data there is
    no exact draw, and no upper end.

    **Reference.** `brekelmans2022improving`.
    """

    samples: int
    name: ClassVar[str] = "exact draw"

    def __call__(self, problem: Problem) -> EvidenceBounds:
        """Weigh K draws from q*, then exchange the first with the exact one."""
        mean, scale = jnp.asarray(problem.refined.mean), jnp.asarray(problem.refined.scale)
        proposals = jax.vmap(diagonal_gaussian)(mean, scale)
        weights = draw(problem.model, proposals, problem.x, problem.keys("exact draw"), self.samples).log_weight
        check_weights(unusable(weights), "importance weights of the refined q")
        lower = log_mean_exp(weights)
        if problem.exact is None:
            return EvidenceBounds(lower, Kind.STRICT, None, Kind.ASYMPTOTIC)
        exact = np.asarray(_log_weights(problem.model, mean, scale, problem.x, problem.exact))[:, None]
        check_weights(unusable(exact) | unusable(-exact), "importance weights of the exact draws")
        upper = log_mean_exp(np.concatenate([exact, weights[:, 1:]], axis=1))
        return EvidenceBounds(lower, Kind.STRICT, upper, Kind.STRICT)


@eqx.filter_jit
def _log_weights(model, mean: Array, scale: Array, x: Array, z: Array) -> Array:
    def one(mean, scale, x, z):
        return model.log_joint(x, z) - diagonal_gaussian(mean, scale).log_prob(z)

    return jax.vmap(one)(mean, scale, x, z)
