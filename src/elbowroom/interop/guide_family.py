"""What kind of law a guide is, found out once from its trace, and refused by name where it has no density."""

from functools import partial
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array
from numpyro.distributions import biject_to
from numpyro.handlers import seed, substitute, trace
from numpyro.infer.util import constrain_fn, unconstrain_fn

from elbowroom.errors import InputError, Refused
from elbowroom.evidence.dataflow import depends_on_argument
from elbowroom.interop.guides import bijections_of, normal_under, steps_of
from elbowroom.interop.refusals import Inspector
from elbowroom.interop.sites import Program, Sites, Values


class GuideFamily(NamedTuple):
    """How q is made of the guide's trace.

    `kind`: `normal sites`, independent normals after the bijections; `joint latent`, an autoguide whose site `joint`
    draws the flat vector of all sites; `any`, everything else.
    """

    kind: Literal["normal sites", "joint latent", "any"]
    joint: str = ""


def guide_family(
    model: Program, guide: Program, parameters: Values, x: Array, model_trace: Any, sites: Sites
) -> tuple[GuideFamily, Sites]:
    """Look at the guide on one datum; the sites come back in the order in which the guide holds them.

    **Raises.** `InputError` where the latent sites of the guide are not those of the model; `Refused` where q has no
    density that can be evaluated: point estimates, auxiliary variables.
    """
    inspected = Inspector(seed(substitute(guide, data=parameters), jr.key(0)), "guide")
    drawn = trace(inspected).get_trace(x)
    latent = {name: site for name, site in drawn.items() if site["type"] == "sample" and not site["is_observed"]}
    auxiliary = tuple(name for name in latent if name not in sites.names)
    _check_names(sites, drawn, auxiliary, latent)
    if len(auxiliary) == 1:
        ordered = _sites_of_vector(auxiliary[0], model, guide, parameters, x, sites, latent)
        if ordered is not None:
            return GuideFamily("joint latent", auxiliary[0]), ordered
    if auxiliary:
        raise Refused(
            f"The guide draws {_quoted(auxiliary)}, which the model does not have, and makes the model's sites from "
            "it: their density is an integral over these auxiliary variables, and is not known. Give a guide whose "
            f"sites are {_quoted(sites.names)}, or an autoguide that draws all of them as one vector "
            "(AutoDiagonalNormal, AutoMultivariateNormal, AutoLowRankMultivariateNormal)."
        )
    points = [name for name in sites.names if isinstance(latent[name]["fn"], dist.Delta)]
    if points:
        raise Refused(
            f"The guide puts a point mass (Delta) on {_quoted(points)}: KL from a point to a posterior density is "
            "infinite, so there is no gap to certify. Use a guide with a density, such as AutoNormal."
        )
    normal = all(
        normal_under(latent[name]["fn"]) is not None
        and bijections_of(latent[name]["fn"]) == steps_of(biject_to(model_trace[name]["fn"].support))
        for name in sites.names
    )
    if normal and not depends_on_argument(partial(_normals, model, guide, parameters, x, sites), jnp.zeros(sites.size)):
        return GuideFamily("normal sites"), sites
    return GuideFamily("any"), sites


def _check_names(sites: Sites, drawn: Any, auxiliary: tuple[str, ...], latent: Any) -> None:
    missing = [name for name in sites.names if name not in latent]
    if missing:
        observed = [name for name in missing if name in drawn and drawn[name].get("is_observed")]
        how = f"{_quoted(observed)} is observed there" if observed else "it has no such latent site"
        others = f"; it has {_quoted(auxiliary)} instead" if auxiliary else ""
        raise InputError(
            f"The model has the latent site {_quoted(missing)}, and the guide does not draw it: {how}{others}. A guide "
            "draws every latent site of the model under the same name."
        )


def _normals(model, guide, parameters, x, sites: Sites, z: Array) -> list[Any]:
    """Parameters of the guide's sites where its sites have the values T(z): constant in z for independent sites."""
    values = constrain_fn(substitute(model, data=parameters), (x,), {}, sites.parts(z))
    drawn = trace(substitute(guide, data=parameters | values)).get_trace(x)
    laws = [normal_under(drawn[name]["fn"]) for name in sites.names]
    return [jnp.asarray(value) for law in laws for value in (law.loc, law.scale)]


def _sites_of_vector(name: str, model, guide, parameters, x, sites: Sites, latent: Any) -> Sites | None:
    """The sites in the order in which this one draw holds them as real numbers; None if it is no such vector.

    Tried on one vector of different numbers: each of them has to come back, and at its own place.
    """
    law = latent[name]["fn"]
    if law.shape() != (sites.size,) or not all(isinstance(latent[site]["fn"], dist.Delta) for site in sites.names):
        return None
    vector = jnp.linspace(-1.0, 1.0, sites.size)
    drawn = trace(substitute(guide, data=parameters | {name: vector})).get_trace(x)
    values = {site: drawn[site]["value"] for site in sites.names}
    back = unconstrain_fn(substitute(model, data=parameters), (x,), {}, values)
    ordered = Sites(tuple(sorted(sites.shapes, key=lambda site: float(jnp.ravel(back[site[0]])[0]))))
    return ordered if np.allclose(np.asarray(ordered.flat(back)), np.asarray(vector), atol=1e-4) else None


def _quoted(names: Any) -> str:
    return ", ".join(f"'{name}'" for name in names)
