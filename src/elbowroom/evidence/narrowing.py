"""How many temperatures a width costs, found on pilot data that no certificate uses."""

import dataclasses
import math
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.errors import InputError
from elbowroom.evidence.block import estimate_block
from elbowroom.evidence.full_covariance import gradients_of_refinement
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.slack import evidence_slack
from elbowroom.evidence.target import LatentVariableModel, can_simulate

PILOT_DATA = 128
SAFETY = 1.2
ROUNDS = 4


@dataclasses.dataclass(frozen=True)
class Narrowed:
    """The settings that a width asks for, and what the pilot saw.

    `expected` is the width that they are expected to give, in nats, slack included; it is larger than what was asked
    for where the budget does not suffice. `gradients` were spent on the pilot.
    """

    settings: CertifySettings
    expected: float
    gradients: int


def narrowed(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    key: PRNGKeyArray,
    settings: CertifySettings,
    *,
    width: float,
    budget: int,
    level: float,
) -> Narrowed:
    r"""Settings with as many temperatures as an interval of `width` nats for the mean of log p(x) is expected to need.

    The work that annealing wastes falls like 1/T with the number T of temperatures, where the steps are small. A few
    pilot data are certified with T as it is set, and again with as many more as that law asks for, until their width
    would do; the number is then fixed before the data of the certificate are touched.

    **Arguments.** `x` are the data of the certificate, of which only the number and, for a model that cannot simulate,
    the first few rows are used, with a key of their own. `budget` is the largest number of gradients of log p(x, z),
    for all data together, real and simulated.

    **Validity.** No weighted chain of the certificate is looked at (`gap.md`, sections 4.5 and 4.6), so that strict
    stays strict.

    **Raises.** `InputError` if the slack alone is as wide as the width: more data are needed, or a lower level.
    """
    count = x.shape[0]
    latent = model.encoder(x[0]).event_shape[0]
    slack = _slack(settings, count, level)
    data, exact = _pilot_data(model, x, jr.fold_in(key, 0))
    spent, expected, chosen = 0, math.inf, settings
    for number in range(1, ROUNDS + 1):
        seen, gradients = _width(model, data, exact, jr.fold_in(key, number), chosen)
        if seen is None:  # no sampling, so no temperatures
            return Narrowed(settings, 0.0, 0)
        if slack >= width:
            raise InputError(
                f"An interval of {width:g} nats cannot be reached with {count} data at level {level:g}: certainty "
                f"alone takes {slack:.3g} nats of it. Certify more data (-n), or ask for a wider interval or a lower "
                "level."
            )
        spent, expected = spent + gradients, slack + seen
        most = max(_affordable(settings, count, latent, budget - spent, model), 2)
        if expected <= width or chosen.temperatures >= most:
            break
        grown = math.ceil(chosen.temperatures * max(SAFETY * seen / (width - slack), 1.0))
        expected = slack + seen * chosen.temperatures / min(grown, most)
        chosen = dataclasses.replace(chosen, temperatures=min(grown, most))
    return Narrowed(chosen, expected, spent)


def _slack(settings: CertifySettings, count: int, level: float) -> float:
    """Both sides of the slack of the mean; with few data there are more groups, on the lower side only."""
    groups = 1 if count >= settings.groups_wanted else -(-settings.groups_wanted // count)
    side = (1.0 - level) / 2.0
    return evidence_slack(side, count, groups) + evidence_slack(side, count)


def _pilot_data(
    model: LatentVariableModel, x: Float[Array, "datum observed"], key: PRNGKeyArray
) -> tuple[Float[Array, "datum observed"], Float[Array, "datum latent"] | None]:
    """A few data that are simulated anew, with the draws that made them; rows of x where the model cannot simulate."""
    if not can_simulate(model):
        return x[:PILOT_DATA], None
    keys = jax.vmap(partial(jr.fold_in, key))(jnp.arange(PILOT_DATA))
    exact, drawn = _simulate(model, keys)
    return drawn.astype(x.dtype), exact


@eqx.filter_jit
def _simulate(model, keys: PRNGKeyArray) -> tuple[Array, Array]:
    return jax.vmap(model.simulate)(keys)


def _width(model, data, exact, key: PRNGKeyArray, settings: CertifySettings) -> tuple[float | None, int]:
    """The mean of upper minus lower estimate and one standard error of it, and the gradients spent; None if exact."""
    quick = dataclasses.replace(settings, samples=2, refined_samples=2, groups_wanted=1)
    estimates = estimate_block(model, data, exact, key, quick)
    upper = estimates.evidence.upper
    if estimates.evidence.upper_kind is Kind.EXACT:
        return None, 0
    if upper is None:
        raise InputError("A width needs an upper bound: leave the setting `upper` true.")
    apart = np.asarray(upper, np.float64) - np.asarray(estimates.evidence.lower, np.float64)
    noise = float(np.std(apart)) / math.sqrt(len(apart))
    return max(float(np.mean(apart)), 0.0) + noise, estimates.gradient_evaluations


def _affordable(settings: CertifySettings, count: int, latent: int, budget: int, model: LatentVariableModel) -> int:
    """The number of temperatures that the budget pays for: both ways, for real and for simulated data."""
    blocks = 2 if settings.simulated and can_simulate(model) else 1
    fixed = gradients_of_refinement(settings, latent)
    for_each = budget / (blocks * count) - fixed
    return int(for_each / (2 * settings.chains * settings.leapfrog))
