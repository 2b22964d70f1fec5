"""The Gaussian that an annealing path leaves from."""

import jax.numpy as jnp
import numpy as np

from elbowroom.errors import Refused
from elbowroom.evidence.affine import Affine
from elbowroom.evidence.bounds import Problem
from elbowroom.evidence.plan import Start
from elbowroom.evidence.target import is_diagonal_gaussian
from elbowroom.models.vae import VAE


def starts(problem: Problem, start: Start) -> Affine:
    """The Gaussian start of each datum.

    `full`: q* refined to a full covariance, or the diagonal one where the problem has no other. `refined`: the
    diagonal refined q*. `encoder`: the diagonal Gaussian with the moments of the encoder's q, which is q where
    that is its family. `prior`: the prior, if it is a product of normals.

    **Raises.** `Refused` for the prior of a model that names none, or whose prior is not a product of normals.
    """
    if start == "full" and problem.full is not None:
        return problem.full
    if start in ("full", "refined"):
        return Affine(np.asarray(problem.refined.mean), np.asarray(problem.refined.scale))
    mean, scale = problem.encodings.mean, problem.encodings.scale
    if start == "encoder":
        return Affine(mean, scale)
    prior = problem.model.prior() if isinstance(problem.model, VAE) else None
    if prior is None or not is_diagonal_gaussian(prior):
        raise Refused(
            "Annealing from the prior needs a prior that is a product of normals, and this model does not name one. "
            "Start from the refined q instead (`start='refined'`), which is valid for any model and takes fewer "
            "gradients."
        )
    centre, spread = jnp.asarray(prior.mean), jnp.sqrt(jnp.asarray(prior.variance))
    return Affine(
        np.broadcast_to(np.asarray(centre, mean.dtype), mean.shape),
        np.broadcast_to(np.asarray(spread, scale.dtype), scale.shape),
    )
