r"""Entropic transport: a joint density with both marginals given, one multiplier function for each of them.

The condition gives q(x, z) = K(x, z) exp(f(x) + g(z)) with K known; f and g are found by scaling the rows and the
columns in turn (Sinkhorn), which is the fixed-point map of the two marginal constraints.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping

import numpy as np
from scipy.special import logsumexp

from elbowroom.derivation.narrate import condition_text, opening, unfinished
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.evaluate import log_values, number, values
from elbowroom.derivation.numeric.quadrature import Mesh, adaptive_mesh, finite_mesh
from elbowroom.derivation.numeric.scene import Array, Scene, key_of
from elbowroom.derivation.numeric.tails import around, peak
from elbowroom.derivation.pointwise import pointwise
from elbowroom.derivation.polynomial import ONE, Density
from elbowroom.derivation.render import render
from elbowroom.derivation.restraint import Restraint
from elbowroom.derivation.separable import grounded_derivative
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.worked import Worked
from elbowroom.functional.expression import Expression, as_expression
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.support import Finite

MOST_SCALINGS = 20000
MOST_SECONDS = 5.0


@dataclasses.dataclass(frozen=True)
class Margin:
    """One marginal: its variable, the constraint, the mesh, and its logarithm on the mesh."""

    variable: Variable
    stated: Restraint
    mesh: Mesh
    log_density: Array


@dataclasses.dataclass(frozen=True)
class Coupling:
    """The joint density K exp(f + g) on the product of both meshes, and off them by the same formulas."""

    kernel: Expression
    scene: Scene
    rows: Margin
    columns: Margin
    f: Array
    g: Array

    def log_density(self, at: Mapping[str, Array]) -> Array:
        """The logarithm of the density at values of both variables, by role."""
        x, z = np.broadcast_arrays(at[self.rows.variable.role], at[self.columns.variable.role])
        f = _potential_at(self, x, self.rows, self.columns, self.g, False)
        g = _potential_at(self, z, self.columns, self.rows, self.f, True)
        names = {self.rows.variable.name: x, self.columns.variable.name: z}
        return log_values(self.kernel, self.scene, names) + f + g


def solve_transport(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """The coupling of two given marginals; None where the problem is of another kind."""
    over = work.problem.density
    margins = _margins(work)
    if margins is None or over.given:
        return None
    rules = NormalForm(marginals=False)
    shape = pointwise(grounded_derivative(work, scene, rules), Density(over.letter, frozenset(over.of)))
    if shape is None or shape.powers or shape.sum_powers or shape.sum_logarithm:
        return None
    weight = shape.logarithm.number
    sign = 1 if work.problem.sense == "minimise" else -1
    if weight is None or weight * sign <= 0:
        return None
    kernel = render(rules.exp(shape.rest.scaled(-1 / weight)))
    rows, columns = (_margin(one, scene) for one in margins)
    masses = [float(one.mesh.integrate(np.exp(one.log_density))) for one in (rows, columns)]
    if max(abs(mass - 1) for mass in masses) > 1e-8:
        reason = (
            f"The marginals of {over} that are stated have the masses {masses[0]:.6g} and {masses[1]:.6g}, so no "
            "density satisfies both constraints (they contradict the normalisation). State two densities of mass one."
        )
        return unfinished(work, "refused", reason, started)
    coupling, steps, movement = _scaled(kernel, scene, rows, columns)
    return _answer(work, coupling, float(weight), steps, movement, started)


def _margins(work: Worked) -> tuple[Restraint, Restraint] | None:
    """The two constraints that give the marginals, in the order of the variables of the density."""
    over = work.problem.density
    if len(over.of) != 2 or len(work.restraints) != 2:
        return None
    found: list[Restraint] = []
    for variable in over.of:
        own = [one for one in work.restraints if one.free == (variable,) and one.statistic == ONE]
        if len(own) != 1 or own[0].is_inequality:
            return None
        found.append(own[0])
    return found[0], found[1]


def _margin(one: Restraint, scene: Scene) -> Margin:
    (variable,) = one.free

    def log_density(z: Array) -> Array:
        return log_values(one.target, scene, {variable.name: z})

    if isinstance(variable.support, Finite):
        mesh = finite_mesh(variable.support.size)
    else:
        center, scale = peak(log_density, variable.support)
        points = around(center, scale)
        mesh = adaptive_mesh(lambda z: np.exp(log_density(z)), variable.support, points, center, scale)[1]
        kept = np.exp(log_density(mesh.nodes)) * np.abs(mesh.weights) > 1e-40
        mesh = Mesh(mesh.nodes[kept], mesh.weights[kept], mesh.error)
    return Margin(variable, one, mesh, log_density(mesh.nodes))


def _scaled(kernel: Expression, scene: Scene, rows: Margin, columns: Margin) -> tuple[Coupling, int, float]:
    at = {rows.variable.name: rows.mesh.nodes[:, None], columns.variable.name: columns.mesh.nodes[None, :]}
    log_kernel = log_values(kernel, scene, at)
    log_rows, log_columns = np.log(rows.mesh.weights), np.log(columns.mesh.weights)
    f, g = np.zeros(len(log_rows)), np.zeros(len(log_columns))
    movement, steps, started = np.inf, 0, time.perf_counter()
    while movement > 1e-14 and steps < MOST_SCALINGS and time.perf_counter() - started < MOST_SECONDS:
        f = rows.log_density - logsumexp(log_kernel + (g + log_columns)[None, :], axis=1)
        moved = columns.log_density - logsumexp(log_kernel + (f + log_rows)[:, None], axis=0)
        movement = float(np.max(np.abs(moved - g) * np.exp(columns.log_density) * columns.mesh.weights))
        g = moved
        steps += 1
    return Coupling(kernel, scene, rows, columns, f, g), steps, movement


def _potential_at(coupling: Coupling, places: Array, own: Margin, other: Margin, potential: Array, swap: bool) -> Array:
    """A potential at any values of its variable, from the other one on its mesh."""
    distinct, back = np.unique(places, return_inverse=True)
    at = {own.variable.name: distinct[:, None], other.variable.name: other.mesh.nodes[None, :]}
    level = log_values(coupling.kernel, coupling.scene, at) + (potential + np.log(other.mesh.weights))[None, :]
    margin = log_values(own.stated.target, coupling.scene, {own.variable.name: distinct})
    return (margin - logsumexp(level, axis=1))[back].reshape(places.shape)


def _answer(
    work: Worked, coupling: Coupling, weight: float, scalings: int, movement: float, started: float
) -> Derivation:
    over = work.problem.density
    rows, columns = coupling.rows, coupling.columns
    meshes = {rows.variable.role: rows.mesh, columns.variable.role: columns.mesh}
    scene = dataclasses.replace(coupling.scene, densities={key_of(over): coupling.log_density}, meshes=meshes, known={})
    value = number(work.expanded, scene)
    at = {rows.variable.name: rows.mesh.nodes[:, None], columns.variable.name: columns.mesh.nodes[None, :]}
    joint = values(over, scene, at)
    off = np.max(np.abs(joint @ columns.mesh.weights - np.exp(rows.log_density)))
    name = to_text(over)
    text = f"{name} <- {to_text(coupling.kernel)}*exp(f({rows.variable}) + g({columns.variable}))"
    names = [to_text(one.multiplier) for one in work.restraints]
    steps = (
        *opening(work),
        Step(
            "solve the condition; the multipliers are functions of one variable each",
            condition_text(work),
            text,
            (f"f and g hold the multipliers {', '.join(names)} divided by {-weight:.6g}, and the normalisation",),
        ),
        Step(
            "scale rows and columns in turn until both marginals hold",
            ", ".join(to_text(one.stated) for one in work.restraints),
            f"{scalings} scalings",
            (),
            (
                Check("quadrature", bool(off < 1e-8), f"the marginals hold within {off:.1e}"),
                Check("kkt", movement < 1e-10, f"the multiplier functions moved by {movement:.1e} in the last scaling"),
            ),
        ),
        Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"),
        Step("take the second variation", "integral(eta**2/q)", "of one sign for every direction: strictly convex"),
    )
    finite = isinstance(rows.variable.support, Finite) and isinstance(columns.variable.support, Finite)
    return Derivation(
        problem=work.problem,
        status="fixed-point",
        optima={},
        unnormalised=coupling.kernel,
        value=as_expression(round(value, 15)),
        minimum="global",
        unique=True,
        multipliers={},
        condition=condition_text(work),
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        table=tuple(tuple(map(float, row)) for row in joint) if finite else None,
        fixed_point=text,
        scene=scene,
    )
