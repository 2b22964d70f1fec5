"""What every gradient estimator has to satisfy, on every functional that it accepts."""

import functools

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.errors import Refused
from elbowroom.estimation.estimate import estimate
from elbowroom.estimation.gradient import AbstractGradient, average, log_average
from elbowroom.estimation.symbols import x

from .conjugate import CASES, DATUM, PARAMETERS, bindings, divergence, draws_of, expected, log_weight, parameters
from .estimators import ESTIMATORS

PAIRS = [(case, name) for case, found in CASES.items() for name in sorted(ESTIMATORS) if name in found.valid]
KEYS = jr.split(jr.key(3), 20_000)
REFUSED = [(case, name) for case, found in CASES.items() for name in sorted(ESTIMATORS) if name not in found.valid]


def _estimate(case: str, estimator: str, at, key, samples: int = 2, datum=DATUM):
    return estimate(
        CASES[case].expression, bindings(at), {x: datum}, key=key, samples=samples, gradient=ESTIMATORS[estimator]
    )


@functools.cache
def _truth(case: str):
    """The expected value of an estimate with two draws, and its gradient."""
    return jax.jit(jax.value_and_grad(lambda at: expected(CASES[case], at, 2)))(parameters())


@functools.cache
def _many(case: str, estimator: str):
    """Values and gradients of 20,000 estimates with two draws each, by one compiled and batched program."""
    one = jax.value_and_grad(lambda at, key: _estimate(case, estimator, at, key))
    return jax.jit(jax.vmap(one, in_axes=(None, 0)))(parameters(), KEYS)


def test_every_estimator_is_in_the_registry():
    assert {type(one) for one in ESTIMATORS.values()} == set(AbstractGradient.__subclasses__())


def test_the_oracle_agrees_with_closed_forms():
    """Quadrature of the ELBO against its closed form, and of E_q[w] against the evidence of the model."""
    at = parameters()
    ratio, split = (float(expected(CASES[name], at, 1)) for name in ("elbo-as-a-ratio", "elbo"))
    assert ratio == pytest.approx(split, abs=1e-12)
    two = float(expected(CASES["elbo"], at, 2))
    assert two == pytest.approx(split, abs=1e-12)


@pytest.mark.parametrize(
    ("case", "estimator", "samples"), [(*pair, 3) for pair in PAIRS] + [("elbo", name, 1) for name in ESTIMATORS]
)
def test_the_value_is_that_of_pathwise_to_the_last_bit(case, estimator, samples):
    at, key = parameters(), jr.key(1)
    assert _estimate(case, estimator, at, key, samples) == _estimate(case, "pathwise", at, key, samples)


@pytest.mark.parametrize(("case", "estimator"), PAIRS)
def test_jit_is_eager_and_vmap_is_a_loop(case, estimator):
    at, (values, gradients) = parameters(), _many(case, estimator)
    for index in range(2):
        key = KEYS[index]
        value, gradient = jax.value_and_grad(lambda at, key=key: _estimate(case, estimator, at, key))(at)
        assert float(values[index]) == pytest.approx(float(value), rel=1e-11)
        for name in PARAMETERS:
            assert float(gradients[name][index]) == pytest.approx(float(gradient[name]), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(("case", "estimator"), PAIRS)
def test_value_and_gradient_are_right_on_average(case, estimator):
    """Against quadrature over both draws, five numbers within 5.03 standard errors: a false alarm in 5e-7 each.

    20,000 estimates: a bias of 6 % of the standard deviation of one estimate would be 8 standard errors.
    """
    (values, gradients), (value, gradient) = _many(case, estimator), _truth(case)
    for found, truth in [(values, value), *((gradients[name], gradient[name]) for name in PARAMETERS)]:
        stderr = np.std(found, ddof=1) / np.sqrt(found.size)
        assert abs(np.mean(found) - truth) <= 5.03 * stderr + 1e-12


@pytest.mark.parametrize(("case", "estimator"), REFUSED)
def test_what_would_be_biased_is_refused(case, estimator):
    with pytest.raises(Refused, match=f"^{type(ESTIMATORS[estimator]).__name__} would bias the gradient here"):
        _estimate(case, estimator, parameters(), jr.key(0))


@pytest.mark.parametrize("case", CASES)
def test_D08_the_pathwise_gradient_is_the_finite_difference_of_the_estimate(case):
    """With the draws held fixed the estimate is a function of the parameters, and nothing in it is detached."""
    at, key, step = parameters(), jr.key(4), 1e-6
    gradient = jax.grad(lambda at: _estimate(case, "pathwise", at, key))(at)
    for name in PARAMETERS:
        above, below = ({**at, name: at[name] + sign * step} for sign in (1, -1))
        difference = (_estimate(case, "pathwise", above, key) - _estimate(case, "pathwise", below, key)) / (2 * step)
        assert float(gradient[name]) == pytest.approx(float(difference), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", ["pathwise", "doubly-reparameterised", "score-function"])
def test_D08_the_gradient_of_the_decoder_is_the_weighted_one(name):
    r"""$\sum_k \bar w_k \, \partial_\theta \log w_k$, the weights being constants: exact for each set of draws."""
    at, key = parameters(), jr.key(5)
    draws = draws_of(at, key, 4)
    weights = jax.nn.softmax(log_weight(at, draws))
    slopes = jax.vmap(jax.grad(lambda noise, z: log_weight({**at, "log_noise": noise}, z)), in_axes=(None, 0))
    wanted = weights @ slopes(at["log_noise"], draws)
    found = jax.grad(lambda at: _estimate("importance-weighted", name, at, key, 4))(at)["log_noise"]
    assert float(found) == pytest.approx(float(wanted), rel=1e-12)


def test_the_closed_form_is_the_value_of_a_kl_whatever_the_gradient():
    for name in ESTIMATORS:
        found = estimate(
            CASES["elbo"].expression.terms[1],
            bindings(parameters()),
            {x: DATUM},
            key=jr.key(6),
            gradient=ESTIMATORS[name],
        )
        assert float(found) == pytest.approx(-float(divergence(parameters())), rel=1e-13)


def test_averages():
    logs = jnp.asarray([-1000.0, -1001.0, -999.5])
    assert float(log_average(logs)) == pytest.approx(
        float(np.logaddexp.reduce(np.asarray(logs)) - np.log(3)), rel=1e-14
    )
    assert float(log_average(logs[:1])) == -1000.0
    assert float(average(logs)) == pytest.approx(-1000.166666666667, rel=1e-13)
    assert average(jnp.ones((1, 2))).shape == (2,)
