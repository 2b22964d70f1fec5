r"""Functions of integrals, such as KL(q || p) + (E_q[z] - 2)**2: the integrals are frozen at values they have there.

With $J[q] = \Phi(I_1[q], \dots, I_K[q])$, stationarity of J at q is that of $\sum_k \partial_k \Phi(c) I_k[q]$ with
$c_k = I_k[q]$. For given c that is a problem which is linear in its integrals; c is found so that its optimum has the
values c.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from scipy import optimize

from elbowroom.derivation.differentiate import derivative
from elbowroom.derivation.narrate import condition_text, opening
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Array, Scene
from elbowroom.derivation.polynomial import Monomial
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.worked import Worked
from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.expression import Expression, Parameter, Product, Sum, as_expression
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.traverse import children, free_variables, rebuild, walk

MOST_FROZEN = 3
SCAN = (0.0, *(sign * size for size in (0.1, 1.0, 10.0, 100.0) for sign in (1.0, -1.0)))
Solve = Callable[[Problem], Derivation]


@dataclasses.dataclass(frozen=True)
class Frozen:
    """J as a function of integrals: `outer` in `names`, each of which stands for the integral in its place.

    `slopes` are the partial derivatives of `outer`; `moving` are the places of the names that a slope depends on.
    """

    outer: Expression
    names: tuple[Parameter, ...]
    integrals: tuple[Expression, ...]
    slopes: tuple[Expression, ...]
    moving: tuple[int, ...]

    def problem(self, problem: Problem, scene: Scene, frozen: Array) -> Problem:
        """The problem that is linear in its integrals, the slopes having their values at `frozen`."""
        at = scene.with_(numbers=dict(scene.numbers) | self._values(frozen))
        terms: list[Expression] = []
        for slope, integral in zip(self.slopes, self.integrals, strict=True):
            size = number(slope, at)
            if not math.isfinite(size):
                raise ArithmeticError(f"the slope {to_text(slope)} is not finite")
            if size:
                terms.append(integral if size == 1 else as_expression(float(f"{size:.15g}")) * integral)
        functional = Sum(tuple(terms)) if len(terms) > 1 else terms[0] if terms else as_expression(0)
        return dataclasses.replace(problem, functional=functional)

    def _values(self, frozen: Array) -> dict[str, float]:
        return {self.names[place].name: float(value) for place, value in zip(self.moving, frozen, strict=True)}


def frozen_integrals(work: Worked) -> Frozen | None:
    """The functional as a function of integrals of the unknown; None where it is linear in them, or has too many."""
    over = work.problem.density
    found: dict[Expression, Parameter] = {}

    def replaced(node: Expression) -> Expression:
        if isinstance(node, Integral) and not free_variables(node) and _mentions(node, over):
            return found.setdefault(node, Parameter(f"c{len(found) + 1}'"))
        return rebuild(node, [replaced(child) for child in children(node)])

    outer = replaced(work.expanded)
    if not found or _mentions(outer, over):
        return None
    names = tuple(found.values())
    slopes = tuple(derivative(outer, name) for name in names)
    moving = tuple(place for place, name in enumerate(names) if any(name in set(walk(slope)) for slope in slopes))
    if not moving or len(moving) > MOST_FROZEN:
        return None
    return Frozen(outer, names, tuple(found), slopes, moving)


def solve_frozen(work: Worked, frozen: Frozen, scene: Scene, solve: Solve, started: float) -> Derivation | None:
    """The best optimum whose integrals have the values they were frozen at; None where none was found."""
    found: list[tuple[float, Array, Derivation]] = []
    for values in _roots(work, frozen, scene, solve):
        answer = _solved(work.problem, frozen, scene, solve, values)
        if answer is None or answer.scene is None:
            continue
        if np.max(np.abs(_at(frozen, answer) - values)) < 1e-8 * max(1.0, float(np.max(np.abs(values)))):
            found.append((number(work.expanded, answer.scene), values, answer))
    if not found:
        return None
    sign = 1 if work.problem.sense == "minimise" else -1
    value, values, answer = min(found, key=lambda one: sign * one[0])
    return _told(work, frozen, value, values, answer, started)


def _roots(work: Worked, frozen: Frozen, scene: Scene, solve: Solve) -> Iterator[Array]:
    """Values that the integrals of the optimum have when they are frozen at them."""

    def excess(values: Array) -> Array:
        answer = _solved(work.problem, frozen, scene, solve, values)
        return np.full(len(values), math.nan) if answer is None else _at(frozen, answer) - values

    if len(frozen.moving) == 1:
        seen = sorted((value, float(excess(np.array([value]))[0])) for value in SCAN)
        for (low, left), (high, right) in itertools.pairwise(seen):
            if left * right <= 0:  # not where one of them is not a number
                root = optimize.brentq(lambda value: float(excess(np.array([value]))[0]), low, high, xtol=1e-13)
                yield np.array([root])
        return
    for start in (0.1, 1.0, -0.5):
        first = np.full(len(frozen.moving), start)
        try:
            found = optimize.root(lambda values: np.nan_to_num(excess(values), nan=1e3), first, tol=1e-12)
        except (ArithmeticError, ValueError):
            continue
        if found.success:
            yield np.asarray(found.x)


def _solved(problem: Problem, frozen: Frozen, scene: Scene, solve: Solve, values: Array) -> Derivation | None:
    try:
        answer = solve(frozen.problem(problem, scene, values))
    except (InputError, MissingRule, ArithmeticError):
        return None
    return answer if answer.status == "solved" and answer.scene is not None else None


def _at(frozen: Frozen, answer: Derivation) -> Array:
    """The values of the integrals that matter, at an optimum."""
    assert answer.scene is not None
    with np.errstate(all="ignore"):
        return np.array([number(frozen.integrals[place], answer.scene) for place in frozen.moving])


def _told(work: Worked, frozen: Frozen, value: float, values: Array, answer: Derivation, started: float) -> Derivation:
    name = to_text(work.problem.density)
    assert answer.scene is not None
    off = float(np.max(np.abs(_at(frozen, answer) - values)))
    told = "; ".join(
        f"{to_text(frozen.integrals[place])} = {size:.12g}" for place, size in zip(frozen.moving, values, strict=True)
    )
    convex = _is_convex(frozen, 1 if work.problem.sense == "minimise" else -1)
    minimum = "global" if convex and answer.minimum == "global" else "stationary"
    words = (
        "a convex function of integrals that are linear, and what is linear in its integrals is convex"
        if minimum == "global"
        else "the functional is not seen to be convex: the point is stationary"
    )
    steps = (
        *opening(work),
        Step(
            "freeze the integrals of which the functional is no linear function",
            condition_text(work),
            f"{answer.problem.sense} {to_text(answer.problem.functional)}",
            (f"at the optimum {told}",),
            (Check("kkt", off < 1e-8, f"the optimum of the frozen problem has these values within {off:.1e}"),),
        ),
        *answer.steps[4:],
        Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"),
        Step("look for convexity", to_text(work.problem.functional), words),
    )
    return dataclasses.replace(
        answer,
        problem=work.problem,
        minimum=minimum,
        unique=answer.unique if minimum == "global" else None,
        condition=condition_text(work),
        steps=steps,
        value=as_expression(round(value, 15)),
        value_number=value,
        seconds=time.perf_counter() - started,
    )


def _is_convex(frozen: Frozen, sense: int) -> bool:
    """Whether J is a sum of integrals and of convex functions of single linear ones, for a minimisation."""
    rules = NormalForm(marginals=False)
    for place, slope in enumerate(frozen.slopes):
        for other, name in enumerate(frozen.names):
            second = rules.of(derivative(slope, name))
            if not second:
                continue
            if place != other or not _is_linear(frozen.integrals[place]):
                return False
            if not all(sense * size > 0 and _is_even(part) for part, size in second.terms):
                return False
    return True


def _is_even(part: Monomial) -> bool:
    """Whether a monomial is never negative because every power in it is even."""
    return all((exponent.number or Fraction(1)) % 2 == 0 for _, exponent in part.powers)


def _is_linear(integral: Expression) -> bool:
    """Whether an integral holds the unknown once, as a factor; seen where it is the integral of q times the rest."""
    body = integral
    while isinstance(body, Integral):
        body = body.integrand
    factors = body.factors if isinstance(body, Product) else (body,)
    own = [factor for factor in factors if any(isinstance(node, DensityValue) for node in walk(factor))]
    return len(own) == 1 and isinstance(own[0], DensityValue)


def _mentions(node: Expression, over: DensityValue) -> bool:
    return any(isinstance(part, DensityValue) and part.letter == over.letter for part in walk(node))
