"""Strict intervals miss as rarely as they say, on small models of three kinds whose evidence is known."""

import numpy as np
import pytest
from benchmarks.honesty import ALARM, DATA, chi_bound_called_strict, khat_ignored, misses
from scipy import integrate, special, stats
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


def _linear(row: np.ndarray) -> float:
    """By the trapezoid rule in two dimensions, over a box around the mode, and not by the closed form."""
    weight, noise, x = row[:8].reshape(4, 2), row[8], row[13:17]
    precision = np.eye(2) + weight.T @ weight / noise**2
    width = 12.0 / np.sqrt(np.linalg.eigvalsh(precision)[0])
    axis = np.linspace(-width, width, 1201)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1) + np.linalg.solve(precision, weight.T @ x / noise**2)
    log_joint = stats.norm.logpdf(z).sum(axis=-1) + stats.norm.logpdf(x, z @ weight.T, noise).sum(axis=-1)
    return float(np.log(np.sum(np.exp(log_joint)) * (axis[1] - axis[0]) ** 2))


def _logistic(row: np.ndarray) -> float:
    """By the rule of Gauss and Hermite, of the likelihood alone."""
    slopes, offsets, x = row[:6], row[6:12], row[14:20]
    z, weights = np.polynomial.hermite_e.hermegauss(180)
    chances = special.log_expit((2.0 * x - 1.0) * (z[:, None] * slopes + offsets)).sum(axis=1)
    return float(np.log(np.sum(np.exp(chances) * weights) / np.sqrt(2.0 * np.pi)))


def _square(row: np.ndarray) -> float:
    """By adaptive quadrature over the positive half of z, twice."""
    noise, x = row[0], row[3]

    def integrand(root: float) -> float:
        return float(2.0 * stats.norm.pdf(root) * stats.norm.pdf(x, root**2, noise))

    peak = np.sqrt(max(x, 0.0))
    found = integrate.quad(integrand, 0.0, peak + 9.0, points=[peak], epsabs=0.0, limit=400)
    return float(np.log(np.asarray(found[0], np.float64)))


@pytest.mark.parametrize(
    ("make", "integrated", "within"),
    [(linear_gaussian_family, _linear, 1e-9), (logistic_family, _logistic, 1e-4), (square_family, _square, 1e-7)],
)
def test_the_evidence_of_the_families_is_that_of_another_rule(make, integrated, within):
    """Rules and densities written anew here; the sigmoids are steep for a polynomial rule, hence its tolerance."""
    family = make(8, 3, 8)
    again = [integrated(row) for row in np.asarray(family.rows, np.float64)]
    np.testing.assert_allclose(family.log_evidence, again, rtol=0.0, atol=within)
