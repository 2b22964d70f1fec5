r"""Adaptive quadrature over a support, for many integrands at once.

Every support is mapped to the interval (-1, 1) such that densities with exponential or algebraic tails, or with a
singularity at the end of the support, become functions that a Gauss-Kronrod rule of 21 points handles. Panels
whose two rules disagree are halved; kinks and jumps are thereby closed in on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from elbowroom.errors import InputError
from elbowroom.functional.support import Circle, Finite, Interval, Positive, Real, Support

Integrand = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From nodes of shape (n,) to values of shape (..., n)."""

RELATIVE_TOLERANCE = 1e-12
ABSOLUTE_TOLERANCE = 1e-14
MOST_ROUNDS = 60
MOST_PANELS = 1000

_KRONROD = np.array(
    [
        0.995657163025808080735527280689003,
        0.973906528517171720077964012084452,
        0.930157491355708226001207180059508,
        0.865063366688984510732096688423493,
        0.780817726586416897063717578345042,
        0.679409568299024406234327365114874,
        0.562757134668604683339000099272694,
        0.433395394129247190799265943165784,
        0.294392862701460198131126603103866,
        0.148874338981631210884826001129720,
        0.0,
    ]
)
_KRONROD_WEIGHTS = np.array(
    [
        0.011694638867371874278064396062192,
        0.032558162307964727478818972459390,
        0.054755896574351996031381300244580,
        0.075039674810919952767043140916190,
        0.093125454583697605535065465083366,
        0.109387158802297641899210590325805,
        0.123491976262065851077958109585166,
        0.134709217311473325928054001771707,
        0.142775938577060080797094273138717,
        0.147739104901338491374841515972068,
        0.149445554002916905664936468389821,
    ]
)
_GAUSS_WEIGHTS = np.array(
    [
        0.066671344308688137593568809893332,
        0.149451349150580593145863396957658,
        0.219086362515982043995534934228163,
        0.269266719309996355091226921569469,
        0.295524224714752870173815619188769,
    ]
)
NODES = np.concatenate([-_KRONROD, _KRONROD[-2::-1]])
WEIGHTS = np.concatenate([_KRONROD_WEIGHTS, _KRONROD_WEIGHTS[-2::-1]])
_COARSE = np.zeros(21)
_COARSE[1:11:2] = _GAUSS_WEIGHTS
_COARSE[-2:-12:-2] = _GAUSS_WEIGHTS


@dataclasses.dataclass(frozen=True)
class Line:
    r"""A support as the image of t in (-1, 1).

    **Arguments.** `place` maps t to the variable, `slope` is its derivative, `back` the inverse.
    """

    place: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    slope: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    back: Callable[[float], float]


