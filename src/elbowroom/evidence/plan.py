"""The plan of an annealing run: everything about it that is fixed before its weighted chains start."""

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Start = Literal["full", "refined", "encoder", "prior"]
Spacing = Literal["linear", "sigmoid"]
SIGMOID_RADIUS = 4.0


@dataclass(frozen=True)
class AnnealingPlan:
    """Where the path starts, its temperatures, and how the chains move; hashable, and static in compiled code.

    `start`: the Gaussian the path leaves from. `spacing`: `linear`, or `sigmoid`, dense at both ends, which suits the
    long way from the prior. `temperatures`, `leapfrog`, `chains`: one weighted chain takes
    `(temperatures - 1) * leapfrog + 1` gradients. `pilot_moves`, `pilot_chains`, `target_acceptance`: the pilot that
    fixes the step sizes. `continuation`: moves at the posterior before the reverse run on given data.
    """

    start: Start = "full"
    spacing: Spacing = "linear"
    temperatures: int = 64
    leapfrog: int = 2
    chains: int = 4
    pilot_moves: int = 20
    pilot_chains: int = 2
    target_acceptance: float = 0.725
    continuation: int = 10

    def schedule(self, dtype: jnp.dtype) -> Float[Array, " temperatures+1"]:
        """T + 1 temperatures from 0 to 1."""
        return spaced(self.spacing, self.temperatures, dtype)


def spaced(spacing: Spacing, count: int, dtype: jnp.dtype) -> Float[Array, " count+1"]:
    r"""`count` + 1 temperatures from 0 to 1: $t_i = i / T$, or sigmoid values between -4 and 4 scaled to [0, 1].

    **Reference.** For the sigmoid spacing, Wu et al. (2017), *On the quantitative analysis of decoder-based generative
    models*.

    >>> [round(float(t), 3) for t in spaced("sigmoid", 4, jnp.float32)]
    [0.0, 0.105, 0.5, 0.895, 1.0]
    """
    if spacing == "linear":
        return jnp.linspace(0.0, 1.0, count + 1, dtype=dtype)
    raw = jax.nn.sigmoid(jnp.linspace(-SIGMOID_RADIUS, SIGMOID_RADIUS, count + 1, dtype=dtype))
    return (raw - raw[0]) / (raw[-1] - raw[0])
