"""A NumPyro model and guide as a model that `certify` takes."""

from dataclasses import replace
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float
from numpyro.distributions import Distribution, biject_to
from numpyro.handlers import seed, substitute, trace
from numpyro.infer.util import potential_energy

from elbowroom.errors import InputError
from elbowroom.evidence.dataflow import depends_on_argument
from elbowroom.interop.functions import Simulator
from elbowroom.interop.guide_family import GuideFamily, guide_family
from elbowroom.interop.guides import GuideLaw, normal_sites
from elbowroom.interop.refusals import Inspector
from elbowroom.interop.simulation import can_simulate, simulate
from elbowroom.interop.sites import Program, Sites, Values


class NumpyroModel(eqx.Module):
    r"""$\log p(x, z)$ of a NumPyro model and $q(z \mid x)$ of its guide, z the latent sites as one real vector.

    A site v with a bounded support is $v = T(z)$ with NumPyro's bijection T, and $\log |\det \partial v / \partial z|$
    is part of both densities: the evidence and the gap are those of the model as written. `sites.labels()` names the
    entries of z.
    """

    model: Program = eqx.field(static=True)
    guide: Program = eqx.field(static=True)
    parameters: Values
    sites: Sites = eqx.field(static=True)
    family: GuideFamily = eqx.field(static=True)
    simulates: jax.ShapeDtypeStruct | None = eqx.field(static=True)
    """Shape and type of x where the model can simulate and the guide reads its argument, else None."""

    def log_joint(self, x: Float[Array, " observed"], z: Float[Array, " latent"]) -> Float[Array, ""]:
        """log p(x, z) of one datum, in nats, every constant kept."""
        model = substitute(self.model, data=self.parameters)
        return -jnp.asarray(potential_energy(model, (x,), {}, self.sites.parts(z)))

    def encoder(self, x: Float[Array, " observed"]) -> Distribution:
        """The law of z that the guide has for one datum: one event of shape `(latent,)`."""
        if self.family.kind == "any":
            return GuideLaw(self.model, self.guide, self.parameters, x, self.sites)
        drawn = trace(seed(substitute(self.guide, data=self.parameters), jr.key(0))).get_trace(x)
        if self.family.kind == "joint latent":
            law = drawn[self.family.joint]["fn"]
            return law.to_event(len(law.batch_shape)) if law.batch_shape else law
        return normal_sites(drawn, self.sites)

    @property
    def simulate(self) -> Simulator | None:
        """`key -> (z, x)`, one draw from the joint, or None where x is more to the model than its observed sites, or
        where the guide does not depend on x: its q was fitted to one data set, and is no posterior of another."""
        if self.simulates is None:
            return None
        like = jnp.zeros(self.simulates.shape, self.simulates.dtype)
        return partial(simulate, self.model, self.parameters, self.sites, like)


