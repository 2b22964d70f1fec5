r"""Fisher information plus terms linear in q: with q = psi**2 the condition is the linear eigenvalue problem

-4 c psi'' + V psi = E psi, and the optimum is its ground state, which has no sign changes. Known ground states are
tried and verified: waves on an interval, the Normal density for a quadratic V, the uniform density where nothing is
held.
"""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np

from elbowroom.derivation.dependence import atoms_in
from elbowroom.derivation.narrate import condition_text, opening, unfinished
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.scene import Array, Scene, key_of
from elbowroom.derivation.numeric.tails import around
from elbowroom.derivation.pointwise import holds
from elbowroom.derivation.polynomial import (
    ONE,
    Density,
    Derived,
    Integrated,
    Polynomial,
    constant,
    from_atom,
    from_monomial,
    polynomial,
)
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.valuation import mass_check
from elbowroom.derivation.worked import Worked
from elbowroom.functional.differential import PointValue
from elbowroom.functional.elementary import PI, Elementary
from elbowroom.functional.expression import Equation, Expression, as_expression
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.printing import to_text
from elbowroom.functional.support import Circle, Interval, Real


@dataclasses.dataclass(frozen=True)
class Ground:
    """A density tried as the ground state: its expression, where its mass is, what it is called."""

    density: Expression
    points: tuple[float, ...]
    name: str


