"""Minimisation under equations and positivity by a primal-dual interior point method.

Minimise f(x) subject to c(x) = 0 and s > 0, where s holds some of the unknowns themselves (the values of a density)
and affine images P x + o of them. With multipliers λ and ζ, and a barrier μ that goes to zero, Newton's method on

    ∇f + Aᵀλ - Pᵀζ = 0 ,   c = 0 ,   s ζ = μ b .

Unknowns that are positive themselves are updated in their logarithms: x exp(d/x). The stationarity condition of an
entropic functional is linear there, so that a full Newton step is exact, in tails of any size.
See Nocedal and Wright, Numerical Optimization, chapter 19, and Wächter and Biegler (2006) for the safeguards.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from elbowroom.solution.kkt import newton_step
from elbowroom.solution.point import Effort, Local, Point, Positivity

Array = np.ndarray

_LARGEST_LOG_STEP = 4.0
_TO_THE_BOUNDARY = 0.99
_FIRST_BARRIER = 1e-2
_FARTHEST_LEAP = 1e9
_CRAWLING = 1e-5
_MOST_CRAWLING = 8
_NEAR_THE_PATH = 10.0
_FAR_ABOVE_THE_PATH = 1e8
_MOST_FITTED = 50
_UNBOUNDED = 1e12
_FLAT = 1e-8
_LONG = 8
"""Bounds of more entries a row are kept apart in the Hessian of the barrier."""


def minimise(
    at: Callable[[Array], Local | None],
    value_at: Callable[[Array], tuple[float, Array]],
    positivity: Positivity,
    x: Array,
    barrier: float | None = None,
    effort: Effort = Effort(),  # noqa: B008
) -> Point:
    """Minimise from `x`, which has to satisfy the direct bounds and nothing else.

    The first `barrier` is by default of the size of the functional's slope at the start.
    """
    if barrier is None:
        barrier = _first_barrier(at(x), positivity, x)
    return _Run(at, value_at, positivity, x, barrier, effort).run()


def _first_barrier(local: Local | None, positivity: Positivity, x: Array) -> float:
    """Σ x |∂L/∂x| for the multipliers that make it least: what complementarity has to balance."""
    if local is None or not positivity.direct.any() or len(local.residual) > _MOST_FITTED:
        return _FIRST_BARRIER
    size = np.where(positivity.direct, x, 0.0)
    slopes, rows = local.gradient * size, local.jacobian.toarray() * size
    multipliers = np.linalg.lstsq(rows.T, -slopes, rcond=None)[0]
    return max(_FIRST_BARRIER, float(np.abs(slopes + rows.T @ multipliers).sum()))


class _Run:
    """One run: the iterate and what is remembered between steps."""

    def __init__(self, at, value_at, positivity: Positivity, x: Array, barrier: float, effort: Effort):
        self.at, self.value_at, self.bounds = at, value_at, positivity
        self.tolerance, self.most, self.smallest = effort.tolerance, effort.most_steps, effort.smallest_barrier
        self.x = x.copy()
        self.chosen = np.flatnonzero(positivity.direct)
        rows = positivity.matrix @ x + positivity.offset
        self.rows = np.maximum(rows, 1e-3 * max(1.0, float(np.abs(rows).max(initial=0.0))))
        self.barrier = barrier
        self.duals = barrier * positivity.weights / self.slacks
        self.multipliers = np.zeros(0)
        self.shift, self.shifted = 0.0, False
        self.penalty, self.scale = 1.0, 1.0

    @property
    def slacks(self) -> Array:
        return np.concatenate([self.x[self.chosen], self.rows])

    def run(self) -> Point:
        local = self.at(self.x)
        self.multipliers = np.zeros(len(self.value_at(self.x)[1]))
        if local is None:
            return self._point(None, np.inf, 0, "the functional is not finite at the start")
        self.scale = 1.0 + self._infeasibility(local)
        decrement, stopped, still, crawling = np.inf, "the number of steps", 0, 0
        for step in range(self.most):
            direction, decrement = self._direction(local)
            feasible = self._infeasibility(local) <= 1e-9
            if self.barrier <= self.smallest and feasible and abs(decrement) <= self.tolerance * (1 + abs(local.value)):
                still += 1
                if still > 1:
                    return self._point(local, decrement, step, "converged")
            moved = self._move(local, direction)
            if moved is None:
                stopped = "no further progress"
                if self.barrier <= self.smallest:
                    break
                self.barrier = max(self.barrier / 10, self.smallest)
                continue
            local, share = moved
            crawling = crawling + 1 if share < _CRAWLING else 0
            if crawling > _MOST_CRAWLING:
                stopped = "no further progress"
                break
            if local.value < -_UNBOUNDED and self._relative_infeasibility(local) <= 1e-6:
                return self._point(local, decrement, step, "unbounded")
            near = decrement <= 10 * self.barrier
            if near or (share > 0.5 and not len(self.rows)):
                self.barrier = max(self.barrier * (0.1 if share < 0.9 else 0.02), self.smallest)
        return self._point(local, decrement, self.most, stopped)

    def _direction(self, local: Local) -> tuple[tuple[Array, Array, Array], float]:
        """The Newton direction in x, in the slacks and in their multipliers, and the decrease it promises."""
        slacks, bounds = self.slacks, self.bounds
        ratio = self.duals / slacks
        aim = self.barrier * bounds.weights / slacks
        direct = len(self.chosen)
        gap = bounds.matrix @ self.x + bounds.offset - self.rows
        gradient = local.gradient.copy()
        gradient[self.chosen] -= aim[:direct]
        gradient += bounds.matrix.T @ (ratio[direct:] * gap - aim[direct:])
        bend = np.zeros(len(self.x))
        bend[self.chosen] = ratio[:direct]
        curvature = local.curvature(self.multipliers).plus(sp.csr_array(sp.diags_array(bend))).bounded()
        if bounds.matrix.nnz > _LONG * len(self.rows):
            curvature = curvature.bordered(bounds.matrix, ratio[direct:])
        elif len(self.rows):
            curvature = curvature.plus(sp.csr_array(bounds.matrix.T @ sp.diags_array(ratio[direct:]) @ bounds.matrix))
        step = newton_step(curvature, gradient, local.jacobian, local.residual, self.shift)
        self.shift = step.shift
        self.shifted |= step.shift > 0
        self.multipliers = step.multipliers
        move = step.direction
        slack_move = np.concatenate([move[self.chosen], bounds.matrix @ move + gap])
        dual_move = aim - self.duals - ratio * slack_move
        return (move, slack_move, dual_move), float(move @ (curvature @ move)) / 2

    def _is_bent(self, local: Local) -> bool:
        """Whether the Lagrangian has a direction of negative curvature here, beyond rounding."""
        bends = np.abs(local.curvature(self.multipliers).diagonal()) * np.maximum(self.x**2, 1.0)
        self.shift = 0.0
        self._direction(local)
        return self.shift > _FLAT and float(bends.max(initial=0.0)) > _FLAT * (1 + abs(local.value))

    def _move(self, local: Local, direction: tuple[Array, Array, Array]) -> tuple[Local, float] | None:
        """Go along the direction as far as the merit function falls; None if it does not."""
        move, slack_move, dual_move = direction
        direct = len(self.chosen)
        share = _longest(self.rows, slack_move[direct:])
        dual_share = _longest(self.duals, dual_move)
        violation = np.abs(local.residual).sum() + self.row_gap(self.x, self.rows)
        slope = local.gradient @ move - (self.barrier * self.bounds.weights / self.slacks) @ slack_move
        needed = 2 * slope / violation if violation > 0 and slope > 0 else 0.0
        self.penalty = max(1.0, 1.2 * _size(self.multipliers), min(needed, 1e8))
        before = self.merit(local.value, self.slacks, violation)
        noise = 1e-12 * (1 + abs(before))
        trials = [_Trial(self, move, slack_move, share, logarithmic=True)]
        own_share = min(share, _longest(self.x[self.chosen], move[self.chosen]))
        if direct:
            trials.append(_Trial(self, move, slack_move, own_share, logarithmic=False))
        trial = min(trials, key=lambda candidate: candidate.merit)
        while self.shift > 0 and not len(self.slacks) and trial.share < _FARTHEST_LEAP:
            leap = _Trial(self, move, slack_move, 4 * trial.share, logarithmic=False)
            if leap.merit >= trial.merit:
                break
            trial = leap
        for _ in range(30):
            promised = trial.share * (slope - self.penalty * violation)
            if trial.merit <= before + 1e-4 * min(promised, 0.0) + noise:
                there = self.at(trial.x)
                if there is not None:
                    self.x, self.rows = trial.x, trial.rows
                    self._dual_step(dual_move, min(dual_share, 1.0), trial.slacks)
                    return there, trial.share
            trial = _Trial(self, move, slack_move, trial.share / 2, trial.logarithmic)
        return None

    def _dual_step(self, dual_move: Array, share: float, slacks: Array) -> None:
        duals = self.duals + share * dual_move
        centre = self.barrier * self.bounds.weights / slacks
        self.duals = np.clip(duals, centre / _NEAR_THE_PATH, np.maximum(centre * _FAR_ABOVE_THE_PATH, 1e-300))

    def merit(self, value: float, slacks: Array, violation: float) -> float:
        return value - self.barrier * float(self.bounds.weights @ np.log(slacks)) + self.penalty * self.cost(violation)

    def cost(self, violation: float) -> float:
        """How much a violation counts: in proportion where it is small, more where no multiplier could outweigh it."""
        return violation + violation**2 / self.scale

    def row_gap(self, x: Array, rows: Array) -> float:
        return float(np.abs(self.bounds.matrix @ x + self.bounds.offset - rows).sum())

    def _infeasibility(self, local: Local) -> float:
        return max(_size(local.residual), self.row_gap(self.x, self.rows))

    def _relative_infeasibility(self, local: Local) -> float:
        """The largest violation, relative to the sum of what is added in that equation."""
        sizes = abs(local.jacobian) @ np.abs(self.x)
        rows = abs(self.bounds.matrix) @ np.abs(self.x) + np.abs(self.bounds.offset)
        gaps = np.abs(self.bounds.matrix @ self.x + self.bounds.offset - self.rows)
        return max(_size(local.residual / (1 + sizes)), _size(gaps / (1 + rows)))

    def _point(self, local: Local | None, decrement: float, steps: int, stopped: str) -> Point:
        return Point(
            x=self.x,
            slacks=self.slacks,
            multipliers=self.multipliers,
            bound_multipliers=self.duals,
            value=local.value if local else np.nan,
            residual=self._infeasibility(local) if local else np.inf,
            relative_residual=self._relative_infeasibility(local) if local else np.inf,
            decrement=decrement,
            barrier=self.barrier,
            steps=steps,
            shifted=self.shifted,
            shifted_at_last=self.shift > 0 and local is not None and self._is_bent(local),
            stopped=stopped,
        )


class _Trial:
    """A step of some length, the unknowns that are positive moved in their logarithms or as they are."""

    def __init__(self, run: _Run, move: Array, slack_move: Array, share: float, logarithmic: bool):
        self.share, self.logarithmic = share, logarithmic
        self.x = run.x + share * move
        if logarithmic:
            own = run.x[run.chosen]
            relative = np.clip(share * move[run.chosen] / own, -20.0, _LARGEST_LOG_STEP)
            self.x[run.chosen] = np.maximum(own * np.exp(relative), 1e-290)
        self.rows = run.rows + share * slack_move[len(run.chosen) :]
        self.slacks = np.concatenate([self.x[run.chosen], self.rows])
        value, residual = run.value_at(self.x)
        self.merit = np.inf
        if np.isfinite(value) and np.isfinite(residual).all():
            gap = np.abs(residual).sum() + run.row_gap(self.x, self.rows)
            self.merit = run.merit(value, self.slacks, gap)


def _longest(values: Array, move: Array) -> float:
    """How much of `move` keeps `values` positive, at most all of it."""
    falling = move < 0
    if not falling.any():
        return 1.0
    return min(1.0, _TO_THE_BOUNDARY * float((-values[falling] / move[falling]).min()))


def _size(values: Array) -> float:
    return float(np.abs(values).max(initial=0.0))
