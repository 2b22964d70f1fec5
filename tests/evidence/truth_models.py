"""Models of the cases of the external truth as plain functions of data and unconstrained latents.

Positive scales are latents on the log scale, with the Jacobian: that leaves the evidence as it is.
"""

import json
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist

import elbowroom as er
from elbowroom.evidence.target import LatentVariableModel

OBSERVATIONS = range(1, 11)


class Case(NamedTuple):
    """A model, its data, one row each, log p(x) of each row, and the error with which that is known."""

    model: LatentVariableModel
    x: np.ndarray
    log_evidence: np.ndarray
    error: np.ndarray


def read(shared: pathlib.Path) -> dict[str, dict]:
    """All cases of the file, by their names."""
    return json.loads((shared / "truth" / "evidence.json").read_text())["cases"]


def normal(mean: jax.Array, scale: jax.Array) -> dist.Distribution:
    return dist.Normal(mean, scale).to_event(1)


def half_normal_scale(log_scale: jax.Array, base: dist.Distribution) -> jax.Array:
    """log density of log s where s has the density of `base`, doubled and restricted to the positive numbers."""
    return jnp.asarray(base.log_prob(jnp.exp(log_scale))) + jnp.log(2.0) + log_scale


def ark(shared: pathlib.Path, case: dict) -> Case:
    """An autoregression of order five: z = (alpha, beta, log sigma)."""
    data = json.loads((shared / case["data"] / "data.json").read_text())
    order, series = data["K"], np.asarray(data["y"])
    lags = jnp.asarray(np.stack([series[order - k : len(series) - k] for k in range(1, order + 1)], axis=1))

    def log_joint(x, z):
        alpha, beta, log_sigma = z[0], z[1:-1], z[-1]
        prior = dist.Normal(0.0, 10.0).log_prob(z[:-1]).sum() + half_normal_scale(log_sigma, dist.Cauchy(0.0, 2.5))
        return prior + dist.Normal(alpha + lags @ beta, jnp.exp(log_sigma)).log_prob(x).sum()

    centre = jnp.asarray([0.0, 0.7, 0.4, 0.1, 0.0, -0.3, -1.9])
    q = normal(centre, jnp.asarray([0.01, 0.06, 0.08, 0.08, 0.08, 0.06, 0.05]))
    return Case(er.from_functions(log_joint, lambda x: q), series[None, order:], *_of_proper_prior(case))


def regression(shared: pathlib.Path, case: dict) -> Case:
    """Bayesian linear regression: z = (beta, log sigma)."""
    data = json.loads((shared / case["data"] / "data.json").read_text())
    design, seen = jnp.asarray(data["X"], float), np.asarray(data["y"], float)

    def log_joint(x, z):
        prior = dist.Normal(0.0, 10.0).log_prob(z[:-1]).sum() + half_normal_scale(z[-1], dist.Normal(0.0, 10.0))
        return prior + dist.Normal(design @ z[:-1], jnp.exp(z[-1])).log_prob(x).sum()

    q = normal(jnp.asarray([1.0] * 5 + [0.0]), jnp.asarray([0.002] * 5 + [0.1]))
    return Case(er.from_functions(log_joint, lambda x: q), seen[None, :], *_of_proper_prior(case))


def eight_schools(centred: bool) -> Callable[[pathlib.Path, dict], Case]:
    """z = (mu, log tau, theta or its standardised form)."""

    def build(shared: pathlib.Path, case: dict) -> Case:
        data = json.loads((shared / case["data"] / "data.json").read_text())
        errors = jnp.asarray(data["sigma"], float)

        def log_joint(x, z):
            mu, tau = z[0], jnp.exp(z[1])
            prior = dist.Normal(0.0, 5.0).log_prob(mu) + half_normal_scale(z[1], dist.Cauchy(0.0, 5.0))
            theta = z[2:] if centred else mu + tau * z[2:]
            effects = dist.Normal(mu, tau) if centred else dist.Normal(0.0, 1.0)
            return prior + effects.log_prob(z[2:]).sum() + dist.Normal(theta, errors).log_prob(x).sum()

        mean, scale = (4.0, 4.0) if centred else (0.0, 1.0)
        q = normal(jnp.asarray([4.0, 0.8] + [mean] * 8), jnp.asarray([3.0, 1.0] + [scale] * 8))
        return Case(
            er.from_functions(log_joint, lambda x: q), np.asarray(data["y"], float)[None, :], *_of_proper_prior(case)
        )

    return build


def gaussian_linear(shared: pathlib.Path, case: dict) -> Case:
    """Ten latents, seen one by one with the noise of their prior; 0.1 is a variance."""

    def log_joint(x, z):
        scale = jnp.sqrt(0.1)
        return dist.Normal(0.0, scale).log_prob(z).sum() + dist.Normal(z, scale).log_prob(x).sum()

    model = er.from_functions(log_joint, lambda x: normal(0.4 * x, jnp.full_like(x, 0.3)))
    return Case(model, _observations(shared, case, "observation.csv"), *_of_observations(case))


def gaussian_mixture(shared: pathlib.Path, case: dict) -> Case:
    """Two latents, uniform on a square, seen with narrow or wide noise: theta = 20 sigmoid(z) - 10."""

    def log_joint(x, z):
        theta = 20.0 * jax.nn.sigmoid(z) - 10.0
        jacobian = jax.nn.log_sigmoid(z) + jax.nn.log_sigmoid(-z)  # log(1 / 20) of the density and log 20 cancel
        parts = jnp.stack([dist.Normal(theta, s).log_prob(x).sum() for s in (1.0, 0.1)])
        return jacobian.sum() + jax.nn.logsumexp(parts) - jnp.log(2.0)

    def encoder(x):
        inside = jnp.clip((x + 10.0) / 20.0, 0.01, 0.99)
        return normal(jnp.log(inside) - jnp.log1p(-inside), 0.05 / (inside * (1.0 - inside)))

    return Case(
        er.from_functions(log_joint, encoder), _observations(shared, case, "observation.csv"), *_of_observations(case)
    )


