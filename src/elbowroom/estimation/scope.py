"""Where an expression is read: what its variables are at this point, and what has been computed or drawn already."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, PRNGKeyArray
from numpyro.distributions import Distribution

from elbowroom.errors import InputError, Refused
from elbowroom.estimation.bindings import Bindings, Conditional
from elbowroom.estimation.chain import factorise
from elbowroom.estimation.gradient import AbstractGradient, Draws, Values
from elbowroom.estimation.measures import Measure, factors_of, levels
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import DensityValue

Part = tuple[str, Conditional]


@dataclasses.dataclass(frozen=True, eq=False)
class Scope:
    """One level of an expression: everything at it sees the same values and shares the same draws.

    `keys` has one key per measure of the level. `memory` holds the distributions made and the draws taken at this
    level, so that a network is applied once however often its density occurs. `drawn` names the variables that hold
    draws, `detached` the densities whose parameters are held fixed when they are evaluated.
    """

    bindings: Bindings
    values: Values
    keys: Mapping[Measure, PRNGKeyArray]
    nested: Mapping[Measure, bool]
    samples: int
    gradient: AbstractGradient
    drawn: frozenset[str] = frozenset()
    detached: frozenset[tuple[str, str]] = frozenset()
    memory: dict[Any, Any] = dataclasses.field(default_factory=dict)

    def value(self, name: str) -> Array:
        """The value of a variable: what was observed, or the draw at hand."""
        if name not in self.values:
            known = ", ".join(sorted(self.values)) or "none"
            raise InputError(
                f"The variable {name} has no value here: it is neither observed nor integrated over (with a value: "
                f"{known}). Give it among `observed`, or take an expectation over it."
            )
        return self.values[name]

    def distribution(self, letter: str, part: Conditional) -> Distribution:
        """The distribution bound to a density, at the values of this scope; made once."""
        given = tuple(self.value(name) for name in part.given)
        place = ("distribution", letter, part.of, *map(id, given))
        if place not in self.memory:
            self.memory[place] = (part.distribution(*given), given)
        distribution = self.memory[place][0]
        if (letter, part.of) in self.detached:
            return jax.tree.map(jax.lax.stop_gradient, distribution)
        return distribution

    def log_density(self, density: DensityValue) -> Array:
        """The log of a density at the values of this scope, by the chain rule over what is bound."""
        terms = [
            self.distribution(density.letter, part).log_prob(self.value(part.of))
            for part in factorise(density, self.bindings)
        ]
        return jnp.asarray(sum(terms[1:], start=terms[0]))

    def draws(self, measure: Expression) -> Draws:
        """The draws from a measure that all expectations under it at this level share."""
        densities = frozenset(factors_of(measure))
        place = ("draws", densities)
        if place not in self.memory:
            self.memory[place] = _draw(self, measure, self._key_pair(densities)[0])
        return self.memory[place]

    def inner_keys(self, measure: Expression, integrand: Expression) -> PRNGKeyArray | None:
        """One key per draw for the expectations inside the integrand, if there are any."""
        if not levels(integrand):
            return None
        return jr.split(self._key_pair(frozenset(factors_of(measure)))[1], self.samples)

    def _key_pair(self, densities: Measure) -> tuple[PRNGKeyArray, PRNGKeyArray]:
        key = self.keys[densities]
        if not self.nested[densities]:
            return key, key
        key_draws, key_inside = jr.split(key)
        return key_draws, key_inside

    def inside(self, measure: Expression, integrand: Expression, values: Values, key: PRNGKeyArray | None) -> "Scope":
        """The scope of an integrand, at one draw."""
        keys, nested = keys_for(integrand, key)
        detached = self.detached
        if self.gradient.detaches:
            detached |= {(d.letter, variable.name) for d in factors_of(measure) for variable in d.of}
        made = {place: kept for place, kept in self.memory.items() if place[0] == "distribution"}
        return dataclasses.replace(
            self,
            values={**self.values, **values},
            keys=keys,
            nested=nested,
            drawn=self.drawn | set(values),
            detached=detached,
            memory=made,
        )


def keys_for(
    expression: Expression, key: PRNGKeyArray | None
) -> tuple[dict[Measure, PRNGKeyArray], dict[Measure, bool]]:
    """A key of its own for each measure at the outermost level of an expression."""
    nested = levels(expression)
    if key is None or not nested:
        return {}, nested
    keys = [key] if len(nested) == 1 else list(jr.split(key, len(nested)))
    return dict(zip(nested, keys, strict=True)), nested


def _draw(scope: Scope, measure: Expression, key: PRNGKeyArray) -> Draws:
    parts: list[Part] = [(d.letter, part) for d in factors_of(measure) for part in factorise(d, scope.bindings)]
    parts = _in_order(parts)
    if scope.gradient.detaches:
        _check_unconditioned(scope, parts)
    keys = [key] if len(parts) == 1 else list(jr.split(key, len(parts)))
    drawn: dict[str, Array] = {}
    for (letter, part), one_key in zip(parts, keys, strict=True):
        drawn[part.of] = _draw_part(scope, letter, part, one_key, drawn)
    return Draws(drawn, lambda: _log_density(scope, parts, drawn))


def _check_unconditioned(scope: Scope, parts: list[Part]) -> None:
    drawn = scope.drawn | {part.of for _, part in parts}
    for letter, part in parts:
        if found := drawn & set(part.given):
            raise Refused(
                f"{type(scope.gradient).__name__} cannot hold the parameters of {letter}({part.of} | "
                f"{', '.join(part.given)}) fixed without cutting the path through {', '.join(sorted(found))}, which is "
                "drawn too. Use Pathwise()."
            )


def _in_order(parts: list[Part]) -> list[Part]:
    names = {part.of for _, part in parts}
    ordered: list[Part] = []
    while len(ordered) < len(parts):
        known = {part.of for _, part in ordered}
        ready = [pair for pair in parts if pair not in ordered and not (set(pair[1].given) & names) - known]
        if not ready:
            raise InputError(
                f"The variables {', '.join(sorted(names - known))} of a product of densities are conditioned on each "
                "other in a circle, so it cannot be drawn from. Condition one of them on none of the others."
            )
        ordered += ready
    return ordered


def _draw_part(scope: Scope, letter: str, part: Conditional, key: PRNGKeyArray, drawn: Mapping[str, Array]) -> Array:
    name = f"{letter}({part.of})"
    drawn_given = {given: drawn[given] for given in part.given if given in drawn}

    def one(key: PRNGKeyArray, given: Values) -> Array:
        distribution = _made(scope, part, given) if given else scope.distribution(letter, part)
        return scope.gradient.draw(distribution, key, name)

    if scope.samples == 1:  # no batching of one: the compiler then sees what would be written by hand
        return one(key, {given: values[0] for given, values in drawn_given.items()})[None]
    if not drawn_given:
        scope.distribution(letter, part)  # made here, outside of the batching over draws
    return jax.vmap(one)(jr.split(key, scope.samples), drawn_given)


def _log_density(scope: Scope, parts: list[Part], drawn: Values) -> Array:
    def one(values: Values) -> Array:
        terms = []
        for letter, part in parts:
            inside = set(part.given) & set(values)
            distribution = _made(scope, part, values) if inside else scope.distribution(letter, part)
            terms.append(distribution.log_prob(values[part.of]))
        return sum(terms[1:], start=terms[0])

    return jax.vmap(one)(drawn)


def _made(scope: Scope, part: Conditional, given: Values) -> Distribution:
    return part.distribution(*(given[name] if name in given else scope.value(name) for name in part.given))
