r"""Inequalities proved by what is never negative: divergences, and what Jensen's inequality leaves.

`left >= right` is proved where the difference has the normal form of a sum of such terms with positive coefficients:
KL(a || b) >= 0 (Gibbs), KL averaged over a law, log E_q[f] - E_q[log f] >= 0 (Jensen). Which terms is found on finite
worlds by non-negative least squares; that they add up is then shown by normal form, or nothing is proved.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import reduce
from operator import add

import numpy as np
from scipy.optimize import nnls

from elbowroom.derivation.proof import proves_equal
from elbowroom.derivation.random_world import random_worlds
from elbowroom.derivation.world import Numbers, World, aligned, tabulate
from elbowroom.errors import MissingRule
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Constant, Expression, Log, Parameter, Product, as_expression
from elbowroom.functional.functionals import KL, Expectation, Integral
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.traverse import free_variables, walk

_WORLD = 15
_WORLDS = 10
_MOST_ROLES = 4
_MOST_TERMS = 160
_ZERO = 1e-12
_LARGEST_DENOMINATOR = 120


@dataclasses.dataclass(frozen=True)
class Proof:
    """A sum of terms that are never negative, which the difference of the sides is equal to."""

    terms: tuple[tuple[Expression, Expression], ...]
    hypotheses: tuple[str, ...]

    def __str__(self) -> str:
        shown = [
            to_text(term) if _is_one(factor) else f"{to_text(factor)}*{to_text(term)}" for factor, term in self.terms
        ]
        return " + ".join(shown) or "0"


def prove_at_least(left: Expression, right: Expression) -> Proof | None:
    """A proof that `left >= right`, or None where none was found."""
    difference = left - right
    free = free_variables(difference)
    names = sorted({node.name for node in walk(difference) if isinstance(node, Parameter)})[:2]
    factors: list[Expression] = [as_expression(1), *(Parameter(name) for name in names)]
    terms = list(itertools.islice(_never_negative(difference, free), _MOST_TERMS))
    try:
        found = _fitted(difference, [(factor, term) for factor in factors for term in terms])
    except MissingRule:
        return None
    if found is None:
        return None
    total = reduce(add, (factor * term for factor, term in found), as_expression(0))
    proved, hypotheses = proves_equal(difference, total)
    if not proved:
        return None
    used = {f"{name} > 0" for name in names if any(_mentions(factor, name) for factor, _ in found)}
    return Proof(tuple(found), tuple(sorted(hypotheses | used)))


def _fitted(
    difference: Expression, candidates: Sequence[tuple[Expression, Expression]]
) -> list[tuple[Expression, Expression]] | None:
    """The non-negative combination of the candidates that is the difference on finite worlds, if there is one."""
    sides = [expand(difference), *(expand(term) for _, term in candidates)]
    world = random_worlds(sides, _WORLD, _WORLDS, {n.name for n in walk(difference) if isinstance(n, Parameter)})
    target, *columns = _columns([expand(difference), *(expand(f * t) for f, t in candidates)], world)
    usable = np.isfinite(target)
    if not usable.any():
        return None
    kept = [
        place
        for place, column in enumerate(columns)
        if np.isfinite(column[usable]).all() and np.abs(column[usable]).max() > _ZERO
    ]
    if np.abs(target[usable]).max() < _ZERO:
        return []
    if not kept:
        return None
    matrix = np.stack([columns[place][usable] for place in kept], axis=1)
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-12)
    weights, residual = nnls(matrix / scale, target[usable])
    if residual > 1e-8 * max(1.0, float(np.abs(target[usable]).max())):
        return None
    found: list[tuple[Expression, Expression]] = []
    for place, weight in zip(kept, weights / scale, strict=True):
        exact = Fraction(float(weight)).limit_denominator(_LARGEST_DENOMINATOR)
        if exact > 0:
            factor, term = candidates[place]
            found.append(
                (factor if exact == 1 else Constant(exact) if _is_one(factor) else Constant(exact) * factor, term)
            )
    return found


def _columns(sides: Sequence[Expression], world: World) -> list[Numbers]:
    tables, _ = aligned([tabulate(side, world) for side in sides])
    shape = np.broadcast_shapes(*(table.shape for table in tables), (len(world.phases),) + (1,) * (tables[0].ndim - 1))
    return [np.broadcast_to(table, shape).ravel() for table in tables]


def _never_negative(expression: Expression, free: frozenset[Variable]) -> Iterator[Expression]:
    """Terms that are never negative, made of the laws in an expression; those that are written there come first."""
    for node in dict.fromkeys(walk(expression)):
        known = isinstance(node, KL | MutualInformation) or (isinstance(node, Divergence) and _is_divergence(node))
        if known and free_variables(node) <= free:
            yield node
    yield from _jensen(expression, free)
    yield from _divergences(expression, free)


def _is_divergence(node: Divergence) -> bool:
    """Whether a divergence is never negative: by its generator, or by its order where it depends on that."""
    if node.name in ("Renyi", "Alpha"):
        return isinstance(node.order, Constant) and node.order.value > 0
    return True


def _jensen(expression: Expression, free: frozenset[Variable]) -> Iterator[Expression]:
    """log of an integral of g, less the mean of log(g/m) under a density m of the same variables."""
    densities = [node for node in dict.fromkeys(walk(expression)) if isinstance(node, DensityValue)]
    for node in dict.fromkeys(walk(expand(expression))):
        if not isinstance(node, Log) or not isinstance(node.argument, Integral):
            continue
        integrand, over = node.argument, []
        while isinstance(integrand, Integral):
            over.append(integrand.variable)
            integrand = integrand.integrand
        for density in densities:
            if set(density.of) == set(over) and set(density.given) <= free:
                yield node - Expectation(density, Log(integrand / density))


def _divergences(expression: Expression, free: frozenset[Variable]) -> Iterator[Expression]:
    """KL between parts of the laws, averaged over what is given where the difference does not depend on it."""
    roles: dict[str, dict[str, Variable]] = {}
    for node in walk(expression):
        if isinstance(node, DensityValue):
            for variable in (*node.of, *node.given):
                own = variable if variable in free else Variable(variable.role, variable.support)
                roles.setdefault(node.letter, {}).setdefault(variable.role, own)
    for one, other in itertools.product(roles, repeat=2):
        shared = sorted(set(roles[one]) & set(roles[other]))
        if len(shared) > _MOST_ROLES:
            continue
        for marks in itertools.product((0, 1, 2), repeat=len(shared)):
            of = tuple(roles[one][role] for role, mark in zip(shared, marks, strict=True) if mark == 1)
            given = tuple(roles[one][role] for role, mark in zip(shared, marks, strict=True) if mark == 2)
            if not of:
                continue
            if one != other:
                yield from _averaged(KL(_part(one, of, given), _part(other, of, given)), given, free, roles)
                yield from _mixed(one, other, of, given, free, roles)
            elif len(of) > 1:
                yield from _averaged(_dependence(one, of, given), given, free, roles)


def _part(letter: str, of: tuple[Variable, ...], given: tuple[Variable, ...]) -> DensityValue:
    return DensityValue(letter, of, given)


def _mixed(
    one: str,
    other: str,
    of: tuple[Variable, ...],
    given: tuple[Variable, ...],
    free: frozenset[Variable],
    roles: dict[str, dict[str, Variable]],
) -> Iterator[Expression]:
    """KL(q(z|x) || p(z)) and KL(q(z) || p(z|x)): a condition on one side only."""
    if given:
        yield from _averaged(KL(_part(one, of, given), _part(other, of, ())), given, free, roles)
        yield from _averaged(KL(_part(one, of, ()), _part(other, of, given)), given, free, roles)


def _dependence(letter: str, of: tuple[Variable, ...], given: tuple[Variable, ...]) -> KL:
    """The mutual information of the first variable and the others."""
    apart = Product((_part(letter, of[:1], given), _part(letter, of[1:], given)))
    return KL(_part(letter, of, given), apart)


def _averaged(
    divergence: Expression,
    given: tuple[Variable, ...],
    free: frozenset[Variable],
    roles: dict[str, dict[str, Variable]],
) -> Iterator[Expression]:
    outside = tuple(variable for variable in given if variable not in free)
    inside = tuple(variable for variable in given if variable in free)
    if not outside:
        yield divergence
        return
    for letter, own in roles.items():
        if all(variable.role in own for variable in (*outside, *inside)):
            yield Expectation(_part(letter, outside, inside), divergence)


def _mentions(factor: Expression, name: str) -> bool:
    return any(isinstance(node, Parameter) and node.name == name for node in walk(factor))


def _is_one(factor: Expression) -> bool:
    return isinstance(factor, Constant) and factor.value == 1
