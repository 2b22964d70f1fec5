"""A planar flow: its density has mass one, is that of its draws, and is inverted to rounding in both precisions."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from elbowroom.evidence.affine import Affine
from elbowroom.evidence.planar_flow import PlanarFlow, PlanarLayers, bend, unbend

from .problems import STANDARD_ERRORS


def _layers(latent: int, size: float = 1.5, dtype=jnp.float64, count: int = 5) -> PlanarLayers:
    across, along, offset = jr.split(jr.key(7), 3)
    return PlanarLayers(
        jr.normal(across, (count, latent), dtype),
        jnp.asarray(size, dtype) * jr.normal(along, (count, latent), dtype),
        jr.normal(offset, (count,), dtype),
    )


def _flow(dtype=jnp.float64) -> PlanarFlow:
    gaussian = Affine(jnp.asarray([0.4, -1.0], dtype), jnp.asarray([[1.1, 0.0], [0.5, 0.7]], dtype))
    return PlanarFlow(gaussian, _layers(2, dtype=dtype))


@pytest.mark.parametrize("size", [0.0, 1.0, 100.0])
@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float64, 1e-9), (jnp.float32, 1e-3)])
def test_there_and_back(size, dtype, tolerance):
    layers = _layers(3, size, dtype)
    u = jr.normal(jr.key(1), (50, 3), dtype)
    v, there = jax.vmap(lambda one: bend(layers, one))(u)
    again, back = jax.vmap(lambda one: unbend(layers, one))(v)
    scale = max(1.0, size)
    np.testing.assert_allclose(again, u, atol=tolerance * scale)
    np.testing.assert_allclose(back, there, atol=tolerance * scale)
    assert v.dtype == again.dtype == dtype


def test_the_determinant_is_that_of_the_derivative():
    layers = _layers(3)
    for u in jr.normal(jr.key(2), (5, 3)):
        derivative = jax.jacfwd(lambda one: bend(layers, one)[0])(u)
        sign, log_determinant = jnp.linalg.slogdet(derivative)
        assert float(sign) == 1.0
        assert float(bend(layers, u)[1]) == pytest.approx(float(log_determinant), abs=1e-10)


def test_layers_along_nothing_change_nothing():
    layers = _layers(3, 0.0)
    u = jnp.asarray([0.3, -2.0, 1.0])
    np.testing.assert_allclose(bend(layers, u)[0], u, atol=1e-12)
    assert float(bend(layers, u)[1]) == pytest.approx(0.0, abs=1e-12)


def test_the_total_mass_is_one():
    axis = jnp.linspace(-14.0, 14.0, 701)
    points = jnp.stack(jnp.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    mass = jnp.sum(jnp.exp(jax.vmap(_flow().log_prob)(points))) * (axis[1] - axis[0]) ** 2
    assert float(mass) == pytest.approx(1.0, abs=1e-4)


def test_draws_have_the_mean_that_the_density_says():
    flow = _flow()
    axis = jnp.linspace(-14.0, 14.0, 701)
    points = jnp.stack(jnp.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    weights = jnp.exp(jax.vmap(flow.log_prob)(points)) * (axis[1] - axis[0]) ** 2
    drawn = np.asarray(flow.sample(jr.key(3), (4000,)))
    assert drawn.shape == (4000, 2)
    stderr = drawn.std(axis=0) / np.sqrt(4000)
    assert np.all(np.abs(drawn.mean(axis=0) - np.asarray(weights @ points)) < STANDARD_ERRORS * stderr + 1e-3)


def test_flows_are_made_and_drawn_from_by_vmap():
    gaussian = Affine(jnp.zeros((3, 2)), jnp.ones((3, 2)))
    layers = jax.tree.map(lambda leaf: jnp.stack([leaf, 0.5 * leaf, 0.0 * leaf]), _layers(2))
    flows = jax.vmap(PlanarFlow)(gaussian, layers)
    drawn = jax.vmap(lambda q, key: q.sample(key))(flows, jr.split(jr.key(0), 3))
    found = jax.vmap(lambda q, z: q.log_prob(z))(flows, drawn)
    assert found.shape == (3,)
    assert float(found[2]) == pytest.approx(float(jax.scipy.stats.norm.logpdf(drawn[2]).sum()), abs=1e-9)
    with pytest.raises(TypeError, match="needs a key"):
        _flow().sample(None)
