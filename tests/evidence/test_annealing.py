"""Annealing: unbiased weights forward and in reverse, and the negative control that adapts inside the chain."""

from functools import partial

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jax.scipy.stats import norm
from tests.evidence.problems import STANDARD_ERRORS, small

from elbowroom.evidence.annealing import (
    Base,
    Schedule,
    forward_chain,
    gradients_per_chain,
    move,
    reverse_chain,
    start_point,
)
from elbowroom.evidence.plan import spaced

CHAINS = 20_000


def _posterior_draws(key, row: int, count: int):
    exact, x = small().exact, small().x
    factor = np.linalg.cholesky(np.linalg.inv(exact.posterior_precision))
    noise = np.asarray(jr.normal(key, (count, 2)))
    return jnp.asarray(exact.posterior_mean(x)[row] + noise @ factor.T)


@pytest.mark.parametrize("spacing", ["linear", "sigmoid"])
@pytest.mark.parametrize("temperatures", [2, 6])
def test_weights_are_unbiased_both_ways(temperatures, spacing):
    """E[w] = p(x) and E[1/w] = 1/p(x) at so few temperatures that the weights vary; false-alarm rate 5e-7 each.

    The start is wider than the posterior on the way up and the step sizes are arbitrary: neither may matter.
    """
    known, row = small(), 1
    truth = known.exact.log_evidence(known.x)[row]
    base = Base(jnp.asarray(known.exact.posterior_mean(known.x)[row] + 0.2), jnp.asarray([0.45, 0.4]))
    schedule = Schedule(spaced(spacing, temperatures, jnp.float64), jnp.linspace(0.9, 0.5, temperatures - 1))
    log_joint = partial(known.model.log_joint, jnp.asarray(known.x[row]))
    key_up, key_down, key_start = jr.split(jr.key(3), 3)
    up = jax.vmap(partial(forward_chain, base, log_joint, schedule, 2))(jr.split(key_up, CHAINS))
    down = jax.vmap(partial(reverse_chain, base, log_joint, schedule, 2))(
        jr.split(key_down, CHAINS), _posterior_draws(key_start, row, CHAINS)
    )
    for ratios in (np.exp(up.log_weight - truth), np.exp(truth - down.log_weight)):
        stderr = ratios.std(ddof=1) / np.sqrt(CHAINS)
        assert 0.001 < stderr < 0.02, "the weights must vary, and not too much for the normal approximation"
        assert abs(ratios.mean() - 1.0) < STANDARD_ERRORS * stderr


def _toy_log_joint(z):
    return norm.logpdf(z[0]) - 0.5 * ((2.0 - z[0] ** 2) / 0.2) ** 2


def toy_evidence() -> float:
    grid = np.linspace(-8.0, 8.0, 400_001)
    return float(np.trapezoid(np.exp(norm.logpdf(grid) - 0.5 * ((2.0 - grid**2) / 0.2) ** 2), grid))


def toy_weights(growth: float, count: int):
    """Weights of chains from N(0, 1) through (i/20)^3; the step size is multiplied by `growth` on acceptance."""
    base = Base(jnp.zeros(1), jnp.ones(1))
    temperatures = jnp.linspace(0.0, 1.0, 21) ** 3

    def chain(key):
        key_start, key_moves = jr.split(key)
        point = start_point(base, _toy_log_joint, base.sample(key_start))

        def step(carry, inputs):
            point, log_step, log_weight = carry
            before, now, key = inputs
            log_weight = log_weight + (now - before) * point.ratio
            moved, acceptance = move(base, _toy_log_joint, point, now, jnp.exp(log_step), 3, key)
            accepted = jnp.any(moved.z != point.z)
            log_step = log_step + jnp.where(accepted, jnp.log(growth), -jnp.log(growth))
            return (moved, log_step, log_weight), acceptance

        carry = (point, jnp.log(jnp.asarray(0.15)), jnp.asarray(0.0))
        (_, _, log_weight), _ = jax.lax.scan(
            step, carry, (temperatures[:-1], temperatures[1:], jr.split(key_moves, 20))
        )
        return log_weight

    return np.exp(np.asarray(jax.vmap(chain)(jr.split(jr.key(5), count))))


def test_D33_frozen_step_sizes_recover_the_evidence_and_adapted_ones_do_not():
    """The bias of step sizes doubled or halved within the chain is about 7 %: found at 8 standard errors."""
    count = 100_000
    truth = toy_evidence()
    for growth, biased in ((1.0, False), (2.0, True)):
        weights = toy_weights(growth, count) / truth
        deviation = (weights.mean() - 1.0) / (weights.std(ddof=1) / np.sqrt(count))
        assert (abs(deviation) > 8.0) == biased, (
            f"growth {growth}: {weights.mean():.4f}, {deviation:.1f} standard errors"
        )


def test_the_gradients_of_a_chain_are_counted_as_they_are_taken():
    calls = 0

    def counted(z):
        nonlocal calls
        calls += 1
        return jnp.sum(norm.logpdf(z))

    base = Base(jnp.zeros(2), jnp.ones(2))
    point = start_point(base, counted, jnp.ones(2))
    assert calls == 1
    with jax.disable_jit():
        move(base, counted, point, jnp.asarray(0.5), jnp.asarray(0.1), 7, jr.key(0))
    assert calls == 8
    assert gradients_per_chain(temperatures=2, leapfrog=7) == 8


def test_a_proposal_without_a_finite_energy_is_rejected():
    base = Base(jnp.zeros(1), jnp.ones(1))

    def walled(z):
        return jnp.where(z[0] > 0.1, jnp.nan, -0.5 * jnp.sum(z**2))

    point = start_point(base, walled, jnp.asarray([0.05]))
    keys = jr.split(jr.key(0), 50)
    moved, _ = jax.vmap(lambda key: move(base, walled, point, jnp.asarray(0.7), jnp.asarray(1.0), 3, key))(keys)
    assert np.all(np.isfinite(moved.ratio))
    assert np.all(np.asarray(moved.z) <= 0.1)


def test_a_path_of_one_step_is_plain_importance_sampling():
    known = small()
    log_joint = partial(known.model.log_joint, jnp.asarray(known.x[0]))
    base = Base(jnp.zeros(2), jnp.ones(2))
    chain = forward_chain(base, log_joint, Schedule(jnp.asarray([0.0, 1.0]), jnp.zeros(0)), 2, jr.key(4))
    assert chain.log_weight == pytest.approx(float(log_joint(chain.z) - base.log_prob(chain.z)), abs=1e-12)
