"""The chain rule over bound densities: p(x, z) is p(z) p(x | z) where these two are bound."""

from elbowroom.errors import InputError
from elbowroom.estimation.bindings import Bindings, Conditional, name_of
from elbowroom.functional.law import DensityValue


def factorise(density: DensityValue, bindings: Bindings) -> tuple[Conditional, ...]:
    r"""The bound conditionals whose product is `density`, in an order in which they can be drawn from.

    A density of some variables given others is the product of their bound factors if every parent of a factor
    is among these variables, and no variable given descends from them:
    $p(v \mid g) = \prod_i p(v_i \mid \mathrm{pa}(v_i))$.

    **Raises.** `InputError` if no bound densities give it that way, which is so for p(x) and p(z | x) when p(z) and
    p(x | z) are bound: they hold an integral over the latent variable.
    """
    parts = {part.of: part for part in bindings.parts.get(density.letter, ())}
    of = [variable.name for variable in density.of]
    given = {variable.name for variable in density.given}
    missing = [name for name in of if name not in parts]
    if missing:
        raise InputError(_unbound(density, bindings))
    chosen = {name: parts[name] for name in of}
    strangers = {parent for part in chosen.values() for parent in part.given} - given - set(of)
    if strangers or given & _descendants(set(of), parts):
        raise InputError(_needs_integral(density, bindings))
    return _drawing_order(density, chosen, given)


def _descendants(ancestors: set[str], parts: dict[str, Conditional]) -> set[str]:
    found: set[str] = set()
    frontier = set(ancestors)
    while frontier:
        frontier = {part.of for part in parts.values() if set(part.given) & frontier} - found
        found |= frontier
    return found


def _drawing_order(density: DensityValue, chosen: dict[str, Conditional], given: set[str]) -> tuple[Conditional, ...]:
    ordered: list[Conditional] = []
    known, waiting = set(given), list(chosen.values())
    while waiting:
        ready = [part for part in waiting if set(part.given) <= known]
        if not ready:
            raise InputError(
                f"The densities bound for {name_of(density)} are conditioned on each other in a circle, so they are no "
                "joint law. Bind one of these variables without conditioning on the others."
            )
        ordered += ready
        known |= {part.of for part in ready}
        waiting = [part for part in waiting if part not in ready]
    return tuple(ordered)


def _bound(letter: str, bindings: Bindings) -> str:
    parts = bindings.parts.get(letter, ())
    names = [f"{letter}({part.of}{' | ' if part.given else ''}{', '.join(part.given)})" for part in parts]
    return ", ".join(names) if names else f"no density of {letter}"


def _unbound(density: DensityValue, bindings: Bindings) -> str:
    return (
        f"{name_of(density)} has no value: it is not bound, nor are densities whose product it is. Bound: "
        f"{_bound(density.letter, bindings)}. Bind it to a callable that returns its NumPyro distribution."
    )


def _needs_integral(density: DensityValue, bindings: Bindings) -> str:
    return (
        f"{name_of(density)} cannot be estimated: what is bound, {_bound(density.letter, bindings)}, determines it "
        "only through an integral over an unobserved variable, which has no closed form. Write the functional with the "
        "joint density instead: p(x, z) in place of p(z | x) shifts it by log p(x), which no q can change, and turns "
        "KL(q(z|x) || p(z|x)) into minus the ELBO; the distance to p(z | x) itself is bounded by `elbowroom.certify`."
    )
