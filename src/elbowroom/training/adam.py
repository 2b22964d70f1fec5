"""Adam, as Optax has it, with one division for each parameter instead of three."""

import math

import jax
import jax.numpy as jnp
import optax

FIRST, SECOND, EPSILON = 0.9, 0.999, 1e-8


def adam(learning_rate: float) -> optax.GradientTransformation:
    r"""`optax.adam(learning_rate)` with its default settings, rearranged.

    $$\frac{m / a}{\sqrt{v / b} + \epsilon} = \frac{\sqrt b}{a} \cdot \frac{m}{\sqrt v + \epsilon \sqrt b},
    \qquad a = 1 - \beta_1^t, \quad b = 1 - \beta_2^t.$$

    **Symbols.** $m$ and $v$ are the running means of the gradient and of its square, $t$ counts the steps, and
    $\beta_1, \beta_2, \epsilon$ are `FIRST`, `SECOND`, `EPSILON`. The state is Optax's own, so that either goes on from
    what the other has left. A division costs more than all else that Adam does to a parameter, and at small batches
    the optimiser is a third of a step (`benchmarks/training.py`).

    **Reference.** Kingma and Ba (2015), Adam: a method for stochastic optimization, section 2 and Algorithm 1.
    """
    return optax.chain(optax.GradientTransformation(optax.scale_by_adam().init, _scaled), optax.scale(-learning_rate))


def _scaled(
    updates: optax.Updates, state: optax.OptState, params: optax.Params | None = None
) -> tuple[optax.Updates, optax.OptState]:
    del params
    assert isinstance(state, optax.ScaleByAdamState)
    count = jnp.asarray(state.count) + 1
    mean = jax.tree.map(lambda m, g: FIRST * m + (1 - FIRST) * g, state.mu, updates)
    square = jax.tree.map(lambda v, g: SECOND * v + (1 - SECOND) * g * g, state.nu, updates)
    root = jnp.sqrt(-jnp.expm1(count * math.log(SECOND)))
    factor, epsilon = root / -jnp.expm1(count * math.log(FIRST)), EPSILON * root
    made = jax.tree.map(lambda m, v: factor.astype(m.dtype) * m / (jnp.sqrt(v) + epsilon.astype(m.dtype)), mean, square)
    return made, optax.ScaleByAdamState(count, mean, square)
