"""A NumPyro guide as the distribution q(z | x) over the flat vector of unconstrained sites."""

from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpyro.distributions as dist
from jaxtyping import Array, PRNGKeyArray
from numpyro.handlers import seed, substitute, trace
from numpyro.infer.util import constrain_fn, get_transforms, log_density, unconstrain_fn

from elbowroom.interop.sites import Program, Sites, Values
from elbowroom.models.distributions import Gaussian


class GuideLaw(dist.Distribution):
    r"""The law of a guide's sites, moved to the real numbers by the bijections T of the model's supports.

    $$\log q(z) = \log q(v) + \log |\det \partial v / \partial z|, \qquad v = T(z)$$

    Draws and densities run the guide itself, so its sites may depend on one another and on x. There are no closed
    moments.
    """

    pytree_data_fields = ("parameters", "x")
    pytree_aux_fields = ("model", "guide", "sites")

    def __init__(self, model: Program, guide: Program, parameters: Values, x: Array, sites: Sites):
        self.model, self.guide, self.parameters, self.x, self.sites = model, guide, parameters, x, sites
        super().__init__((), (sites.size,))

    def sample(self, key: PRNGKeyArray | None, sample_shape: tuple[int, ...] = ()) -> Array:
        if key is None:
            raise TypeError("A draw needs a key.")
        if sample_shape:
            keys = jr.split(key, sample_shape[0])
            return jax.vmap(lambda one: self.sample(one, sample_shape[1:]))(keys)
        drawn = trace(seed(substitute(self.guide, data=self.parameters), key)).get_trace(self.x)
        values = {name: drawn[name]["value"] for name in self.sites.names}
        model = substitute(self.model, data=self.parameters)
        return self.sites.flat(unconstrain_fn(model, (self.x,), {}, values))

    def log_prob(self, value: Any, intermediates: Any = None) -> Array:
        model, parts = substitute(self.model, data=self.parameters), self.sites.parts(value)
        values = constrain_fn(model, (self.x,), {}, parts)
        transforms = get_transforms(model, (self.x,), {}, values)
        stretched = [transforms[name].log_abs_det_jacobian(parts[name], values[name]) for name in self.sites.names]
        at_values, _ = log_density(substitute(self.guide, data=self.parameters), (self.x,), {}, values)
        return jnp.asarray(at_values) + sum(jnp.sum(term) for term in stretched)


def normal_sites(drawn: Any, sites: Sites) -> dist.Distribution:
    """The product of the normals under the sites of a guide's trace."""
    means, scales = {}, {}
    for name, shape in sites.shapes:
        law = normal_under(drawn[name]["fn"])
        means[name], scales[name] = jnp.broadcast_to(law.loc, shape), jnp.broadcast_to(law.scale, shape)
    return Gaussian(sites.flat(means), sites.flat(scales)).to_event(1)


def normal_under(law: Any) -> Any:
    """The normal that a site's law is made of by products, expansion and bijections; None where there is another."""
    while isinstance(law, (dist.Independent, dist.ExpandedDistribution, dist.TransformedDistribution)):
        law = law.base_dist
    return law if isinstance(law, dist.Normal) else None


def bijections_of(law: Any) -> list[Any]:
    """The transforms between that normal and the site, in order."""
    found = []
    while hasattr(law, "base_dist"):
        if isinstance(law, dist.TransformedDistribution):
            found = [step for transform in law.transforms for step in steps_of(transform)] + found
        law = law.base_dist
    return found


def steps_of(transform: Any) -> list[Any]:
    """A transform as the list of its elementary steps: none for the identity."""
    match transform:
        case dist.transforms.ComposeTransform():
            return [step for part in transform.parts for step in steps_of(part)]
        case dist.transforms.IndependentTransform():
            return steps_of(transform.base_transform)
        case dist.transforms.IdentityTransform():
            return []
    return [transform]
