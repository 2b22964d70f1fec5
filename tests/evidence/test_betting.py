"""The strict lower end for a mean: how often it is wrong, and that it needs no bound from above."""

import numpy as np
import pytest
import scipy.stats
from tests.evidence.problems import FALSE_ALARM

from elbowroom.evidence.betting import lower_confidence_mean

REPETITIONS = 2000
LAWS = {
    "gamma": (lambda generator, size: generator.gamma(2.0, 1.0, size), 2.0),
    "lognormal": (lambda generator, size: generator.lognormal(0.0, 2.0, size), float(np.exp(2.0))),
    "two points": (lambda generator, size: 100.0 * (generator.random(size) < 0.01), 1.0),
}


@pytest.mark.parametrize("name", LAWS)
def test_it_is_above_the_mean_at_most_as_often_as_delta_allows(name):
    """An exact binomial test at 5e-7 of the rate of violations, delta = 0.1."""
    draw, mean = LAWS[name]
    generator = np.random.default_rng(1)
    wrong = sum(lower_confidence_mean(draw(generator, 300), 0.1) > mean for _ in range(REPETITIONS))
    assert scipy.stats.binom.sf(wrong - 1, REPETITIONS, 0.1) > FALSE_ALARM


def test_it_is_within_a_few_standard_errors():
    generator = np.random.default_rng(2)
    values = generator.gamma(2.0, 1.0, 5000)
    stderr = values.std(ddof=1) / np.sqrt(values.size)
    assert 0 < values.mean() - lower_confidence_mean(values, 0.025) < 4 * stderr


def test_it_moves_with_its_floor():
    generator = np.random.default_rng(3)
    values = generator.gamma(2.0, 1.0, 500)
    assert lower_confidence_mean(values - 7.0, 0.05, floor=-7.0) == pytest.approx(
        lower_confidence_mean(values, 0.05) - 7.0, abs=1e-9
    )


@pytest.mark.parametrize("values", [[1.0, 2.0], [1.0, np.inf, 2.0, 3.0], [np.nan] * 10])
def test_with_nothing_to_go_by_it_returns_the_floor(values):
    assert lower_confidence_mean(np.array(values), 0.05, floor=0.25) == 0.25