@dataclasses.dataclass(frozen=True)
class Mesh:
    """Nodes and weights of a quadrature that was refined for some integrands, to be used again for similar ones."""

    nodes: NDArray[np.float64]
    weights: NDArray[np.float64]
    error: float

    def integrate(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The integrals of functions with these values at the nodes, which lie along the last axis."""
        return np.asarray(np.sum(np.where(values == 0, 0.0, values * np.nan_to_num(self.weights)), axis=-1))


def finite_mesh(size: int) -> Mesh:
    """The values 0, 1, ..., size - 1, each with weight 1."""
    return Mesh(np.arange(size, dtype=float), np.ones(size), 0.0)


def line(support: Support, center: float = 0.0, scale: float = 1.0) -> Line:
    """The map from (-1, 1) to a support of one dimension; `center` and `scale` say where its mass is expected."""
    match support:
        case Real(1):
            return _real_line(center, scale)
        case Positive():
            inner = _real_line(np.log(center) if center > 0 else 0.0, 2.0)
            return Line(
                lambda t: np.exp(np.clip(inner.place(t), -700, 700)),
                lambda t: np.exp(np.clip(inner.place(t), -700, 700)) * inner.slope(t),
                lambda z: inner.back(float(np.log(z))),
            )
        case Interval(lower, upper):
            return _smoothed(float(lower), float(upper))
        case Circle():
            return _segment(-np.pi, np.pi)
    raise InputError(f"There is no quadrature over {support}; one dimension can be integrated numerically.")


def _real_line(center: float, scale: float) -> Line:
    def back(z: float) -> float:
        u = (z - center) / scale
        return 0.0 if u == 0 else float(2 * u / (1 + np.sqrt(1 + 4 * u * u)))

    return Line(
        lambda t: center + scale * t / (1 - t * t),
        lambda t: scale * (1 + t * t) / (1 - t * t) ** 2,
        back,
    )


def _segment(lower: float, upper: float) -> Line:
    middle, half = (lower + upper) / 2, (upper - lower) / 2
    return Line(lambda t: middle + half * t, lambda t: np.full_like(t, half), lambda z: (z - middle) / half)


def _smoothed(lower: float, upper: float) -> Line:
    """An interval run through slowly at its ends, where a density may have a singularity or a root.

    An end at zero is approached as x**4, since numbers near it are known to full relative precision; another end only
    as (1 - x)**2, since 1 - z is lost to rounding closer by.
    """
    width = upper - lower
    left, right = (4 if lower == 0 else 2), (4 if upper == 0 else 2)
    scale = 1 / special.beta(left, right)

    def place(t: NDArray[np.float64]) -> NDArray[np.float64]:
        low = lower + width * special.betainc(left, right, (1 + t) / 2)
        return np.where(t < 0, low, upper - width * special.betainc(right, left, (1 - t) / 2))

    def slope(t: NDArray[np.float64]) -> NDArray[np.float64]:
        return width / 2 * scale * ((1 + t) / 2) ** (left - 1) * ((1 - t) / 2) ** (right - 1)

    def back(z: float) -> float:
        return float(2 * special.betaincinv(left, right, np.clip((z - lower) / width, 0, 1)) - 1)

    return Line(place, slope, back)


def adaptive_mesh(
    integrand: Integrand,
    support: Support,
    points: Sequence[float] = (),
    center: float = 0.0,
    scale: float = 1.0,
    *,
    strict: bool = False,
) -> tuple[NDArray[np.float64], Mesh]:
    """The integrals of all components of `integrand` over `support`, and the mesh they were taken on.

    **Arguments.** `points` are places to split at: kinks, jumps, and where narrow peaks stand.

    **Errors.** Values that are not finite count as zero, as they do where a density has underflowed. Under `strict`
    an integrand that has no value on a whole panel, such as log z below zero, has no integral, which is `nan`.
    Integrals that do not converge leave a large `error` in the mesh, relative to the largest component.
    """
    if isinstance(support, Finite):
        mesh = finite_mesh(support.size)
        return mesh.integrate(integrand(mesh.nodes)), mesh
    to = line(support, center, scale)
    inner = [to.back(point) for point in points if _inside(point, support)]
    edges = np.unique(np.concatenate([np.linspace(-1, 1, 9), [t for t in inner if abs(t) < 0.9999]]))
    return _refine(integrand, to, edges, strict)


def _refine(
    integrand: Integrand, to: Line, edges: NDArray[np.float64], strict: bool
) -> tuple[NDArray[np.float64], Mesh]:
    left, right = edges[:-1], edges[1:]
    kept_nodes: list[NDArray[np.float64]] = []
    kept_weights: list[NDArray[np.float64]] = []
    total: NDArray[np.float64] | None = None
    undefined: NDArray[np.bool_] | bool = False
    error_sum = 0.0
    size = 0.0
    for number in range(MOST_ROUNDS):
        half = (right - left)[:, None] / 2
        t = ((left + right)[:, None] / 2 + half * NODES).ravel()
        with np.errstate(all="ignore"):
            z = to.place(t)
            jacobian = to.slope(t)
            values = np.asarray(integrand(z)) * jacobian
        blocks = values.reshape(*values.shape[:-1], len(left), 21)
        undefined |= np.any(np.all(np.isnan(blocks), axis=-1), axis=-1)
        blocks = np.where(np.isfinite(blocks), blocks, 0.0)
        fine = np.sum(blocks * WEIGHTS, axis=-1) * half[:, 0]
        coarse = np.sum(blocks * _COARSE, axis=-1) * half[:, 0]
        spread = np.abs(fine - coarse).reshape(-1, len(left))
        magnitude = np.sum(np.abs(blocks) * WEIGHTS, axis=-1) * half[:, 0]
        size = max(size, float(np.max(np.sum(magnitude, axis=-1), initial=0.0)))
        # The difference of both rules is close to the error of the coarser one: a cautious bound, also at kinks.
        error = np.max(spread, axis=0, initial=0.0)
        bad = error > np.maximum(ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE * size) / 8
        bad &= (right - left) > 1e-15 * np.maximum(1.0, np.abs(left))
        if number + 1 == MOST_ROUNDS or (len(kept_nodes) and sum(map(len, kept_nodes)) > 21 * MOST_PANELS):
            bad[:] = False
        good = ~bad
        added = np.sum(fine[..., good], axis=-1)
        total = added if total is None else total + added
        error_sum += float(np.sum(error[good]))
        where = np.repeat(good, 21)
        kept_nodes.append(z[where])
        kept_weights.append((WEIGHTS * half).ravel()[where] * jacobian[where])
        if not np.any(bad) or (strict and np.all(undefined)):
            break
        middle = (left[bad] + right[bad]) / 2
        left, right = np.concatenate([left[bad], middle]), np.concatenate([middle, right[bad]])
    assert total is not None
    mesh = Mesh(np.concatenate(kept_nodes), np.concatenate(kept_weights), error_sum / max(size, 1e-300))
    return (np.where(undefined, np.nan, total) if strict else total), mesh


def _inside(point: float, support: Support) -> bool:
    match support:
        case Positive():
            return point > 0
        case Interval(lower, upper):
            return float(lower) < point < float(upper)
        case Circle():
            return -np.pi < point < np.pi
    return np.isfinite(point)
