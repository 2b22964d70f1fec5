"""A small variational autoencoder twice: as PyTorch modules, and the same weights as Equinox modules."""

from typing import Any

import jax.numpy as jnp
import numpy as np

import elbowroom as er
from elbowroom.models.networks import Perceptron

OBSERVED, HIDDEN, LATENT = 12, 16, 3


def torch_modules(torch: Any) -> tuple[Any, Any]:
    """Encoder to (mean, scale) side by side and decoder to log-odds, with the weights that a fixed seed gives."""
    torch.manual_seed(3)
    nn = torch.nn

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(OBSERVED, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 2 * LATENT))

        def forward(self, rows):
            mean, raw = self.body(rows).chunk(2, dim=1)
            return 2 * mean, nn.functional.softplus(raw) + 1e-6

    decoder = nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, OBSERVED))
    with torch.no_grad():
        for weight in decoder.parameters():
            weight *= 3.0  # so that z matters
    return Encoder().eval(), decoder.eval()


def equinox_model(encoder: Any, decoder: Any) -> er.VAE:
    """The same functions in JAX."""
    network = _perceptron(encoder.body)
    doubled = jnp.concatenate([jnp.full(LATENT, 2.0), jnp.ones(LATENT)]).astype(jnp.float32)

    def same(x):
        return doubled * network(x)

    return er.VAE(
        er.StandardNormalPrior(LATENT), er.DiagonalGaussianEncoder(same), er.BernoulliDecoder(_perceptron(decoder))
    )


def _perceptron(sequence: Any) -> Perceptron:
    linear = [layer for layer in sequence if hasattr(layer, "weight")]
    layers = [er.linear_with(*(jnp.asarray(t.detach().numpy()) for t in (one.weight, one.bias))) for one in linear]
    return Perceptron(tuple(layers), "tanh")


def bits(count: int) -> np.ndarray:
    return (np.random.default_rng(1).uniform(size=(count, OBSERVED)) < 0.4).astype(np.float32)
