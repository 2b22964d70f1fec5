"""Unknown numbers: the optimum inside a parametric family, where ordinary derivatives vanish."""

from __future__ import annotations

import dataclasses
import time
from fractions import Fraction
from typing import Literal

import numpy as np
from scipy import optimize

from elbowroom.derivation.differentiate import Meaning, derivative
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.evaluate import number
from elbowroom.derivation.numeric.scene import Array, MissingNumber, Scene
from elbowroom.derivation.parametric_convexity import convex_in_parameters
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.valuation import with_points
from elbowroom.errors import MissingRule
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Constant, Equation, Expression, Parameter, as_expression
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.support import Interval, Positive, Support
from elbowroom.functional.traverse import walk

ZERO = Constant(Fraction(0))
STARTS = (0.0, 1.0, -1.0, 3.0, -3.0)
FAR = 25.0
"""A search that leaves this range, in the parameter or in its logarithm, is taken to run away."""


class RunsAwayError(Exception):
    """The functional keeps improving while a parameter leaves every bound; the message says which way."""


@dataclasses.dataclass(frozen=True)
class Parametric:
    """The functional of a family as a function of its numbers: value, gradient and search coordinates."""

    unknowns: tuple[Parameter, ...]
    functional: Expression
    gradient: tuple[Expression, ...]
    scene: Scene
    sign: int

    def at(self, u: Array) -> Scene:
        """The scene with the unknown numbers put in; u are search coordinates, the logarithm of a positive number."""
        told = {unknown.name: _out(value, unknown.support) for unknown, value in zip(self.unknowns, u, strict=True)}
        scene = self.scene.with_(numbers={**self.scene.numbers, **told})
        for law in scene.setting.laws:
            if any(isinstance(node, Parameter) and node in self.unknowns for node in walk(_body(scene, law))):
                scene = with_points(scene, law, law)
        return scene

    def value(self, u: Array) -> float:
        """The functional, with the sign of a minimisation; large where it does not exist."""
        found = self.sign * number(self.functional, self.at(u))
        return found if np.isfinite(found) else 1e10

    def slope(self, u: Array) -> Array:
        """The gradient by the numbers themselves, with the sign of a minimisation."""
        scene = self.at(u)
        return np.array([self.sign * number(one, scene) for one in self.gradient])


def solve_parametric(problem: Problem, started: float) -> Derivation:
    """The numbers at which the functional is least, or the conditions for them where names have no value."""
    unknowns = tuple(unknown for unknown in problem.over if isinstance(unknown, Parameter))
    scene = Scene(problem.given)
    functional = expand(problem.functional)
    meaning = _of_the_family(scene, unknowns)
    gradient = tuple(_tidy(derivative(functional, unknown, meaning)) for unknown in unknowns)
    conditions = [Equation(one, ZERO) for one in gradient]
    opening = _opening(problem, functional, unknowns, conditions)
    condition = ", ".join(map(to_text, conditions))
    if all(one is ZERO or (isinstance(one, Constant)) for one in gradient):
        reason = f"The functional does not depend on {', '.join(map(str, unknowns))}: there is nothing to solve for."
        return _without_optimum(problem, "refused", condition, opening, reason, started)
    try:
        sign = 1 if problem.sense == "minimise" else -1
        family = Parametric(unknowns, functional, gradient, scene, sign)
        best = _search(family)
    except MissingNumber as missing:
        return _without_optimum(problem, "condition", condition, opening, f"no numbers were found: {missing}", started)
    except RunsAwayError as trouble:
        return _without_optimum(problem, "refused", condition, opening, str(trouble), started)
    return _answer(problem, family, best, condition, opening, started)


def _of_the_family(scene: Scene, unknowns: tuple[Parameter, ...]) -> Meaning:
    """What the densities stand for whose laws contain an unknown number; the others do not move."""

    def meaning(node: Expression) -> Expression | None:
        known = scene.meaning(node)
        return known if known is not None and any(part in unknowns for part in walk(known)) else None

    return meaning


def _search(family: Parametric) -> Array:
    """The best of a few descents, polished by Newton's method on the gradient."""
    best: Array | None = None
    for start in STARTS:
        u = np.array([0.0 if isinstance(x.support, Positive) else _start(start, x.support) for x in family.unknowns])
        if not family.value(u) < 1e9:
            continue
        found = optimize.minimize(family.value, u, method="BFGS", options={"gtol": 1e-3, "maxiter": 60})
        if best is None or found.fun < family.value(best) - 1e-9:
            best = np.asarray(found.x)
        if best is not None and np.max(np.abs(family.slope(best))) < 1e-2:
            break
    if best is None:
        raise RunsAwayError("The functional has no finite value at any of the numbers tried.")
    if np.max(np.abs(best)) > FAR:
        which = family.unknowns[int(np.argmax(np.abs(best)))]
        raise RunsAwayError(
            f"No optimum is reached: the functional keeps improving as {which} grows or shrinks without bound (it is "
            "unbounded, or its bound is not attained). This usually means that a second derivative vanishes where "
            "curvature was expected. Add a term that holds the numbers together."
        )
    return _polished(family, best)


