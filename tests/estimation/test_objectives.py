"""Objectives with a name are expressions, and so is every other one: nothing knows of the ELBO."""

import inspect
import math

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.errors import InputError
from elbowroom.estimation import objectives
from elbowroom.estimation.objective import Objective
from elbowroom.estimation.objectives import beta_elbo, elbo, importance_weighted, renyi
from elbowroom.estimation.symbols import p, q, x, z
from elbowroom.functional.expression import log
from elbowroom.functional.functionals import KL, E
from elbowroom.functional.traverse import walk

from .conjugate import (
    DATUM,
    PARAMETERS,
    bindings,
    divergence,
    draws_of,
    encoded,
    log_evidence,
    log_likelihood,
    log_mean,
    log_weight,
    normal,
    parameters,
    posterior,
)
from .estimators import ESTIMATORS


def _read(objective, at, key, **keywords):
    return Objective.of(objective).estimate(bindings(at), DATUM, key=key, **keywords)


@pytest.mark.parametrize("name", ["pathwise", "doubly-reparameterised", "score-function"])
@pytest.mark.parametrize("samples", [1, 7])
def test_D06_the_importance_weighted_value_is_the_log_mean_of_the_weights(name, samples):
    """What is reported is the bound itself, whatever surrogate stands behind its gradient."""
    at, key = parameters(), jr.key(1)
    found = _read(importance_weighted(samples, gradient=ESTIMATORS[name]), at, key)
    weights = np.exp(np.asarray(log_weight(at, draws_of(at, key, samples))))
    assert float(found) == pytest.approx(math.log(weights.mean()), rel=1e-13)


def test_D06_bounds_with_a_name_are_expressions_without_code_of_their_own():
    weight = p(x, z) / q(z | x)
    assert bool(importance_weighted(5).bound == log(E(q(z | x))[weight]))
    assert bool(renyi(0.0, 5).bound == log(E(q(z | x))[weight**1]) / 1)
    assert bool(renyi(0.25, 5).bound == log(E(q(z | x))[weight**0.75]) / 0.75)
    source = inspect.getsource(objectives)
    assert "jax" not in source


def test_D06_the_renyi_bound_at_0_is_the_importance_weighted_one():
    at, key = parameters(), jr.key(2)
    assert float(_read(renyi(0.0, 6), at, key)) == pytest.approx(
        float(_read(importance_weighted(6), at, key)), rel=1e-13
    )


def test_D06_the_renyi_value_is_its_formula():
    at, key = parameters(), jr.key(3)
    wanted = 4 * float(log_mean(log_weight(at, draws_of(at, key, 6)) / 4))
    assert float(_read(renyi(0.75, 6), at, key)) == pytest.approx(wanted, rel=1e-12)


def test_D07_the_largest_weight_belongs_to_the_best_draw():
    """The gradient of the bound in the log-weight of each draw is its weight: softmax of log p(x, z) - log q(z | x)."""
    at, key = parameters(), jr.key(4)
    logs = log_weight(at, draws_of(at, key, 5))
    shares = jax.grad(log_mean)(logs)
    assert int(jnp.argmax(shares)) == int(jnp.argmax(logs))
    slopes = jax.vmap(jax.grad(lambda noise, z: log_likelihood({**at, "log_noise": noise}, z)), in_axes=(None, 0))
    found = jax.grad(lambda at: _read(importance_weighted(5), at, key))(at)["log_noise"]
    wanted = float(jax.nn.softmax(logs) @ slopes(at["log_noise"], draws_of(at, key, 5)))
    assert float(found) == pytest.approx(wanted, rel=1e-12)
    worst_first = float(jax.nn.softmax(-logs) @ slopes(at["log_noise"], draws_of(at, key, 5)))
    assert abs(worst_first - wanted) > 1e-3, "this draw would not tell the two apart"


def test_D08_no_closed_form_stands_inside_the_weights():
    for objective in (importance_weighted(5), renyi(0.5, 5)):
        assert not any(isinstance(node, KL) for node in walk(objective.bound))
    at, key = parameters(), jr.key(5)
    closed = float(log_mean(log_likelihood(at, draws_of(at, key, 5)) - divergence(at)))
    assert abs(float(_read(importance_weighted(5), at, key)) - closed) > 0.01


