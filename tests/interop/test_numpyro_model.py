"""A NumPyro model as a joint density over real numbers: every constant and every Jacobian is there."""

import json

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro.handlers import seed, trace
from numpyro.infer.autoguide import AutoDiagonalNormal, AutoMultivariateNormal, AutoNormal
from scipy import stats
from tests.interop import eight_schools

import elbowroom as er

GRID = np.linspace(-40.0, 40.0, 16001)


def one_latent(prior, likelihood, guide_law):
    """Programs with one latent site 'v', and the datum given by `likelihood(v)`."""

    def model(x):
        v = numpyro.sample("v", prior)
        numpyro.sample("x", likelihood(v).to_event(1), obs=x)

    return model, lambda x: numpyro.sample("v", guide_law)


def beta_of_first(v):
    """A Bernoulli observation whose probability is the first entry of a point of the simplex."""
    return dist.Bernoulli(probs=v[..., :1])


CONJUGATE = {
    "real": (dist.Normal(1.0, 2.0), lambda v: dist.Normal(v[None], 0.5), dist.StudentT(5.0, 0.5, 1.0), 0.7),
    "positive": (dist.Gamma(3.0, 2.0), lambda v: dist.Exponential(v[None]), dist.Gamma(4.0, 3.0), 1.3),
    "positive, log-normal guide": (
        dist.Gamma(3.0, 2.0),
        lambda v: dist.Exponential(v[None]),
        dist.LogNormal(0.1, 0.6),
        1.3,
    ),
    "interval": (dist.Uniform(2.0, 5.0), lambda v: dist.Uniform(0.0, v[None]), dist.Uniform(2.0, 5.0), 1.0),
    "simplex": (dist.Dirichlet(jnp.array([2.0, 3.0])), beta_of_first, dist.Dirichlet(jnp.array([1.5, 4.0])), 1.0),
}
EVIDENCE = {
    "real": stats.norm.logpdf(0.7, 1.0, np.sqrt(4.25)),
    "positive": np.log(3 * 2.0**3 / 3.3**4),  # Lomax
    "positive, log-normal guide": np.log(3 * 2.0**3 / 3.3**4),
    "interval": np.log(np.log(5 / 2) / 3),
    "simplex": np.log(2 / 5),
}


@pytest.mark.parametrize("name", CONJUGATE)
def test_the_joint_integrates_to_the_evidence_and_the_guide_to_one(name):
    prior, likelihood, law, datum = CONJUGATE[name]
    x = jnp.array([[datum]])
    fitted = er.from_numpyro(*one_latent(prior, likelihood, law), {}, x)
    z = jnp.asarray(GRID)[:, None]
    joint = jax.jit(jax.vmap(lambda z: fitted.log_joint(x[0], z)))(z)
    q = jax.jit(jax.vmap(fitted.encoder(x[0]).log_prob))(z)
    assert np.log(np.trapezoid(np.exp(joint), GRID)) == pytest.approx(EVIDENCE[name], abs=1e-6)
    assert np.trapezoid(np.exp(q), GRID) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", CONJUGATE)
def test_draws_follow_the_density(name):
    """Kolmogorov-Smirnov of 2,000 draws against the integral of the density; a false alarm in 5e-7 each."""
    prior, likelihood, law, datum = CONJUGATE[name]
    q = er.from_numpyro(*one_latent(prior, likelihood, law), {}, jnp.array([[datum]])).encoder(jnp.array([datum]))
    draws = np.asarray(jax.jit(jax.vmap(q.sample))(jr.split(jr.key(1), 2000)))[:, 0]
    density = np.exp(np.asarray(jax.jit(jax.vmap(q.log_prob))(jnp.asarray(GRID)[:, None])))
    cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2) * (GRID[1] - GRID[0])])
    assert stats.kstest(draws, lambda t: np.interp(t, GRID, cumulative)).pvalue > 5e-7


def test_the_eight_schools_have_the_density_of_the_page(shared):
    y, errors = eight_schools.effects_and_errors(shared)
    model = eight_schools.noncentred(errors)
    guide = AutoNormal(model)
    started = trace(seed(guide, jr.key(0))).get_trace(y)
    parameters = {name: site["value"] for name, site in started.items() if site["type"] == "param"}
    fitted = er.from_numpyro(model, guide, parameters, y[None])
    assert fitted.sites.labels()[:3] == ("mu", "tau", "theta_trans[0]")
    z = np.linspace(-1.5, 2.0, 10)
    mu, tau, standard = z[0], np.exp(z[1]), z[2:]
    expected = (
        stats.norm.logpdf(mu, 0, 5)
        + stats.halfcauchy.logpdf(tau, 0, 5)
        + z[1]  # d tau / d z
        + stats.norm.logpdf(standard).sum()
        + stats.norm.logpdf(np.asarray(y), mu + tau * standard, np.asarray(errors)).sum()
    )
    assert float(fitted.log_joint(y, jnp.asarray(z))) == pytest.approx(expected, rel=1e-10)


