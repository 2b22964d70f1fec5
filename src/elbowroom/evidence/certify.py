"""Certify an encoder: how far is q(z|x) from the posterior, at most and at least?"""

import time
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.errors import InputError
from elbowroom.estimation.objective import Objective
from elbowroom.evidence.block import Estimates, estimate_block
from elbowroom.evidence.certificate import Block, Certificate, Optimum
from elbowroom.evidence.checked import checked_data
from elbowroom.evidence.closed_form import estimate_exactly
from elbowroom.evidence.derived_target import derived_optimum
from elbowroom.evidence.diagnostics import KHAT_LIMIT, active_units
from elbowroom.evidence.intervals import Intervals, exact_intervals, sampled_intervals
from elbowroom.evidence.linear_gaussian import linear_gaussian
from elbowroom.evidence.narrowing import Narrowed, narrowed
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.slack import evidence_slack, mean_stderr
from elbowroom.evidence.target import LatentVariableModel, can_simulate
from elbowroom.evidence.verdict import of_optimum, verdict
from elbowroom.functional.expression import Expression
from elbowroom.models.vae import VAE

BUDGET = 10**9
OPTIMUM = 0x6F707469  # sets the keys for the objective's own optimum apart from all others
NARROWING = 0x77696474  # sets the keys of the pilot for a width apart from all others


def certify(
    model: LatentVariableModel,
    x: Float[np.ndarray, "datum observed"] | Float[Array, "datum observed"],
    *,
    key: PRNGKeyArray,
    level: float = 0.95,
    settings: CertifySettings | None = None,
    width: float | None = None,
    budget: int = BUDGET,
    objective: Objective | Expression | None = None,
) -> Certificate:
    r"""Bound the gap $\mathrm{KL}(q(z \mid x) \,\|\, p(z \mid x)) = \log p(x) - \mathrm{ELBO}(x)$, as a mean over
    the data.

    For each x the encoder's q is refined to the best diagonal Gaussian q*, further to a Gaussian with every
    correlation, and annealed importance sampling leads from there to the posterior. On the given x the lower end of
    log p(x) is `strict` and the upper end `asymptotic`. As many x are simulated from the model: there the draw of z
    that made x is an exact posterior draw, and both ends are `strict`. A linear-Gaussian model gets closed forms, of
    kind `exact`.

    **Arguments.** `x` is `(datum, observed)`, as the decoder's likelihood wants it (0 and 1 for Bernoulli). `level`
    is the probability with which each interval holds. Every setting is fixed before the first draw. With `width`, in
    nats, the number of temperatures is chosen on pilot data so that the interval for the mean of log p(x) is expected
    to be no wider, as far as `budget`, a number of gradients of log p(x, z), goes. With `objective`, what a `VAE` was
    trained to maximise, its optimum is derived; where that is not the posterior (for a beta other than 1, say), the
    distance of q from it on the given x is certified beside the gap.

    **Validity.** The statements are about the mean over these data. Strict needs a normalised joint and encoder, and
    nothing else; see `Kind`.

    **Raises.** `InputError` if `x` or `level` cannot be used, if the likelihood cannot have produced x (grey pixels
    and a Bernoulli likelihood, say), or if a weight is NaN or infinite, naming the data.

    **Reference.** Grosse, Ghahramani and Adams (2015), *Sandwiching the marginal likelihood*; for the two parts of the
    gap, Cremer, Li and Duvenaud (2018), *Inference suboptimality in variational autoencoders*.
    """
    began = time.perf_counter()
    settings = settings or CertifySettings()
    if not 0.0 < level < 1.0:
        raise InputError(f"The level is {level}; it is a probability, such as 0.95.")
    x = checked_data(model, x, "to certify")
    key_real, key_simulate, key_simulated = jr.split(key, 3)
    narrow = None
    if width is not None and _needs_sampling(model, x, settings):
        narrow = narrowed(
            model, x, jr.fold_in(key, NARROWING), settings, width=_positive(width), budget=budget, level=level
        )
        settings = narrow.settings
    real, spent = _block(model, x, None, key_real, level, settings)
    spent += 0 if narrow is None else narrow.gradients
    simulated = None
    if settings.simulated and can_simulate(model):
        exact, drawn = _simulate(model, _keys(key_simulate, x.shape[0]))
        simulated, more = _block(model, drawn.astype(x.dtype), exact, key_simulated, level, settings)
        spent += more
    optimum = None
    if objective is not None and isinstance(model, VAE):
        derived = derived_optimum(model, Objective.of(objective))
        against, more = None, 0
        if derived.target is not None:
            against, more = _block(derived.target, x, None, jr.fold_in(key, OPTIMUM), level, settings)
        optimum = Optimum(derived.text, derived.is_posterior, derived.reason, against)
        spent += more
    told = (*verdict(real, simulated, level), *of_optimum(optimum, level), *_of_width(real, simulated, narrow, width))
    return Certificate(
        real=real,
        simulated=simulated,
        optimum=optimum,
        level=level,
        verdict=told,
        seconds=time.perf_counter() - began,
        gradient_evaluations=spent,
        settings=settings,
    )


