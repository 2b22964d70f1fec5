"""Numbers for an optimum that was found as an expression: its value, its family, and whether it exists at all."""

from __future__ import annotations

import dataclasses

import numpy as np

from elbowroom.derivation.kernel import Recognised, natural_parameters, recognise
from elbowroom.derivation.numeric.evaluate import log_values, number, values
from elbowroom.derivation.numeric.quadrature import adaptive_mesh
from elbowroom.derivation.numeric.scene import Array, MissingNumber, Scene, key_of
from elbowroom.derivation.numeric.tails import around, diverges, peak
from elbowroom.derivation.steps import Check, Step
from elbowroom.errors import MissingRule
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem


@dataclasses.dataclass(frozen=True)
class Numbers:
    """What evaluating an optimum gave; all of it None where a name in the problem has no value.

    **Arguments.** `divergence` says where the integral of the density is infinite.
    """

    value: float | None = None
    family: Recognised | None = None
    scene: Scene | None = None
    divergence: str | None = None
    steps: tuple[Step, ...] = ()


def numbers_of(
    problem: Problem, base: Scene, expanded: Expression, unnormalised: Expression, density: Expression
) -> Numbers:
    """Evaluate the functional at `density`, which is `unnormalised` over its integral."""
    unknown = problem.density
    try:
        base = with_points(base, unnormalised, unknown)
        where = divergence(base, unnormalised, unknown)
        if where:
            return Numbers(divergence=where)
        family = recognised_family(unnormalised, unknown, base)
        named = None if family is None else family.density(unknown.of[0])
        scene = base.with_(densities={key_of(unknown): (unknown, density if named is None else named)})
        value = number(expanded, scene)
        checks = _checks(scene, unknown)
    except (MissingNumber, MissingRule):
        return Numbers()
    if not np.isfinite(value) or not all(check.passed for check in checks):
        return Numbers()  # the expression stands, and no number is given that the quadrature does not bear out
    steps: list[Step] = []
    if family is not None:
        steps.append(Step("recognise the family", to_text(unnormalised), family.text()))
    steps.append(Step("evaluate with the numbers given", f"J at this {unknown}", f"{value:.12g}", (), checks))
    return Numbers(value, family, scene, None, tuple(steps))


def divergence(scene: Scene, unnormalised: Expression, unknown: DensityValue) -> str | None:
    """Where the integral of an unnormalised density of one variable is infinite, in words."""
    if len(unknown.of) != 1 or not _is_line(unknown):
        return None
    (variable,) = unknown.of
    if any(given not in scene.setting.observed for given in unknown.given):
        return None

    def log_density(z: Array) -> Array:
        return log_values(unnormalised, scene, {variable.name: z})

    return diverges(log_density, variable.support)


def with_points(scene: Scene, unnormalised: Expression, unknown: DensityValue) -> Scene:
    """The scene that knows where a density of one variable has its peak."""
    if len(unknown.of) != 1 or any(given not in scene.setting.observed for given in unknown.given):
        return scene
    (variable,) = unknown.of
    if not _is_line(unknown):
        return scene

    def log_density(z: Array) -> Array:
        return log_values(unnormalised, scene, {variable.name: z})

    center, scale = peak(log_density, variable.support)
    return scene.with_(
        points={**scene.points, variable.role: (*scene.points.get(variable.role, ()), *around(center, scale))}
    )


def recognised_family(unnormalised: Expression, unknown: DensityValue, scene: Scene) -> Recognised | None:
    """The family of a density of one variable, from the table of kernels."""
    if len(unknown.of) != 1:
        return None
    try:
        statistics = natural_parameters(unnormalised, unknown.of[0], scene)
    except (MissingNumber, MissingRule):
        return None
    return None if statistics is None else recognise(statistics, unknown.of[0].support)


def mass_check(scene: Scene, unknown: DensityValue) -> Check:
    """The total mass of the optimum, by two quadratures of different refinement."""
    (variable,) = unknown.of

    def density(z: Array) -> Array:
        return values(unknown, scene, {variable.name: z})

    points = scene.points.get(variable.role, ())
    fine = float(adaptive_mesh(density, variable.support, points)[0])
    again = float(adaptive_mesh(density, variable.support, (*points, 0.1234567))[0])
    passed = abs(fine - 1) < 1e-9 and abs(again - 1) < 1e-9
    return Check("quadrature", passed, f"the mass is 1 within {max(abs(fine - 1), abs(again - 1)):.1e} on two meshes")


def _checks(scene: Scene, unknown: DensityValue) -> tuple[Check, ...]:
    if len(unknown.of) != 1 or any(given not in scene.setting.observed for given in unknown.given):
        return ()
    return (mass_check(scene, unknown),)


def _is_line(unknown: DensityValue) -> bool:
    return getattr(unknown.of[0].support, "dimension", 1) == 1
