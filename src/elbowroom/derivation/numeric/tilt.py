r"""Exponential tilting: the density exp(h(z) + sum_i eta_i T_i(z)) / Z whose statistics T_i have given means.

The natural parameters minimise the convex function log Z(eta) - eta . c; its gradient is E[T] - c and its Hessian
the covariance of T. Newton's method with a line search stays where Z is finite.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from elbowroom.derivation.numeric.quadrature import Mesh, adaptive_mesh
from elbowroom.derivation.numeric.scene import Array
from elbowroom.derivation.numeric.starts import trial_parameters
from elbowroom.derivation.numeric.tails import around, diverges, peak, scan
from elbowroom.functional.support import Finite, Support

Statistic = Callable[[Array], Array]

MOST_STEPS = 200
MOST_STARTS = 8
FEW_STEPS = 20


class NoTilt(Exception):
    """There is no such density; `kind` is "normalisable", "infeasible" or "dependent", `which` names a constraint."""

    def __init__(self, kind: str, detail: str, which: int | None = None):
        self.kind = kind
        self.detail = detail
        self.which = which
        super().__init__(detail)


@dataclasses.dataclass(frozen=True)
class Tilted:
    """The natural parameters, the logarithm of the normaliser, and the mesh they were found on."""

    natural: Array
    log_mass: float
    mesh: Mesh
    residual: float


@dataclasses.dataclass(frozen=True)
class Tilt:
    """A family of tilted densities on a support: the logarithm h of the base measure, and the statistics T."""

    base: Statistic
    statistics: tuple[Statistic, ...]
    support: Support
    points: tuple[float, ...] = ()

    def level(self, natural: Array, z: Array) -> Array:
        """The unnormalised log-density."""
        total = np.broadcast_to(np.asarray(self.base(z), dtype=float), z.shape)
        for eta, statistic in zip(natural, self.statistics, strict=True):
            if eta:
                total = total + eta * statistic(z)
        return total

    def moments(self, natural: Array) -> tuple[float, Array, Array, Mesh] | str:
        """log Z, E[T], Cov[T] and the mesh; or in words where Z is infinite."""

        def log_density(z: Array) -> Array:
            return self.level(natural, z)

        trouble = diverges(log_density, self.support)
        if trouble:
            return trouble
        center, scale = peak(log_density, self.support)
        top = float(np.asarray(log_density(np.array([center])))[0])

        def integrand(z: Array) -> Array:
            weight = np.exp(log_density(z) - top)
            rows = [np.ones_like(z), *(np.broadcast_to(s(z), z.shape) for s in self.statistics)]
            values = np.array([a * b for i, a in enumerate(rows) for b in rows[i:]])
            return np.where(weight > 0, values * weight, 0.0)

        points = (*self.points, *around(center, scale))
        total, mesh = adaptive_mesh(integrand, self.support, points, center, scale)
        size = len(self.statistics) + 1
        square = np.zeros((size, size))
        square[np.triu_indices(size)] = total
        square = square + np.triu(square, 1).T
        if not np.all(np.isfinite(square)) or square[0, 0] <= 0:
            return "everywhere"
        square /= square[0, 0]
        mean = square[0, 1:]
        return float(np.log(total[0]) + top), mean, square[1:, 1:] - np.outer(mean, mean), mesh

    def solve(self, targets: Array) -> Tilted:
        """The member of the family whose statistics have the means `targets`. Raises `NoTilt`."""
        require_in_range(self.statistics, targets, self.support)
        trouble: NoTilt | None = None
        for natural, known in self._starts():
            if not len(targets):
                return Tilted(natural, known[0], known[3], 0.0)
            self._check_dependence(known, targets)
            try:
                return self._newton(natural, known, targets)
            except NoTilt as failure:
                if failure.kind == "far":
                    raise NoTilt("normalisable", failure.detail) from None
                if failure.kind != "normalisable":
                    raise
                trouble = trouble or failure  # a start at the edge of the parameters leads nowhere within few steps
        assert trouble is not None
        raise trouble

    def _newton(self, natural: Array, known: tuple, targets: Array) -> Tilted:
        """Newton's method on the dual function from one start."""
        spread = np.sqrt(np.maximum(np.diag(known[2]), 1e-300))
        for count in range(MOST_STEPS):
            _, mean, covariance, _ = known
            gradient = mean - targets
            spread = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
            if np.all(np.abs(gradient) <= 1e-13 * (spread + np.abs(targets))):
                break
            scaled = covariance / np.outer(spread, spread)
            step = -np.linalg.lstsq(scaled, gradient / spread, rcond=1e-15)[0] / spread
            moved = self._search(natural, known, gradient, step, targets)
            if moved is None:
                if np.all(np.abs(gradient) <= 1e-10 * (spread + np.abs(targets))):
                    break
                raise NoTilt("normalisable" if count < FEW_STEPS else "far", self._words(natural + step))
            natural, known = moved
            if known[0] - natural @ targets < -1e3 or np.max(np.abs(natural) * (spread + 1e-300)) > 1e9:
                raise NoTilt("infeasible", "the multipliers grow without bound")
        else:
            raise NoTilt("infeasible", f"the multipliers did not settle in {MOST_STEPS} Newton steps")
        residual = float(np.max(np.abs(known[1] - targets), initial=0.0))
        return Tilted(natural, known[0], known[3], residual)

    def _search(self, natural: Array, known: tuple, gradient: Array, step: Array, targets: Array):
        """The longest of the halved steps that stays where Z is finite and makes the dual function fall."""
        value, slope = known[0] - natural @ targets, float(gradient @ step)
        size = 1.0
        for _ in range(40):
            trial = natural + size * step
            found = self.moments(trial)
            if not isinstance(found, str):
                fell = found[0] - trial @ targets <= value + 1e-4 * size * slope
                closer = np.linalg.norm(found[1] - targets) < np.linalg.norm(gradient)
                if fell or (abs(size * slope) < 1e-9 * (1 + abs(value)) and closer):
                    return trial, found
            size /= 2
        return None

    def _starts(self) -> Iterator[tuple[Array, tuple]]:
        """Natural parameters with a finite normaliser, the first at zero where that is one. Raises `NoTilt`."""
        last, begun = "", 0
        for trial in trial_parameters(len(self.statistics)):
            found = self.moments(trial)
            if isinstance(found, str):
                last = last or found
                continue
            yield trial, found
            begun += 1
            if begun == MOST_STARTS:
                return
        if not begun:
            raise NoTilt("normalisable", last)

    def _words(self, natural: Array) -> str:
        return diverges(lambda z: self.level(natural, z), self.support) or "at the edge of the parameters"

    def _check_dependence(self, known: tuple, targets: Array) -> None:
        _, mean, covariance, _ = known
        spread = np.sqrt(np.maximum(np.diag(covariance), 0))
        if np.any(spread < 1e-12 * (1 + np.abs(mean))):
            index = int(np.argmin(spread))
            contradicts = abs(mean[index] - targets[index]) > 1e-9 * (1 + abs(targets[index]))
            raise NoTilt("contradictory" if contradicts else "dependent", "its statistic is constant", index)
        scaled = covariance / np.outer(spread, spread)
        sizes, directions = np.linalg.eigh(scaled)
        if sizes[0] < 1e-11:
            combination = directions[:, 0] / spread
            off = combination @ (targets - mean)
            kind = "contradictory" if abs(off) > 1e-9 * (1 + np.max(np.abs(combination * targets))) else "dependent"
            raise NoTilt(kind, "the statistics are linearly dependent", int(np.argmax(np.abs(directions[:, 0]))))