def bernoulli_glm(shared: pathlib.Path, case: dict) -> Case:
    """A hundred spikes and ten weights with a smoothness prior; q is Laplace's, without its correlations."""
    design = jnp.asarray(np.load(shared / case["data"] / "design.npz")["design_matrix"], float)
    steps = np.eye(9) - np.eye(9, k=-1)
    smooth = steps @ steps + np.diag(np.sqrt(np.arange(9) / 9))
    precision = np.zeros((10, 10))
    precision[0, 0], precision[1:, 1:] = 0.5, smooth.T @ smooth
    prior = dist.MultivariateNormal(jnp.zeros(10), precision_matrix=jnp.asarray(precision))

    def log_joint(x, z):
        logits = design @ z
        return prior.log_prob(z) + jnp.sum(x * logits - jax.nn.softplus(logits))

    def encoder(x):
        z = jnp.zeros(10)
        for _ in range(8):
            z = z - jnp.linalg.solve(jax.hessian(log_joint, 1)(x, z), jax.grad(log_joint, 1)(x, z))
        return normal(z, jnp.sqrt(-1.0 / jnp.diag(jax.hessian(log_joint, 1)(x, z))))

    return Case(
        er.from_functions(log_joint, encoder),
        _observations(shared, case, "observation_raw.csv"),
        *_of_observations(case),
    )


def linear_gaussian(shared: pathlib.Path, case: dict) -> Case:
    """As plain functions, whose closed form nothing can see."""
    weight, centre, sigma = jnp.asarray(case["W"]), jnp.asarray(case["b"]), case["sigma"]
    slope, shift, scale = (jnp.asarray(case["encoder"][name]) for name in ("A", "c", "sd"))

    def log_joint(x, z):
        return dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(weight @ z + centre, sigma).log_prob(x).sum()

    model = er.from_functions(log_joint, lambda x: normal(slope @ (x - centre) + shift, scale))
    return Case(model, *_seen(case))


def logistic(shared: pathlib.Path, case: dict) -> Case:
    """One latent and six bits."""
    slopes, offsets = jnp.asarray(case["slopes"]), jnp.asarray(case["offsets"])

    def log_joint(x, z):
        logits = slopes * z + offsets
        return dist.Normal(0.0, 1.0).log_prob(z).sum() + jnp.sum(x * logits - jax.nn.softplus(logits))

    def encoder(x):
        mean = 0.12 * jnp.sum(slopes * (2 * x - 1), keepdims=True)
        return normal(mean, jnp.full_like(mean, jnp.exp(-0.5)))

    return Case(er.from_functions(log_joint, encoder), *_seen(case))


def banana(shared: pathlib.Path, case: dict) -> Case:
    """Two latents along a parabola: bent posteriors, and one with two modes."""
    c, k, s = case["c"], case["k"], case["s"]

    def log_joint(x, z):
        mean = jnp.stack([z[1] + c * z[0] ** 2, k * z[0]])
        return dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(mean, s).log_prob(x).sum()

    model = er.from_functions(log_joint, lambda x: normal(jnp.stack([x[1], 0.4 * x[0]]), jnp.asarray([0.5, 0.5])))
    return Case(model, *_seen(case))


def _of_proper_prior(case: dict) -> tuple[np.ndarray, np.ndarray]:
    return np.array([case["log_evidence"]["proper_prior"]]), np.array([case["error"]])


def _of_observations(case: dict) -> tuple[np.ndarray, np.ndarray]:
    seen = sorted(case["observations"], key=lambda one: one["observation"])
    assert [one["observation"] for one in seen] == list(OBSERVATIONS)
    return np.array([one["log_evidence"] for one in seen]), np.array([one.get("error", 0.0) for one in seen])


def _seen(case: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    seen = case["observations"]
    values = np.array([one["log_evidence"] for one in seen])
    return np.array([one["x"] for one in seen], float), values, np.full(len(seen), case["error"])


def _observations(shared: pathlib.Path, case: dict, name: str) -> np.ndarray:
    folder = shared / case["data"]
    return np.stack([
        np.loadtxt(folder / f"num_observation_{one}" / name, delimiter=",", skiprows=1) for one in OBSERVATIONS
    ])  # fmt: skip


BUILDERS: dict[str, Callable[[pathlib.Path, dict], Case]] = {
    "posteriordb/eight_schools-eight_schools_noncentered": eight_schools(centred=False),
    "posteriordb/eight_schools-eight_schools_centered": eight_schools(centred=True),
    "posteriordb/arK-arK": ark,
    "posteriordb/sblri-blr": regression,
    "sbibm/gaussian_linear": gaussian_linear,
    "sbibm/gaussian_mixture": gaussian_mixture,
    "sbibm/bernoulli_glm": bernoulli_glm,
    "synthetic/linear_gaussian": linear_gaussian,
    "synthetic/linear_gaussian_mild": linear_gaussian,
    "synthetic/logistic_1d": logistic,
    "synthetic/banana_2d": banana,
}
"""The cases with a known evidence."""

IMPROPER = {"posteriordb/flat-priors"}
"""The cases without one: `tests/interop/test_numpyro_model.py` shows that they are refused."""