def solve_fisher(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """The density of least Fisher information plus linear terms; None where the functional is of another kind."""
    over = work.problem.density
    if len(over.of) != 1 or over.given or work.problem.sense != "minimise" or not _is_fisher(work, scene):
        return None
    support = over.of[0].support
    if not isinstance(support, Interval | Circle) and not work.restraints and not _has_potential(work, scene):
        reason = (
            f"No density is optimal: the Fisher information falls towards 0 as {over} spreads out over {support}, and "
            "the limit cannot be normalised. Bound the support, or add a constraint or a potential that holds it."
        )
        return unfinished(work, "refused", reason, started)
    for ground in _tried(work, scene):
        at = scene.with_(densities={key_of(over): (over, ground.density)}, points={over.of[0].role: ground.points})
        fitted = _multipliers(work, at)
        if fitted is not None:
            return _answer(work, at, ground, *fitted, started)
    return None


def _is_fisher(work: Worked, scene: Scene) -> bool:
    """Whether the functional is a positive multiple of the integral of q'**2/q plus terms linear in q."""
    over = work.problem.density
    unknown = Density(over.letter, frozenset(over.of))
    seen = False
    for part, coefficient in NormalForm(marginals=False).of(scene.grounded(work.expanded)).terms:
        if not holds(from_monomial(part), unknown):
            continue
        if len(part.powers) != 1 or not isinstance(part.powers[0][0], Integrated) or part.powers[0][1] != ONE:
            return False
        powers = dict(part.powers[0][0].integrand.terms[0][0].powers)
        own = {atom: exponent for atom, exponent in powers.items() if holds(from_atom(atom), unknown)}
        kinds = {type(atom).__name__: exponent for atom, exponent in own.items()}
        if kinds == {"Derived": constant(2), "Density": constant(-1)} and len(powers) == 2 and coefficient > 0:
            seen = True
        elif kinds != {"Density": ONE}:
            return False
    return seen


def _has_potential(work: Worked, scene: Scene) -> bool:
    over = work.problem.density
    unknown = Density(over.letter, frozenset(over.of))
    form = NormalForm(marginals=False).of(scene.grounded(work.expanded))
    return any(
        holds(from_monomial(part), unknown) and not any(isinstance(a, Derived) for a in atoms_in(from_monomial(part)))
        for part, _ in form.terms
    )


def _tried(work: Worked, scene: Scene) -> list[Ground]:
    (z,) = work.problem.density.of
    match z.support:
        case Circle():
            return [Ground(1 / (2 * PI), (), "the uniform density")]
        case Interval(lower, upper):
            return _waves(work, scene, float(lower), float(upper))
        case Real(1):
            return _normals(work, scene)
    return []


def _waves(work: Worked, scene: Scene, lower: float, upper: float) -> list[Ground]:
    """The lowest wave that vanishes where the density is held at zero, and is level where it is not."""
    (z,) = work.problem.density.of
    held = [_held_at(one, scene) for one in work.pinned]
    left = any(abs(place - lower) < 1e-12 and value == 0 for place, value in held)
    right = any(abs(place - upper) < 1e-12 and value == 0 for place, value in held)
    if len(held) != left + right:
        return []
    width = as_expression(upper - lower)
    if not held:
        return [Ground(1 / width, (), "the uniform density")]
    if left and right:
        phase, name = PI * (z - as_expression(lower)) / width, "half a wave"
    elif left:
        phase, name = PI * (z - as_expression(lower)) / (2 * width), "a quarter of a wave"
    else:
        phase, name = PI * (as_expression(upper) - z) / (2 * width), "a quarter of a wave"
    return [Ground(2 * Elementary("sin", phase) ** 2 / width, (), name)]


def _held_at(one: Equation, scene: Scene) -> tuple[float, float]:
    assert isinstance(one.left, PointValue)
    return number(one.left.point, scene), number(one.right, scene)


def _normals(work: Worked, scene: Scene) -> list[Ground]:
    """The Normal densities whose moments are those of the constraints, or of the quadratic potential."""
    (z,) = work.problem.density.of
    found: list[Ground] = []
    for mean, deviation in _moments(work, scene):
        density = FamilyDensity("Normal", z, (as_expression(mean), as_expression(deviation)))
        found.append(Ground(density, around(mean, deviation), "the Normal density"))
    return found


def _moments(work: Worked, scene: Scene) -> list[tuple[float, float]]:
    """Means and deviations worth trying, from the potential or from quadratic constraints at 0, 1 and -1."""
    (z,) = work.problem.density.of
    at = {z.name: np.array([0.0, 1.0, -1.0])}
    if work.restraints:
        rows = []
        for one in work.restraints:
            zero, up, down = values(render(one.statistic), scene, at)
            rows.append(((up - down) / 2, (up + down) / 2 - zero, number(one.target, scene) - zero))
        matrix = np.array([row[:2] for row in rows])
        first, second = np.linalg.lstsq(matrix, np.array([row[2] for row in rows]), rcond=None)[0]
        if second > first**2:
            return [(float(first), math.sqrt(second - first**2))]
        return []
    zero, up, down = values(render(_potential(work, scene)), scene, at)
    slope, curvature = (up - down) / 2, (up + down) / 2 - zero
    if curvature <= 0:
        return []
    return [(float(-slope / (2 * curvature)), math.sqrt(1 / (2 * math.sqrt(curvature / (4 * _weight(work, scene))))))]


def _potential(work: Worked, scene: Scene) -> Polynomial:
    """The terms of the condition without q: the potential V."""
    over = work.problem.density
    unknown = Density(over.letter, frozenset(over.of))
    return polynomial((p, c) for p, c in work.derivative.terms if not holds(from_monomial(p), unknown))


def _weight(work: Worked, scene: Scene) -> float:
    """The factor c of the Fisher information."""
    form = NormalForm(marginals=False).of(scene.grounded(work.expanded))
    return next(
        float(coefficient)
        for part, coefficient in form.terms
        if any(isinstance(a, Derived) for a in atoms_in(from_monomial(part)))
    )


def _places(work: Worked, scene: Scene) -> Array:
    """Places inside the support at which the condition is looked at."""
    (z,) = work.problem.density.of
    match z.support:
        case Interval(lower, upper):
            return float(lower) + float(upper - lower) * np.linspace(0.04, 0.96, 23)
        case Circle():
            return np.linspace(-3.0, 3.0, 23)
    points = scene.points.get(z.role, (-2.0, 2.0))
    return np.linspace(points[len(points) // 2 - 2], points[len(points) // 2 + 2], 23)


def _answer(
    work: Worked, scene: Scene, ground: Ground, multipliers: dict[str, float], residual: float, started: float
) -> Derivation:
    over = work.problem.density
    name = to_text(over)
    value = number(work.expanded, scene)
    told = ", ".join(f"{key} = {size:.12g}" for key, size in multipliers.items())
    steps = (
        *opening(work),
        Step(
            "put q = psi**2 and take the ground state of the eigenvalue problem",
            condition_text(work),
            f"{name} = {to_text(ground.density)}",
            (f"{ground.name} has no sign change, so it is the ground state, which is unique",),
            (
                Check("kkt", residual < 1e-8, f"the condition holds within {residual:.1e}, with {told}"),
                mass_check(scene, over),
            ),
        ),
        Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"),
        Step(
            "look for convexity",
            to_text(work.problem.functional),
            "Fisher information is convex, the rest and the constraints are linear: a global minimum",
        ),
    )
    return Derivation(
        problem=work.problem,
        status="solved",
        optima={name: ground.density},
        unnormalised=None,
        value=as_expression(round(value, 15)),
        minimum="global",
        unique=True,
        multipliers={key: as_expression(float(size)) for key, size in multipliers.items()},
        condition=condition_text(work),
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        boundary_terms=work.boundary_terms,
        scene=scene,
    )


def _multipliers(work: Worked, scene: Scene) -> tuple[dict[str, float], float] | None:
    """The multipliers by least squares on the condition at places of the support; None where it cannot be met."""
    (z,) = work.problem.density.of
    places = _places(work, scene)
    at = {z.name: places}
    slope = values(render(work.derivative), scene, at)
    columns = [np.ones_like(places), *(values(render(one.statistic), scene, at) for one in work.restraints)]
    matrix = np.stack(columns, axis=-1)
    found, *_ = np.linalg.lstsq(matrix, -slope, rcond=None)
    residual = float(np.max(np.abs(slope + matrix @ found)))
    off = [abs(number(one.excess, scene)) for one in work.restraints]
    if not residual < 1e-7 * (1 + float(np.max(np.abs(slope)))) or any(size > 1e-8 for size in off):
        return None
    names = ["lambda", *(one.multiplier.name for one in work.restraints)]
    return dict(zip(names, map(float, found), strict=True)), residual
