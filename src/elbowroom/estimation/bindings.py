"""What the symbols of an expression stand for: densities, parameters and functions, bound to what computes them."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from jaxtyping import ArrayLike
from numpyro.distributions import Distribution

from elbowroom.errors import InputError
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import DensityValue, Variable


@dataclasses.dataclass(frozen=True)
class Conditional:
    """A bound density of one variable: `distribution(*values of given)` is a NumPyro distribution over `of`."""

    of: str
    given: tuple[str, ...]
    distribution: Callable[..., Distribution]


@dataclasses.dataclass(frozen=True)
class Bindings:
    r"""Densities bound to distributions, parameters to numbers, functions to callables.

    **Arguments.** `densities` binds a density of one variable to what makes its NumPyro distribution out of the
    values it is conditioned on, in the order written: `{p(z): prior, p(x | z): decoder, q(z | x): encoder}`, with
    `prior()`, `decoder(z)` and `encoder(x)`. One datum at a time; batching is the caller's `vmap`. The bound
    densities of one letter are the parts of one joint law, $p(x, z) = p(z)\,p(x \mid z)$: there is no other
    dependence. `parameters` binds names of `Parameter` to numbers, `functions` binds names of `Function` to
    callables.

    Variables are matched by name.

    **Raises.** `InputError` if a density of several variables is bound: bind its factors, one variable each.
    """

    densities: Mapping[Any, Callable[..., Distribution]]
    parameters: Mapping[str, ArrayLike] = dataclasses.field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = dataclasses.field(default_factory=dict)
    parts: Mapping[str, tuple[Conditional, ...]] = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts: dict[str, tuple[Conditional, ...]] = {}
        for density, distribution in self.densities.items():
            if not isinstance(density, DensityValue) or len(density.of) != 1:
                raise InputError(
                    f"{name_of(density)} cannot be bound to a distribution: only a density of one variable can. Bind "
                    "its factors instead, for example p(z) and p(x | z) in place of p(x, z)."
                )
            part = Conditional(density.of[0].name, tuple(given.name for given in density.given), distribution)
            known = parts.get(density.letter, ())
            if any(other.of == part.of for other in known):
                raise InputError(
                    f"Two densities of the variable {part.of} are bound for the letter {density.letter}; one joint law "
                    "has one factor per variable. Give the second law another letter."
                )
            parts[density.letter] = (*known, part)
        object.__setattr__(self, "parts", parts)

    def with_parameters(self, parameters: Mapping[str, ArrayLike]) -> "Bindings":
        """These bindings with more parameters bound, or bound anew."""
        return dataclasses.replace(self, parameters={**self.parameters, **parameters})


def name_of(node: Any) -> str:
    """A density, a variable or any other node as a reader knows it, for messages."""
    if isinstance(node, Variable):
        return node.name
    if isinstance(node, DensityValue):
        bar = " | " if node.given else ""
        return f"{node.letter}({_names(node.of)}{bar}{_names(node.given)})"
    return str(node) if isinstance(node, Expression) else repr(node)


def _names(variables: tuple[Variable, ...]) -> str:
    return ", ".join(variable.name for variable in variables)
