"""The two distributions of our own are NumPyro's, in the precision of their parameters."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest
from numpyro.distributions.kl import kl_divergence
from scipy import special

from elbowroom.models.distributions import Bernoulli, Gaussian, softplus

LOGITS = jnp.asarray([-1000.0, -40.0, -1.0, 0.0, 1e-9, 2.0, 800.0])
LOC, SCALE = jnp.asarray([0.3, -1.0]), jnp.asarray([0.5, 2.0])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_bernoulli_density_and_its_gradient_are_exact_for_every_logit(value):
    density, slope = jax.value_and_grad(lambda a: Bernoulli(a).log_prob(jnp.full(a.shape, value)).sum())(LOGITS)
    logits = np.asarray(LOGITS)
    assert float(density) == pytest.approx(special.log_expit(logits if value else -logits).sum(), rel=1e-14)
    np.testing.assert_allclose(slope, value - special.expit(logits), rtol=1e-13, atol=1e-16)


def test_the_gaussian_is_that_of_numpyro():
    ours, theirs = Gaussian(LOC, SCALE).to_event(1), dist.Normal(LOC, SCALE).to_event(1)
    value = jnp.asarray([1.0, 2.0])
    assert float(ours.log_prob(value)) == float(theirs.log_prob(value))
    assert float(kl_divergence(ours, theirs)) == pytest.approx(0.0, abs=1e-15)
    np.testing.assert_array_equal(ours.sample(jr.key(0)), theirs.sample(jr.key(0)))


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_draws_have_the_precision_of_the_parameters(dtype):
    assert Gaussian(LOC.astype(dtype), SCALE.astype(dtype)).sample(jr.key(0)).dtype == dtype
    drawn = Bernoulli(LOGITS.astype(dtype)).sample(jr.key(0), (50,))
    assert drawn.dtype == dtype
    assert set(np.unique(drawn)) == {0.0, 1.0}


@pytest.mark.parametrize("kind", [lambda: Gaussian(LOC, SCALE), lambda: Bernoulli(LOGITS)])
def test_a_draw_needs_a_key(kind):
    with pytest.raises(TypeError, match="needs a key"):
        kind().sample(None)


def test_softplus_is_smooth_at_zero_and_does_not_overflow():
    values = np.asarray([-700.0, -1e-8, 0.0, 1e-8, 5.0, 1e5])
    np.testing.assert_allclose(softplus(jnp.asarray(values)), np.logaddexp(values, 0), rtol=1e-14)
    slopes = jax.vmap(jax.grad(softplus))(jnp.asarray(values))
    np.testing.assert_allclose(slopes, special.expit(values), rtol=1e-13)
