"""Refine q: the best member of a family for each datum, in the place of what the encoder says."""

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.errors import InputError
from elbowroom.evidence.affine import Affine
from elbowroom.evidence.block import refined_diagonal
from elbowroom.evidence.bounds import encode_all, stage_keys
from elbowroom.evidence.checked import checked_data
from elbowroom.evidence.full_covariance import MOST_LATENTS, FullRefinement, full_gaussian
from elbowroom.evidence.refine import Refinement
from elbowroom.evidence.richer import refined_covariance
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.target import LatentVariableModel, diagonal_gaussian
from elbowroom.evidence.weigh import Weighed, weigh

PerDatumArray = Float[np.ndarray, " datum"]
Family = Literal["diagonal", "full"]


@dataclass(frozen=True)
class RefinedPosterior:
    """The best q found in a family for each datum, and what it wins over the encoder's q; in nats.

    **Fields.** `mean` and `scale` are the mean and the standard deviation of each latent, `(datum, latent)`; `factor`
    is the lower triangle whose product with its transpose is the covariance, `(datum, latent, latent)`, None where the
    family has no correlations. `converged` says of each datum whether the search had stopped to improve, `improvement`
    about how many nats were still to be won. `elbo` and `elbo_encoder` are estimates from draws that fitted nothing,
    with their standard errors.
    """

    family: Family
    mean: Float[np.ndarray, "datum latent"]
    scale: Float[np.ndarray, "datum latent"]
    factor: Float[np.ndarray, "datum latent latent"] | None
    converged: Bool[np.ndarray, " datum"]
    improvement: PerDatumArray
    elbo: PerDatumArray
    elbo_stderr: PerDatumArray
    elbo_encoder: PerDatumArray
    elbo_encoder_stderr: PerDatumArray

    @property
    def distributions(self) -> Distribution:
        """All q as one NumPyro distribution whose batch are the data, to sample from or to evaluate."""
        mean = jnp.asarray(self.mean)
        if self.factor is None:
            return diagonal_gaussian(mean, jnp.asarray(self.scale))
        return full_gaussian(Affine(mean, jnp.asarray(self.factor)))

    @property
    def won(self) -> PerDatumArray:
        """The ELBO of the refined q minus that of the encoder's, an estimate for each datum."""
        return self.elbo - self.elbo_encoder

    def arrays(self) -> dict[str, np.ndarray]:
        """What a file is to hold of it, every array with a row per datum."""
        found = {"mean": self.mean, "scale": self.scale}
        if self.factor is not None:
            found["factor"] = self.factor
        numbers = {
            "elbo": self.elbo,
            "won": self.won,
            "won_stderr": np.hypot(self.elbo_stderr, self.elbo_encoder_stderr),
        }
        return found | {"converged": self.converged.astype(np.int64)} | numbers


