"""Where the annealing path starts: whatever it is, the bounds hold, and the shorter way gives the narrower interval."""

import dataclasses

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.evidence.certify import certify
from elbowroom.evidence.pilot import _moving_mean

from .problems import QUICK, linear_gaussian_truth

SETTINGS = {
    "encoder": dataclasses.replace(QUICK, start="encoder"),
    "prior": dataclasses.replace(
        QUICK, start="prior", spacing="sigmoid", temperatures=64, leapfrog=3, pilot_moves=32, refine_steps=0
    ),
}


@pytest.mark.parametrize("start", [pytest.param("encoder", marks=pytest.mark.slow), "prior"])
def test_the_interval_holds_the_truth_wherever_the_path_starts(shared, start):
    known = linear_gaussian_truth(shared, "linear_gaussian_mild")
    certificate = certify(known.model, known.x, key=jr.key(5), settings=SETTINGS[start], level=1 - 1e-6)
    truth = float(np.mean(known.log_evidence))
    assert certificate.log_evidence.lower.value <= truth <= certificate.log_evidence.upper.value
    assert certificate.simulated is not None
    widths = certificate.simulated.per_datum.log_evidence_upper - certificate.simulated.per_datum.log_evidence_lower
    assert float(np.mean(widths)) < 1.0


def test_the_trace_of_a_long_way_is_smoothed_where_it_is_and_not_made_a_line():
    values = jnp.asarray([0.0, 3.0, 0.0, 0.0, 8.0, 8.0])
    assert np.allclose(_moving_mean(values, 1), [1.5, 1.0, 1.0, 8 / 3, 16 / 3, 8.0])
    assert np.allclose(_moving_mean(jnp.full(5, 2.0), 2), 2.0)
