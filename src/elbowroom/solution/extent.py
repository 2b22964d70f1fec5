"""Where on unbounded variables the problem lives: found from the laws, or from the constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import scipy.optimize

from elbowroom.errors import InputError
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression, Parameter, Product, Sum
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.law import DensityValue
from elbowroom.functional.setting import Table
from elbowroom.functional.support import Positive, Real, Support
from elbowroom.functional.traverse import free_variables, walk
from elbowroom.solution.axis import Axis, Focus, graded_edges, limits, panel_axis, single_axis
from elbowroom.solution.discretised import discretise
from elbowroom.solution.feasibility import typical_sizes
from elbowroom.solution.graph import Known, is_affine
from elbowroom.solution.scene import Scene
from elbowroom.solution.statement import Statement
from elbowroom.solution.tabulate import tabulate_log

Array = np.ndarray

_POINTS = 1200
_ROUNDS = 14
_FARTHEST = 1e9
_NEAREST = 1e-4
_REACHES = (1.0, 30.0, 1e3, 1e6)
_ZOOM = 50.0


def foci(statement: Statement) -> dict[str, tuple[Focus, ...]]:
    """For each unbounded variable, by role, where its laws and constraints have their mass."""
    unbounded = {role: support for role, support in statement.supports.items() if isinstance(support, Real | Positive)}
    observed = {variable.role: value for variable, value in statement.setting.observed.items()}
    wanted = [role for role in unbounded if role not in observed]
    found: dict[str, list[Focus]] = {role: [] for role in wanted}
    for _ in wanted:
        centres = {role: places[0].centre for role, places in found.items() if places}
        for role in wanted:
            if not found[role]:
                found[role] = list(_from_laws(role, statement, {**observed, **centres}))
    for role in wanted:
        if not found[role]:
            found[role] = list(_from_constraints(role, statement)) or list(_from_functional(role, statement))
    for role in wanted:
        found[role].extend(list(_from_margins(role, statement)) or _from_marginals(role, statement))
    everything = [focus for places in found.values() for focus in places]
    for role in wanted:
        if not found[role]:
            positive = isinstance(unbounded[role], Positive)
            usable = [focus for focus in everything if not positive or focus.centre > 0]
            found[role] = usable or [Focus(1.0 if positive else 0.0, 1.0)]
    return {role: tuple(places) for role, places in found.items()}


def _from_laws(role: str, statement: Statement, known: Mapping[str, float]) -> Iterator[Focus]:
    unknown_numbers = {number.name for number in statement.numbers} - set(statement.setting.parameters)
    for part, meaning in statement.setting.laws.items():
        roles = {variable.role for variable in (*part.of, *part.given)}
        if role not in roles or not roles - {role} <= set(known) or isinstance(meaning, Table):
            continue
        if role not in {variable.role for variable in part.of} and not _is_observed(part, statement):
            continue
        if any(isinstance(node, Parameter) and node.name in unknown_numbers for node in walk(meaning)):
            continue
        components = list(_components(statement.problem.given.laws.get(part), role)) if len(roles) == 1 else []
        for one in components if len(components) > 1 else [part]:
            focus = _focus_of(one, role, statement, known)
            if focus is not None:
                yield focus


def _components(meaning: object, role: str) -> Iterator[FamilyDensity]:
    """The families that a law is mixed from: each may have its mass where none of the others has any."""
    if isinstance(meaning, Sum | Product):
        for node in walk(meaning):
            if isinstance(node, FamilyDensity) and [variable.role for variable in free_variables(node)] == [role]:
                yield node


def _from_margins(role: str, statement: Statement) -> Iterator[Focus]:
    """Where constraints say what a density of the variable is: what has mass there has to be covered too."""
    for constraint in statement.problem.subject_to:
        for side, other in ((constraint.left, constraint.right), (constraint.right, constraint.left)):
            free = tuple(free_variables(side))
            if [variable.role for variable in free] != [role] or free_variables(other) != set(free):
                continue
            components = list(_components(side, role))
            for one in components if len(components) > 1 else [side]:
                focus = _focus_of(expand(one), role, statement, {})
                if focus is not None:
                    yield focus


def _from_marginals(role: str, statement: Statement) -> Iterator[Focus]:
    """Where a variable of an unknown joint density is on its own: a law given others is narrower than without them."""
    joint = [density for density in statement.densities if len(density.of) > 1 and not density.given]
    for part in statement.setting.laws:
        own = [variable for variable in part.of if variable.role == role]
        if own and part.given and any(role in {variable.role for variable in density.of} for density in joint):
            focus = _focus_of(DensityValue(part.letter, (own[0],)), role, statement, {})
            if focus is not None:
                yield focus


def _is_observed(part: DensityValue, statement: Statement) -> bool:
    observed = {variable.role for variable in statement.setting.observed}
    return all(variable.role in observed for variable in part.of)


def _focus_of(part: Expression, role: str, statement: Statement, known: Mapping[str, float]) -> Focus | None:
    """The focus of a law along one variable."""

    def logs_at(nodes: Array, weights: Array, centre: float, scale: float) -> Array | None:
        axes = {other: single_axis(known.get(other, 0.5)) for other in statement.supports}
        axes[role] = Axis(nodes, weights)
        # Integrals inside a law, such as its normaliser, are constants here: any axis serves, but a wide one.
        for other in statement.supports:
            if other != role and other not in known:
                axes[other] = Axis(*_scouting(statement.supports[other], centre, scale))
        names = {name: place for place, name in enumerate(statement.names)}
        try:
            log = tabulate_log(part, Scene(statement.setting, names, axes, {}))
        except InputError:
            return None
        return log.array.ravel() if isinstance(log, Known) and log.size == len(nodes) else None

    return _zoomed(statement.supports[role], logs_at)


def _from_functional(role: str, statement: Statement) -> Iterator[Focus]:
    """Where a step of mirror descent moves a broad density, which is exact for E_q[V] - T H(q): to exp(-V/T)."""
    if len(statement.problem.over) != 1 or not statement.densities or len(statement.supports) != 1:
        return

    def logs_at(nodes: Array, weights: Array, centre: float, scale: float) -> Array | None:
        problem = discretise(statement, {role: Axis(nodes, weights)}, {})
        broad = 1 / (1 + ((nodes - centre) / scale) ** 2)
        broad /= weights @ broad
        local = problem.at(broad) if problem.size == len(nodes) else None
        if local is None:
            return None
        bends = local.curvature(np.zeros(len(local.residual))).diagonal() * broad / weights
        temperature = float(np.median(bends))
        if not np.isfinite(temperature) or temperature <= 0:
            return None
        return np.log(broad) - local.gradient / weights / temperature

    focus = _zoomed(statement.supports[role], logs_at)
    if focus is not None:
        yield focus


def _zoomed(support: Support, logs_at: Callable[[Array, Array, float, float], Array | None]) -> Focus | None:
    """The median and half the width of the middle two thirds of a density along one variable, by zooming in."""
    centre, scale = (1.0, 1.0) if isinstance(support, Positive) else (0.0, 1.0)
    for _ in range(_ROUNDS):
        nodes, weights = _scouting(support, centre, scale)
        logs = logs_at(nodes, weights, centre, scale)
        if logs is None:
            return None
        logs = logs + np.log(weights)
        if not np.isfinite(logs).any():
            return None
        share = np.exp(logs - np.nanmax(logs))
        share = np.where(np.isfinite(share), share, 0.0)
        left, middle, right = np.interp([0.16, 0.5, 0.84], np.cumsum(share) / share.sum(), nodes)
        width = max((right - left) / 2, 1e-3 * scale)
        ends = share[:3].sum() + share[-3:].sum()
        if ends > 0.05 * share.sum() and not isinstance(support, Positive):
            return None
        if abs(middle - centre) < 0.2 * scale and 0.5 < width / scale < 2:
            return Focus(float(middle), float(width))
        centre, scale = float(middle), float(width)
    return Focus(centre, scale)


def _scouting(support: Support, centre: float, scale: float) -> tuple[Array, Array]:
    """Nodes that are dense about a place and reach very far."""
    if isinstance(support, Real | Positive):
        reach = np.arcsinh(_FARTHEST)
        times = np.linspace(-reach, reach, _POINTS)
        nodes = centre + scale * np.sinh(times)
        weights = scale * np.cosh(times) * (times[1] - times[0])
        if isinstance(support, Positive):
            kept = nodes > 1e-12 * scale
            near = centre * 0.5 ** np.arange(1, 40)
            nodes = np.concatenate([nodes[kept], near[near < nodes[kept][0]]])
            order = np.argsort(nodes)
            return nodes[order], np.gradient(nodes[order])
        return nodes, weights
    if hasattr(support, "size"):
        size = support.size  # pyright: ignore[reportAttributeAccessIssue]
        return np.arange(float(size)), np.ones(size)
    axis = panel_axis(np.linspace(*limits(support), 9), 8)
    return axis.nodes, axis.weights


def _from_constraints(role: str, statement: Statement) -> Iterator[Focus]:
    """Where a density can be that meets the constraints: few atoms that do, on nodes from very near to very far."""
    own = [density for density in statement.densities if [v.role for v in (*density.of, *density.given)] == [role]]
    if not own or len(statement.problem.over) > 1 or not statement.constraints:
        return
    positive = isinstance(statement.supports[role], Positive)
    centre, scale, reach = 0.0, _NEAREST, 0.0
    ladder = list(_REACHES)
    for _ in range(_ROUNDS):
        reach = ladder.pop(0) if ladder else reach
        edges = graded_edges((Focus(centre, scale),), 0.0 if positive else centre - reach, centre + reach)
        axes = {other: panel_axis(edges, 4) for other in statement.supports}
        problem = discretise(statement, axes, {})
        weights = axes[role].weights
        uniform = np.full(problem.size, 1.0 / weights.sum())
        local = problem.at(uniform)
        usable = [is_affine(held.node) for held in problem.conditions for _ in range(held.node.size)]
        if local is None or sum(usable) < 2:
            return
        rows = local.jacobian.toarray()[usable][:, : len(weights)] / weights
        lengths = typical_sizes(rows)
        target = rows @ (weights / weights.sum()) - local.residual[usable]
        if not np.isfinite(rows / lengths[:, None]).all() or not np.isfinite(target / lengths).all():
            return
        masses, left = scipy.optimize.nnls(rows / lengths[:, None], target / lengths)
        if masses.sum() <= 0:
            return
        nodes = axes[role].nodes
        mean = float(masses @ nodes / masses.sum())
        width = float(np.sqrt(masses @ (nodes - mean) ** 2 / masses.sum()))
        place = int(np.clip(np.searchsorted(nodes, mean), 1, len(nodes) - 1))
        spacing = nodes[place] - nodes[place - 1]
        if left <= 1e-9 * (1 + np.abs(target / lengths).max()):
            yield Focus(mean, max(width, spacing))
            return
        if not ladder:
            centre, scale, reach = mean, spacing / _ZOOM, spacing * _ZOOM
