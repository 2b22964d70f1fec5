"""Strict intervals miss as rarely as they say, on small models of three kinds whose evidence is known."""

import numpy as np
import pytest
from benchmarks.honesty import ALARM, DATA, chi_bound_called_strict, khat_ignored, misses
from scipy.stats import binomtest

from .small_models import linear_gaussian_family, logistic_family, square_family

FAMILIES = (linear_gaussian_family, logistic_family, square_family)


@pytest.mark.parametrize("make", FAMILIES)
def test_strict_intervals_miss_no_more_often_than_delta(make):
    """A false alarm has a probability of at most 1e-6 for each of the three levels."""
    for delta, both, below, above in misses(make(300, DATA, 5), 5):
        assert binomtest(both, 300, delta, alternative="greater").pvalue > ALARM
        assert both <= below + above


def test_intervals_without_slack_would_miss():
    """The check can fail: from a poor start the estimates alone lie on the wrong side far too often."""
    family = square_family(300, DATA, 5)
    assert chi_bound_called_strict(family) > 0.1
    off, heavy = khat_ignored(family)
    assert heavy > 50
    assert off > 0.1


def test_the_evidence_of_the_families_agrees_with_their_own_draws():
    """Simulated x have log p(x) with mean minus the entropy: two halves of the data give it alike."""
    for make in FAMILIES:
        evidence = make(2000, DATA, 8).log_evidence.reshape(2, -1)
        apart = np.diff(evidence.mean(axis=1))[0] / np.hypot(*(evidence.std(axis=1) / np.sqrt(evidence.shape[1])))
        assert abs(apart) < 6.0
