"""What a NumPyro program may not contain: a site that makes its density another than log p(x, z) or log q(z | x)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpyro.distributions as dist
from jax.core import Tracer
from numpyro.primitives import Messenger

from elbowroom.errors import Refused

Site = dict[str, Any]


class Inspector(Messenger):
    """Looks at every site before it is sampled, and refuses by name what has no honest density.

    It goes around the program, outside every other handler, so that it sees sites as they have been scaled and masked.
    """

    def __init__(self, program: Callable[..., Any], role: str):
        super().__init__(program)
        self.role = role

    def process_message(self, msg: Any) -> None:
        if msg["type"] == "plate":
            self._check_plate(msg)
        elif msg["type"] == "sample":
            self._check_scale(msg)
            self._check_density(msg)
            if not msg["is_observed"]:
                self._check_latent(msg)

    def _check_plate(self, site: Site) -> None:
        size, subsample = site["args"]
        if subsample is not None and subsample != size:
            raise Refused(
                f"The plate '{site['name']}' of the {self.role} takes {subsample} of its {size} rows at random, so its "
                "density is a random estimate, and no interval could rest on it. Give the program without "
                "subsample_size: a certificate is about one datum, and a plate over data is left to its batching."
            )

    def _check_scale(self, site: Site) -> None:
        if site["scale"] is not None and not _is_one(site["scale"]):
            raise Refused(
                f"The log density of the site '{site['name']}' of the {self.role} is multiplied by {site['scale']} "
                "(numpyro.handlers.scale, or a plate that subsamples). A scaled density is not normalised, so there "
                "is no evidence to compare with. Take the scale away."
            )

    def _check_density(self, site: Site) -> None:
        name, parts = site["name"], layers(site["fn"])
        if any(isinstance(part, dist.Unit) for part in parts):
            raise Refused(
                f"The {self.role} adds an arbitrary term to its log density at numpyro.factor('{name}'), and nothing "
                "says that it still integrates to one: then log p(x) is not the evidence, and the gap is off by the "
                "same unknown constant. Write the term as a distribution: numpyro.sample with obs for a likelihood, "
                "or a distribution with its normaliser."
            )
        if any(isinstance(part, dist.MaskedDistribution) for part in parts):
            raise Refused(
                f"The site '{name}' of the {self.role} is masked, which replaces entries of its density by 1. Over a "
                "latent that is an improper prior, and over data it is a density of the others only if the mask does "
                "not depend on z. Leave out the masked entries themselves, as in numpyro.sample(name, fn[seen], "
                "obs=x[seen])."
            )
        if any(isinstance(part, dist.ImproperUniform) for part in parts):
            raise Refused(
                f"The prior of '{name}' is improper (ImproperUniform): it has no integral, so p(x) and the gap have no "
                "value, whatever a computation would print. Give it a proper prior; posterior moments can be compared "
                "without one, an evidence cannot."
            )

    def _check_latent(self, site: Site) -> None:
        if site["fn"].support is not None and site["fn"].support.is_discrete:
            raise Refused(
                f"The latent site '{site['name']}' of the {self.role} is discrete "
                f"({type(layers(site['fn'])[-1]).__name__}); the certificate moves z by gradients, and a discrete z "
                "has none. Sum it out in the model, for example with numpyro.distributions.MixtureSameFamily, and "
                "certify the continuous rest."
            )


def layers(distribution: Any) -> list[Any]:
    """The distribution and what it wraps: independent, expanded, masked and transformed ones down to the base."""
    found = [distribution]
    while (inner := getattr(found[-1], "base_dist", None)) is not None:
        found.append(inner)
    return found


def _is_one(scale: Any) -> bool:
    return not isinstance(scale, Tracer) and bool(np.all(np.asarray(scale) == 1.0))