def _polished(family: Parametric, u: Array) -> Array:
    """Newton's method on the gradient, with a Jacobian by differences that is kept while it serves."""
    slope = family.slope(u)
    for _ in range(4):
        jacobian = _jacobian(family, u)
        for _ in range(6):
            if np.max(np.abs(slope)) < 1e-14:
                return u
            moved = u - np.linalg.lstsq(jacobian, slope, rcond=None)[0]
            beyond = family.slope(moved)
            if not np.linalg.norm(beyond) < 0.5 * np.linalg.norm(slope):
                break
            u, slope = moved, beyond
        if np.max(np.abs(slope)) < 1e-11:
            break
    return u


def _jacobian(family: Parametric, u: Array, step: float = 1e-5) -> Array:
    columns: list[Array] = []
    for index in range(len(u)):
        shift = np.zeros_like(u)
        shift[index] = step
        columns.append((family.slope(u + shift) - family.slope(u - shift)) / (2 * step))
    return np.stack(columns, axis=-1)


def _answer(
    problem: Problem, family: Parametric, u: Array, condition: str, opening: tuple[Step, ...], started: float
) -> Derivation:
    scene = family.at(u)
    numbers = {x.name: _out(value, x.support) for x, value in zip(family.unknowns, u, strict=True)}
    value = number(family.functional, scene)
    # The Hessian in search coordinates has, where the gradient vanishes, the signs of that in the numbers themselves.
    scales = np.array([_scale(x.support, numbers[x.name]) for x in family.unknowns])
    hessian = _jacobian(family, u) * scales[:, None]
    least = float(np.min(np.linalg.eigvalsh((hessian + hessian.T) / 2)))
    why = convex_in_parameters(problem, family.scene)
    minimum: Literal["global", "local", "stationary", "none"] = "local" if least > 1e-9 else "stationary"
    if why is not None:
        minimum = "global"
    residual = float(np.max(np.abs(family.slope(u))))
    told = ", ".join(f"{name} = {size:.15g}" for name, size in numbers.items())
    steps = (
        *opening,
        Step(
            "solve the conditions",
            condition,
            told,
            (),
            (
                Check("kkt", residual < 1e-8, f"the largest derivative there is {residual:.1e}"),
                Check("quadrature", bool(np.isfinite(value)), "derivatives and value by adaptive quadrature"),
            ),
        ),
        Step("evaluate the functional there", f"J at {told}", f"{value:.12g}"),
        Step(
            "take the second derivatives",
            f"least eigenvalue of the Hessian there: {least:.6g}",
            why or ("positive definite: a local optimum" if least > 0 else "of no evident sign"),
        ),
    )
    return Derivation(
        problem=problem,
        status="solved",
        optima={to_text(x): as_expression(round(float(numbers[x.name]), 15)) for x in family.unknowns},
        unnormalised=None,
        value=as_expression(round(value, 15)),
        minimum=minimum,
        unique=True if why is not None else None,
        multipliers={},
        condition=condition,
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        scene=scene,
    )


def _without_optimum(
    problem: Problem,
    status: Literal["condition", "refused"],
    condition: str,
    steps: tuple[Step, ...],
    reason: str,
    started: float,
) -> Derivation:
    return Derivation(
        problem=problem,
        status=status,
        optima={},
        unnormalised=None,
        value=None,
        minimum="none" if status == "refused" else "stationary",
        unique=None,
        multipliers={},
        condition=condition,
        steps=steps,
        reason=reason,
        seconds=time.perf_counter() - started,
    )


def _opening(
    problem: Problem, functional: Expression, unknowns: tuple[Parameter, ...], conditions: list[Equation]
) -> tuple[Step, ...]:
    names = ", ".join(map(str, unknowns))
    text = to_text(problem.functional)
    return (
        Step("state the problem", f"{problem.sense} J({names}) = {text}", f"over {names}"),
        Step("expand the functional", text, to_text(functional)),
        Step(
            f"set the derivatives by {names} to zero",
            ", ".join(f"dJ/d{name}" for name in unknowns),
            ", ".join(map(to_text, conditions)),
            ("the integrals may be differentiated under their sign",),
        ),
    )


def _tidy(expression: Expression) -> Expression:
    try:
        form = render(NormalForm(marginals=False).of(expression))
    except (NotDecidedError, MissingRule):
        return expression
    return form if len(to_text(form)) < 2 * len(to_text(expression)) else expression


def _body(scene: Scene, law: DensityValue) -> Expression:
    known = scene.meaning(law)
    return ZERO if known is None else known


def _out(u: float, support: Support) -> float:
    match support:
        case Positive():
            return float(np.exp(np.clip(u, -60, 60)))
        case Interval(lower, upper):
            return float(lower) + float(upper - lower) / (1 + float(np.exp(-u)))
    return float(u)


def _scale(support: Support, value: float) -> float:
    match support:
        case Positive():
            return value
        case Interval(lower, upper):
            return (value - float(lower)) * (float(upper) - value) / float(upper - lower)
    return 1.0


def _start(start: float, support: Support) -> float:
    return 0.0 if isinstance(support, Interval) and start == 0.0 else start
