"""Decoders: a network from the latent variable to the likelihood p(x | z), which checks the data it is given."""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpyro.distributions import Distribution

from elbowroom.errors import InputError
from elbowroom.models.distributions import Bernoulli, Gaussian

Network = Callable[[Float[Array, " latent"]], Float[Array, " observed"]]


class AbstractDecoder(eqx.Module):
    """A map z -> p(x | z) of one sample, a normalised distribution of one event of shape `(observed,)`."""

    @abc.abstractmethod
    def __call__(self, z: Float[Array, " latent"]) -> Distribution:
        """The distribution of x given one z."""

    @abc.abstractmethod
    def check_data(self, x: np.ndarray, shape: tuple[int, ...] | None = None) -> None:
        """Refuse data that the likelihood cannot have produced.

        `x` is `(datum, observed)`, as the likelihood sees them; `shape` is that of a datum, to name pixels by.

        **Raises.** `InputError` naming the first place and the range of the values, and the likelihood that would fit.
        """


class BernoulliDecoder(AbstractDecoder):
    r"""$p(x \mid z) = \prod_j \mathrm{Bernoulli}(x_j; \text{log-odds } a_j(z))$ for x in {0, 1}; `network` gives a."""

    network: Network

    def __call__(self, z: Float[Array, " latent"]) -> Distribution:
        """The distribution of x given one z."""
        return Bernoulli(self.network(z)).to_event(1)

    def check_data(self, x: np.ndarray, shape: tuple[int, ...] | None = None) -> None:
        """Refuse anything but 0 and 1: a density in between is no likelihood."""
        wrong = (x != 0) & (x != 1)
        if wrong.any():
            image = shape is not None and len(shape) > 1
            pixels = "Binarise grey pixels (`--binarise dynamic` or `threshold`), or use" if image else "Use"
            raise InputError(
                f"A Bernoulli likelihood gives probabilities to 0 and 1 only, and {_share(wrong)} of the values are "
                f"neither: {_places(x, wrong, shape)}. {pixels} the Gaussian likelihood (`--likelihood gaussian`), "
                "which is a density of real numbers."
            )


class GaussianDecoder(AbstractDecoder):
    r"""$p(x \mid z) = \prod_j N(x_j; m_j(z), \sigma_j^2)$ with a scale that is learned.

    **Arguments.** `network` gives m. `log_scale` is $\log \sigma$, one number `()` for all features or one each
    `(observed,)`. With `learn_scale=False` it stays as it is. Nothing is clamped. A learned scale makes the unit of the
    data irrelevant: rescaling x by c moves $\log p(x)$ by $-D \log c$.
    """

    network: Network
    log_scale: Float[Array, "#observed"] | Float[Array, ""]
    learn_scale: bool = eqx.field(static=True, default=True)

    def __call__(self, z: Float[Array, " latent"]) -> Distribution:
        """The distribution of x given one z."""
        mean = self.network(z)
        log_scale = self.log_scale if self.learn_scale else jax.lax.stop_gradient(self.log_scale)
        return Gaussian(mean, jnp.broadcast_to(jnp.exp(log_scale), mean.shape)).to_event(1)

    def check_data(self, x: np.ndarray, shape: tuple[int, ...] | None = None) -> None:
        """Refuse what is not a finite number."""
        wrong = ~np.isfinite(x)
        if wrong.any():
            raise InputError(
                f"A Gaussian likelihood is a density of finite numbers, and {_share(wrong)} of the values are not: "
                f"{_places(x, wrong, shape)}. Remove these rows, or fill the values in."
            )


def _share(wrong: np.ndarray) -> str:
    return f"{int(wrong.sum()):,} of {wrong.size:,}"


def _places(x: np.ndarray, wrong: np.ndarray, shape: tuple[int, ...] | None) -> str:
    """Where the first wrong value is, which columns hold wrong ones, and their range."""
    columns = np.flatnonzero(wrong.any(axis=0))
    row, column = (int(index) for index in np.argwhere(wrong)[0])
    found = x[wrong]
    finite = found[np.isfinite(found)]
    span = f", from {finite.min():g} to {finite.max():g}" if finite.size else ""
    return (
        f"the first is {x[row, column]:g} in row {row}, {_name(column, shape)}; "
        f"{_name(int(columns[0]), shape)} to {_name(int(columns[-1]), shape)} are concerned{span}"
    )


def _name(column: int, shape: tuple[int, ...] | None) -> str:
    if shape is None or len(shape) < 2:
        return f"column {column}"
    return f"pixel {tuple(int(index) for index in np.unravel_index(column, shape))}"
