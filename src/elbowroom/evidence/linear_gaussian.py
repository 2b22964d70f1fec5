"""The linear-Gaussian model: every quantity of the certificate in closed form."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpyro.distributions import Distribution, MultivariateNormal

from elbowroom.evidence.dataflow import depends_on_argument
from elbowroom.evidence.target import LatentVariableModel, is_diagonal_gaussian
from elbowroom.models.vae import VAE

Matrix = Float[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Gaussians:
    """A Gaussian for each datum: means `(datum, latent)` and covariances `(datum, latent, latent)`, in float64."""

    mean: Float[np.ndarray, "datum latent"]
    covariance: Float[np.ndarray, "datum latent latent"]


@dataclass(frozen=True)
class LinearGaussian:
    r"""$z \sim N(\mu, \mathrm{diag}(\tau^2))$ and $x \mid z \sim N(W z + b, \mathrm{diag}(\sigma^2))$, in float64.

    The posterior of every x is Gaussian with precision $\Lambda = \mathrm{diag}(\tau^{-2}) + W^\top
    \mathrm{diag}(\sigma^{-2}) W$.

    **Reference.** Bishop (2006), *Pattern recognition and machine learning*, section 2.3.3.
    """

    prior_mean: Float[np.ndarray, " latent"]
    prior_scale: Float[np.ndarray, " latent"]
    weight: Float[np.ndarray, "observed latent"]
    offset: Float[np.ndarray, " observed"]
    noise_scale: Float[np.ndarray, " observed"]

    @property
    def posterior_precision(self) -> Float[np.ndarray, "latent latent"]:
        scaled = self.weight / self.noise_scale[:, None]
        return np.diag(self.prior_scale**-2.0) + scaled.T @ scaled

    def posterior_mean(self, x: Float[np.ndarray, "datum observed"]) -> Float[np.ndarray, "datum latent"]:
        residual = (x - self.offset) / self.noise_scale**2
        return np.linalg.solve(
            self.posterior_precision, (residual @ self.weight + self.prior_mean / self.prior_scale**2).T
        ).T

    def log_evidence(self, x: Float[np.ndarray, "datum observed"]) -> Float[np.ndarray, " datum"]:
        """log p(x) for each datum, in nats: log p(x, m) - log p(m | x) at the posterior mean m."""
        mean = self.posterior_mean(x)
        _, log_determinant = np.linalg.slogdet(self.posterior_precision)
        latent = mean.shape[1]
        return self._log_joint(x, mean) - 0.5 * log_determinant + 0.5 * latent * np.log(2 * np.pi)

    def elbo(self, x: Float[np.ndarray, "datum observed"], q: Gaussians) -> Float[np.ndarray, " datum"]:
        r"""$L(q) = \log p(x, m) - \frac12 \mathrm{tr}(\Lambda V) + \frac12 \log\det(2\pi e V)$ for q = N(m, V)."""
        _, log_determinant = np.linalg.slogdet(q.covariance)
        entropy = 0.5 * (log_determinant + q.mean.shape[1] * np.log(2 * np.pi * np.e))
        trace = np.einsum("ij,nji->n", self.posterior_precision, q.covariance)
        return self._log_joint(x, q.mean) - 0.5 * trace + entropy

    def best_diagonal(self, x: Float[np.ndarray, "datum observed"]) -> Gaussians:
        """The diagonal Gaussian with the smallest gap: the posterior mean, and variances 1 / Lambda_ii."""
        covariance = np.diag(1.0 / np.diag(self.posterior_precision))
        return Gaussians(self.posterior_mean(x), np.broadcast_to(covariance, (len(x), *covariance.shape)))

    def best_full(self, x: Float[np.ndarray, "datum observed"]) -> Gaussians:
        """The posterior itself."""
        covariance = np.linalg.inv(self.posterior_precision)
        return Gaussians(self.posterior_mean(x), np.broadcast_to(covariance, (len(x), *covariance.shape)))

    def approximation_gap_diagonal(self) -> float:
        r"""$\frac12 (\sum_i \log\Lambda_{ii} - \log\det\Lambda)$, the same for every x."""
        precision = self.posterior_precision
        return float(0.5 * (np.sum(np.log(np.diag(precision))) - np.linalg.slogdet(precision)[1]))

    def _log_joint(self, x: Matrix, z: Matrix) -> Float[np.ndarray, " datum"]:
        at_prior = _log_normal(z, self.prior_mean, self.prior_scale)
        return at_prior + _log_normal(x, z @ self.weight.T + self.offset, self.noise_scale)


def _log_normal(value: Matrix, mean: np.ndarray, scale: np.ndarray) -> Float[np.ndarray, " datum"]:
    standard = (value - mean) / scale
    return -0.5 * np.sum(standard**2 + 2 * np.log(scale) + np.log(2 * np.pi), axis=1)


def linear_gaussian(model: LatentVariableModel, example: Float[np.ndarray, " observed"]) -> LinearGaussian | None:
    """The model in closed form if it is linear-Gaussian, None if that is not evident.

    It is, when the prior and the decoder return products of normals, the decoder's scale does not depend on z, and
    the Jacobian of its mean does not
    either. Both are read off the data flow of the traced decoder, so that they are known and not tested at points.
    A model that
    hides its linearity (inside a compiled function, say) is treated as nonlinear, which costs the closed form and
    nothing else.
    """
    if not isinstance(model, VAE):
        return None
    prior = model.prior()
    if not is_diagonal_gaussian(prior):
        return None
    origin = jnp.zeros_like(jnp.asarray(prior.mean))
    if not is_diagonal_gaussian(model.decoder(origin)):
        return None

    def mean(z):
        return jnp.asarray(model.decoder(z).mean)

    def scale(z):
        return jnp.sqrt(jnp.asarray(model.decoder(z).variance))

    jacobian = jax.jacrev(mean)  # reverse mode: a decoder run outside JAX has no other
    if depends_on_argument(jacobian, origin) or depends_on_argument(scale, origin):
        return None
    with jax.default_matmul_precision("highest"):
        parts = (prior.mean, jnp.sqrt(jnp.asarray(prior.variance)), jacobian(origin), mean(origin), scale(origin))
    found = LinearGaussian(*(np.asarray(part, np.float64) for part in parts))
    return found if found.offset.shape == example.shape else None


def as_gaussians(encodings: Distribution) -> Gaussians | None:
    """A batch of encodings as Gaussians in float64, or None where the encoder's family has no closed form here."""
    if is_diagonal_gaussian(encodings):
        mean, variance = jax.vmap(lambda q: (q.mean, q.variance))(encodings)
        spread = np.asarray(variance, np.float64)
        return Gaussians(np.asarray(mean, np.float64), spread[:, :, None] * np.eye(spread.shape[1]))
    if isinstance(encodings, MultivariateNormal):
        factor = np.asarray(encodings.scale_tril, np.float64)  # under vmap the data are its first axis
        return Gaussians(np.asarray(encodings.loc, np.float64), factor @ np.swapaxes(factor, 1, 2))
    return None
