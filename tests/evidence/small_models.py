"""Thousands of small models at once, each with a known evidence: the parameters of a model are part of its datum.

A row is `(kind, parameters of the model, parameters of its encoder, x)`, so that one compiled function certifies all.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float

from elbowroom.interop.functions import FunctionModel, from_functions

NODES = 4001
REACH = 12.0


class Family(NamedTuple):
    """Models of one kind: rows, the draws of z that made them, log p(x) of each row, and all of them as one model."""

    name: str
    model: FunctionModel
    rows: Float[Array, "datum numbers"]
    exact: Float[Array, "datum latent"]
    log_evidence: Float[np.ndarray, " datum"]


def _linear_log_joint(row: Array, z: Array) -> Array:
    weight, noise, x = row[:8].reshape(4, 2), row[8], row[13:17]
    return dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(weight @ z, noise).log_prob(x).sum()


def _logistic_log_joint(row: Array, z: Array) -> Array:
    logits = row[:6] * z[0] + row[6:12]
    return dist.Normal(0.0, 1.0).log_prob(z).sum() + jnp.sum(row[14:20] * logits - jax.nn.softplus(logits))


def _square_log_joint(row: Array, z: Array) -> Array:
    return dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(z[0] ** 2, row[0]).log_prob(row[3])


def _encoder(first: int, latent: int):
    def encoder(row: Array) -> dist.Distribution:
        return dist.Normal(row[first : first + latent], row[first + latent : first + 2 * latent]).to_event(1)

    return encoder


def linear_gaussian_family(models: int, data: int, seed: int) -> Family:
    """Two latents, four numbers observed; encoders from nearly right to far off; evidence in closed form."""
    random = np.random.default_rng(seed)
    weight = random.normal(size=(models, 1, 4, 2))
    noise = np.exp(random.uniform(-1.5, 0.5, size=(models, 1, 1)))
    z = random.normal(size=(models, data, 2))
    x = np.einsum("mdij,mdj->mdi", np.broadcast_to(weight, (models, data, 4, 2)), z)
    x = x + noise * random.normal(size=x.shape)
    precision = np.eye(2) + np.swapaxes(weight[:, 0], 1, 2) @ weight[:, 0] / noise**2
    mean = np.linalg.solve(precision[:, None], np.einsum("mji,mdj->mdi", weight[:, 0], x / noise**2)[..., None])[..., 0]
    scale = np.broadcast_to(np.diagonal(precision, axis1=1, axis2=2)[:, None] ** -0.5, mean.shape)
    off = np.exp(random.uniform(-4.0, 0.5, size=(models, 1, 1)))
    guess = mean + off * scale * random.normal(size=mean.shape)
    spread = scale * np.exp(off * random.normal(size=scale.shape))
    covariance = weight[:, 0] @ np.swapaxes(weight[:, 0], 1, 2) + noise**2 * np.eye(4)
    square = np.einsum("mdi,mij,mdj->md", x, np.linalg.inv(covariance), x)
    evidence = -0.5 * (square + np.linalg.slogdet(covariance)[1][:, None] + 4 * np.log(2 * np.pi))
    flat = np.broadcast_to(weight.reshape(models, 1, 8), (models, data, 8))
    row = np.concatenate([flat, np.broadcast_to(noise, (models, data, 1)), guess, spread, x], axis=2)
    model = from_functions(_linear_log_joint, _encoder(9, 2))
    return _family("linear-Gaussian, 2 latents", model, row, z, evidence)


def logistic_family(models: int, data: int, seed: int) -> Family:
    """One latent, six pixels; evidence by the trapezoid rule."""
    random = np.random.default_rng(seed)
    shared = np.broadcast_to(2.0 * random.normal(size=(models, 1, 12)), (models, data, 12))
    z = random.normal(size=(models, data, 1))
    x = (random.uniform(size=(models, data, 6)) < 1 / (1 + np.exp(-(shared[..., :6] * z + shared[..., 6:])))) * 1.0
    encoder = np.concatenate([z * 0.0, np.exp(random.uniform(-1.0, 0.5, size=z.shape))], axis=2)
    row = np.concatenate([shared, encoder, x], axis=2)
    model = from_functions(_logistic_log_joint, _encoder(12, 1))
    return _family("logistic, 1 latent", model, row, z, _by_quadrature(model, row))


def square_family(models: int, data: int, seed: int) -> Family:
    """x is the square of z and noise, so that the posterior has two modes, and the encoder sees one of them at most."""
    random = np.random.default_rng(seed)
    noise = np.broadcast_to(np.exp(random.uniform(-1.5, 0.0, size=(models, 1, 1))), (models, data, 1))
    z = random.normal(size=(models, data, 1))
    x = z**2 + noise * random.normal(size=z.shape)
    row = np.concatenate([noise, np.sqrt(np.maximum(x, 0.01)), 0.3 + 0.0 * x, x], axis=2)
    model = from_functions(_square_log_joint, _encoder(1, 1))
    return _family("two modes, 1 latent", model, row, z, _by_quadrature(model, row))


def _by_quadrature(model: FunctionModel, row: np.ndarray) -> np.ndarray:
    nodes = np.linspace(-REACH, REACH, NODES)
    places = jnp.asarray(nodes, float)[:, None]

    @jax.jit
    def of_rows(rows: Array) -> Array:
        return jax.vmap(lambda one: jax.vmap(lambda z: model.log_joint(one, z))(places))(rows)

    flat = jnp.asarray(row.reshape(-1, row.shape[2]), float)
    found = [np.asarray(of_rows(flat[first : first + 2000]), np.float64) for first in range(0, len(flat), 2000)]
    values = np.concatenate(found)
    top = values.max(axis=1)
    mass = np.exp(values - top[:, None]).sum(axis=1) * (nodes[1] - nodes[0])
    return (top + np.log(mass)).reshape(row.shape[:2])


def _family(name: str, model: FunctionModel, row: np.ndarray, z: np.ndarray, evidence: np.ndarray) -> Family:
    rows = jnp.asarray(row.reshape(-1, row.shape[2]), float)
    return Family(name, model, rows, jnp.asarray(z.reshape(-1, z.shape[2]), float), evidence.reshape(-1))
