"""Separable functionals: the condition is solved for q at each point, and the multipliers by the constraints."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from elbowroom.derivation.inversion import Inverse, invert
from elbowroom.derivation.narrate import not_normalisable, unfinished, wrong_sign
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.kinks import kink_points
from elbowroom.derivation.numeric.levels import LevelProblem, MassEscapesError, NoMultiplierError
from elbowroom.derivation.numeric.quadrature import Mesh
from elbowroom.derivation.numeric.scene import Array, Scene, key_of
from elbowroom.derivation.numeric.starts import solve_from_starts
from elbowroom.derivation.numeric.tails import around
from elbowroom.derivation.numeric.tilt import NoTilt, Tilt, require_in_range
from elbowroom.derivation.pointwise import Pointwise, pointwise, sign
from elbowroom.derivation.polynomial import (
    ZERO,
    Density,
    Polynomial,
    Symbol,
    from_atom,
)
from elbowroom.derivation.reasons import escape_words, tilt_words
from elbowroom.derivation.render import render
from elbowroom.derivation.restraint import Restraint
from elbowroom.derivation.separable_answer import Solved, separable_answer, with_multipliers
from elbowroom.derivation.steps import Derivation
from elbowroom.derivation.strong_form import strong_form
from elbowroom.derivation.variation import NOTHING, variation
from elbowroom.derivation.worked import Worked
from elbowroom.errors import MissingRule, Refused
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.support import Positive, Real
from elbowroom.functional.traverse import free_variables


def solve_separable(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """The optimum of a separable functional of one density of one variable; None where it is not of that kind.

    **Raises.** `MissingNumber` where the multipliers cannot be found because a name has no value.
    """
    over = work.problem.density
    unknown = Density(over.letter, frozenset(over.of), frozenset(over.given))
    if len(over.of) != 1 or any(v not in scene.setting.observed for v in over.given):
        return None
    if any(one.free and set(one.free) - set(scene.setting.observed) for one in work.restraints):
        return None
    rules = NormalForm(marginals=False)
    derivative = grounded_derivative(work, scene, rules)
    shape = pointwise(derivative, unknown)
    if shape is None:
        return None
    restraints = work.restraints
    inverse = invert(shape, _level(restraints, scene, rules), rules)
    if inverse is None:
        return None
    (variable,) = over.of
    if isinstance(variable.support, Real | Positive) and variable not in free_variables(inverse.density):
        return not_normalisable(work, started)
    curvature = sign(shape.derivative_numerator())
    wanted = 1 if work.problem.sense == "minimise" else -1
    if curvature == -wanted:
        return unfinished(work, "refused", f"{wrong_sign(work.problem)}. {_unbounded_words(work)}", started)
    try:
        found = _multipliers(work, scene, shape, inverse, curvature or wanted)
    except Refused as reason:
        return unfinished(work, "refused", str(reason), started)
    except NoMultiplierError as trouble:
        reason = (
            f"no multipliers were found that satisfy the constraints: {trouble}. The problem may be infeasible, or its "
            "optimum of another form"
        )
        return unfinished(work, "condition", reason, started)
    return separable_answer(work, scene, inverse, found, curvature, started)


def grounded_derivative(work: Worked, scene: Scene, rules: NormalForm) -> Polynomial:
    """The functional derivative with every number put in, so that exponents and signs are known."""
    first = variation(scene.grounded(work.expanded), work.problem.density, work.problem.given.laws)
    form = ZERO if first is NOTHING else rules.of(first)
    return strong_form(form, work.problem.density) if form else ZERO


def _level(restraints: tuple[Restraint, ...], scene: Scene, rules: NormalForm) -> Polynomial:
    total = from_atom(Symbol("multiplier", "lambda"))
    for one in restraints:
        statistic = rules.of(scene.grounded(render(one.statistic)))
        total = total + from_atom(Symbol("multiplier", one.multiplier.name)) * statistic
    return total


def _multipliers(work: Worked, scene: Scene, shape: Pointwise, inverse: Inverse, direction: int) -> Solved:
    """The multipliers of all constraints; inequalities that hold without theirs are left out first."""
    active = [one for one in work.restraints if not one.is_inequality]
    waiting = [one for one in work.restraints if one.is_inequality]
    while True:
        try:
            found = _equalities(work, scene, shape, inverse, tuple(active), direction)
        except (Refused, NoMultiplierError):
            missing = [one for one in waiting if one not in active]
            if not missing:
                raise
            active.extend(missing)  # a bound may be what holds the density together
            continue
        # With S = J + lambda*(C - c) a bound C >= c pushes with lambda <= 0 in a minimisation, >= 0 in a maximisation.
        pulling = [
            one for one in active if one in waiting and direction * found.multipliers[one.multiplier.name] > 1e-9
        ]
        if pulling:
            active.remove(pulling[0])
            waiting.remove(pulling[0])
            continue
        violated = [one for one in waiting if one not in active and _excess(one, found, work, scene) < -1e-12]
        if not violated:
            return found
        active.append(violated[0])


def _excess(one: Restraint, found: Solved, work: Worked, scene: Scene) -> float:
    over = work.problem.density
    return number(one.excess, scene.with_(densities={key_of(over): (over, found.density)}))


def _equalities(
    work: Worked, scene: Scene, shape: Pointwise, inverse: Inverse, active: tuple[Restraint, ...], direction: int
) -> Solved:
    over = work.problem.density
    (variable,) = over.of
    idle = [one.multiplier.name for one in work.restraints if one not in active]
    statistics = tuple(_on_nodes(render(one.statistic), scene, variable) for one in active)
    targets = np.array([number(one.target, scene) for one in active])
    weight = shape.logarithm.number
    if weight is not None and weight != 0 and not shape.powers and not shape.sum_powers and not shape.sum_logarithm:
        multipliers, mesh, residual = _tilted(work, scene, shape, float(weight), active, statistics, targets)
    else:
        multipliers, mesh, residual = _levelled(work, scene, inverse, active, statistics, targets, direction)
    named = dict(zip(["lambda", *(one.multiplier.name for one in active)], multipliers, strict=True))
    named |= dict.fromkeys(idle, 0.0)
    density = _shorter(with_multipliers(inverse.density, named))
    return Solved(named, density, mesh, residual)


def _tilted(
    work: Worked,
    scene: Scene,
    shape: Pointwise,
    weight: float,
    active: tuple[Restraint, ...],
    statistics: tuple[Callable[[Array], Array], ...],
    targets: Array,
) -> tuple[list[float], Mesh, float]:
    (variable,) = work.problem.density.of
    base = render(shape.rest.scaled(-1 / shape.logarithm.terms[0][1]))
    kinks = kink_points([render(one.statistic) for one in active], variable, scene)
    points = (*scene.points.get(variable.role, ()), *kinks)
    tilt = Tilt(_on_nodes(base, scene, variable), statistics, variable.support, points)
    try:
        tilted = tilt.solve(targets)
    except NoTilt as trouble:
        reduced = _without_one(tilt, targets) if trouble.kind == "normalisable" else None
        if reduced is None:
            stated = [to_text(one.stated) for one in active]
            raise Refused(tilt_words(trouble, work.problem.density, stated)) from trouble
        natural, log_mass, mesh, residual = reduced
    else:
        natural, log_mass, mesh, residual = tilted.natural, tilted.log_mass, tilted.mesh, tilted.residual
    return [weight * log_mass, *(-weight * eta for eta in natural)], mesh, residual


def _without_one(tilt: Tilt, targets: Array) -> tuple[Array, float, Mesh, float] | None:
    """The tilt without one statistic, if its constraint then holds by itself: its multiplier is zero."""
    for left_out in range(len(targets)):
        kept = [index for index in range(len(targets)) if index != left_out]
        smaller = dataclasses.replace(tilt, statistics=tuple(tilt.statistics[index] for index in kept))
        try:
            found = smaller.solve(targets[kept])
        except NoTilt:
            continue
        natural = np.insert(found.natural, left_out, 0.0)
        known = tilt.moments(natural)
        if not isinstance(known, str) and abs(known[1][left_out] - targets[left_out]) < 1e-9:
            return natural, found.log_mass, found.mesh, found.residual
    return None


def _levelled(
    work: Worked,
    scene: Scene,
    inverse: Inverse,
    active: tuple[Restraint, ...],
    statistics: tuple[Callable[[Array], Array], ...],
    targets: Array,
    direction: int,
) -> tuple[list[float], Mesh, float]:
    (variable,) = work.problem.density.of
    names = ["lambda", *(one.multiplier.name for one in active)]
    idle = {one.multiplier.name: 0.0 for one in work.restraints if one not in active}

    def family(multipliers: Array, z: Array) -> Array:
        told = {name: direction * float(value) for name, value in zip(names, multipliers, strict=True)}
        at_values = dataclasses.replace(scene, numbers={**scene.numbers, **idle, **told})
        density = values(inverse.density, at_values, {variable.name: z})
        for left in inverse.domain:
            density = np.where(values(left, at_values, {variable.name: z}) > 0, density, np.nan)
        return density

    _require_in_range(statistics, targets, active, variable, work)
    problem = LevelProblem(
        family,
        (np.ones_like, *statistics),
        (1.0, *map(float, targets)),
        variable.support,
        _peaks(scene, variable),
        inverse.clipped,
    )
    try:
        found = solve_from_starts(problem)
    except MassEscapesError as trouble:
        raise Refused(escape_words(trouble, direction)) from trouble
    return [direction * float(value) for value in found.multipliers], found.mesh, found.residual


def _require_in_range(
    statistics: tuple[Callable[[Array], Array], ...],
    targets: Array,
    active: tuple[Restraint, ...],
    variable: Variable,
    work: Worked,
) -> None:
    """Raise `Refused` where the mean of a statistic is to lie outside all of its values."""
    try:
        require_in_range(statistics, targets, variable.support)
    except NoTilt as trouble:
        stated = [to_text(one.stated) for one in active]
        raise Refused(tilt_words(trouble, work.problem.density, stated)) from trouble


def _peaks(scene: Scene, variable: Variable) -> tuple[float, ...]:
    return (*scene.points.get(variable.role, ()), *around(0.0, 1.0))


def _on_nodes(expression: Expression, scene: Scene, variable: Variable) -> Callable[[Array], Array]:
    return lambda z: values(expression, scene, {variable.name: z})


def _shorter(expression: Expression) -> Expression:
    """The expression or its normal form, whichever is shorter to read."""
    try:
        form = render(NormalForm(marginals=False).of(expression))
    except (NotDecidedError, MissingRule):
        return expression
    return min(expression, form, key=lambda candidate: len(to_text(candidate)))


def _unbounded_words(work: Worked) -> str:
    side = "below" if work.problem.sense == "minimise" else "above"
    return f"The functional is concave in the wrong direction and may be unbounded {side}."