def require_in_range(statistics: tuple[Statistic, ...], targets: Array, support: Support) -> None:
    """Raise `NoTilt` where the mean of a statistic is to lie outside all of its values."""
    attained = isinstance(support, Finite)
    for index, (statistic, target) in enumerate(zip(statistics, targets, strict=True)):
        low, high = _range(statistic, support)
        if target < low - 1e-12 or target > high + 1e-12 or (not attained and target in (low, high)):
            raise NoTilt("infeasible", f"its values lie between {low:.6g} and {high:.6g}", index)


def _range(statistic: Statistic, support: Support) -> tuple[float, float]:
    """The least and the largest value of a statistic on a support, as far as a scan with zooming sees them."""
    found: list[float] = []
    for pick in (np.argmin, np.argmax):
        places = scan(support)
        extreme = np.nan
        for _ in range(6):
            with np.errstate(all="ignore"):
                seen = np.broadcast_to(np.asarray(statistic(places), dtype=float), places.shape)
            seen, places = seen[np.isfinite(seen)], places[np.isfinite(seen)]
            best = int(pick(seen))
            extreme = float(seen[best])
            if isinstance(support, Finite):
                break
            places = np.linspace(places[max(best - 1, 0)], places[min(best + 1, len(places) - 1)], 101)
        found.append(extreme)
    return found[0], found[1]
