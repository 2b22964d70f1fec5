"""Where an unnormalised density has its mass, and whether its integral is finite, from its logarithm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elbowroom.derivation.numeric.scene import Array
from elbowroom.functional.support import Circle, Finite, Interval, Positive, Real, Support

LogDensity = Callable[[Array], Array]

FAR = np.log(np.array([1e4, 1e5, 1e6, 1e7]))
"""How far out the tails are looked at, as logarithms of the distance."""

NEARBY = np.linspace(0.0, 7.0, 29)
"""Steps beyond each of these distances towards infinity, together more than one turn of a wave."""


def diverges(log_density: LogDensity, support: Support) -> str | None:
    """Where the integral of exp(log_density) is infinite, in words; None where both ends decay fast enough.

    With u the logarithm of the distance, the integrand by u is exp(log_density + u), which must fall towards
    infinity and rise from an end point. At each distance the largest of several places nearby counts, so that a wave
    is no decay; places without a value say nothing. This reads a trend at finite distances and is no proof.
    """
    with np.errstate(all="ignore"):
        for words, place, sign in _ends(support):
            u = FAR[:, None] + NEARBY * np.exp(-FAR[:, None]) if sign > 0 else -FAR[:, None]
            level = np.broadcast_to(np.asarray(log_density(place(u))), u.shape) + u
            if np.any(np.isposinf(level)):
                return words
            known = np.max(np.where(np.isnan(level), -np.inf, level), axis=1)[~np.all(np.isnan(level), axis=1)]
            if len(known) < 2 or np.isneginf(known[-1]) or (known[-1] < -1e4 and known[-1] < known[-2]):
                continue
            if known[-1] - known[-2] > -1e-3:
                return words
    return None


def _ends(support: Support) -> list[tuple[str, Callable[[Array], Array], int]]:
    match support:
        case Real():
            return [("towards +infinity", np.exp, 1), ("towards -infinity", lambda u: -np.exp(u), 1)]
        case Positive():
            return [("towards infinity", np.exp, 1), ("at 0", np.exp, -1)]
        case Interval(lower, upper):
            width = float(upper - lower)
            return [
                (f"at {lower}", lambda u: float(lower) + width * np.exp(u), -1),
                (f"at {upper}", lambda u: float(upper) - width * np.exp(u), -1),
            ]
    return []


def scan(support: Support) -> Array:
    """Places all over a support, dense near its middle and its ends."""
    s = np.linspace(-1, 1, 801)
    match support:
        case Real():
            return np.sinh(14 * s)
        case Positive():
            return np.exp(30 * s)
        case Interval(lower, upper):
            return float(lower) + float(upper - lower) * (1 + np.sin(np.pi / 2 * s[1:-1])) / 2
        case Circle():
            return np.pi * s
        case Finite(size):
            return np.arange(size, dtype=float)
    return s


def peak(log_density: LogDensity, support: Support) -> tuple[float, float]:
    """Where a density is largest, and the width of that peak: half the distance at which its logarithm fell by 1/2."""
    places = scan(support)
    best, low, high = 0, 0.0, 2.0
    with np.errstate(all="ignore"):
        for _ in range(7):
            values = np.asarray(log_density(places), dtype=float)
            values = np.where(np.isfinite(values), values, -np.inf)
            if not np.any(np.isfinite(values)):
                return 0.0, 1.0
            best = int(np.argmax(values))
            near = np.flatnonzero(values >= values[best] - 0.5)
            low, high = places[max(near[0] - 1, 0)], places[min(near[-1] + 1, len(places) - 1)]
            if len(near) > 25:
                break
            places = np.linspace(low, high, 101)
        return float(places[best]), float(max((high - low) / 2, 1e-12 * (1 + abs(places[best]))))


def around(center: float, scale: float) -> tuple[float, ...]:
    """Places at which to split a quadrature so that a peak is seen."""
    return tuple(center + scale * step for step in (-40, -12, -5, -2, 0, 2, 5, 12, 40))
