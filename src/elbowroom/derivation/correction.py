"""The smallest change of the right side that makes a false equality true.

Tried in this order: one change inside the right side (a sign, a term left out, a density that is another part of its
law or of another law, the sides of a divergence, a factor), then one term more, then two. Finite worlds say which
of them may do; `check` decides.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from elbowroom.derivation.check import check
from elbowroom.derivation.check_lines import needs_lines
from elbowroom.derivation.random_world import random_worlds
from elbowroom.derivation.world import Tabulated, World, aligned, tabulate
from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Constant, Expression, Log, Parameter, Sum, as_expression
from elbowroom.functional.functionals import KL, Entropy, Expectation, measured_variables
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.text import is_negative, negated
from elbowroom.functional.traverse import children, free_variables, rebuild, walk

_FIRST_WORLD = 12
_WORLDS = 8
_MOST_CHANGES = 250
_MOST_TERMS = 60
_CLOSE = 1e-9
_LARGEST = 400
"""How many parts both sides have at most: every candidate is as large, and there are hundreds."""


def smallest_correction(left: Expression, right: Expression) -> Expression | None:
    """The right side that would hold, changed as little as was found; None where none was found.

    >>> from elbowroom.functional.parse import parse
    >>> smallest_correction(parse("log p(x,z)"), parse("log p(x|z) - log p(z)"))
    log p(x|z) + log p(z)
    """
    size = sum(1 for side in (left, right) for _ in walk(side))
    if size > _LARGEST or needs_lines(left, right):
        return None
    try:
        laws = _Laws(left, right)
    except MissingRule:  # too large for a finite world
        return None
    candidates = itertools.chain(_changed(right, laws), _longer(left, right, laws))
    for candidate in _promising(left, candidates, laws.world):
        if check(left, candidate).verdict == "holds":
            return candidate
    return None


class _Laws:
    """The densities that the laws of a statement have, and finite worlds for all of them."""

    def __init__(self, *sides: Expression):
        nodes = list(dict.fromkeys(node for side in sides for node in walk(side)))
        written = [node for node in nodes if isinstance(node, DensityValue)]
        self.parameters = [node for node in nodes if isinstance(node, Parameter)]
        self.measures: list[Expression] = []
        for node in nodes:
            match node:
                case Expectation(measure, _) | KL(measure, _) | Entropy(measure):
                    self.measures.append(measure)
                case _:
                    pass
        self.measures = list(dict.fromkeys(self.measures))
        self.densities: list[DensityValue] = []
        for letter in dict.fromkeys(node.letter for node in written):
            self.densities.extend(_parts_of(letter, [node for node in written if node.letter == letter]))
        self.world = random_worlds([*map(expand, sides), *self.densities], _FIRST_WORLD, _WORLDS)

    def others(self, density: DensityValue) -> Iterator[DensityValue]:
        """Other densities that may have been meant: parts of the same law first, then the same part of another."""
        own = set(density.of) | set(density.given)
        for other in self.densities:
            if other.letter == density.letter and other != density and set(other.of) | set(other.given) <= own:
                yield other
        for other in self.densities:
            if other.letter == density.letter and not set(other.of) | set(other.given) <= own:
                yield other
        for letter in dict.fromkeys(other.letter for other in self.densities):
            if letter != density.letter:
                yield DensityValue(letter, density.of, density.given)


def _parts_of(letter: str, written: Sequence[DensityValue]) -> list[DensityValue]:
    """The marginals and conditionals of a law in the variables that it is written with, at most three of them."""
    variables = list(dict.fromkeys(v for node in written for v in (*node.of, *node.given)))
    roles = {variable.role: variable for variable in reversed(variables)}
    chosen = list(roles.values())[:3]
    found: list[DensityValue] = []
    for marks in itertools.product((1, 0, 2), repeat=len(chosen)):
        of = tuple(v for v, mark in zip(chosen, marks, strict=True) if mark == 1)
        given = tuple(v for v, mark in zip(chosen, marks, strict=True) if mark == 2)
        if of:
            found.append(DensityValue(letter, of, given))
    return sorted(found, key=lambda node: len(node.of) + len(node.given))


def _changed(side: Expression, laws: _Laws) -> Iterator[Expression]:
    """The side with one change inside it."""
    terms = list(side.terms) if isinstance(side, Sum) else [side]
    if not isinstance(side, Sum):
        yield _negated(side)
    yield from _inside(side, laws)
    free = free_variables(side)
    densities = [density for density in laws.densities if set(density.of) | set(density.given) <= free]
    for factor in (*laws.parameters, Constant(Fraction(2)), Constant(Fraction(1, 2)), *densities):
        for place, term in enumerate(terms):
            yield _sum([*terms[:place], factor * term, *terms[place + 1 :]])
            yield _sum([*terms[:place], term / factor, *terms[place + 1 :]])


def _with_other_terms(side: Sum) -> Iterator[Expression]:
    """The sum with the sign of one term turned, or with one term left out."""
    terms = side.terms
    for place, term in enumerate(terms):
        yield _sum([*terms[:place], _negated(term), *terms[place + 1 :]])
    for place in range(len(terms)):
        yield _sum([*terms[:place], *terms[place + 1 :]])


def _inside(node: Expression, laws: _Laws) -> Iterator[Expression]:
    """The node with one density replaced, or one divergence turned round."""
    if isinstance(node, DensityValue):
        yield from laws.others(node)
        return
    if isinstance(node, KL):
        with contextlib.suppress(TypeError):
            yield KL(node.right, node.left)
    if isinstance(node, Sum):
        yield from _with_other_terms(node)
    parts = children(node)
    for place, part in enumerate(parts):
        if isinstance(part, Variable):
            continue
        for new in _inside(part, laws):
            if isinstance(node, KL) and not _same_variables(new, node.right if place == 0 else node.left):
                continue
            try:
                yield rebuild(node, [*parts[:place], new, *parts[place + 1 :]])
            except (TypeError, InputError):
                continue


def _same_variables(one: Expression, other: Expression) -> bool:
    """Whether two densities are densities of the same variables, as the sides of a divergence are."""
    both = isinstance(one, DensityValue) and isinstance(other, DensityValue)
    return not both or set(one.of) == set(other.of)  # pyright: ignore[reportAttributeAccessIssue]


def _longer(left: Expression, right: Expression, laws: _Laws) -> Iterator[Expression]:
    """The right side with one term more, and then with two."""
    free = free_variables(left) | free_variables(right)
    terms = list(itertools.islice(_terms(laws, free), _MOST_TERMS))
    for term in terms:
        yield right + term
        yield right - term
    gap = tabulate(expand(left - right), laws.world)
    tables = [tabulate(expand(term), laws.world) for term in terms]
    for one, other in itertools.combinations(range(len(terms)), 2):
        for sign, second in itertools.product((1, -1), repeat=2):
            (total, a, b), _ = aligned([gap, tables[one], tables[other]])
            if _same(total, sign * a + second * b):
                first = right + terms[one] if sign > 0 else right - terms[one]
                yield first + terms[other] if second > 0 else first - terms[other]


def _terms(laws: _Laws, free: frozenset[Variable]) -> Iterator[Expression]:
    for density in laws.densities:
        if set(density.of) | set(density.given) <= free:
            yield Log(density)
    for measure in laws.measures:
        bound = set(measured_variables(measure))
        if not free_variables(measure) - bound <= free:
            continue
        for density in laws.densities:
            own = set(density.of) | set(density.given)
            if own & bound and own - bound <= free:
                yield Expectation(measure, Log(density))
    yield as_expression(1)


def _promising(left: Expression, candidates: Iterator[Expression], world: World) -> Iterator[Expression]:
    """The candidates that equal the left side on the finite worlds."""
    target = tabulate(expand(left), world)
    for candidate in itertools.islice(candidates, _MOST_CHANGES):
        try:
            found = tabulate(expand(candidate), world)
        except (InputError, KeyError):
            continue
        if _equal(target, found):
            yield candidate


def _equal(one: Tabulated, other: Tabulated) -> bool:
    (first, second), _ = aligned([one, other])
    return _same(first, second)


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        errors = np.abs(one - other) / np.maximum(1.0, np.abs(one))
    return bool(np.isfinite(errors).all() and errors.max() < _CLOSE)


def _negated(term: Expression) -> Expression:
    return negated(term) if is_negative(term) else -term


def _sum(terms: Sequence[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else Sum(tuple(terms))
