"""A model in words: its settings, and the model they describe."""

from dataclasses import dataclass
from typing import Literal

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.errors import InputError
from elbowroom.models.decoder import AbstractDecoder, BernoulliDecoder, GaussianDecoder
from elbowroom.models.encoder import DiagonalGaussianEncoder
from elbowroom.models.networks import Activation, Perceptron, make_perceptron, with_output_bias
from elbowroom.models.prior import StandardNormalPrior
from elbowroom.models.vae import VAE

Likelihood = Literal["bernoulli", "gaussian"]


@dataclass(frozen=True)
class ModelSettings:
    """A variational autoencoder with a standard normal prior, a diagonal Gaussian encoder and perceptrons.

    **Symbols.** `likelihood` names p(x | z), None where it is to be chosen by the data (`likelihood_for`); `latent` is
    the number of dimensions of z; `hidden` are the widths of the encoder's hidden layers, those of the decoder in
    reverse, and none at all for linear maps; `noise` says whether a Gaussian likelihood has one scale for all features
    or one for each.

    **Raises.** `InputError` naming the setting and its value.
    """

    likelihood: Likelihood | None = None
    latent: int = 20
    hidden: tuple[int, ...] = (200, 200)
    activation: Activation = "tanh"
    noise: Literal["shared", "per-feature"] = "shared"

    def __post_init__(self) -> None:
        if self.latent < 1:
            raise InputError(f"The setting 'model.latent' is {self.latent!r}, and has to be at least 1.")
        if any(width < 1 for width in self.hidden):
            raise InputError(f"The setting 'model.hidden' is {list(self.hidden)!r}; every width has to be at least 1.")


def likelihood_for(levels: int | None) -> Likelihood:
    """The likelihood by the data: Bernoulli for images (`levels` is their largest grey level), else Gaussian."""
    return "gaussian" if levels is None else "bernoulli"


def build_model(
    settings: ModelSettings,
    observed: int,
    key: PRNGKeyArray,
    *,
    mean: np.ndarray | None = None,
    scale: np.ndarray | None = None,
) -> VAE:
    """The model that `settings` describe, for data with `observed` features, in 32 bits; the same key gives the same
    bits.

    **Arguments.** `mean` and `scale`, each `(observed,)`, are those of the training data as the likelihood sees them:
    the decoder begins there. Its output bias is the mean, as log-odds for Bernoulli (of the mean kept within [0.001,
    0.999]); the scale of a Gaussian likelihood begins at that of the data. Without them they begin at 0 and 1.

    **Raises.** `InputError` if the likelihood is None.
    """
    if settings.likelihood is None:
        raise InputError(
            "The likelihood of the model is not decided. Choose 'bernoulli' for data of 0 and 1, 'gaussian' for real "
            "numbers."
        )
    key_encoder, key_decoder = jr.split(key)
    down = (observed, *settings.hidden, 2 * settings.latent)
    up = (settings.latent, *reversed(settings.hidden), observed)
    encoder = DiagonalGaussianEncoder(make_perceptron(down, settings.activation, key_encoder))
    network = make_perceptron(up, settings.activation, key_decoder)
    return VAE(StandardNormalPrior(settings.latent), encoder, _decoder(settings, network, observed, mean, scale))


def _decoder(
    settings: ModelSettings, network: Perceptron, observed: int, mean: np.ndarray | None, scale: np.ndarray | None
) -> AbstractDecoder:
    centre = np.zeros(observed) if mean is None else np.asarray(mean, np.float64)
    if settings.likelihood == "bernoulli":
        kept = np.clip(centre, 0.001, 0.999) if mean is not None else np.full(observed, 0.5)
        return BernoulliDecoder(with_output_bias(network, _single(np.log(kept) - np.log1p(-kept))))
    spread = np.ones(observed) if scale is None else np.asarray(scale, np.float64)
    spread = np.where(spread > 0, spread, 1.0)  # a constant feature has no scale of its own
    log_scale = np.log(spread) if settings.noise == "per-feature" else 0.5 * np.log(np.mean(spread**2))
    return GaussianDecoder(with_output_bias(network, _single(centre)), _single(log_scale))


def _single(values: np.ndarray | float) -> Float[Array, "..."]:
    return jnp.asarray(values, jnp.float32)
