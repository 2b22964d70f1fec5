"""Simulated data: offered where x is what the model observes and the guide reads it, and drawn from the joint."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro
import numpyro.distributions as dist

import elbowroom as er

WEIGHT = jnp.array([[1.0, 0.3], [0.2, -0.5], [0.4, 0.9]])
X = jnp.array([[0.5, -1.5, 1.0], [0.0, 0.0, 1.0]])
PARAMETERS = {"weight": WEIGHT, "slope": 0.3 * WEIGHT.T}


def model(x):
    weight = numpyro.param("weight", WEIGHT)
    with numpyro.plate("datum", 1):
        z = numpyro.sample("z", dist.Normal(jnp.zeros(2), 1.0).to_event(1))
        numpyro.sample("x", dist.Normal(z @ weight.T, 0.5).to_event(1), obs=x[None])


def amortised(x):
    slope = numpyro.param("slope", WEIGHT.T)
    with numpyro.plate("datum", 1):
        numpyro.sample("z", dist.Normal(x[None] @ slope.T, 0.4).to_event(1))


def test_draws_have_the_moments_of_the_joint():
    """Second moments of (z, x) over 20,000 draws against the closed form, 5.03 standard errors each."""
    fitted = er.from_numpyro(model, amortised, PARAMETERS, X)
    z, x = jax.jit(jax.vmap(fitted.simulate))(jr.split(jr.key(0), 20_000))
    joint = np.concatenate([np.asarray(z), np.asarray(x)], axis=1)
    weight = np.asarray(WEIGHT)
    expected = np.block([[np.eye(2), weight.T], [weight, weight @ weight.T + 0.25 * np.eye(3)]])
    products = joint[:, :, None] * joint[:, None, :]
    error = products.std(axis=0) / np.sqrt(len(joint))
    assert np.all(np.abs(products.mean(axis=0) - expected) < 5.03 * error)
    assert error.max() < 0.03


def test_an_unamortised_guide_is_not_asked_about_other_data():
    def guide(x):
        with numpyro.plate("datum", 1):
            numpyro.sample("z", dist.Normal(jnp.zeros(2), 1.0).to_event(1))

    assert er.from_numpyro(model, guide, PARAMETERS, X).simulate is None


def test_a_model_that_reads_x_in_another_way_is_not_simulated():
    def autoregression(x):
        z = numpyro.sample("z", dist.Normal(0.0, 1.0))
        numpyro.sample("x", dist.Normal(z * jnp.concatenate([jnp.zeros(1), x[:-1]]), 1.0).to_event(1), obs=x)

    def guide(x):
        numpyro.sample("z", dist.Normal(x[0], 1.0))

    assert er.from_numpyro(autoregression, guide, {}, X).simulate is None


def test_a_datum_that_is_more_than_the_observed_sites_is_not_simulated():
    def design_and_outcome(x):
        z = numpyro.sample("z", dist.Normal(0.0, 1.0))
        numpyro.sample("y", dist.Normal(z * x[0], 1.0), obs=x[1])

    def guide(x):
        numpyro.sample("z", dist.Normal(x[0], 1.0))

    assert er.from_numpyro(design_and_outcome, guide, {}, X).simulate is None
