"""The latent sites of a NumPyro model as one flat vector of real numbers, and back."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Values = dict[str, Any]
Program = Callable[[Float[Array, " observed"]], Any]


@dataclass(frozen=True)
class Sites:
    """Names and unconstrained shapes of the latent sites, in the order in which the model meets them.

    A site with a bounded support (a scale, a simplex) is moved to the real numbers by NumPyro's bijection for that
    support, `biject_to`; z is all of them one after the other.
    """

    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.shapes)

    @property
    def size(self) -> int:
        return sum(math.prod(shape) for _, shape in self.shapes)

    def flat(self, unconstrained: Values) -> Float[Array, " latent"]:
        return jnp.concatenate([jnp.reshape(unconstrained[name], -1) for name in self.names])

    def parts(self, z: Float[Array, " latent"]) -> Values:
        """The unconstrained value of each site."""
        made, start = {}, 0
        for name, shape in self.shapes:
            stop = start + math.prod(shape)
            made[name] = jnp.reshape(z[start:stop], shape)
            start = stop
        return made

    def labels(self) -> tuple[str, ...]:
        """A name for each entry of z: `mu`, `theta[3]`, `weights[0, 2]`."""
        return tuple(
            name + (f"[{', '.join(str(i) for i in index)}]" if shape else "")
            for name, shape in self.shapes
            for index in np.ndindex(shape)
        )
