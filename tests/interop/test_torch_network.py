"""A PyTorch module as a JAX function: its values, its gradients, its batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elbowroom.interop.torch_network import TorchNetwork

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")


@pytest.fixture
def module():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 4)).double().eval()


def in_jax(module):
    """The same network written in JAX."""
    first, _, last = module
    weights = [jnp.asarray(t.detach().numpy()) for t in (first.weight, first.bias, last.weight, last.bias)]
    return lambda row: weights[2] @ jnp.tanh(weights[0] @ row + weights[1]) + weights[3]


ROWS = jnp.linspace(-2.0, 2.0, 30).reshape(2, 5, 3)


def test_values_are_those_of_the_same_network_in_jax_for_every_batch_shape(module):
    network, ours = TorchNetwork(module, 4), in_jax(module)
    np.testing.assert_allclose(network(ROWS[0, 0]), ours(ROWS[0, 0]), rtol=1e-12)
    np.testing.assert_allclose(jax.vmap(jax.vmap(network))(ROWS), jax.vmap(jax.vmap(ours))(ROWS), rtol=1e-12)
    np.testing.assert_allclose(jax.jit(jax.vmap(network))(ROWS[0]), jax.vmap(ours)(ROWS[0]), rtol=1e-12)


def test_gradients_are_those_of_the_same_network_in_jax(module):
    network, ours = TorchNetwork(module, 4), in_jax(module)

    def loss(function):
        return jax.jit(jax.vmap(jax.value_and_grad(lambda row: jnp.sum(jnp.sin(function(row)) * jnp.arange(4.0)))))

    for made, expected in zip(loss(network)(ROWS[0]), loss(ours)(ROWS[0]), strict=True):
        np.testing.assert_allclose(made, expected, rtol=1e-10)
    np.testing.assert_allclose(jax.jacrev(network)(ROWS[0, 0]), jax.jacrev(ours)(ROWS[0, 0]), rtol=1e-12)


def test_a_loop_of_gradient_steps_stays_on_the_network(module):
    network, ours = TorchNetwork(module, 4), in_jax(module)

    def descend(function, row):
        def step(row, _):
            return row - 0.1 * jax.grad(lambda r: jnp.sum(function(r) ** 2))(row), None

        return jax.lax.scan(step, row, length=20)[0]

    made = jax.jit(jax.vmap(lambda row: descend(network, row)))(ROWS[0])
    np.testing.assert_allclose(made, jax.vmap(lambda row: descend(ours, row))(ROWS[0]), rtol=1e-9)


def test_the_weights_are_read_at_every_call_and_get_no_gradient(module):
    network, row = TorchNetwork(module, 4), ROWS[0, 0]
    compiled = jax.jit(jax.value_and_grad(lambda r: jnp.sum(network(r))))
    before = compiled(row)[0]
    with torch.no_grad():
        module[-1].bias += 1.0
    assert float(compiled(row)[0] - before) == pytest.approx(4.0)
    assert all(weight.grad is None and weight.requires_grad for weight in module.parameters())


def test_a_network_in_single_precision_takes_and_returns_the_type_of_its_row(module):
    network, ours = TorchNetwork(module.float(), 4), in_jax(module)
    wide = jax.vmap(network)(ROWS[0])
    assert wide.dtype == jnp.float64
    np.testing.assert_allclose(wide, jax.vmap(ours)(ROWS[0].astype(jnp.float32)), rtol=1e-5)
    assert jax.vmap(network)(ROWS[0].astype(jnp.float32)).dtype == jnp.float32
