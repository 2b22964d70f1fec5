"""Models whose evidence is known: linear-Gaussian in closed form, logistic with one latent by quadrature."""

import functools
import pathlib
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

from elbowroom.evidence.linear_gaussian import LinearGaussian
from elbowroom.evidence.settings import CertifySettings
from elbowroom.models.decoder import BernoulliDecoder, GaussianDecoder
from elbowroom.models.encoder import linear_gaussian_encoder
from elbowroom.models.networks import linear_with
from elbowroom.models.prior import StandardNormalPrior
from elbowroom.models.vae import VAE

from .truth_models import read

FALSE_ALARM = 5e-7
"""The probability with which a statistical test fails although nothing is wrong."""
STANDARD_ERRORS = 5.03
"""The two-sided normal quantile of `FALSE_ALARM`."""

QUICK = CertifySettings(
    samples=200,
    refined_samples=100,
    refine_steps=50,
    temperatures=8,
    pilot_moves=8,
    groups_wanted=1,
    route="sampling",
)
"""A certificate in little time: wide, and as strict as any."""


class Known(NamedTuple):
    """A model and what is known of it for some data, one row each."""

    model: VAE
    x: np.ndarray
    log_evidence: np.ndarray
    elbo: np.ndarray
    elbo_best: np.ndarray


def linear_gaussian_model(weight, centre, sigma, slope, shift, scale, dtype=jnp.float64) -> VAE:
    """z ~ N(0, I), x | z ~ N(W z + b, sigma^2), q = N(A (x - b) + c, diag s^2)."""
    weight, centre, slope, shift, scale = (jnp.asarray(a, dtype) for a in (weight, centre, slope, shift, scale))
    return VAE(
        StandardNormalPrior(weight.shape[1]),
        linear_gaussian_encoder(slope, scale, centre=centre, shift=shift),
        GaussianDecoder(linear_with(weight, centre), jnp.log(jnp.asarray(sigma, dtype))),
    )


def linear_gaussian_truth(shared: pathlib.Path, name: str, dtype=jnp.float64) -> Known:
    """A linear-Gaussian case of the external truth."""
    case = read(shared)[f"synthetic/{name}"]
    encoder, seen = case["encoder"], case["observations"]
    model = linear_gaussian_model(case["W"], case["b"], case["sigma"], encoder["A"], encoder["c"], encoder["sd"], dtype)
    return Known(
        model,
        np.array([one["x"] for one in seen], dtype),
        np.array([one["log_evidence"] for one in seen]),
        np.array([one["elbo_encoder"] for one in seen]),
        np.array([one["elbo_best_diagonal"] for one in seen]),
    )


class LogisticEncoder(eqx.Module):
    """q = N(0.12 sum_j slope_j (2 x_j - 1), exp(-0.5)), the encoder of the logistic case."""

    slopes: jax.Array

    def __call__(self, x: jax.Array) -> dist.Distribution:
        mean = 0.12 * jnp.sum(self.slopes * (2 * x - 1), keepdims=True)
        return dist.Normal(mean, jnp.full_like(mean, jnp.exp(-0.5))).to_event(1)


def logistic_truth(shared: pathlib.Path) -> tuple[Known, np.ndarray]:
    """The logistic case, and log p(x) of all 64 x in the order of their bits."""
    case = read(shared)["synthetic/logistic_1d"]
    slopes, offsets = jnp.asarray(case["slopes"]), jnp.asarray(case["offsets"])
    model = VAE(
        StandardNormalPrior(1),
        LogisticEncoder(slopes),
        BernoulliDecoder(linear_with(slopes[:, None], offsets)),
    )
    seen = case["observations"]
    known = Known(
        model,
        np.array([one["x"] for one in seen], float),
        np.array([one["log_evidence"] for one in seen]),
        np.array([one["elbo_encoder"] for one in seen]),
        np.array([one["elbo_best_gaussian"] for one in seen]),
    )
    return known, np.array(case["log_evidence_all"])


class Small(NamedTuple):
    """A linear-Gaussian model of two latents, its closed form and some data."""

    model: VAE
    exact: LinearGaussian
    x: np.ndarray


@functools.cache
def small(count: int = 3) -> Small:
    """Weights vary a great deal here: the posterior is correlated and the encoder is not the best of its family."""
    weight = np.array([[1.2, 0.9], [0.4, 0.5], [-0.7, 0.6]])
    centre = np.array([0.1, -0.2, 0.3])
    model = linear_gaussian_model(weight, centre, 0.7, 0.3 * weight.T, [0.05, -0.1], [0.45, 0.5])
    exact = LinearGaussian(np.zeros(2), np.ones(2), weight, centre, np.full(3, 0.7))
    generator = np.random.default_rng(11)
    z = generator.normal(size=(count, 2))
    return Small(model, exact, z @ weight.T + centre + 0.7 * generator.normal(size=(count, 3)))
