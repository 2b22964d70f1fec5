"""log p(x) by quadrature, where z has one or two dimensions: both ends, on any data, with a numerical error."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64
from scipy.special import log_ndtr

from elbowroom.evidence.bounds import AbstractBound, EvidenceBounds, Problem
from elbowroom.evidence.ceiling import log_likelihood_ceiling
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.target import is_diagonal_gaussian
from elbowroom.models.vae import VAE

MOST_DIMENSIONS = 2
MOST_POINTS = 4_000_000
NEGLIGIBLE = math.log(1e-12)
BOXES = (8.0, 12.0, 16.0, 24.0, 38.0)
FINENESS = {1: 0.1, 2: 0.25}
"""The step in units of the narrowest refined q, by the number of latents."""


@dataclass(frozen=True)
class Grid:
    """A uniform grid over the prior's standardised latents, from -`reach` to `reach` in steps of `step`.

    Every second point in every direction is a grid of twice the step.
    """

    reach: float
    half: int
    dimensions: int

    @property
    def step(self) -> float:
        return self.reach / self.half

    @property
    def size(self) -> int:
        return (2 * self.half + 1) ** self.dimensions

    def blocks(self, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Points `(point, latent)` of the grid, `rows` at a time and the last block filled up, with the logarithm of
        their weights on the fine and on the coarse grid `(point, 2)`."""
        side = 2 * self.half + 1
        for first in range(0, self.size, rows):
            index = np.arange(first, first + rows)
            places = np.stack(np.unravel_index(np.minimum(index, self.size - 1), (side,) * self.dimensions), axis=1)
            even = np.all(places % 2 == 0, axis=1)
            fine = np.full(rows, self.dimensions * math.log(self.step))
            coarse = np.where(even, fine + self.dimensions * math.log(2.0), -np.inf)
            weights = np.stack([fine, coarse], axis=1)
            weights[index >= self.size] = -np.inf
            yield (places - self.half) * self.step, weights


def grid_for(problem: Problem) -> Grid | None:
    """The grid that the problem needs; None where quadrature does not suit it.

    It suits a VAE with one or two latent dimensions, a normal prior and a likelihood that has a ceiling: then what lies
    outside the grid is bounded. The step follows from the narrowest refined q, and nothing that is random.
    """
    model = problem.model
    if not isinstance(model, VAE) or log_likelihood_ceiling(model) is None:
        return None
    prior = model.prior()
    dimensions = problem.encodings.mean.shape[1]
    if not is_diagonal_gaussian(prior) or dimensions > MOST_DIMENSIONS:
        return None
    scale = np.asarray(problem.refined.scale, np.float64) / np.sqrt(np.asarray(prior.variance, np.float64))
    if not np.all(np.isfinite(scale)) or np.min(scale) <= 0.0:
        return None
    step = FINENESS[dimensions] * min(float(np.min(scale)), 1.0)
    grid = Grid(BOXES[0], 2 * math.ceil(BOXES[0] / step / 2), dimensions)
    return grid if (BOXES[-1] / BOXES[0]) ** dimensions * grid.size <= MOST_POINTS else None


@dataclass(frozen=True)
class QuadratureBound(AbstractBound):
    r"""$p(x) = \int p(z)\, p(x \mid z)\, dz$ by the trapezoid rule, which converges faster than any power here.

    The box grows until what lies outside it, at most $\sup_z p(x \mid z) \Pr(z \notin \text{box})$, is negligible.
    The `error` of a datum is the difference of two resolutions, that tail, and rounding.

    **Validity.** The difference of two resolutions is an estimate: a mode much narrower than the refined q of every
    datum could lie between the points. **Reference.** Trefethen and Weideman (2014), *The exponentially convergent
    trapezoidal rule*.
    """

    grid: Grid
    name: ClassVar[str] = "quadrature"

    def __call__(self, problem: Problem) -> EvidenceBounds:
        """Sum over the grid, and over larger ones while the tail matters."""
        model, ceiling = problem.model, log_likelihood_ceiling(problem.model)
        assert isinstance(model, VAE)
        assert ceiling is not None
        reaches = iter(BOXES)
        while True:
            reach = next(reaches)
            grid = Grid(reach, 2 * math.ceil(reach / self.grid.step / 2), self.grid.dimensions)
            fine, coarse = _sums(model, problem, grid)
            outside = ceiling + math.log(2.0 * grid.dimensions) + float(log_ndtr(-reach))
            if reach == BOXES[-1] or np.all(outside - fine < NEGLIGIBLE):
                break
        tail = np.log1p(np.exp(np.minimum(outside - fine, 700.0)))
        rounding = 8.0 * np.finfo(problem.x.dtype).eps * (1.0 + np.abs(fine))
        error = np.abs(fine - coarse) + tail + rounding
        return EvidenceBounds(
            lower=fine,
            lower_kind=Kind.EXACT,
            upper=fine.copy(),
            upper_kind=Kind.EXACT,
            error=error,
        )


def _sums(
    model: VAE, problem: Problem, grid: Grid
) -> tuple[Float64[np.ndarray, " datum"], Float64[np.ndarray, " datum"]]:
    """The logarithm of the sums over the fine and the coarse grid, for every datum."""
    x = problem.x
    each = max(x.shape[0] * x.shape[1], 1)
    rows = max(1, min(4096, problem.memory_mib * 2**20 // (4 * each), grid.size))
    total = np.full((x.shape[0], 2), -np.inf)
    for points, weights in grid.blocks(rows):
        part = _block(model, x, jnp.asarray(points, x.dtype), jnp.asarray(weights, x.dtype))
        total = np.logaddexp(total, np.asarray(part, np.float64))
    return total[:, 0], total[:, 1]


@eqx.filter_jit
def _block(
    model: VAE, x: Float[Array, "datum observed"], u: Float[Array, "point latent"], log_weight: Float[Array, "point 2"]
) -> Float[Array, "datum 2"]:
    prior = model.prior()
    mean, scale = jnp.asarray(prior.mean), jnp.sqrt(jnp.asarray(prior.variance))

    def one(u: Float[Array, " latent"]) -> Float[Array, " datum"]:
        z = mean + scale * u
        likelihood = model.decoder(z)
        log_prior = jnp.asarray(prior.log_prob(z)) + jnp.sum(jnp.log(scale))
        return log_prior + jax.vmap(lambda datum: jnp.asarray(likelihood.log_prob(datum)))(x)

    terms = jax.vmap(one)(u)
    return jax.nn.logsumexp(terms[:, :, None] + log_weight[:, None, :], axis=0)
