"""The optimum that an objective leads to, derived from it: what a trained encoder is to be measured against."""

import dataclasses
from typing import cast

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float
from numpyro.distributions import Distribution

from elbowroom.derivation.derive import derive
from elbowroom.errors import InputError, Refused
from elbowroom.estimation import symbols
from elbowroom.estimation.estimate import estimate
from elbowroom.estimation.objective import Objective
from elbowroom.functional.expression import Expression, Log, Parameter
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Maximise
from elbowroom.functional.substitute import substitute
from elbowroom.functional.traverse import walk
from elbowroom.models.vae import VAE


class DerivedTarget(eqx.Module):
    r"""A model whose "posterior" is the optimum $q^\star \propto g(z)$ of an objective: its joint is $\log g$.

    Its evidence is $\log \int g \, dz$, which is no log-likelihood; its gap is $\mathrm{KL}(q \,\|\, q^\star)$. It
    cannot simulate: no data come from g.
    """

    model: VAE
    log_density: Expression = eqx.field(static=True)

    def log_joint(self, x: Float[Array, " observed"], z: Float[Array, " latent"]) -> Float[Array, ""]:
        """log g(z) for one datum, in nats."""
        bindings = self.model.bindings()
        return jnp.asarray(estimate(self.log_density, bindings, {symbols.x: x, symbols.z: z}, key=jr.key(0)))

    def encoder(self, x: Float[Array, " observed"]) -> Distribution:
        """q(z | x), as the model has it."""
        return self.model.encoder(x)


@dataclasses.dataclass(frozen=True)
class DerivedOptimum:
    """What was derived: `text` says the optimum, and `target` is there where it is not the posterior.

    Where no optimum was derived, `text` is None and `reason` says why.
    """

    text: str | None
    target: DerivedTarget | None
    reason: str | None = None

    @property
    def is_posterior(self) -> bool:
        """Whether the optimum is p(z | x)."""
        return self.text is not None and self.target is None


def derived_optimum(model: VAE, objective: Objective) -> DerivedOptimum:
    r"""Derive the q(z | x) that maximises an objective, by the calculus of variations, for the model it is of.

    For $E_q[\log p(x|z)] - \beta\, \mathrm{KL}(q \,\|\, p(z))$ it is $p(z)\, p(x|z)^{1/\beta}$, normalised; for the
    ELBO, the posterior.

    **Validity.** Only a maximum that is proved to be the only one is taken; anything else is left, with its reason.
    """
    try:
        bound = substitute(objective.bound, _numbers(objective))
        derivation = derive(Maximise(bound, over=cast(DensityValue, symbols.q(symbols.z | symbols.x))))
    except (InputError, Refused) as error:
        return DerivedOptimum(None, None, str(error).split("\n")[0])
    if derivation.status != "solved" or derivation.minimum != "global" or derivation.unnormalised is None:
        return DerivedOptimum(None, None, derivation.reason or "its optimum is not known to be the only one")
    if derivation.optimum == symbols.p(symbols.z | symbols.x):
        return DerivedOptimum("p(z|x)", None)
    return DerivedOptimum(
        to_text(derivation.unnormalised), DerivedTarget(model, cast(Expression, Log(derivation.unnormalised)))
    )


def _numbers(objective: Objective) -> dict[Expression, float]:
    names = {node.name for node in walk(objective.bound) if isinstance(node, Parameter)}
    found: dict[Expression, float] = {}
    for name in names:
        value = objective.parameters.get(name)
        if value is None or callable(value):
            raise InputError(
                f"The parameter {name} of the objective has no fixed value, so that it has no one optimum."
            )
        found[Parameter(name)] = float(value)
    return found
