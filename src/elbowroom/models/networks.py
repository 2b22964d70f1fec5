"""Networks: plain functions of one sample with weights, which the parts of a model turn into distributions."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

Activation = Literal["tanh", "relu"]
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {"tanh": jnp.tanh, "relu": lambda a: jnp.maximum(a, 0)}


class Perceptron(eqx.Module):
    r"""Fully connected layers: $h_{l+1} = f(W_l h_l + b_l)$, the last one without the activation f.

    **Arguments.** `layers` are `equinox.nn.Linear`; `activation` is a name in `ACTIVATIONS`. One sample: `(input,)`
    to `(output,)`.
    """

    layers: tuple[eqx.nn.Linear, ...]
    activation: str = eqx.field(static=True)

    def __call__(self, inputs: Float[Array, " input"]) -> Float[Array, " output"]:
        activation = ACTIVATIONS[self.activation]
        for layer in self.layers[:-1]:
            inputs = activation(_apply(layer, inputs))
        return _apply(self.layers[-1], inputs)


def _apply(layer: eqx.nn.Linear, inputs: Float[Array, " input"]) -> Float[Array, " output"]:
    """$W x + b$, with x first in the product: under `vmap` the result then has its rows in the order of x.

    `layer(inputs)` puts W first, and whatever follows works on the transpose, or pays for turning it.
    """
    return inputs @ jnp.transpose(layer.weight) + layer.bias  # pyright: ignore[reportOperatorIssue]


def make_perceptron(sizes: Sequence[int], activation: Activation, key: PRNGKeyArray) -> Perceptron:
    r"""A perceptron with layers of the given sizes, input and output among them.

    Weights are Glorot's, uniform on $\pm\sqrt{6 / (n_\text{in} + n_\text{out})}$; biases are zero.
    """
    keys = jr.split(key, len(sizes) - 1)
    layers = tuple(make_linear(*shape, one) for shape, one in zip(pairwise(sizes), keys, strict=True))
    return Perceptron(layers, activation)


def make_linear(inputs: int, outputs: int, key: PRNGKeyArray) -> eqx.nn.Linear:
    """A linear map with Glorot's weights and biases of zero."""
    weight = jax.nn.initializers.glorot_uniform(in_axis=1, out_axis=0)(key, (outputs, inputs), jnp.float32)
    return linear_with(weight, jnp.zeros(outputs, weight.dtype))


def linear_with(weight: Float[Array, "output input"], bias: Float[Array, " output"]) -> eqx.nn.Linear:
    """The linear map with a given weight and bias: $x \\mapsto W x + b$."""
    outputs, inputs = weight.shape
    layer = eqx.filter_eval_shape(eqx.nn.Linear, inputs, outputs, key=jr.key(0))  # whose own weights nobody wants
    return eqx.tree_at(lambda linear: (linear.weight, linear.bias), layer, (weight, bias))


def with_output_bias(network: Perceptron, bias: Float[Array, " output"]) -> Perceptron:
    """The network with another bias of its last layer."""
    return eqx.tree_at(lambda changed: changed.layers[-1].bias, network, bias)
