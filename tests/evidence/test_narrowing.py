"""A width that is asked for: reached, or said not to be; the number of temperatures is chosen without the data."""

import dataclasses

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.errors import InputError
from elbowroom.evidence.certify import certify
from elbowroom.evidence.narrowing import narrowed

from .problems import QUICK, linear_gaussian_model

SETTINGS = dataclasses.replace(QUICK, start="refined", refine_steps=30, temperatures=4)
GENERATOR = np.random.Generator(np.random.Philox(9))
MODEL = linear_gaussian_model(
    weight=GENERATOR.normal(size=(4, 3)), centre=np.zeros(4), sigma=0.4, slope=np.zeros((3, 4)), shift=np.zeros(3),
    scale=np.ones(3),
)  # fmt: skip
X = jnp.asarray(GENERATOR.normal(size=(96, 4)))


def choose(x, width: float, budget: int = 10**9, key: int = 4):
    return narrowed(MODEL, x, jr.key(key), SETTINGS, width=width, budget=budget, level=0.95)


def test_condition_6_the_number_of_temperatures_does_not_depend_on_the_data():
    chosen, other = choose(X, 0.4), choose(-3.0 * X, 0.4)
    assert chosen.settings == other.settings
    assert chosen.gradients > 0
    assert dataclasses.replace(chosen.settings, temperatures=SETTINGS.temperatures) == SETTINGS


def test_a_narrower_interval_takes_more_temperatures_and_a_budget_bounds_them():
    wide, narrow = choose(X, 0.4), choose(X, 0.2)
    assert narrow.settings.temperatures > wide.settings.temperatures
    assert narrow.expected <= 0.2
    poor = choose(X, 0.2, budget=100_000)
    assert poor.settings.temperatures < narrow.settings.temperatures
    assert poor.expected > 0.2


def test_the_width_is_reached_and_the_verdict_says_so():
    certificate = certify(MODEL, X, key=jr.key(3), settings=SETTINGS, width=0.25)
    assert certificate.simulated is not None
    interval = certificate.simulated.intervals.log_evidence
    assert interval.lower is not None
    assert interval.upper is not None
    reached = interval.upper.value - interval.lower.value
    assert reached < 0.25 * 1.2
    assert certificate.settings.temperatures > SETTINGS.temperatures
    assert "An interval of 0.25 nats for log p(x) was asked for" in certificate.verdict[-1]


def test_what_certainty_alone_does_not_allow_is_refused():
    with pytest.raises(InputError, match=r"certainty alone takes 0.0\d+ nats"):
        choose(X, 0.05)
    with pytest.raises(InputError, match="The width is -1"):
        certify(MODEL, X, key=jr.key(3), settings=SETTINGS, width=-1.0)
