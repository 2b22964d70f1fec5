"""Random identities: true ones by construction, and false ones that a small slip makes of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from elbowroom.functional.builders import mutual_information
from elbowroom.functional.expression import Constant, Equation, Expression, Parameter, as_expression, exp, log
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral
from elbowroom.functional.law import DensityValue, Law, Variable, variables
from elbowroom.functional.traverse import children, free_variables, rebuild, walk

x, z, u = variables("x z u")
p, q = Law("p"), Law("q")
beta = Parameter("beta")
_MEASURES = (q(z | x), p(z | x), q(z), p(z))
_LOGS = (p(x, z), p(x | z), p(z | x), q(z | x), p(z), q(z), p(x), q(x, z), q(x))

Term = Callable[[random.Random], tuple[Expression, Expression]]
"""Two ways to write one quantity."""


def _expected(generator: random.Random, one: Expression, other: Expression) -> tuple[Expression, Expression]:
    measure = generator.choice(_MEASURES)
    return Expectation(measure, one), Expectation(measure, other)


def _split_joint(generator: random.Random) -> tuple[Expression, Expression]:
    law = generator.choice((p, q))
    parts = generator.choice(((law(x | z), law(z)), (law(z | x), law(x))))
    return _expected(generator, log(law(x, z)), log(parts[0]) + log(parts[1]))


def _split_ratio(generator: random.Random) -> tuple[Expression, Expression]:
    one, other = generator.sample(_LOGS, 2)
    return _expected(generator, log(one / other), log(one) - log(other))


def _bayes(generator: random.Random) -> tuple[Expression, Expression]:
    law = generator.choice((p, q))
    return _expected(generator, log(law(z | x)), log(law(x | z) * law(z) / law(x)))


def _divergence(generator: random.Random) -> tuple[Expression, Expression]:
    left, right = generator.choice(((q(z | x), p(z | x)), (q(z | x), p(z)), (q(z), p(z)), (p(z | x), q(z | x))))
    return KL(left, right), Expectation(left, log(left) - log(right))


def _evidence(generator: random.Random) -> tuple[Expression, Expression]:
    return log(p(x)), Expectation(q(z | x), log(p(x, z) / q(z | x))) + KL(q(z | x), p(z | x))


def _bound(generator: random.Random) -> tuple[Expression, Expression]:
    left = Expectation(q(z | x), log(p(x, z) / q(z | x)))
    return left, Expectation(q(z | x), log(p(x | z))) - KL(q(z | x), p(z))


def _chain_rule(generator: random.Random) -> tuple[Expression, Expression]:
    law = generator.choice((p, q))
    return Entropy(law(x, z)), Entropy(law(x)) + Expectation(law(x), Entropy(law(z | x)))


def _information(generator: random.Random) -> tuple[Expression, Expression]:
    law = generator.choice((p, q))
    return mutual_information(law, x, z), Expectation(law(x), KL(law(z | x), law(z)))


def _constant(generator: random.Random) -> tuple[Expression, Expression]:
    return Expectation(generator.choice(_MEASURES), log(p(x))), log(p(x))


def _marginal(generator: random.Random) -> tuple[Expression, Expression]:
    law = generator.choice((p, q))
    return Integral(law(x | z) * law(z), z), law(x)


def _tempered(generator: random.Random) -> tuple[Expression, Expression]:
    density = generator.choice((p(x), q(x), p(x, z)))
    return _expected(generator, exp(log(density) / beta), density ** (1 / beta))


def _importance(generator: random.Random) -> tuple[Expression, Expression]:
    return Expectation(q(z | x), p(x, z) / q(z | x)), Integral(p(x, z), z)


def _renamed(generator: random.Random) -> tuple[Expression, Expression]:
    copy = Variable("z'")
    return Integral(q(z) * log(p(z)), z), Integral(q(copy) * log(p(copy)), copy)


_TERMS: tuple[Term, ...] = (
    _split_joint,
    _split_ratio,
    _bayes,
    _divergence,
    _evidence,
    _bound,
    _chain_rule,
    _information,
    _constant,
    _marginal,
    _tempered,
    _importance,
    _renamed,
)


def true_identity(generator: random.Random) -> Equation:
    """An equality that holds by construction: the same sum of one to four quantities, each written in two ways."""
    left: list[Expression] = []
    right: list[Expression] = []
    for _ in range(generator.randint(1, 4)):
        one, other = generator.choice(_TERMS)(generator)
        if generator.random() < 0.5:
            one, other = other, one
        weight = generator.choice((as_expression(1), as_expression(1), as_expression(2), -as_expression(1), beta))
        plain = isinstance(weight, Constant) and weight.value == 1
        left.append(one if plain else weight * one)
        right.append(other if plain else weight * other)
    generator.shuffle(right)
    return Equation(_total(left), _total(right))


def _total(terms: list[Expression]) -> Expression:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


@dataclass(frozen=True)
class Slip:
    """A false identity and what was changed."""

    identity: Equation
    kind: str


def false_identity(generator: random.Random, values: Callable[[Expression], list[float]]) -> Slip:
    """A true identity with one slip on its right side; `values` are those of an expression in worlds of its own.

    A change that happens to change no value, as a renaming of the two sides of a symmetric term, is drawn again.
    """
    while True:
        identity = true_identity(generator)
        kind = generator.choice(tuple(_SLIPS))
        places = [node for node in walk(identity.right) if _SLIPS[kind](node, generator) is not None]
        if not places:
            continue
        place = generator.choice(places)
        changed = _replaced(identity.right, place, _SLIPS[kind](place, generator))
        if changed is None or not free_variables(changed) <= free_variables(identity.left) | {x, z}:
            continue
        before, after = values(identity.left), values(changed)
        if any(abs(a - b) > 1e-3 for a, b in zip(before, after, strict=True)):
            return Slip(Equation(identity.left, changed), kind)


def _sign(node: Expression, generator: random.Random) -> Expression | None:
    return -node if isinstance(node, Expectation | KL | Entropy) else None


def _factor(node: Expression, generator: random.Random) -> Expression | None:
    factor = generator.choice((Fraction(2), Fraction(1, 2), Fraction(3)))
    return Constant(factor) * node if isinstance(node, Expectation | KL | Entropy | DensityValue) else None


def _other_law(node: Expression, generator: random.Random) -> Expression | None:
    if not isinstance(node, DensityValue):
        return None
    return DensityValue("q" if node.letter == "p" else "p", node.of, node.given)


def _dropped(node: Expression, generator: random.Random) -> Expression | None:
    terms = getattr(node, "terms", ())
    if len(terms) < 2:
        return None
    kept = list(terms)
    kept.pop(generator.randrange(len(kept)))
    return _total(kept)


def _swapped(node: Expression, generator: random.Random) -> Expression | None:
    if isinstance(node, DensityValue) and node.given:
        return DensityValue(node.letter, node.given, node.of)
    return None


_SLIPS: dict[str, Callable[[Expression, random.Random], Expression | None]] = {
    "a sign": _sign,
    "a factor": _factor,
    "p for q": _other_law,
    "a dropped term": _dropped,
    "a swapped conditional": _swapped,
}


def _replaced(node: Expression, place: Expression, new: Expression | None) -> Expression | None:
    """The expression with the first occurrence of `place` replaced; None where that makes no expression."""
    if new is None:
        return None
    if node == place:
        return new
    parts = list(children(node))
    for number, part in enumerate(parts):
        if isinstance(part, Variable):
            continue
        changed = _replaced(part, place, new)
        if changed is not None:
            parts[number] = changed
            try:
                return rebuild(node, parts)
            except TypeError:
                return None
    return None
