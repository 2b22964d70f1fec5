"""Importance weights with one exact draw among them: the mean of the inverse is 1/p(x), and nothing is missed."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest

from elbowroom.evidence.block import estimate_block
from elbowroom.evidence.exact_draw import with_exact_draw
from elbowroom.evidence.importance import draw, log_mean_exp
from elbowroom.interop.functions import from_functions

from .problems import FALSE_ALARM, QUICK, STANDARD_ERRORS
from .small_models import linear_gaussian_family, square_family

MODEL = from_functions(
    lambda x, z: dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(z, 0.5).log_prob(x).sum(),
    lambda x: dist.Normal(0.7 * x, 0.6).to_event(1),
)


@pytest.mark.parametrize("samples", [1, 5])
def test_the_mean_of_the_inverse_is_one_over_the_evidence(samples):
    """p(x) is N(0, 1.25); a false alarm has the probability of `FALSE_ALARM`."""
    assert FALSE_ALARM < 1e-6
    count = 40_000
    with jax.enable_x64(True):
        z = jr.normal(jr.key(0), (count, 1), float)
        x = z + 0.5 * jr.normal(jr.key(1), (count, 1), float)
        q = jax.vmap(MODEL.encoder)(x)
        weights = draw(MODEL, q, x, jr.split(jr.key(2), count), samples).log_weight
        upper = with_exact_draw(MODEL, x, z, q, log_mean_exp(weights), samples)
        truth = np.asarray(dist.Normal(0.0, 1.25**0.5).log_prob(x))[:, 0]
        ratio = np.exp(truth - upper)
        assert abs(ratio.mean() - 1.0) < STANDARD_ERRORS * ratio.std() / np.sqrt(count)
        assert np.mean(upper) > np.mean(truth)


@pytest.mark.parametrize("make", [linear_gaussian_family, square_family])
def test_it_is_an_upper_bound_where_modes_are_missed_too(make):
    family = make(400, 4, 3)
    found = estimate_block(family.model, family.rows, family.exact, jr.key(0), QUICK).upper_by_exact_draw
    assert "exact_draw_and_encoder" in found
    for upper in found.values():
        assert np.mean(upper) + np.log(1e6) / len(upper) > np.mean(family.log_evidence)


def test_without_exact_draws_there_is_none():
    family = linear_gaussian_family(4, 4, 3)
    assert estimate_block(family.model, family.rows, None, jr.key(0), QUICK).upper_by_exact_draw == {}
    assert jnp.ndim(family.rows) == 2
