"""A pair of PyTorch modules as a variational autoencoder that `certify` takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float
from numpyro.distributions import Distribution

from elbowroom.errors import InputError
from elbowroom.interop.torch_network import TorchModule, TorchNetwork, torch
from elbowroom.models.decoder import AbstractDecoder, BernoulliDecoder, GaussianDecoder
from elbowroom.models.distributions import Gaussian
from elbowroom.models.prior import StandardNormalPrior
from elbowroom.models.vae import VAE

Spread = Literal["scale", "log_scale", "log_variance"]
SCALE_OF: dict[str, Callable[[Array], Array]] = {
    "scale": lambda spread: spread,
    "log_scale": jnp.exp,
    "log_variance": lambda spread: jnp.exp(spread / 2),
}


@dataclass(frozen=True)
class SideBySide:
    """The module with a pair of outputs joined along the features; one tensor stays as it is."""

    module: TorchModule

    @property
    def training(self) -> bool:
        return self.module.training

    def parameters(self) -> Any:
        return self.module.parameters()

    def __call__(self, rows: Any, /) -> Any:
        made = self.module(rows)
        return made if isinstance(made, torch.Tensor) else torch.cat(tuple(made), dim=1)


class GaussianHead(eqx.Module):
    r"""$q(z \mid x) = N(z; \mu, \mathrm{diag}\,\sigma^2)$: the network gives $\mu$, then what `spread` names."""

    network: TorchNetwork
    spread: Spread = eqx.field(static=True)

    def __call__(self, x: Float[Array, " observed"]) -> Distribution:
        """The distribution of z given one datum: one event of shape `(latent,)`."""
        mean, spread = jnp.split(self.network(x), 2)
        return Gaussian(mean, SCALE_OF[self.spread](spread)).to_event(1)


def from_torch(
    encoder: TorchModule,
    decoder: TorchModule,
    *,
    latent: int,
    spread: Spread,
    likelihood: Literal["bernoulli", "gaussian"],
    noise_scale: ArrayLike | None = None,
    prior: Callable[[], Distribution] | None = None,
) -> VAE:
    r"""The model $p(z)\,p(x \mid z)$ with encoder $q(z \mid x)$ out of two modules, which PyTorch goes on to run.

    **Arguments.** `encoder` maps rows `(rows, observed)` to the mean and the spread of a diagonal Gaussian, as a pair
    `(mean, spread)` or side by side in one tensor `(rows, 2 * latent)`; `spread` says what the second half is, because
    a network does not: a log-variance read as a log-scale changes every number and raises no error. `decoder` maps
    `(rows, latent)` to `(rows, observed)`: log-odds for `bernoulli` (not probabilities: no Sigmoid at the end), the
    mean for `gaussian`, whose standard deviation is `noise_scale`, a number or one per feature. `prior` is a function
    without arguments that returns the distribution of z, by default $N(0, I)$. Modules that work on images are put
    between `torch.nn.Unflatten` and `torch.nn.Flatten`. For another family or likelihood compose a `VAE` of
    `TorchNetwork`s.

    **Validity.** Both modules in evaluation mode, deterministic, row by row; see `TorchNetwork`, also for the cost.
    What is computed by the modules has their precision, usually float32.

    **Raises.** `InputError` if a module is in training mode, ends in a Sigmoid where log-odds are wanted, or gives
    something of another shape.

    **Example.** `examples/certify_pytorch.py`:

        model = er.from_torch(encoder, decoder, latent=8, spread="log_variance", likelihood="bernoulli")
        room = er.certify(model, x, key=jax.random.key(0))
    """
    for name, module in (("encoder", encoder), ("decoder", decoder)):
        _check_deterministic(name, module)
    if spread not in SCALE_OF:
        raise InputError(f"`spread` is {spread!r}; the second half of the encoder's output is one of {list(SCALE_OF)}.")
    observed = _width(decoder, latent, "decoder", "latent")
    encoding = SideBySide(encoder)
    outputs = _width(encoding, observed, "encoder", "observed")
    if outputs != 2 * latent:
        raise InputError(
            f"The encoder gives {outputs} numbers for one row of {observed}; with latent={latent} it has to give "
            f"{2 * latent}: the mean of z and its {spread}, {latent} each."
        )
    return VAE(
        StandardNormalPrior(latent) if prior is None else prior,
        GaussianHead(TorchNetwork(encoding, outputs), spread),
        _decoder(TorchNetwork(decoder, observed), likelihood, noise_scale),
    )


def _decoder(network: TorchNetwork, likelihood: str, noise_scale: ArrayLike | None) -> AbstractDecoder:
    if likelihood == "bernoulli" and noise_scale is None:
        _check_log_odds(network.module)
        return BernoulliDecoder(network)
    scale = np.asarray(np.nan if noise_scale is None else noise_scale, np.float32)
    if likelihood == "gaussian" and scale.shape in ((), (network.outputs,)) and np.all(scale > 0):
        return GaussianDecoder(network, jnp.log(scale))
    raise InputError(
        f"likelihood={likelihood!r} with noise_scale={noise_scale!r} is neither of the two that are known here: "
        f"'bernoulli' without a noise_scale, or 'gaussian' with one, positive, a number or {network.outputs} of them."
    )


def _check_deterministic(name: str, module: TorchModule) -> None:
    if module.training:
        raise InputError(
            f"The {name} is in training mode, in which dropout and batch normalisation make its output random or "
            f"dependent on the other rows of a batch: there is no one function to certify. Call {name}.eval() first."
        )


def _check_log_odds(module: Any) -> None:
    last = list(module.modules())[-1]
    if isinstance(last, torch.nn.Sigmoid):
        raise InputError(
            "The decoder ends in a Sigmoid, so it gives probabilities, and likelihood='bernoulli' takes log-odds: in "
            "float32 a probability near 1 is rounded to 1 and its logarithm lost. Leave the Sigmoid out, for example "
            "decoder[:-1] of a torch.nn.Sequential; the weights stay the same."
        )


def _width(module: TorchModule, inputs: int, name: str, axis: str) -> int:
    """How many numbers the module gives for one row."""
    weight = next(iter(module.parameters()), None)
    row = torch.zeros(1, inputs) if weight is None else torch.zeros(1, inputs, dtype=weight.dtype, device=weight.device)
    try:
        with torch.no_grad():
            shape = tuple(module(row).shape)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise InputError(
            f"The {name} failed on one row of {inputs} zeros, shape (1, {inputs}) for (rows, {axis}): {error}. It has "
            "to take flat rows: for images put torch.nn.Unflatten in front."
        ) from error
    if len(shape) != 2 or shape[0] != 1:
        raise InputError(
            f"The {name} gives an array of shape {shape} for one row of {inputs}; it has to give flat rows, (1, "
            "width). Put torch.nn.Flatten behind it."
        )
    return shape[1]
