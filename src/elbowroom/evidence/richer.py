"""Families richer than products of normals: q refined to each that is asked for, and its importance weights."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.evidence.affine import Affine
from elbowroom.evidence.bounds import Problem, stage_keys
from elbowroom.evidence.chunks import chunk_rows, over_data
from elbowroom.evidence.flow import LAYERS, TRIED, FlowRefinement, flow_of, refine_flow, takes_flow
from elbowroom.evidence.full_covariance import FullRefinement, full_gaussian, refine_covariance, takes_covariance
from elbowroom.evidence.refine import Refinement
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel, floats_per_draw
from elbowroom.evidence.weigh import Weighed, weigh


class Richer(NamedTuple):
    """q refined to a normal with every correlation, and to a flow; None where that is not asked for."""

    full: FullRefinement | None
    flow: FlowRefinement | None

    @property
    def full_proposals(self) -> Distribution | None:
        """A batch made by `vmap`."""
        if self.full is None:
            return None
        return jax.vmap(full_gaussian)(jax.tree.map(jnp.asarray, self.full.gaussian))

    @property
    def flow_proposals(self) -> Distribution | None:
        """A batch made by `vmap`."""
        return None if self.flow is None else jax.vmap(flow_of)(jax.tree.map(jnp.asarray, self.flow))


class WeighedRicher(NamedTuple):
    """What the draws from each richer q say; None where there is none."""

    full: Weighed | None
    flow: Weighed | None


def refine_richer(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    refined: Refinement,
    key: PRNGKeyArray,
    settings: CertifySettings,
) -> Richer:
    """The best q found in each richer family; each search begins where the one before ended."""
    full = refined_covariance(model, x, refined, key, settings)
    if not takes_flow(settings):
        return Richer(full, None)
    count, latent = refined.mean.shape
    start = Affine(np.asarray(refined.mean), np.asarray(refined.scale)) if full is None else full.gaussian
    floats = floats_per_draw(model, x.shape[1]) + 4 * LAYERS * latent
    rows = chunk_rows(count, max(settings.flow_draws, 2 * TRIED), floats, settings.memory_mib)
    arrays = (x, start, stage_keys(key, "flow", count))
    return Richer(full, over_data(partial(refine_flow, model, settings), arrays, count, rows))


def refined_covariance(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    refined: Refinement,
    key: PRNGKeyArray,
    settings: CertifySettings,
) -> FullRefinement | None:
    """q refined to a normal with every correlation; None where it is not asked for, or there is nothing to gain."""
    count, latent = refined.mean.shape
    if not takes_covariance(settings, latent):
        return None
    rows = chunk_rows(count, 2 * (latent + 1), floats_per_draw(model, x.shape[1]) + 4 * latent, settings.memory_mib)
    diagonal = Affine(np.asarray(refined.mean), np.asarray(refined.scale))
    arrays = (x, diagonal, stage_keys(key, "richer", count))
    return over_data(partial(refine_covariance, model, settings.covariance_steps), arrays, count, rows)


def weigh_richer(problem: Problem, richer: Richer, settings: CertifySettings) -> WeighedRicher:
    """Weights of draws that fitted nothing."""

    def weighed(proposals: Distribution | None, stage: str, what: str) -> Weighed | None:
        if proposals is None:
            return None
        return weigh(
            problem.model,
            problem.x,
            proposals,
            problem.keys(stage),
            samples=settings.refined_samples,
            kept=1,
            memory_mib=settings.memory_mib,
            name=f"importance weights of q refined to {what}",
        )

    return WeighedRicher(
        weighed(richer.full_proposals, "richer draws", "a full covariance"),
        weighed(richer.flow_proposals, "flow draws", "a flow"),
    )
