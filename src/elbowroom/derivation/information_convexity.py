"""Convexity of functionals made of mutual information and terms linear in the unknown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.scene import Array, Scene
from elbowroom.derivation.through_unknown import through_unknown
from elbowroom.derivation.variation import NOTHING, variation
from elbowroom.derivation.worked import Worked
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression, Product, Sum
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.support import Finite
from elbowroom.functional.traverse import walk

Injective = Callable[[Scene, Array], bool]


@dataclasses.dataclass(frozen=True)
class Shape:
    """Whether the problem is convex, why, and a test of whether its solution is the only one."""

    convex: bool
    words: str
    injective: Injective = lambda scene, table: False


def convexity(work: Worked, scene: Scene) -> Shape:
    """The shape of a functional that is a sum of mutual informations with coefficients, and of linear terms."""
    over = work.problem.density
    sign = 1 if work.problem.sense == "minimise" else -1
    functional = work.problem.functional
    terms = functional.terms if isinstance(functional, Sum) else (functional,)
    conditional = concave = False
    for term in terms:
        found = [node for node in walk(term) if isinstance(node, MutualInformation)]
        if not found:
            if not _is_linear(term, work):
                return Shape(False, "a term is neither linear nor mutual information: the point is stationary")
            continue
        factors = term.factors if isinstance(term, Product) else (term,)
        others = [factor for factor in factors if not isinstance(factor, MutualInformation)]
        if len(found) != 1 or found[0] not in factors:
            return Shape(False, "mutual information is not a term by itself: the point is stationary")
        weight = sign * (number(Product(tuple(others)), scene) if others else 1.0)
        roles = {found[0].left.role, found[0].right.role}
        own = {v.role for v in over.of}
        given = {v.role for v in over.given}
        if own | given == roles and given and weight > 0:
            conditional = True
        elif own < roles and not given and weight < 0:
            concave = True
        else:
            return Shape(False, "mutual information enters with the sign that is not convex: the point is stationary")
    if conditional and not concave:
        words = (
            "mutual information is convex in the conditional density for a fixed marginal, the rest is linear: global"
        )
        return Shape(True, words, _independent_ratios(work))
    if concave and not conditional:
        words = "mutual information is concave in the marginal density for a fixed channel, the rest is linear: global"
        return Shape(True, words, _independent_rows(work))
    return Shape(False, "the signs of the second variation differ: the point is stationary")


def _is_linear(term: Expression, work: Worked) -> bool:
    """Whether the first variation of a term does not contain the unknown, its other densities written through it."""
    over = work.problem.density
    body = through_unknown(expand(term), work.problem)
    first = variation(body, over, work.problem.given.laws)
    if first is NOTHING:
        return True
    second = variation(first, over, work.problem.given.laws)
    return second is NOTHING or not NormalForm(marginals=False).of(second)


def _independent_ratios(work: Worked) -> Injective:
    """Whether the columns of q(z|x)/q(z) are linearly independent: then the optimal marginal is unique, and so is q."""
    over = work.problem.density

    def test(scene: Scene, table: Array) -> bool:
        if table.ndim != 2:
            return False
        marginal = table.mean(axis=1, keepdims=True)
        if np.min(marginal) < 1e-9:
            return False
        ratios = table / marginal
        sizes = np.linalg.svd(ratios, compute_uv=False)
        return bool(ratios.shape[0] <= ratios.shape[1] and sizes[-1] > 1e-9 * sizes[0] and over.given)

    return test


def _independent_rows(work: Worked) -> Injective:
    """Whether the rows of the channel are linearly independent: then the optimal output fixes the input density."""
    over = work.problem.density
    channels = [law for law in work.problem.given.laws if law.letter == over.letter and law.given]

    def test(scene: Scene, table: Array) -> bool:
        if len(channels) != 1 or len(channels[0].of) != 1 or len(over.of) != 1:
            return False
        (inner,), (outer,) = over.of, channels[0].of
        if not isinstance(inner.support, Finite) or not isinstance(outer.support, Finite):
            return False
        x, y = np.meshgrid(np.arange(inner.support.size), np.arange(outer.support.size), indexing="ij")
        channel = values(channels[0], scene, {inner.name: x, outer.name: y})
        sizes = np.linalg.svd(channel, compute_uv=False)
        return bool(channel.shape[0] <= channel.shape[1] and sizes[-1] > 1e-9 * sizes[0])

    return test
