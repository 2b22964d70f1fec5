"""Which latent is worst: the part of the gap that each entry of z carries, given all the others."""

from dataclasses import dataclass
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from elbowroom.errors import InputError
from elbowroom.evidence.target import LatentVariableModel, moments
from elbowroom.interop.numpyro_model import NumpyroModel

GRID_HALF_WIDTH = 5.0  # in v of t = m + s sinh(v): 74 standard deviations of q to either side
GRID_POINTS = 257


@dataclass(frozen=True)
class LatentGap:
    """The conditional gap of one latent: a mean over data in nats with its standard error; asymptotic, no bound."""

    name: str
    gap: float
    stderr: float

    def __str__(self) -> str:
        return f"{self.name}: {self.gap:.3f} nats (standard error {self.stderr:.3f})"


def rank_latents(
    model: LatentVariableModel,
    x: Float[np.ndarray, "datum observed"] | Float[Array, "datum observed"],
    *,
    key: PRNGKeyArray,
    draws: int = 200,
) -> tuple[LatentGap, ...]:
    r"""The conditional gap of every latent, largest first.

    $$D_j = E_{q(z \mid x)}\, \mathrm{KL}\big(q(z_j \mid z_{-j}, x) \,\|\, p(z_j \mid z_{-j}, x)\big), \qquad
      \mathrm{KL}(q \,\|\, p) = \mathrm{KL}(q(z_{-j} \mid x) \,\|\, p(z_{-j} \mid x)) + D_j$$

    $D_j$ is what the gap would lose if $z_j$ alone were drawn from its exact conditional; so $0 \le D_j \le$ gap, and
    no order of the latents enters. The $D_j$ do not add up to the gap: a dependence that q leaves out is counted in
    each of the latents it ties together, and is missing from none.

    **How.** Outer draws from q; for each of them and each j both conditionals are normalised on one grid along $z_j$,
    $t = m_j + s_j \sinh v$ with 257 equidistant v in [-5, 5]. No posterior draw and no importance weight is needed.

    **Arguments.** `x` is `(datum, observed)`; the result is a mean over these data. `draws` outer draws per datum; the
    density of the joint is evaluated `draws * latent * 257` times per datum, without gradients. Names are those of the
    sites of a NumPyro model, in its unconstrained space, else `z[j]`.

    **Validity.** `asymptotic`: the standard error is of the draws alone. A conditional with mass outside the grid, or
    much narrower than a twentieth of q's standard deviation, is seen wrongly. It says where the gap is, not how large
    it is.

    **Raises.** `InputError` if `draws < 2`, or if a density is NaN.
    """
    if draws < 2:
        raise InputError(f"The ranking of the latents was asked for {draws} draws; a standard error needs at least 2.")
    keys = jax.vmap(partial(jr.fold_in, key))(jnp.arange(x.shape[0]))
    values = np.asarray(_conditional_gaps(model, jnp.asarray(x), keys, draws), np.float64)
    if np.isnan(values).any():
        raise InputError(
            f"The conditional gap is NaN for {int(np.isnan(values).any(axis=(1, 2)).sum())} of {len(values)} data: "
            "log_joint or the encoder's log_prob is NaN for some z. Look at log p(x, z) far from the encoder's mean."
        )
    gaps = values.mean(axis=(0, 1))
    stderrs = np.sqrt((values.var(axis=1, ddof=1) / draws).sum(axis=0)) / len(values)
    names = model.sites.labels() if isinstance(model, NumpyroModel) else [f"z[{j}]" for j in range(gaps.size)]
    order = np.argsort(-gaps, kind="stable")
    return tuple(LatentGap(names[j], float(gaps[j]), float(stderrs[j])) for j in order)


@eqx.filter_jit
def _conditional_gaps(model, x: Array, keys: PRNGKeyArray, draws: int) -> Float[Array, "datum draws latent"]:
    def one_datum(inputs):
        x, key = inputs
        q = model.encoder(x)
        key_moments, key_draws = jr.split(key)
        mean, scale = moments(q, key_moments)
        v = jnp.linspace(-GRID_HALF_WIDTH, GRID_HALF_WIDTH, GRID_POINTS, dtype=mean.dtype)
        log_width = jnp.log(jnp.cosh(v))

        def along(z, j):
            points = jax.vmap(lambda t: z.at[j].set(t))(mean[j] + scale[j] * jnp.sinh(v))
            return _kl_on_grid(
                jax.vmap(q.log_prob)(points) + log_width, jax.vmap(partial(model.log_joint, x))(points) + log_width
            )

        def one_draw(key):
            return jax.vmap(partial(along, q.sample(key)))(jnp.arange(mean.size))

        return jax.lax.map(one_draw, jr.split(key_draws, draws))

    return jax.lax.map(one_datum, (x, keys))


def _kl_on_grid(log_q: Float[Array, " grid"], log_p: Float[Array, " grid"]) -> Float[Array, ""]:
    """KL between two laws on the points of a grid, each given up to its normaliser: never negative."""
    log_q, log_p = jax.nn.log_softmax(log_q), jax.nn.log_softmax(log_p)
    mass = jnp.exp(log_q)
    return jnp.sum(jnp.where(mass > 0, mass * (log_q - log_p), 0.0))
