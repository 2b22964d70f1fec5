"""Draw from one q per datum, weigh the draws, and keep a few numbers per datum of them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.evidence.chunks import chunk_rows, over_data
from elbowroom.evidence.diagnostics import effective_sample_size, pareto_shape
from elbowroom.evidence.importance import DRAWS_AT_ONCE, check_weights, draw, log_mean_exp, unusable
from elbowroom.evidence.target import LatentVariableModel, floats_per_draw

PerDatumArray = Float[np.ndarray, " datum"]


class Weighed(NamedTuple):
    """What the draws from q say of each datum, in nats and float64.

    `elbo` and its standard error, the importance-weighted bound, k-hat and the effective sample size of the weights;
    `unusable` marks data with a weight that is NaN or +inf; `log_likelihood` are log p(x | z) of the first draws.
    """

    elbo: PerDatumArray
    elbo_stderr: PerDatumArray
    importance_weighted: PerDatumArray
    khat: PerDatumArray
    effective: PerDatumArray
    unusable: Bool[np.ndarray, " datum"]
    log_likelihood: Float[np.ndarray, "datum kept"]


def weigh(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    proposals: Distribution,
    keys: PRNGKeyArray,
    *,
    samples: int,
    kept: int,
    memory_mib: int,
    name: str,
) -> Weighed:
    """Draw `samples` times from each of `proposals` and reduce; memory is bounded whatever the number of data.

    **Raises.** `InputError` naming the data with a weight that is NaN or +inf, which are the weights of `name`.
    """
    count = x.shape[0]
    at_once = min(DRAWS_AT_ONCE, samples)
    rows = chunk_rows(count, at_once, floats_per_draw(model, x.shape[1]), memory_mib)

    def one(proposals, x, keys) -> Weighed:
        draws = draw(model, proposals, x, keys, samples, at_once)
        return reduce_draws(draws.log_weight, draws.log_likelihood[:, :kept])

    weighed = over_data(one, (proposals, x, keys), count, rows)
    check_weights(weighed.unusable, name)
    return weighed


def reduce_draws(
    log_weight: Float[np.ndarray, "datum samples"], log_likelihood: Float[np.ndarray, "datum kept"]
) -> Weighed:
    """The numbers per datum behind `weigh`."""
    elbo, stderr = mean_and_stderr(log_weight)
    return Weighed(
        elbo=elbo,
        elbo_stderr=stderr,
        importance_weighted=log_mean_exp(log_weight),
        khat=pareto_shape(log_weight),
        effective=effective_sample_size(log_weight),
        unusable=unusable(log_weight),
        log_likelihood=log_likelihood,
    )


def mean_and_stderr(values: Float[np.ndarray, "datum samples"]) -> tuple[PerDatumArray, PerDatumArray]:
    """Mean over draws and its standard error, per datum, in float64; the error is infinite with a single draw."""
    values = np.asarray(values, np.float64)
    samples = values.shape[1]
    if samples == 1:
        return values[:, 0], np.full(len(values), np.inf)
    with np.errstate(invalid="ignore"):
        return values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(samples)