def from_numpyro(
    model: Program,
    guide: Program,
    parameters: Values,
    x: Float[np.ndarray, "datum observed"] | Float[Array, "datum observed"],
) -> NumpyroModel:
    r"""A model for `certify` out of a NumPyro model and guide, both called with one datum.

    **Arguments.** `model(x)` and `guide(x)` are NumPyro programs of ONE datum, a vector `(observed,)`; what else they
    take is fixed beforehand, as in `lambda y: model(sigma, y)`. A guide that does not look at its argument, such as an
    autoguide, has learned one data set: then the datum is that data set as one vector, and x has one row. `parameters`
    are those of both, as `SVI.run(...).params` has them. `x` are the data to certify: they are checked against the
    supports of the observed sites, and the programs are traced on the first.

    **Guides.** Independent normal sites after the bijections of the supports (AutoNormal, hand-written Normal and
    LogNormal sites), and autoguides that draw one vector (AutoDiagonalNormal, AutoMultivariateNormal,
    AutoLowRankMultivariateNormal, ...) have closed moments; any other guide is run as it is.

    **Validity.** Every site of the model is taken at its normalised density. A density with a bound that was not
    renormalised, as `cauchy(0, 5)` over positive numbers in Stan, differs from the proper one in NumPyro (`HalfCauchy`)
    by log 2 in the evidence.

    **Raises.** `Refused`, naming the site, for discrete latent sites, plates that subsample, scaled or masked
    densities, `numpyro.factor`, improper priors, point estimates and guides with auxiliary variables; `InputError`
    where the latent sites of model and guide differ, nothing is observed, or data lie outside the support of their
    site.

    >>> import jax.numpy as jnp, numpyro, numpyro.distributions as dist
    >>> import elbowroom as er
    >>> def model(x):
    ...     scale = numpyro.sample("scale", dist.HalfNormal(1.0))
    ...     numpyro.sample("x", dist.Normal(0.0, scale).expand([3]).to_event(1), obs=x)
    >>> def guide(x):
    ...     numpyro.sample("scale", dist.LogNormal(numpyro.param("m", 0.0), numpyro.param("s", 1.0)))
    >>> fitted = er.from_numpyro(model, guide, {"m": 0.2, "s": 0.3}, jnp.array([[0.5, -1.5, 1.0]]))
    >>> fitted.sites.labels()
    ('scale',)
    """
    if np.ndim(x) != 2 or np.shape(x)[0] == 0:
        raise InputError(
            f"The data have the shape {np.shape(x)}; they must be (datum, observed) with at least one datum. One data "
            "set as one datum is x[None, :]."
        )
    data = jnp.asarray(x)
    inspected = Inspector(seed(substitute(model, data=parameters), jr.key(0)), "model")
    model_trace = trace(inspected).get_trace(data[0])
    sites = _latent_sites(model_trace)
    _check_observed(model, parameters, data, model_trace)
    family, sites = guide_family(model, guide, parameters, data[0], model_trace, sites)
    made = NumpyroModel(model, guide, jax.tree.map(jnp.asarray, parameters), sites, family, None)
    amortised = depends_on_argument(lambda row: made.encoder(row).sample(jr.key(0)), data[0])
    if amortised and can_simulate(model, parameters, sites, data):
        return replace(made, simulates=jax.ShapeDtypeStruct(data.shape[1:], data.dtype))
    return made


def _latent_sites(model_trace: Any) -> Sites:
    shapes = []
    for name, site in model_trace.items():
        if site["type"] == "sample" and not site["is_observed"]:
            bijection = biject_to(site["fn"].support)
            shapes.append((name, tuple(bijection.inverse_shape(np.shape(site["value"])))))
    if not shapes:
        raise InputError("The model has no latent site: there is no posterior, and nothing to certify.")
    return Sites(tuple(shapes))


def _check_observed(model: Program, parameters: Values, x: Array, model_trace: Any) -> None:
    """Refuse a model that observes nothing, and data that a site cannot have produced."""
    observed = [n for n, site in model_trace.items() if site["type"] == "sample" and site["is_observed"]]
    if not observed:
        raise InputError(
            "The model observes nothing when it is called with one datum: every site is latent, so its density is no "
            "log p(x, z). Pass the datum to `obs=`, and fix the other arguments first, as in `lambda y: model(sigma, "
            "y)`."
        )

    def supported(row: Array) -> list[Array]:
        made = trace(seed(substitute(model, data=parameters), jr.key(0))).get_trace(row)
        return [jnp.all(jnp.asarray(made[name]["fn"].support(made[name]["value"]))) for name in observed]

    for name, inside in zip(observed, jax.vmap(supported)(x), strict=True):
        wrong = np.flatnonzero(~np.asarray(inside))
        if wrong.size:
            support = model_trace[name]["fn"].support
            raise InputError(
                f"The site '{name}' takes values in {support}, and {wrong.size} of the {len(x)} data have others "
                f"(first: row {wrong[0]}): the model cannot have produced them, and their density is zero. Prepare "
                "the data as the likelihood wants them, or use a likelihood for such data."
            )
