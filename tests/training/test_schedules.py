"""A warm-up longer than training is said so."""

import warnings

import optax
import pytest

from elbowroom.estimation.objectives import beta_elbo
from elbowroom.training.settings import TrainSettings
from elbowroom.training.train import train

from .problems import OBSERVED, bits, model_of

SHORT = TrainSettings(batch=14, epochs=2)  # 6 steps of the 42 training data


def test_D11_a_warm_up_longer_than_training_warns_and_states_the_weight_reached():
    with pytest.warns(UserWarning, match="is longer than training: beta is 0.25 after the last of 6 steps") as caught:
        train(model_of("bernoulli", OBSERVED), bits(), beta_elbo(optax.linear_schedule(0.0, 1.0, 24)), SHORT)
    assert len(caught) == 1
    assert "and would be 0.5 after 12" in str(caught[0].message)


@pytest.mark.parametrize("beta", [2.0, optax.linear_schedule(0.0, 1.0, 6), optax.linear_schedule(0.0, 1.0, 3)])
def test_D11_a_warm_up_that_ends_in_time_does_not_warn(beta):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = train(model_of("bernoulli", OBSERVED), bits(), beta_elbo(beta), SHORT)
    assert fit.steps == 6
