"""One interface for every way to bound log p(x): a problem goes in, estimates with their kinds come out."""

import abc
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.evidence.affine import Affine
from elbowroom.evidence.importance import encode
from elbowroom.evidence.kinds import Kind, Number
from elbowroom.evidence.refine import Refinement
from elbowroom.evidence.slack import evidence_slack
from elbowroom.evidence.target import LatentVariableModel, moments

PerDatumArray = Float[np.ndarray, " datum"]

STAGES = (
    "refine", "pilot", "forward", "continue", "reverse", "encoder draws", "refined draws", "information", "moments",
    "width", "exact draw", "richer", "richer draws", "order", "calibration",
    "flow", "flow draws",
)  # fmt: skip


def stage_keys(key: PRNGKeyArray, stage: str, count: int) -> PRNGKeyArray:
    """One key per datum, and no key used by two stages: draws that fitted or tuned are never weighed."""
    return jax.vmap(partial(jr.fold_in, stage_key(key, stage)))(jnp.arange(count))


def stage_key(key: PRNGKeyArray, stage: str) -> PRNGKeyArray:
    """The key of a stage as a whole, one of `STAGES`; `ValueError` for any other name."""
    return jr.fold_in(key, STAGES.index(stage))


class Encodings(NamedTuple):
    """The encoder's q of each datum: a batch of distributions, made by `vmap`, their means and standard deviations."""

    distributions: Distribution
    mean: Float[np.ndarray, "datum latent"]
    scale: Float[np.ndarray, "datum latent"]


@eqx.filter_jit
def _moments(encodings: Distribution, keys: PRNGKeyArray) -> tuple[Array, Array]:
    return jax.vmap(moments)(encodings, keys)


def encode_all(model: LatentVariableModel, x: Float[Array, "datum observed"], key: PRNGKeyArray) -> Encodings:
    """The encodings of all data, with their moments on the host."""
    distributions = encode(model, x)
    mean, scale = _moments(distributions, stage_keys(key, "moments", x.shape[0]))
    return Encodings(distributions, np.asarray(mean), np.asarray(scale))


@dataclass(frozen=True)
class Problem:
    """What a bound may look at. `exact` holds the posterior draw of each x where x was simulated from the model.

    `full` holds the normals with every correlation that q was refined to, where that was done. `refined`, `full` and
    `encodings` never depend on `exact`: a q fitted with the exact draw would void the bounds from it.
    """

    model: LatentVariableModel
    x: Float[Array, "datum observed"]
    exact: Float[Array, "datum latent"] | None
    encodings: Encodings
    refined: Refinement
    full: Affine | None
    key: PRNGKeyArray
    memory_mib: int

    @property
    def count(self) -> int:
        return self.x.shape[0]

    def keys(self, stage: str) -> PRNGKeyArray:
        return stage_keys(self.key, stage, self.count)


@dataclass(frozen=True)
class EvidenceBounds:
    """Estimates of log p(x) from below and from above for each datum, in nats, before any slack.

    On a side of kind `exact` the estimate is within `error` of log p(x). On any other side it is the mean over
    `groups` independent groups of the log of an estimate of p(x) with mean at most p(x) (below), or of minus the log
    of an estimate of 1/p(x) with mean at most 1/p(x) (above). The two may cross; they are never sorted.
    """

    lower: PerDatumArray
    lower_kind: Kind
    upper: PerDatumArray | None
    upper_kind: Kind
    lower_groups: int = 1
    upper_groups: int = 1
    error: PerDatumArray | None = None
    acceptance: PerDatumArray | None = None
    gradients: int = 0

    def lower_mean(self, delta: float) -> Number:
        """A number below the mean of log p(x) over these data, with probability at least 1 - delta."""
        return Number(
            float(np.mean(self.lower)) - self._slack(self.lower_kind, delta, self.lower_groups), self.lower_kind
        )

    def upper_mean(self, delta: float) -> Number | None:
        """A number above the mean of log p(x) over these data; None where no side above was computed."""
        if self.upper is None:
            return None
        return Number(
            float(np.mean(self.upper)) + self._slack(self.upper_kind, delta, self.upper_groups), self.upper_kind
        )

    def _slack(self, kind: Kind, delta: float, groups: int) -> float:
        if kind is Kind.EXACT:
            return 0.0 if self.error is None else float(np.mean(self.error))
        return evidence_slack(delta, len(self.lower), groups)


class AbstractBound(abc.ABC):
    """A way to bound log p(x) from below and, where it can, from above. Every choice is made before the first draw."""

    name: ClassVar[str]

    @abc.abstractmethod
    def __call__(self, problem: Problem) -> EvidenceBounds:
        """The estimates for every datum of the problem."""
