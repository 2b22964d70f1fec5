"""The eight schools in both parametrisations, as NumPyro programs of the vector of observed effects."""

import json
import pathlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import SVI, Trace_ELBO

STEPS = 1500


def effects_and_errors(shared: pathlib.Path) -> tuple[jax.Array, jax.Array]:
    """Observed effects y and their standard errors, `(8,)` each."""
    text = (shared / "data/posteriordb/eight_schools-eight_schools_noncentered/data.json").read_text()
    data = json.loads(text)
    return jnp.asarray(data["y"], float), jnp.asarray(data["sigma"], float)


def noncentred(errors: jax.Array) -> Callable[[jax.Array], None]:
    def model(y):
        mu = numpyro.sample("mu", dist.Normal(0, 5))
        tau = numpyro.sample("tau", dist.HalfCauchy(5))
        with numpyro.plate("school", 8):
            standard = numpyro.sample("theta_trans", dist.Normal(0, 1))
            numpyro.sample("y", dist.Normal(mu + tau * standard, errors), obs=y)

    return model


def centred(errors: jax.Array) -> Callable[[jax.Array], None]:
    def model(y):
        mu = numpyro.sample("mu", dist.Normal(0, 5))
        tau = numpyro.sample("tau", dist.HalfCauchy(5))
        with numpyro.plate("school", 8):
            theta = numpyro.sample("theta", dist.Normal(mu, tau))
            numpyro.sample("y", dist.Normal(theta, errors), obs=y)

    return model


def fitted(model: Callable, guide: Callable, y: jax.Array) -> dict[str, jax.Array]:
    """Parameters of the guide after a short fit: how good it is does not matter, since the gap is what is bounded."""
    svi = SVI(model, guide, numpyro.optim.Adam(0.02), Trace_ELBO(num_particles=4))
    return svi.run(jr.key(0), STEPS, y, progress_bar=False).params


def log_evidence(shared: pathlib.Path) -> float:
    """With the half-Cauchy normalised on the positive numbers, as NumPyro's `HalfCauchy` is."""
    cases = json.loads((shared / "truth/evidence.json").read_text())["cases"]
    values = cases["posteriordb/eight_schools-eight_schools_noncentered"]["log_evidence"]
    assert np.isclose(values["proper_prior"] - values["as_coded"], np.log(2))
    return values["proper_prior"]
