"""Our arrangement of Adam against Optax's."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from elbowroom.training.adam import adam

SHAPES = {"weight": (5, 3), "bias": (3,), "scale": ()}


def gradients(count: int) -> list[dict[str, np.ndarray]]:
    generator = np.random.Generator(np.random.Philox(8))
    sizes = 10.0 ** generator.uniform(-6, 3, count)
    return [{name: size * generator.normal(size=shape) for name, shape in SHAPES.items()} for size in sizes]


def reference(history: list[dict[str, np.ndarray]], rate: float) -> list[dict[str, np.ndarray]]:
    """Algorithm 1 of Kingma and Ba (2015) as it stands, in float64."""
    mean, square, made = dict.fromkeys(SHAPES, 0.0), dict.fromkeys(SHAPES, 0.0), []
    for t, gradient in enumerate(history, start=1):
        mean = {name: 0.9 * mean[name] + 0.1 * g for name, g in gradient.items()}
        square = {name: 0.999 * square[name] + 0.001 * g**2 for name, g in gradient.items()}
        hats = {name: (mean[name] / (1 - 0.9**t), square[name] / (1 - 0.999**t)) for name in SHAPES}
        made.append({name: -rate * m / (np.sqrt(v) + 1e-8) for name, (m, v) in hats.items()})
    return made


def agree(dtype, tolerance: float) -> None:
    parameters = {name: jnp.ones(shape, dtype) for name, shape in SHAPES.items()}
    ours, theirs, history = adam(1e-2), optax.adam(1e-2), gradients(300)
    states = ours.init(parameters), theirs.init(parameters)
    assert jax.tree.structure(states[0]) == jax.tree.structure(states[1])
    for gradient, expected in zip(history, reference(history, 1e-2), strict=True):
        given = {name: jnp.asarray(value, dtype) for name, value in gradient.items()}
        update, first = ours.update(given, states[0], parameters)
        same, second = theirs.update(given, states[1], parameters)
        states = first, second
        for name, value in update.items():
            assert value.dtype == dtype
            np.testing.assert_allclose(value, expected[name], rtol=tolerance, atol=1e-9)
            np.testing.assert_allclose(value, same[name], rtol=3e-5, atol=1e-8)  # its 1 - 0.999**t has four digits


@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float64, 1e-6), (jnp.float32, 3e-5)])
def test_it_is_the_algorithm_and_the_adam_of_optax(dtype, tolerance):
    with jax.enable_x64(dtype == jnp.float64):
        agree(dtype, tolerance)


def test_a_state_of_optax_goes_on():
    gradient = {"a": jnp.asarray([1.0, -2.0, 0.0])}
    _, state = optax.adam(1e-2).update(gradient, optax.adam(1e-2).init({"a": jnp.ones(3)}))
    update, _ = adam(1e-2).update(gradient, state)
    expected, _ = optax.adam(1e-2).update(gradient, state)
    np.testing.assert_allclose(update["a"], expected["a"], rtol=3e-5)


def test_the_first_step_is_the_learning_rate_in_the_direction_of_the_sign():
    update, _ = adam(0.1).update({"a": jnp.asarray([3.0, -1e-3])}, adam(0.1).init({"a": jnp.zeros(2)}))
    np.testing.assert_allclose(update["a"], [-0.1, 0.1], rtol=1e-4)
