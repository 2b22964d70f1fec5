"""The refined q in place of the encoder's: the best of its family in closed form, and what it wins."""

import dataclasses

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest

from elbowroom.errors import InputError
from elbowroom.evidence.best_of_family import refine
from elbowroom.evidence.linear_gaussian import Gaussians
from elbowroom.evidence.settings import CertifySettings
from elbowroom.interop.functions import from_functions

from .problems import STANDARD_ERRORS, small

SETTINGS = CertifySettings(refine_draws=8, covariance_steps=20, refined_samples=500)


def _close(estimate: np.ndarray, stderr: np.ndarray, truth: np.ndarray, slack: float) -> None:
    """Within the noise of the estimate, and `slack` nats that the search may have left."""
    assert np.all(np.abs(estimate - truth) < STANDARD_ERRORS * stderr + slack)


def test_a_diagonal_q_is_the_best_of_its_family():
    known = small()
    found = refine(known.model, known.x, key=jr.key(0), settings=SETTINGS)
    best = known.exact.best_diagonal(known.x)
    np.testing.assert_allclose(found.mean, best.mean, atol=0.02)
    np.testing.assert_allclose(found.scale**2, np.diagonal(best.covariance, axis1=1, axis2=2), rtol=0.06)
    assert found.factor is None
    assert found.mean.dtype == np.float64
    assert np.all(found.converged)
    _close(found.elbo, found.elbo_stderr, known.exact.elbo(known.x, best), 0.005)
    missing = known.exact.log_evidence(known.x) - found.elbo
    _close(missing, found.elbo_stderr, np.full(3, known.exact.approximation_gap_diagonal()), 0.005)


def test_a_full_covariance_has_no_approximation_gap():
    known = small()
    found = refine(known.model, known.x, key=jr.key(0), family="full", settings=SETTINGS)
    best = known.exact.best_full(known.x)
    assert found.factor is not None
    covariance = found.factor @ np.swapaxes(found.factor, 1, 2)
    np.testing.assert_allclose(found.mean, best.mean, atol=1e-3)
    np.testing.assert_allclose(covariance, best.covariance, rtol=0.01, atol=1e-3)
    np.testing.assert_allclose(found.scale**2, np.diagonal(covariance, axis1=1, axis2=2), rtol=1e-12)
    assert np.all(found.converged)
    _close(found.elbo, found.elbo_stderr, known.exact.log_evidence(known.x), 1e-3)


@pytest.mark.parametrize("family", ["diagonal", "full"])
def test_what_is_won_is_the_difference_to_the_encoder(family):
    known = small()
    found = refine(known.model, known.x, key=jr.key(1), family=family, settings=SETTINGS)
    mean, variance = jax.vmap(lambda row: (known.model.encoder(row).mean, known.model.encoder(row).variance))(
        jnp.asarray(known.x)
    )
    q = Gaussians(np.asarray(mean), np.einsum("ni,ij->nij", np.asarray(variance), np.eye(2)))
    before = known.exact.elbo(known.x, q)
    _close(found.elbo_encoder, found.elbo_encoder_stderr, before, 1e-9)
    assert np.all(found.won > 0.0)
    drawn = found.distributions.sample(jr.key(2))
    assert drawn.shape == (3, 2)
    assert found.distributions.log_prob(drawn).shape == (3,)


def test_the_arrays_of_a_file_have_a_row_per_datum():
    known = small()
    for family, names in (("diagonal", {"mean", "scale"}), ("full", {"mean", "scale", "factor"})):
        arrays = refine(known.model, known.x, key=jr.key(1), family=family, settings=SETTINGS).arrays()
        assert set(arrays) == names | {"converged", "elbo", "won", "won_stderr"}
        assert {len(array) for array in arrays.values()} == {3}


def _normal(latent: int):
    """A model with a standard normal posterior of any size, whose encoder is that posterior."""
    return from_functions(
        lambda x, z: -0.5 * jnp.sum(z**2) - 0.5 * latent * jnp.log(2 * jnp.pi) + dist.Normal(0, 1).log_prob(x).sum(),
        lambda x: dist.Normal(jnp.zeros(latent), 1.0).to_event(1),
    )


def test_one_latent_has_no_correlations_to_find():
    found = refine(_normal(1), np.zeros((2, 1)), key=jr.key(0), family="full", settings=SETTINGS)
    assert found.factor is not None
    np.testing.assert_allclose(found.factor[:, :, 0], found.scale)


REFUSED = {
    "family": (1, {"family": "triangle"}, 'The family is "triangle"; it must be "diagonal" or "full".'),
    "no steps": (
        2,
        {"settings": dataclasses.replace(SETTINGS, refine_steps=0)},
        "The setting `refine_steps` must be at least 2: without steps there is nothing to refine.",
    ),
    "no covariance steps": (
        2,
        {"family": "full", "settings": dataclasses.replace(SETTINGS, covariance_steps=0)},
        "The setting `covariance_steps` must be positive: without steps there is nothing to refine.",
    ),
    "too many latents": (
        129,
        {"family": "full", "settings": dataclasses.replace(SETTINGS, refine_steps=2)},
        "The model has 129 latents, and q is refined to a full covariance for up to 128. Take the family",
    ),
}


@pytest.mark.parametrize(("latent", "options", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_refined_is_refused(latent, options, words):
    with pytest.raises(InputError, match=words):
        refine(_normal(latent), np.zeros((2, 1)), key=jr.key(0), **options)


def test_data_are_checked():
    with pytest.raises(InputError, match="The data to refine q for hold NaN or infinity in 1 of 2 rows"):
        refine(small().model, np.array([[0.0, 1.0, 2.0], [np.nan, 0.0, 0.0]]), key=jr.key(0))
