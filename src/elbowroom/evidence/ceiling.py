"""The largest value a likelihood can take: what makes the upper end of an ELBO strict."""

import jax.numpy as jnp
import numpy as np
from numpyro.distributions import BernoulliLogits, BernoulliProbs, Independent

from elbowroom.evidence.dataflow import depends_on_argument
from elbowroom.evidence.target import LatentVariableModel, is_diagonal_gaussian
from elbowroom.models.vae import VAE

BELOW_ONE = (BernoulliLogits, BernoulliProbs)


def log_likelihood_ceiling(model: LatentVariableModel) -> float | None:
    r"""A number that log p(x | z) never exceeds, for any x and z, or None where there is none known.

    Zero for probabilities (Bernoulli). For a product of normals whose scales do not depend on z it is
    $-\sum_j \log(\sqrt{2\pi}\,\sigma_j)$; a scale that depends on z has no ceiling.
    """
    if not isinstance(model, VAE):
        return None
    origin = jnp.zeros_like(jnp.asarray(model.prior().mean))
    likelihood = model.decoder(origin)
    if isinstance(likelihood, Independent) and isinstance(likelihood.base_dist, BELOW_ONE):
        return 0.0
    if is_diagonal_gaussian(likelihood) and not depends_on_argument(lambda z: model.decoder(z).variance, origin):
        variance = np.asarray(likelihood.variance, np.float64)
        return float(-0.5 * np.sum(np.log(2 * np.pi * variance)))
    return None