@pytest.mark.parametrize("name", ["sticking-the-landing", "doubly-reparameterised"])
def test_at_the_posterior_the_gradient_of_the_encoder_has_no_noise(name):
    at = parameters()
    mean, scale = posterior(at)
    at |= {"slope": jnp.asarray(0.0), "shift": mean, "log_scale": jnp.log(scale)}
    for objective in (Objective(elbo(), 3, ESTIMATORS[name]), Objective(elbo(), 1, ESTIMATORS[name])):
        gradient = jax.grad(lambda at, objective=objective: _read(objective, at, jr.key(6)))(at)
        assert all(abs(float(gradient[part])) < 1e-12 for part in ("slope", "shift", "log_scale"))
    noisy = jax.grad(lambda at: _read(E(q(z | x))[log(p(x, z) / q(z | x))], at, jr.key(6)))(at)
    assert abs(float(noisy["shift"])) > 1e-3


def test_every_bound_is_the_evidence_at_the_posterior():
    at = parameters()
    mean, scale = posterior(at)
    at |= {"slope": jnp.asarray(0.0), "shift": mean, "log_scale": jnp.log(scale)}
    for bound in (E(q(z | x))[log(p(x, z) / q(z | x))], importance_weighted(4), renyi(0.5, 4), renyi(-1.0, 4)):
        assert float(_read(bound, at, jr.key(7))) == pytest.approx(float(log_evidence(at)), rel=1e-12)


def test_the_elbo_is_the_evidence_less_the_distance_to_the_posterior():
    """Within 5.03 standard errors: a false alarm in 5e-7."""
    at = parameters()
    exact = log_evidence(at) - _reverse_kl(at)
    found = jax.vmap(lambda key: _read(elbo(), at, key))(jr.split(jr.key(8), 20_000))
    assert abs(found.mean() - exact) < 5.03 * found.std() / found.size**0.5


def _reverse_kl(at):
    (mean, scale), (centre, width) = encoded(at), posterior(at)
    return jnp.log(width / scale) + (scale**2 + (mean - centre) ** 2) / (2 * width**2) - 0.5


@pytest.mark.parametrize(
    ("term", "parts"), [(0, {"slope", "shift", "log_scale", "log_noise"}), (1, {"slope", "shift", "log_scale"})]
)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_D28_every_term_moves_the_parameters_it_depends_on(term, parts, name):
    bound = elbo().terms[term]
    gradient = jax.grad(lambda at: _read(Objective(bound, 2, ESTIMATORS[name]), at, jr.key(9)))(parameters())
    assert {part for part in PARAMETERS if abs(float(gradient[part])) > 1e-6} == parts


def test_D10_beta_weighs_the_divergence_and_may_follow_a_schedule():
    at, key = parameters(), jr.key(10)
    plain, heavy = _read(elbo(), at, key), _read(beta_elbo(3.0), at, key)
    assert float(plain - heavy) == pytest.approx(2 * float(divergence(at)), rel=1e-12)
    rising = beta_elbo(lambda step: step / 10)
    values = [_read(rising, at, key, parameters=rising.parameters_at(step)) for step in (0, 10)]
    assert float(values[0] - values[1]) == pytest.approx(float(divergence(at)), rel=1e-12)
    assert float(_read(rising, at, key)) == float(values[0]), "the default is before the first step"


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(InputError, match=r"^The Rényi bound at alpha = 1 is the ELBO. Use elbo\(\).$"):
        renyi(1.0, 5)
    with pytest.raises(InputError, match=r"^samples is 0; an objective needs at least one draw\.$"):
        importance_weighted(0)


def test_the_constant_of_every_density_is_kept():
    at, key = parameters(), jr.key(11)
    z_drawn = draws_of(at, key, 1)[0]
    wanted = log_likelihood(at, z_drawn) + normal(z_drawn, 0.3, 1.2)
    assert float(_read(E(q(z | x))[log(p(x, z))], at, key)) == pytest.approx(float(wanted), rel=1e-13)
