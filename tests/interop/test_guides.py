"""Guides as distributions over one vector: what is recognised, and that recognition changes nothing."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.handlers import seed, substitute, trace
from numpyro.infer.autoguide import (
    AutoDiagonalNormal,
    AutoMultivariateNormal,
    AutoNormal,
)

import elbowroom as er
from elbowroom.interop.guides import GuideLaw

X = jnp.array([[0.5, -0.2, 1.0]])


def model(x):
    """Latents of several supports, not in the order of their names."""
    zero = numpyro.sample("zero", dist.Normal(0.0, 1.0))
    scale = numpyro.sample("scale", dist.HalfNormal(1.0))
    with numpyro.plate("row", 3):
        slope = numpyro.sample("slope", dist.Uniform(-2.0, 3.0))
        numpyro.sample("x", dist.Normal(zero + slope, scale), obs=x)


def parameters_of(guide):
    """Those the guide starts with."""
    started = trace(seed(guide, jr.key(7))).get_trace(X[0])
    return {name: site["value"] for name, site in started.items() if site["type"] == "param"}


AUTOGUIDES = {
    AutoNormal: "normal sites",
    AutoDiagonalNormal: "joint latent",
    AutoMultivariateNormal: "joint latent",
}


@pytest.mark.parametrize("autoguide", AUTOGUIDES)
def test_an_autoguide_is_recognised_and_its_draws_are_those_of_numpyro(autoguide):
    """Means over 4,000 draws of each site, ours against NumPyro's: 5.03 standard errors of the difference."""
    guide = autoguide(model)
    parameters = parameters_of(guide)
    fitted = er.from_numpyro(model, guide, parameters, X)
    assert fitted.family.kind == AUTOGUIDES[autoguide]
    assert fitted.sites.size == 1 + 1 + 3
    q = fitted.encoder(X[0])
    transforms = {
        "zero": lambda v: v,
        "scale": jnp.log,
        "slope": lambda v: jnp.log((v + 2) / (3 - v)),
    }

    def of_numpyro(key):
        drawn = trace(seed(substitute(guide, data=parameters), key)).get_trace(X[0])
        return {name: back(drawn[name]["value"]) for name, back in transforms.items()}

    drawn = jax.jit(jax.vmap(lambda key: fitted.sites.parts(q.sample(key))))(jr.split(jr.key(1), 4000))
    theirs = jax.jit(jax.vmap(of_numpyro))(jr.split(jr.key(2), 4000))
    for name in transforms:
        ours, other = np.asarray(drawn[name]), np.asarray(theirs[name])
        error = np.sqrt((ours.var(axis=0) + other.var(axis=0)) / 4000)
        assert np.all(np.abs(ours.mean(axis=0) - other.mean(axis=0)) < 5.03 * error), name


def test_normal_sites_have_the_density_of_the_guide_run_as_it_is():
    guide = AutoNormal(model)
    parameters = parameters_of(guide)
    fitted = er.from_numpyro(model, guide, parameters, X)
    as_it_is = GuideLaw(model, guide, parameters, X[0], fitted.sites)
    z = jr.normal(jr.key(3), (20, fitted.sites.size))
    np.testing.assert_allclose(
        jax.jit(jax.vmap(fitted.encoder(X[0]).log_prob))(z), jax.jit(jax.vmap(as_it_is.log_prob))(z), rtol=1e-6
    )


def two(x):
    a = numpyro.sample("a", dist.Normal(0.0, 1.0))
    b = numpyro.sample("b", dist.LogNormal(0.0, 1.0))
    numpyro.sample("x", dist.Normal(a, b).expand([3]).to_event(1), obs=x)


def independent(x):
    numpyro.sample("a", dist.Normal(0.3, 0.5))
    numpyro.sample("b", dist.LogNormal(0.1, 0.2))


def dependent(x):
    a = numpyro.sample("a", dist.Normal(0.3, 0.5))
    numpyro.sample("b", dist.LogNormal(0.1 + a, 0.2))


def another_bijection(x):
    numpyro.sample("a", dist.Normal(0.3, 0.5))
    softplus = dist.transforms.SoftplusTransform()
    numpyro.sample("b", dist.TransformedDistribution(dist.Normal(0.1, 0.2), softplus))


@pytest.mark.parametrize(
    ("guide", "kind"), [(independent, "normal sites"), (dependent, "any"), (another_bijection, "any")]
)
def test_only_independent_normals_after_the_very_bijection_are_called_normal(guide, kind):
    fitted = er.from_numpyro(two, guide, {}, X)
    assert fitted.family.kind == kind
    q = fitted.encoder(X[0])
    draws = jax.jit(jax.vmap(q.sample))(jr.split(jr.key(0), 4000))
    entropy = -np.asarray(jax.jit(jax.vmap(q.log_prob))(draws))
    normals = 2 * (0.5 + 0.5 * np.log(2 * np.pi)) + np.log(0.5 * 0.2)  # of both after the first two guides' bijections
    if guide is not another_bijection:
        assert abs(entropy.mean() - normals) < 5.03 * entropy.std() / np.sqrt(4000)


def test_a_draw_of_a_given_shape_and_a_batch_by_vmap():
    q = er.from_numpyro(two, dependent, {}, X).encoder(X[0])
    assert q.sample(jr.key(0), (3, 2)).shape == (3, 2, 2)
    many = jax.vmap(er.from_numpyro(two, dependent, {}, X).encoder)(jnp.tile(X, (4, 1)))
    assert jax.vmap(lambda one: one.sample(jr.key(0)))(many).shape == (4, 2)
