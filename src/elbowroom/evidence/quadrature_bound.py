"""log p(x) by quadrature, where z has one, two or three dimensions: both ends, on any data, with a numerical error."""

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

MOST_POINTS = 4_000_000
MOST_TERMS = 1e11
"""Points times data times features of the first box: at 0.25 to 2.5 nanoseconds for each, as measured on two cores
with 784 to 6 features, half a minute to four minutes."""
NEGLIGIBLE = {1: math.log(1e-12), 2: math.log(1e-12), 3: math.log(1e-6)}
"""The part of p(x) that may lie outside the box, by the number of latents; it is part of the error."""
LOG_TWO_PI = math.log(2.0 * math.pi)
BOXES = (8.0, 12.0, 16.0, 24.0, 38.0)
SMALLER_BOXES = (5.0, 6.0, 7.0)
"""For three latents, whose points are many."""
FINENESS = {1: 0.1, 2: 0.25, 3: 0.4}
"""The step in units of the narrowest refined q, by the number of latents.

The scales of the best diagonal q are those of the conditionals, 1 / sqrt(P_ii) with P the posterior precision. In their
units the precision has a unit diagonal and no eigenvalue above d, so a normal posterior in d dimensions loses about
exp(-2 pi^2 / (d step^2)) to the rule, however strong its correlations: below 1e-17 on all three grids.
"""


@dataclass(frozen=True)
class Grid:
    """A grid over the prior's standardised latents, from -`reach` to `reach` in 2 `half` steps, one number per latent.

    Every second point in every direction is a grid of twice the steps.
    """

    reach: float
    half: tuple[int, ...]

    @classmethod
    def of_steps(cls, reach: float, steps: tuple[float, ...]) -> "Grid":
        """The grid of that reach whose steps are at most these, and nearly these."""
        return cls(reach, tuple(2 * math.ceil(reach / step / 2) for step in steps))

    @property
    def dimensions(self) -> int:
        return len(self.half)

    @property
    def sides(self) -> tuple[int, ...]:
        return tuple(2 * half + 1 for half in self.half)

    @property
    def steps(self) -> tuple[float, ...]:
        return tuple(self.reach / half for half in self.half)

    @property
    def size(self) -> int:
        return math.prod(self.sides)

    def blocks(self, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Points `(point, latent)` of the grid, `rows` at a time and the last block filled up, with the logarithm of
        their weights on the fine and on the coarse grid `(point, 2)`."""
        volume = math.fsum(math.log(step) for step in self.steps)
        for first in range(0, self.size, rows):
            index = np.arange(first, first + rows)
            places = np.stack(np.unravel_index(np.minimum(index, self.size - 1), self.sides), axis=1)
            even = np.all(places % 2 == 0, axis=1)
            fine = np.full(rows, volume)
            coarse = np.where(even, fine + self.dimensions * math.log(2.0), -np.inf)
            weights = np.stack([fine, coarse], axis=1)
            weights[index >= self.size] = -np.inf
            yield (places - np.asarray(self.half)) * np.asarray(self.steps), weights


def grid_for(problem: Problem) -> Grid | None:
    """The grid to begin with; None where quadrature does not suit the problem.

    It suits a VAE with one to three latent dimensions, a normal prior and a likelihood that has a ceiling: then what
    lies outside the grid is bounded. The steps follow from the narrowest refined q. With three latents the box has to
    be affordable that a rough value of log p(x), the refined q's, asks for; with fewer, the largest box.
    """
    model = problem.model
    ceiling = log_likelihood_ceiling(model)
    if not isinstance(model, VAE) or ceiling is None:
        return None
    prior = model.prior()
    dimensions = problem.encodings.mean.shape[1]
    if not is_diagonal_gaussian(prior) or dimensions not in FINENESS:
        return None
    scale = np.asarray(problem.refined.scale, np.float64) / np.sqrt(np.asarray(prior.variance, np.float64))
    if not np.all(np.isfinite(scale)) or np.min(scale) <= 0.0:
        return None
    steps = tuple(float(step) for step in FINENESS[dimensions] * np.minimum(scale.min(axis=0), 1.0))
    if dimensions < 3:
        fits = Grid.of_steps(BOXES[-1], steps).size <= MOST_POINTS
        return _affordable(Grid.of_steps(BOXES[0], steps), problem) if fits else None
    rough = np.asarray(_rough(model, problem.x, *_moments_of(problem)), np.float64)
    outside = {reach: _outside(ceiling, reach, dimensions) - rough for reach in (*SMALLER_BOXES, *BOXES)}
    enough = [reach for reach, part in outside.items() if np.all(part < NEGLIGIBLE[dimensions])]
    return _affordable(Grid.of_steps(enough[0], steps), problem) if enough else None


def _affordable(grid: Grid, problem: Problem) -> Grid | None:
    terms = float(grid.size) * math.prod(problem.x.shape)
    return grid if grid.size <= MOST_POINTS and terms <= MOST_TERMS else None


def _outside(ceiling: float, reach: float, dimensions: int) -> float:
    """The logarithm of a bound on what lies outside the box."""
    return ceiling + math.log(2.0 * dimensions) + float(log_ndtr(-reach))


def _moments_of(problem: Problem) -> tuple[Array, Array]:
    dtype = problem.x.dtype
    return jnp.asarray(problem.refined.mean, dtype), jnp.asarray(problem.refined.scale, dtype)


@eqx.filter_jit
def _rough(model: VAE, x: Array, mean: Array, scale: Array) -> Float[Array, " datum"]:
    """log p(x) as if the posterior were a normal with the moments of the refined q."""
    return jax.vmap(model.log_joint)(x, mean) + jnp.sum(jnp.log(scale), axis=1) + 0.5 * scale.shape[1] * LOG_TWO_PI


@dataclass(frozen=True)
class QuadratureBound(AbstractBound):
    r"""$p(x) = \int p(z)\, p(x \mid z)\, dz$ by the trapezoid rule, which converges faster than any power here.

    The box grows until what lies outside it, at most $\sup_z p(x \mid z) \Pr(z \notin \text{box})$, is negligible, or
    a larger one would have too many points; what may be left outside is part of the `error` either way.
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
        grid = self.grid
        while True:
            fine, coarse = _sums(model, problem, grid)
            outside = _outside(ceiling, grid.reach, grid.dimensions)
            larger = next((reach for reach in BOXES if reach > grid.reach), None)
            if larger is None or np.all(outside - fine < NEGLIGIBLE[grid.dimensions]):
                break
            next_grid = Grid.of_steps(larger, self.grid.steps)
            if next_grid.size > 2 * MOST_POINTS:
                break
            grid = next_grid
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
