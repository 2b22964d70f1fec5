"""Two plain functions, log p(x, z) and x -> q(z | x), as a model that `certify` takes."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.errors import InputError

LogJoint = Callable[[Float[Array, " observed"], Float[Array, " latent"]], Float[Array, ""]]
Encoder = Callable[[Float[Array, " observed"]], Distribution]
Simulator = Callable[[PRNGKeyArray], tuple[Float[Array, " latent"], Float[Array, " observed"]]]


class FunctionModel(eqx.Module):
    """A joint density, an encoder and perhaps a simulator, each a function of one datum; see `from_functions`."""

    joint: LogJoint
    posterior: Encoder
    simulator: Simulator | None = None

    def log_joint(self, x: Float[Array, " observed"], z: Float[Array, " latent"]) -> Float[Array, ""]:
        """log p(x, z) of one datum, in nats."""
        value = jnp.asarray(self.joint(x, z))
        if value.shape != ():
            raise InputError(
                f"log_joint(x, z) returned an array of shape {value.shape} for one x of shape {x.shape} and one z of "
                f"shape {z.shape}; log p(x, z) of one datum is one number. Sum over the features and the latent "
                "dimensions; batching is done by the certificate."
            )
        return value

    def encoder(self, x: Float[Array, " observed"]) -> Distribution:
        """The distribution of z given one datum: one event of shape `(latent,)`."""
        q = self.posterior(x)
        if not isinstance(q, Distribution):
            what = "an array" if isinstance(q, jax.Array) else type(q).__name__
            raise InputError(
                f"The encoder returned {what} and not a distribution. Return a NumPyro distribution of z, "
                "such as numpyro.distributions.Normal(mean, scale).to_event(1)."
            )
        if q.batch_shape != () or len(q.event_shape) != 1:
            raise InputError(
                f"The encoder returned a distribution of batch shape {q.batch_shape} and event shape {q.event_shape} "
                f"for one x of shape {x.shape}; q(z | x) of one datum is one event of shape (latent,), with batch "
                "shape (). A product over latent dimensions is made one event by `.to_event(1)`."
            )
        return q

    @property
    def simulate(self) -> Simulator | None:
        """`key -> (z, x)`, one draw from the joint, or None where there is no simulator."""
        return self.simulator


def from_functions(log_joint: LogJoint, encoder: Encoder, simulate: Simulator | None = None) -> FunctionModel:
    r"""A model for `certify` out of $\log p(x, z)$ and $x \mapsto q(z \mid x)$.

    **Arguments.** `log_joint(x, z)` is the log density of one datum `(observed,)` and one z `(latent,)` in nats,
    normalised over both together, every constant kept. `encoder(x)` is a NumPyro distribution, one event of shape
    `(latent,)`, with `sample`, `log_prob`, `mean` and `variance`. `simulate(key)` draws (z, x) from that same joint;
    with it data simulated from the model are certified too, and there the upper end of the gap is strict. Where a
    function holds arrays that are many or large, give it as a pytree (an `equinox.Module`, or
    `jax.tree_util.Partial(function, parameters)`), so that they are arguments of compiled code and not constants in it.

    **Validity.** Whether the joint is normalised is yours to know: an unnormalised density has an evidence of another
    meaning, and nothing here can tell. All functions have to be traceable by JAX; z is real, without bounds.

    **Raises.** `InputError` when the certificate calls a function that returns something of another shape or type.

    >>> import jax.numpy as jnp, jax.random as jr, numpyro.distributions as dist
    >>> import elbowroom as er
    >>> def log_joint(x, z):
    ...     return dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(z, 1.0).log_prob(x).sum()
    >>> def encoder(x):  # the posterior itself: N(x / 2, 1 / 2)
    ...     return dist.Normal(x / 2, 0.5**0.5).to_event(1)
    >>> model = er.from_functions(log_joint, encoder)  # for er.certify(model, x, key=jr.key(0))
    >>> [abs(round(latent.gap, 3)) for latent in er.rank_latents(model, jnp.array([[0.0], [2.0]]), key=jr.key(0))]
    [0.0]
    """
    for name, function in (("log_joint", log_joint), ("encoder", encoder), ("simulate", simulate)):
        if function is not None and not callable(function):
            raise InputError(f"`{name}` is {function!r}, which cannot be called; it has to be a function.")
    return FunctionModel(log_joint, encoder, simulate)
