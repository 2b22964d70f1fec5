r"""Multipliers of a density that is known up to them: q(z; lambda) with given total mass and means.

The mass falls as its multiplier rises, so one multiplier is a bracketed root; several are found by Newton's
method from there. Where the density ceases to exist (a pole of f' inverted) the mass counts as infinite.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from scipy import optimize

from elbowroom.derivation.numeric.kinks import edges
from elbowroom.derivation.numeric.quadrature import Mesh, adaptive_mesh, finite_mesh
from elbowroom.derivation.numeric.scene import Array
from elbowroom.derivation.numeric.tails import around, peak, scan
from elbowroom.functional.support import Finite, Support

NEAR_BOUND = 1e-9
"""How close, relative to its size, a multiplier comes to the bound beyond which there is no density."""

Family = Callable[[Array, Array], Array]
"""From multipliers of shape (m,) and nodes of shape (n,) to the density; nan where there is none."""


class MassEscapesError(Exception):
    """At the last multiplier for which a density exists its mass, `mass`, is still below one."""

    def __init__(self, mass: float, multiplier: float):
        self.mass = mass
        self.multiplier = multiplier
        super().__init__(f"the mass at the bound of the multiplier is {mass:.6g}")


class NoMultiplierError(Exception):
    """No multipliers were found; the constraints may have no solution."""


@dataclasses.dataclass(frozen=True)
class Levels:
    """The multipliers found, how far the constraints are from holding, and the mesh."""

    multipliers: Array
    residual: float
    mesh: Mesh


@dataclasses.dataclass(frozen=True)
class LevelProblem:
    """A density up to its multipliers, the statistics of the constraints (the first is 1), and their targets."""

    family: Family
    statistics: tuple[Callable[[Array], Array], ...]
    targets: tuple[float, ...]
    support: Support
    points: tuple[float, ...] = ()
    clipped: bool = False

    def solve(self, start: Sequence[float] | None = None) -> Levels:
        """The multipliers with which every constraint holds. Raises `MassEscapesError`, `NoMultiplierError`."""
        count = len(self.targets)
        multipliers = np.zeros(count) if start is None else np.asarray(start, dtype=float)
        multipliers[0] = self._mass_multiplier(multipliers)
        mesh = self._mesh(multipliers)
        for _ in range(12):
            before = multipliers
            multipliers = self._on(mesh, multipliers)
            mesh = self._mesh(multipliers)
            if np.max(np.abs(multipliers - before)) <= 1e-12 * (1 + np.max(np.abs(multipliers))):
                break
        residual = float(np.max(np.abs(self._residual(mesh, multipliers))))
        if not residual < 1e-8:
            raise NoMultiplierError(f"the constraints hold only to {residual:.1e}")
        return Levels(multipliers, residual, mesh)

    def _density(self, multipliers: Array, z: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.asarray(self.family(multipliers, z), dtype=float), z.shape)

    def _exists(self, multipliers: Array, z: Array) -> bool:
        found = self._density(multipliers, z)
        return bool(np.all(np.isfinite(found)) and np.all(found >= 0))

    def _mesh(self, multipliers: Array) -> Mesh:
        if isinstance(self.support, Finite):
            return finite_mesh(self.support.size)

        def log_density(z: Array) -> Array:
            with np.errstate(all="ignore"):
                return np.log(self._density(multipliers, z))

        center, scale = peak(log_density, self.support)

        def integrand(z: Array) -> Array:
            density = self._density(multipliers, z)
            return np.array([np.where(density > 0, density * s(z), 0.0) for s in self.statistics])

        points = (*self.points, *around(center, scale))
        mesh = adaptive_mesh(integrand, self.support, points, center, scale)[1]
        if self.clipped:
            places = edges(lambda z: self._density(multipliers, z), mesh.nodes)
            mesh = adaptive_mesh(integrand, self.support, (*points, *places), center, scale)[1]
        return mesh

    def _residual(self, mesh: Mesh, multipliers: Array) -> Array:
        density = self._density(multipliers, mesh.nodes)
        if not (np.all(np.isfinite(density)) and np.all(density >= 0)):
            return np.full(len(self.targets), np.nan)
        rows = np.array([np.broadcast_to(s(mesh.nodes), mesh.nodes.shape) for s in self.statistics])
        return mesh.integrate(np.where(density > 0, rows * density, 0.0)) - np.asarray(self.targets)

    def _excess(self, mesh: Mesh, multipliers: Array, first: float) -> float:
        trial = multipliers.copy()
        trial[0] = first
        found = float(self._residual(mesh, trial)[0])
        return found if np.isfinite(found) else np.inf

    def _mass_multiplier(self, multipliers: Array) -> float:
        """The multiplier of the mass with the others held fixed, on a mesh that is refined as it is found."""
        trial = multipliers.copy()
        step = 1.0
        while not self._exists(trial, scan(self.support)) and step < 1e12:
            trial[0] = multipliers[0] + step
            step *= 2
        escaped: MassEscapesError | None = None
        for _ in range(4):
            mesh = self._mesh(trial)
            try:
                trial[0] = self._bracketed(mesh, trial, float(trial[0]))
                escaped = None
            except MassEscapesError as error:
                if escaped is not None:
                    break  # the bound was met again on the mesh refined there
                trial[0], escaped = error.multiplier + 1e-7, error
        if escaped is not None:
            self._require_escape(multipliers, escaped)
            raise escaped
        return float(trial[0])

    def _require_escape(self, multipliers: Array, escaped: MassEscapesError) -> None:
        """Raise `NoMultiplierError` unless the mass settles below one on the way to the bound of the multiplier."""
        masses: list[float] = []
        for distance in (1e-3, 1e-5, 1e-7):
            trial = multipliers.copy()
            trial[0] = escaped.multiplier + distance
            mesh = self._mesh(trial)
            masses.append(1 + float(self._residual(mesh, trial)[0]))
        first, second = masses[1] - masses[0], masses[2] - masses[1]
        limit = masses[2] + second * second / (first - second) if first > second > 0 else np.inf
        if not limit < 1:
            raise NoMultiplierError("the mass one is reached too close to the bound of the multiplier, if at all")
        escaped.mass = limit

    def _bracketed(self, mesh: Mesh, multipliers: Array, start: float) -> float:
        def excess(first: float) -> float:
            return self._excess(mesh, multipliers, first)

        above = below = None
        step = 1e-3
        if excess(start) > 0:
            above = start
        else:
            below = start
        while (above is None or below is None) and step < 1e15:
            trial = start + step if below is None else start - step
            if excess(trial) > 0:
                above = trial
            else:
                below = trial
            step *= 2
        if below is None:
            raise NoMultiplierError("the mass stays above one for every multiplier")
        if above is None:
            raise MassEscapesError(1 + excess(below), below)
        while not np.isfinite(excess(above)):
            middle = (above + below) / 2
            if abs(above - below) < NEAR_BOUND * (1 + abs(above)):
                raise MassEscapesError(1 + excess(below), below)
            if excess(middle) > 0:
                above = middle
            else:
                below = middle
        low, high = min(above, below), max(above, below)
        return float(optimize.brentq(excess, low, high, xtol=1e-15, rtol=1e-15))  # pyright: ignore[reportArgumentType]

    def _on(self, mesh: Mesh, multipliers: Array) -> Array:
        if len(self.targets) == 1:
            return np.array([self._bracketed(mesh, multipliers, float(multipliers[0]))])
        residual = self._residual(mesh, multipliers)
        for _ in range(60):
            if not np.all(np.isfinite(residual)):
                raise NoMultiplierError("the density does not exist at the multipliers tried")
            if np.max(np.abs(residual)) < 1e-14:
                break
            jacobian = self._jacobian(mesh, multipliers)
            step = -np.linalg.lstsq(jacobian, residual, rcond=1e-14)[0]
            moved = self._halved(mesh, multipliers, residual, step)
            if moved is None:
                break
            multipliers, residual = moved
        return multipliers

    def _halved(self, mesh: Mesh, multipliers: Array, residual: Array, step: Array) -> tuple[Array, Array] | None:
        size = 1.0
        for _ in range(50):
            trial = multipliers + size * step
            found = self._residual(mesh, trial)
            if np.all(np.isfinite(found)) and np.linalg.norm(found) < np.linalg.norm(residual):
                return trial, found
            size /= 2
        return None

    def _jacobian(self, mesh: Mesh, multipliers: Array) -> Array:
        columns: list[Array] = []
        for index in range(len(multipliers)):
            step = 1e-6 * (1 + abs(multipliers[index]))
            up, down = multipliers.copy(), multipliers.copy()
            up[index] += step
            down[index] -= step
            above, below = self._residual(mesh, up), self._residual(mesh, down)
            if np.all(np.isfinite(above)) and np.all(np.isfinite(below)):
                columns.append((above - below) / (2 * step))
            else:
                columns.append((above - self._residual(mesh, multipliers)) / step)
        return np.stack(columns, axis=-1)