def refine(
    model: LatentVariableModel,
    x: Float[np.ndarray, "datum observed"] | Float[Array, "datum observed"],
    *,
    key: PRNGKeyArray,
    family: Family = "diagonal",
    settings: CertifySettings | None = None,
) -> RefinedPosterior:
    r"""Find the best q of a family for each datum, starting at the encoder's q.

    $$\hat q_x \approx \arg\max_{q \in \mathcal Q} E_q[\log p(x, z) - \log q(z)]$$

    This is what a perfect encoder of that family would return: its distance from the encoder's q is the amortisation
    gap, where the family is the encoder's own.

    **Arguments.** `x` is `(datum, observed)`. `family`: `diagonal`, products of normals, or `full`, normals with every
    correlation, for up to 128 latents. Of `settings`, `refine_steps`, `refine_draws`, `refine_rate` and
    `covariance_steps` set how long is searched; `refined_samples` how many draws the estimates take.

    **Validity.** Every result is a legitimate q. The search is local: of a posterior with several modes it finds one.
    Hence `elbo` bounds the best of the family from below only, up to its standard error. Where the encoder's q is a
    product of normals and clearly better on a few draws, it is kept.

    **Raises.** `InputError` for data that the model cannot have produced, for an unknown family, and for settings
    without steps; if a weight is NaN or infinite, naming the data.

    **Reference.** Cremer, Li and Duvenaud (2018), *Inference suboptimality in variational autoencoders*; for the full
    covariance, Opper and Archambeau (2009), *The variational Gaussian approximation revisited*.

    **Example.** The posterior of two latents that are seen by their sum only is correlated: precision
    $I + 4 \cdot 1 1^T$. A full covariance loses nothing, and a diagonal one $\frac12 (2 \log 5 - \log 9)$ nats.

    >>> import jax.numpy as jnp, jax.random as jr, elbowroom as er
    >>> model = er.VAE(
    ...     prior=er.StandardNormalPrior(2),
    ...     encoder=er.linear_gaussian_encoder(jnp.zeros((2, 1)), jnp.ones(2)),
    ...     decoder=er.GaussianDecoder(er.linear_with(jnp.ones((1, 2)), jnp.zeros(1)), jnp.log(0.5)),
    ... )
    >>> x = jnp.array([[1.0], [-0.4]])
    >>> diagonal, full = (er.refine(model, x, key=jr.key(0), family=family) for family in ("diagonal", "full"))
    >>> bool(jnp.all(diagonal.won > 0)), full.factor.shape
    (True, (2, 2, 2))
    >>> abs(float((full.elbo - diagonal.elbo).mean()) - 0.511) < 0.1
    True
    """
    settings = settings or CertifySettings()
    x = checked_data(model, x, "to refine q for")
    if family not in ("diagonal", "full"):
        raise InputError(f'The family is "{family}"; it must be "diagonal" or "full".')
    if settings.refine_steps < 2 or (family == "full" and settings.covariance_steps < 1):
        name = "refine_steps` must be at least 2" if settings.refine_steps < 2 else "covariance_steps` must be positive"
        raise InputError(f"The setting `{name}: without steps there is nothing to refine.")
    encodings = encode_all(model, x, key)
    refined = refined_diagonal(model, x, key, settings)
    scale, factor = np.asarray(refined.scale), None
    if family == "full":
        found = _correlated(model, x, refined, key, settings)
        refined = refined._replace(mean=found.gaussian.mean, converged=found.converged, improvement=found.improvement)
        factor = np.asarray(found.gaussian.factor)
        scale = np.sqrt(np.sum(factor**2, axis=2))
    mean = np.asarray(refined.mean)

    def weighed(proposals: Distribution, stage: str, name: str) -> Weighed:
        keys, samples = stage_keys(key, stage, len(mean)), settings.refined_samples
        memory = settings.memory_mib
        return weigh(model, x, proposals, keys, samples=samples, kept=1, memory_mib=memory, name=name)

    after = weighed(_proposals(mean, scale, factor), "refined draws", "importance weights of the refined q")
    before = weighed(encodings.distributions, "encoder draws", "importance weights of the encoder's q")
    return RefinedPosterior(
        family=family,
        mean=mean,
        scale=scale,
        factor=factor,
        converged=np.asarray(refined.converged),
        improvement=np.asarray(refined.improvement),
        elbo=after.elbo,
        elbo_stderr=after.elbo_stderr,
        elbo_encoder=before.elbo,
        elbo_encoder_stderr=before.elbo_stderr,
    )


def _correlated(
    model: LatentVariableModel,
    x: Float[Array, "datum observed"],
    refined: Refinement,
    key: PRNGKeyArray,
    settings: CertifySettings,
) -> FullRefinement:
    """The normal with every correlation; with one latent there are none to find."""
    latent = refined.mean.shape[1]
    if latent > MOST_LATENTS:
        raise InputError(
            f"The model has {latent} latents, and q is refined to a full covariance for up to {MOST_LATENTS}. Take the "
            'family "diagonal".'
        )
    found = refined_covariance(model, x, refined, key, settings)
    if found is not None:
        return found
    diagonal = Affine(np.asarray(refined.mean), np.asarray(refined.scale)[:, :, None])
    return FullRefinement(diagonal, np.asarray(refined.converged), np.asarray(refined.improvement))


def _proposals(mean: np.ndarray, scale: np.ndarray, factor: np.ndarray | None) -> Distribution:
    """One batch of distributions, made by `vmap`."""
    if factor is None:
        return jax.vmap(diagonal_gaussian)(jnp.asarray(mean), jnp.asarray(scale))
    return jax.vmap(full_gaussian)(Affine(jnp.asarray(mean), jnp.asarray(factor)))
