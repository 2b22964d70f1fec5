"""What is still to be won, by hand, and which of two q is taken."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.evidence.convergence import preferred, settled, still_to_win

from .problems import STANDARD_ERRORS


def test_a_newton_step_from_exact_gradients():
    """ELBO - s^2/2 in the mean and - l^2 in the logarithm of the scale: the optimum is s^2/2 + l^2 above."""
    mean, scale = jnp.asarray([0.3, -0.2]), jnp.asarray([0.1, 0.4])
    improvement, noise = still_to_win(-jnp.stack([mean, mean]), -2.0 * jnp.stack([scale, scale]))
    assert float(improvement) == pytest.approx(0.5 * 0.13 + 0.17)
    assert float(noise) == 0.0


def test_noise_is_not_taken_for_what_is_to_be_won():
    along = jr.normal(jr.key(0), (4000, 2, 3))
    found, noise = (np.asarray(one) for one in jax.vmap(still_to_win)(along, along[:, :, :0]))
    spread = found.std()
    assert abs(found.mean()) < STANDARD_ERRORS * spread / np.sqrt(4000)
    assert spread < np.sqrt(np.mean(noise**2)) < 2.0 * spread  # fourth powers of a few numbers: on the safe side


def test_what_counts_as_settled():
    for improvement, noise, truth in ((0.04, 0.0, True), (0.2, 0.0, False), (0.2, 0.1, True), (jnp.nan, 0.1, False)):
        assert bool(settled(jnp.asarray(improvement), jnp.asarray(noise))) is truth


def test_which_of_two_is_taken():
    wide = jnp.asarray([1.0, -1.0, 2.0, -1.5])
    level, nothing = jnp.zeros(4), jnp.full(4, jnp.nan)
    cases = [
        (level, level, True),
        (level + 0.01, level, True),
        (level - 0.01, level, False),  # without noise there is no doubt
        (wide - 0.19, level, True),  # by 0.07 on average, in a noise of 0.7
        (wide - 1.0, level, False),
        (wide * 1e6, level, True),
        (wide * 1e6 - 1e6, level, False),
        (nothing, level, False),
        (nothing, nothing, False),
        (level, nothing, True),
    ]
    for found, start, truth in cases:
        assert bool(preferred(found, start)) is truth
