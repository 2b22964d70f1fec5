"""Which latent is worst: against the closed form of a Gaussian posterior."""

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest

import elbowroom as er

PRECISION = np.array([[3.0, -1.2, 0.4], [-1.2, 2.0, 0.0], [0.4, 0.0, 5.0]])
CENTRE = np.array([0.5, -1.0, 2.0])
MEAN, SCALE = np.array([0.7, -0.8, 2.0]), np.array([0.5, 1.1, 0.45])
X = jnp.zeros((1, 1))
FAMILYWISE = 5.03  # standard errors: a false alarm in 5e-7


def gaussian_model(q):
    """A posterior N(CENTRE, PRECISION^-1), whatever x is."""
    posterior = dist.MultivariateNormal(jnp.asarray(CENTRE), precision_matrix=jnp.asarray(PRECISION))
    return er.from_functions(lambda x, z: posterior.log_prob(z) + dist.Normal(0.0, 1.0).log_prob(x).sum(), lambda x: q)


def conditional_gap(j):
    """KL between q_j and the conditional of the posterior, both normal, averaged over the other entries under q."""
    precision = PRECISION[j, j]
    others = np.arange(3) != j
    pull = -PRECISION[j, others] / precision
    centre = CENTRE[j] + pull @ (MEAN[others] - CENTRE[others])
    distance = (centre - MEAN[j]) ** 2 + pull**2 @ SCALE[others] ** 2
    ratio = precision * SCALE[j] ** 2
    return 0.5 * (ratio - 1 - np.log(ratio) + precision * distance)


def gap():
    covariance = np.diag(SCALE**2)
    shift = CENTRE - MEAN
    trace, determinant = np.trace(PRECISION @ covariance), np.linalg.slogdet(PRECISION @ covariance)[1]
    return 0.5 * (trace + shift @ PRECISION @ shift - 3 - determinant)


def test_the_conditional_gaps_are_those_of_the_closed_form_and_sorted():
    model = gaussian_model(dist.Normal(jnp.asarray(MEAN), jnp.asarray(SCALE)).to_event(1))
    ranking = er.rank_latents(model, X, key=jr.key(0), draws=1000)
    exact = {f"z[{j}]": conditional_gap(j) for j in range(3)}
    for latent in ranking:
        assert abs(latent.gap - exact[latent.name]) < FAMILYWISE * latent.stderr + 1e-9
        assert 0 <= exact[latent.name] <= gap()
    assert [latent.name for latent in ranking] == sorted(exact, key=exact.get, reverse=True)
    assert min(latent.stderr for latent in ranking) < 0.02  # a wrong formula would show


def test_the_posterior_itself_leaves_no_latent_a_gap():
    posterior = dist.MultivariateNormal(jnp.asarray(CENTRE), precision_matrix=jnp.asarray(PRECISION))
    for latent in er.rank_latents(gaussian_model(posterior), X, key=jr.key(0), draws=50):
        assert latent.gap == pytest.approx(0.0, abs=1e-12)


def test_one_draw_has_no_standard_error():
    with pytest.raises(er.InputError, match="asked for 1 draws"):
        er.rank_latents(gaussian_model(dist.Normal(jnp.zeros(3), 1.0).to_event(1)), X, key=jr.key(0), draws=1)


def test_a_density_that_is_nan_is_an_error():
    q = dist.Normal(jnp.zeros(2), 1.0).to_event(1)
    model = er.from_functions(lambda x, z: jnp.sum(jnp.log(z + 50)), lambda x: q)
    with pytest.raises(er.InputError, match="NaN for 1 of 1 data"):
        er.rank_latents(model, X, key=jr.key(0), draws=2)