def certified(shared, parametrisation, autoguide, level):
    y, errors = eight_schools.effects_and_errors(shared)
    model = parametrisation(errors)
    guide = autoguide(model)
    fitted = er.from_numpyro(model, guide, eight_schools.fitted(model, guide, y), y[None])
    room = er.certify(fitted, y[None], key=jr.key(4), level=level)
    return y, fitted, room


def check_cover(shared, y, fitted, room):
    """The gap lies between the ends: log p(x) is known, and the ELBO comes from 200,000 other draws."""
    evidence = eight_schools.log_evidence(shared)
    q = fitted.encoder(y)
    z = jax.jit(jax.vmap(q.sample))(jr.split(jr.key(9), 200_000))
    weights = np.asarray(jax.jit(jax.vmap(lambda z: fitted.log_joint(y, z) - q.log_prob(z)))(z))
    gap, stderr = evidence - weights.mean(), weights.std() / np.sqrt(weights.size)
    assert stderr < 0.01
    assert room.log_evidence.lower.value <= evidence <= room.log_evidence.upper.value
    assert room.gap.lower.value <= gap + 5.03 * stderr
    assert gap - 5.03 * stderr <= room.gap.upper.value
    assert str(room.log_evidence.lower.kind) == "strict"
    assert str(room.log_evidence.upper.kind) == "asymptotic"
    assert room.simulated is None  # the guide has learned these schools only


@pytest.mark.slow
def test_the_certificate_of_the_eight_schools_covers_the_known_evidence(shared):
    """Level 1 - 1e-6 of each interval, 5.03 standard errors of the ELBO."""
    y, fitted, room = certified(shared, eight_schools.noncentred, AutoNormal, level=1 - 1e-6)
    check_cover(shared, y, fitted, room)
    ranking = er.rank_latents(fitted, y[None], key=jr.key(5), draws=60)
    assert ranking[0].name == "tau"  # half a Cauchy is no log-normal
    assert all(latent.gap <= room.gap.upper.value for latent in ranking)


@pytest.mark.slow
@pytest.mark.parametrize("autoguide", [AutoNormal, AutoDiagonalNormal, AutoMultivariateNormal])
@pytest.mark.parametrize("parametrisation", [eight_schools.noncentred, eight_schools.centred])
def test_every_autoguide_in_both_parametrisations_covers_the_known_evidence(shared, parametrisation, autoguide):
    check_cover(shared, *certified(shared, parametrisation, autoguide, level=1 - 1e-6))


FLAT = {"kidiq-kidscore_momiq": ("kid_score", 2), "nes1980-nes": ("partyid7", 9), "earnings-earn_height": ("earn", 2)}


@pytest.mark.parametrize("posterior", FLAT)
def test_flat_priors_are_refused(shared, posterior):
    outcome, coefficients = FLAT[posterior]
    y = np.asarray(json.loads((shared / f"data/posteriordb/{posterior}/data.json").read_text())[outcome], float)

    def model(x):
        beta = numpyro.sample("beta", dist.ImproperUniform(dist.constraints.real, (), (coefficients,)))
        sigma = numpyro.sample("sigma", dist.HalfCauchy(2.5))
        numpyro.sample("x", dist.Normal(beta[0], sigma).expand([y.size]).to_event(1), obs=x)

    with pytest.raises(er.Refused, match=r"prior of 'beta' is improper.*Give it a proper prior"):
        er.from_numpyro(model, lambda x: None, {}, y[None])


def test_parameters_of_the_model_are_those_that_are_given():
    def model(x):
        centre = numpyro.param("centre", 0.0)
        z = numpyro.sample("z", dist.Normal(centre, 1.0))
        numpyro.sample("x", dist.Normal(z, 1.0).expand([1]).to_event(1), obs=x)

    def guide(x):
        numpyro.sample("z", dist.Normal(numpyro.param("m", 0.0), 1.0))

    x, z = jnp.array([[1.0]]), jnp.array([0.5])
    fitted = er.from_numpyro(model, guide, {"centre": jnp.asarray(3.0), "m": jnp.asarray(-2.0)}, x)
    expected = stats.norm.logpdf(0.5, 3.0, 1.0) + stats.norm.logpdf(1.0, 0.5, 1.0)
    assert float(fitted.log_joint(x[0], z)) == pytest.approx(expected, rel=1e-12)
    assert float(fitted.encoder(x[0]).log_prob(z)) == pytest.approx(stats.norm.logpdf(0.5, -2.0, 1.0), rel=1e-12)
