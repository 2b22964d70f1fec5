"""The variational autoencoder: a prior, an encoder and a decoder, each returning a distribution."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.estimation.bindings import Bindings
from elbowroom.estimation.symbols import p, q
from elbowroom.estimation.symbols import x as observed_variable
from elbowroom.estimation.symbols import z as latent_variable


class VAE(eqx.Module):
    r"""A latent-variable model $p(z)\,p(x \mid z)$ with an amortised posterior $q(z \mid x)$.

    **Symbols.** $p(z)$ is `prior()`, $p(x \mid z)$ is `decoder(z)`, $q(z \mid x)$ is `encoder(x)`; each is a
    normalised NumPyro distribution of one event of rank 1. Each part sees one sample; batching is the caller's `vmap`.
    """

    prior: Callable[[], Distribution]
    encoder: Callable[[Float[Array, " observed"]], Distribution]
    decoder: Callable[[Float[Array, " latent"]], Distribution]

    def log_joint(self, x: Float[Array, " observed"], z: Float[Array, " latent"]) -> Float[Array, ""]:
        r"""$\log p(x, z) = \log p(z) + \log p(x \mid z)$ of one datum, in nats, every constant kept."""
        return jnp.asarray(self.prior().log_prob(z)) + self.decoder(z).log_prob(x)

    def simulate(self, key: PRNGKeyArray) -> tuple[Float[Array, " latent"], Float[Array, " observed"]]:
        """One draw (z, x) from the model: z is an exact draw from the posterior p(z | x) of its x."""
        key_latent, key_observed = jr.split(key)
        z = jnp.asarray(self.prior().sample(key_latent))
        weights = [leaf for leaf in jax.tree.leaves(self.decoder) if eqx.is_inexact_array(leaf)]
        if weights:
            z = z.astype(weights[0].dtype)
        return z, jnp.asarray(self.decoder(z).sample(key_observed))

    def bindings(self) -> Bindings:
        """What the symbols p(z), p(x | z) and q(z | x) of an objective stand for."""
        return Bindings(
            {
                p(latent_variable): self.prior,
                p(observed_variable | latent_variable): self.decoder,
                q(latent_variable | observed_variable): self.encoder,
            }
        )
