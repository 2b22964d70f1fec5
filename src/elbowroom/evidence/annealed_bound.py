"""Annealing as a bound: forward chains below, reverse chains above."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from elbowroom.evidence import sandwich
from elbowroom.evidence.annealing import gradients_per_chain
from elbowroom.evidence.bounds import AbstractBound, EvidenceBounds, Problem
from elbowroom.evidence.chunks import chunk_rows, over_data
from elbowroom.evidence.importance import check_weights, log_mean_exp, unusable
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.pilot import gradients_of_pilot
from elbowroom.evidence.plan import AnnealingPlan
from elbowroom.evidence.starts import starts
from elbowroom.evidence.target import floats_per_draw


@dataclass(frozen=True)
class AnnealedBound(AbstractBound):
    """Annealed importance sampling from a Gaussian start to the posterior, as `plan` says.

    **Validity.** The lower side is strict on any data. The upper side is strict where the reverse chains start at
    exact posterior draws; else they start where forward chains ended and moved on, and it is asymptotic. Reverse
    chains from one exact draw depend on each other and form one group.
    """

    plan: AnnealingPlan
    groups_wanted: int
    upper: bool
    name: ClassVar[str] = "annealing"

    def __call__(self, problem: Problem) -> EvidenceBounds:
        """Tune, climb and, if `upper`, come back."""
        model, x, count, plan = problem.model, problem.x, problem.count, self.plan
        chains, groups = chains_and_groups(count, plan.chains, self.groups_wanted)
        rows = chunk_rows(count, chains, floats_per_draw(model, x.shape[1]), problem.memory_mib)
        run = partial(over_data, count=count, rows=rows)
        path = run(partial(sandwich.tune, model, plan), (x, starts(problem, plan.start), problem.keys("pilot")))
        ends = run(partial(sandwich.forward, model, plan, chains), (x, path, problem.keys("forward")))
        check_weights(unusable(np.asarray(ends.log_weight)), "weights of the annealed chains")
        lower = log_mean_exp(np.asarray(ends.log_weight).reshape(count, groups, -1)).mean(axis=1)
        gradients = count * (gradients_of_pilot(plan) + chains * gradients_per_chain(plan.temperatures, plan.leapfrog))
        acceptance = np.asarray(ends.acceptance, np.float64).mean(axis=1)
        if not self.upper:
            return EvidenceBounds(
                lower, Kind.STRICT, None, Kind.ASYMPTOTIC, groups, acceptance=acceptance, gradients=gradients
            )
        begin = problem.exact
        if begin is None:
            begin = run(partial(sandwich.near_posterior, model, plan), (x, path, ends, problem.keys("continue")))
            gradients += count * chains * (plan.continuation * plan.leapfrog + 1)
        else:
            begin = jnp.broadcast_to(begin[:, None, :], (count, chains, begin.shape[1]))
        back = run(partial(sandwich.reverse, model, plan), (x, path, begin, problem.keys("reverse")))
        upper_groups = groups if problem.exact is None else 1
        return EvidenceBounds(
            lower=lower,
            lower_kind=Kind.STRICT,
            upper=_upper(np.asarray(back.log_weight), upper_groups, exact=problem.exact is not None),
            upper_kind=Kind.ASYMPTOTIC if problem.exact is None else Kind.STRICT,
            lower_groups=groups,
            upper_groups=upper_groups,
            acceptance=acceptance,
            gradients=gradients + count * chains * gradients_per_chain(plan.temperatures, plan.leapfrog),
        )


def chains_and_groups(count: int, chains: int, groups_wanted: int) -> tuple[int, int]:
    """Chains per datum and how many independent groups they form, decided by the number of data alone.

    With many data the slack is small and all chains of a datum form one group. With few, each chain is a group of
    its own, and there are so many that data times groups reach `groups_wanted`.

    >>> chains_and_groups(500, chains=4, groups_wanted=64), chains_and_groups(4, chains=4, groups_wanted=64)
    ((4, 1), (16, 16))
    """
    if count >= groups_wanted:
        return chains, 1
    enough = max(chains, -(-groups_wanted // count))
    return enough, enough


def _upper(log_weight: Float[np.ndarray, "datum chain"], groups: int, exact: bool) -> Float[np.ndarray, " datum"]:
    """-log mean(1/w) in each group, averaged; infinite, so no bound, where a chain began at a point of density zero.

    An exact draw has a positive density, so that a zero there is an error.
    """
    bad = unusable(-log_weight) if exact else np.any(np.isnan(log_weight), axis=1)
    check_weights(bad, "weights of the reverse chains")
    nowhere = np.any(np.isneginf(log_weight), axis=1)
    inverse = np.where(nowhere[:, None], 0.0, -log_weight).reshape(len(log_weight), groups, -1)
    return np.where(nowhere, np.inf, -log_mean_exp(inverse).mean(axis=1))
