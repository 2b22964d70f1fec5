"""What the external truth says of its linear-Gaussian cases besides the evidence and the ELBO."""

from functools import partial

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jax.scipy.stats import norm

from elbowroom.evidence.annealing import Base, Schedule, forward_chain
from elbowroom.evidence.linear_gaussian import linear_gaussian
from elbowroom.evidence.plan import spaced

from .problems import STANDARD_ERRORS, linear_gaussian_truth
from .truth_models import read

CASES = ("linear_gaussian", "linear_gaussian_mild")
CHAINS = 20_000


@pytest.mark.parametrize("name", CASES)
def test_the_posterior_and_the_best_of_its_family(shared, name):
    case, known = read(shared)[f"synthetic/{name}"], linear_gaussian_truth(shared, name)
    exact = linear_gaussian(known.model, known.x[0])
    assert exact is not None
    close = partial(np.testing.assert_allclose, rtol=0.0, atol=1e-10)
    close(exact.posterior_precision, case["posterior_precision"])
    close(np.linalg.inv(exact.posterior_precision), case["posterior_covariance"])
    close(exact.posterior_mean(known.x), [one["posterior_mean"] for one in case["observations"]])
    close(exact.approximation_gap_diagonal(), case["approximation_gap_diagonal"])
    best = exact.best_diagonal(known.x).covariance
    close(best, np.broadcast_to(np.diag(case["best_diagonal_variances"]), best.shape))


@pytest.mark.parametrize("temperature", ["0.25", "0.5", "0.75", "1"])
@pytest.mark.parametrize("name", CASES)
def test_chains_from_the_prior_have_the_constants_of_the_path(shared, name, temperature):
    """E[w] is the mass of p(z) p(x | z)^t; a false alarm has probability 5e-7 for each datum."""
    case, known = read(shared)[f"synthetic/{name}"], linear_gaussian_truth(shared, name)
    one = case["observations"][1]
    base = Base(jnp.zeros(3), jnp.ones(3))
    schedule = Schedule(spaced("linear", 24, jnp.float64) ** 2, jnp.full(23, 0.25))

    def log_joint(z):
        prior = jnp.sum(norm.logpdf(z))
        return prior + float(temperature) * (known.model.log_joint(jnp.asarray(one["x"]), z) - prior)

    chains = jax.vmap(partial(forward_chain, base, log_joint, schedule, 2))(jr.split(jr.key(2), CHAINS))
    ratios = np.exp(np.asarray(chains.log_weight) - one["log_Z_t_prior_path"][temperature])
    stderr = ratios.std(ddof=1) / np.sqrt(CHAINS)
    assert stderr < 0.03
    assert abs(ratios.mean() - 1.0) < STANDARD_ERRORS * stderr
