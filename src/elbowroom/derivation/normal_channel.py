"""Conditions with a marginal, on the real line: the fixed-point map is closed on Normal channels, and iterated there.

q(z|x) = Normal(z; a x + b, s) is put into the map; what comes out is read off at a few points and verified at others.
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np
from scipy import optimize

from elbowroom.derivation.information_convexity import convexity
from elbowroom.derivation.kernel import natural_parameters, recognise
from elbowroom.derivation.narrate import condition_text, opening, unfinished
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.scene import Array, Scene, key_of
from elbowroom.derivation.numeric.tails import around
from elbowroom.derivation.polynomial import Density
from elbowroom.derivation.render import render
from elbowroom.derivation.self_consistent import coefficient_of_log_term, fixed_point_text
from elbowroom.derivation.steps import Check, Derivation, Step
from elbowroom.derivation.worked import Worked
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression, as_expression
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.support import Real

ANCHOR = np.array([-1.0, 0.0, 1.0])
VERIFIED_AT = np.array([-2.3, -0.7, 0.4, 1.9])


@dataclasses.dataclass(frozen=True)
class Channel:
    """A channel Normal(z; slope*x + offset, scale) from a Normal source."""

    slope: float
    offset: float
    scale: float

    def density(self, over: DensityValue) -> Expression:
        """The density as an expression in z and x."""
        (z,), (x,) = over.of, over.given
        mean = as_expression(self.slope) * x + as_expression(self.offset)
        return FamilyDensity("Normal", z, (mean, as_expression(self.scale)))


@dataclasses.dataclass(frozen=True)
class NormalMap:
    """The fixed-point map on Normal channels; `mean` and `deviation` are those of the source."""

    work: Worked
    scene: Scene
    weight: Expression
    mean: float
    deviation: float

    def scene_of(self, channel: Channel) -> Scene:
        """The scene that holds the channel, and its output density in closed form."""
        over = self.work.problem.density
        (z,), (x,) = over.of, over.given
        center = channel.slope * self.mean + channel.offset
        spread = float(np.hypot(channel.slope * self.deviation, channel.scale))
        points = {x.role: around(self.mean, self.deviation), z.role: around(center, spread)}
        scene = dataclasses.replace(
            self.scene, densities={key_of(over): (over, channel.density(over))}, points=points, known={}
        )
        output = DensityValue(over.letter, (z,))
        law = FamilyDensity("Normal", z, (as_expression(center), as_expression(spread)))
        scene.known[key_of(output)] = (output, law)
        return scene

    def level(self, channel: Channel, z: Array, x: Array) -> Array:
        """The logarithm of what the map makes of a channel, up to a function of x."""
        over = self.work.problem.density
        at = {over.of[0].name: z, over.given[0].name: x}
        scene = self.scene_of(channel)
        slope = values(render(self.work.derivative), scene, at) / values(self.weight, scene, at)
        own = -0.5 * ((z - channel.slope * x - channel.offset) / channel.scale) ** 2
        return own - slope

    def step(self, channel: Channel) -> tuple[float, float, float] | None:
        """Slope, offset and scale after one step; None where what comes out has no finite variance."""
        z, x = (part.ravel() for part in np.meshgrid(ANCHOR, np.array([0.0, 1.0])))
        level = self.level(channel, z, x).reshape(2, 3)
        curvature = level[0, 0] - 2 * level[0, 1] + level[0, 2]
        if not curvature < 0:
            return None
        slopes = (level[:, 2] - level[:, 0]) / 2
        return (
            float((slopes[1] - slopes[0]) / -curvature),
            float(slopes[0] / -curvature),
            float(np.sqrt(-1 / curvature)),
        )

    def residual(self, channel: Channel) -> float:
        """How far the level is from that of the channel itself, at places where it was not read off."""
        z, x = (part.ravel() for part in np.meshgrid(VERIFIED_AT, VERIFIED_AT[1:]))
        own = -0.5 * ((z - channel.slope * x - channel.offset) / channel.scale) ** 2
        off = (self.level(channel, z, x) - own).reshape(len(VERIFIED_AT) - 1, len(VERIFIED_AT))
        return float(np.max(np.ptp(off, axis=1)))


def solve_normal_channel(work: Worked, scene: Scene, started: float) -> Derivation | None:
    """The fixed point among Normal channels, if it satisfies the condition everywhere it is looked at; None otherwise.

    **Raises.** `MissingNumber` where a name has no value.
    """
    map_ = _map(work, scene)
    if map_ is None:
        return None

    def movement(parts: Array) -> Array:
        channel = Channel(float(parts[0]), float(parts[1]), float(np.exp(parts[2])))
        moved = map_.step(channel)
        return np.full(3, 1e3) if moved is None else np.array([*moved[:2], np.log(moved[2])]) - parts

    found = optimize.root(movement, np.array([0.5, 0.1, 0.0]), method="hybr", options={"xtol": 1e-14})
    channel = Channel(float(found.x[0]), float(found.x[1]), float(np.exp(found.x[2])))
    if channel.scale < 1e-5 or abs(channel.slope) < 1e-6:
        return unfinished(
            work,
            "refused",
            "The fixed-point map leads to a constant channel: every x is sent to one z, which is a point mass and no "
            "density. The weight of the distortion is too small for any information to be worth its rate; raise it.",
            started,
        )
    residual = map_.residual(channel)
    if not residual < 1e-7:
        return None
    return _answer(map_, channel, residual, started)


def _map(work: Worked, scene: Scene) -> NormalMap | None:
    over = work.problem.density
    if work.restraints or len(over.of) != 1 or len(over.given) != 1:
        return None
    if not all(isinstance(v.support, Real) and v.support.dimension == 1 for v in (*over.of, *over.given)):
        return None
    weight = coefficient_of_log_term(work, Density(over.letter, frozenset(over.of), frozenset(over.given)))
    source = DensityValue(over.letter, over.given)
    if weight is None or not any(key_of(law) == key_of(source) for law in work.problem.given.laws):
        return None
    statistics = natural_parameters(source, over.given[0], scene)
    family = None if statistics is None else recognise(statistics, over.given[0].support)
    if family is None or family.name != "Normal":
        return None
    (_, mean), (_, deviation) = family.parameters
    return NormalMap(work, scene, weight, mean, deviation)


def _answer(map_: NormalMap, channel: Channel, residual: float, started: float) -> Derivation:
    work = map_.work
    over = work.problem.density
    name = to_text(over)
    scene = map_.scene_of(channel)
    value = number(expand(work.problem.functional), scene)
    shape = convexity(work, scene)
    text = fixed_point_text(work)
    density = channel.density(over)
    steps = (
        *opening(work),
        Step("read the condition as a fixed-point map", condition_text(work), text),
        Step(
            "iterate the map on Normal channels, on which it is closed",
            text,
            f"{name} = {to_text(density)}",
            (f"{to_text(DensityValue(over.letter, over.of))} is the Normal marginal of the channel",),
            (
                Check(
                    "kkt", residual < 1e-7, f"the condition holds within {residual:.1e} at places not used to solve it"
                ),
                Check("quadrature", bool(np.isfinite(value)), "the value by nested adaptive quadrature"),
            ),
        ),
        Step("evaluate the functional there", f"J at this {name}", f"{value:.12g}"),
        Step("look for convexity", to_text(work.problem.functional), shape.words),
    )
    return Derivation(
        problem=work.problem,
        status="fixed-point",
        optima={name: density},
        unnormalised=None,
        value=as_expression(round(value, 15)),
        minimum="global" if shape.convex else "stationary",
        unique=True if shape.convex else None,
        multipliers={},
        condition=condition_text(work),
        steps=steps,
        reason=None,
        seconds=time.perf_counter() - started,
        value_number=value,
        fixed_point=text,
        scene=scene,
    )