def _needs_sampling(model: LatentVariableModel, x: Float[Array, "datum observed"], settings: CertifySettings) -> bool:
    return settings.route != "auto" or linear_gaussian(model, np.asarray(x[0])) is None


def _positive(width: float) -> float:
    if not width > 0.0:
        raise InputError(f"The width is {width}; it is a number of nats, such as 0.05.")
    return width


def _of_width(real: Block, simulated: Block | None, narrow: Narrowed | None, width: float | None) -> tuple[str, ...]:
    """What became of the width that was asked for."""
    if narrow is None or width is None:
        return ()
    interval = (simulated or real).intervals.log_evidence
    if interval.lower is None or interval.upper is None:
        return ()
    reached = interval.upper.value - interval.lower.value
    told = f"An interval of {width:g} nats for log p(x) was asked for, and it is {reached:.2g} nats wide"
    chosen = f"with {narrow.settings.temperatures:,} temperatures, chosen on pilot data"
    if reached <= width:
        return (f"{told}, {chosen}.",)
    if narrow.expected > width:
        return (f"{told}, {chosen}: the budget did not pay for more.",)
    return (f"{told}, {chosen}: the pilot was more hopeful than these data. Ask for a narrower one to get this one.",)


def _keys(key: PRNGKeyArray, count: int) -> PRNGKeyArray:
    return jax.vmap(partial(jr.fold_in, key))(jnp.arange(count))


@eqx.filter_jit
def _simulate(model, keys: PRNGKeyArray) -> tuple[Array, Array]:
    return jax.vmap(model.simulate)(keys)


def _block(model, x, exact, key, level: float, settings: CertifySettings) -> tuple[Block, int]:
    """The closed form where there is one, else the estimates; either way the same statements."""
    found = linear_gaussian(model, np.asarray(x[0])) if settings.route == "auto" else None
    estimates = None if found is None else estimate_exactly(found, model, x, exact, key, settings)
    if estimates is not None:
        return _stated(estimates, exact_intervals(estimates.per_datum), level), 0
    estimates = estimate_block(model, x, exact, key, settings)
    return _stated(estimates, sampled_intervals(estimates, level), level), estimates.gradient_evaluations


def _stated(estimates: Estimates, intervals: Intervals, level: float) -> Block:
    arrays = estimates.per_datum
    count = len(arrays.elbo)
    slack = evidence_slack((1.0 - level) / 2.0, count)
    others = {
        "importance_weighted": arrays.importance_weighted,
        "importance_weighted_refined": arrays.importance_weighted_refined,
        "importance_weighted_full": arrays.importance_weighted_full,
        "importance_weighted_flow": arrays.importance_weighted_flow,
    }
    known = arrays.khat[np.isfinite(arrays.khat)]
    information, saturated = estimates.mutual_information
    kl = estimates.kl_per_dimension
    return Block(
        n=count,
        elbo=float(np.mean(arrays.elbo)),
        elbo_stderr=mean_stderr(arrays.elbo_stderr),
        elbo_stderr_over_data=float(np.std(arrays.elbo, ddof=1) / np.sqrt(count)) if count > 1 else float("nan"),
        elbo_refined=float(np.mean(arrays.elbo_refined)),
        elbo_full=float(np.mean(arrays.elbo_full)),
        elbo_flow=float(np.mean(arrays.elbo_flow)),
        intervals=intervals,
        khat_median=float(np.median(known)) if known.size else float("nan"),
        khat_share_above=float(np.mean(known > KHAT_LIMIT)) if known.size else float("nan"),
        active_units=active_units(estimates.encodings.mean),
        latent=estimates.encodings.mean.shape[1],
        mutual_information=information,
        mutual_information_saturated=saturated,
        kl_per_dimension=() if kl is None else tuple(float(value) for value in kl),
        other_lower_bounds={n: float(np.mean(v)) - slack for n, v in others.items() if not np.all(np.isnan(v))},
        other_upper_bounds={n: float(np.mean(v)) + slack for n, v in estimates.upper_by_exact_draw.items()},
        refinement_converged=float(np.mean(arrays.converged)),
        covariance_converged=float(np.mean(arrays.converged_full)),
        flow_converged=float(np.mean(arrays.converged_flow)),
        acceptance=float(np.mean(arrays.acceptance)),
        effective_samples=float(np.median(arrays.effective_samples)),
        route=estimates.route,
        diagonal_family=estimates.diagonal_family,
        calibration=estimates.calibration,
        per_datum=arrays,
    )
