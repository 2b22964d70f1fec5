"""Random smooth laws, functions and numbers on the supports themselves, each made of numbers that can be turned."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from operator import add

from elbowroom.derivation.numeric.scene import Scene
from elbowroom.derivation.numeric.tails import around
from elbowroom.errors import InputError
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import (
    Constant,
    Expression,
    Function,
    Multiplier,
    Parameter,
    Product,
    as_expression,
    exp,
)
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.setting import Setting, Table
from elbowroom.functional.support import Circle, Finite, Interval, Positive, Real
from elbowroom.functional.traverse import walk

_MOST_ROLES = 3
_HIGHEST_POWER = 60
Peaks = tuple[tuple[float, float], ...]
"""The centre and the width of each peak of a density."""

_FARTHEST, _SMALLEST, _LARGEST = 200.0, -3.0, 8.0


class Dials:
    """Random numbers, the same for the same `name`, each moved by its own turn: the k-th by `turns[k]`.

    A turn of 0 leaves a number where it fell, and turns that are not given are 0. `count` numbers were taken so far.
    """

    def __init__(self, name: str, turns: Sequence[float] = ()):
        self.count = 0
        self._random = random.Random(name)
        self._turns = turns

    def place(self, lower: float, upper: float) -> float:
        """A number that falls between the two and can be moved anywhere."""
        turn = max(-_FARTHEST, min(_FARTHEST, self._turn()))
        return self._random.uniform(lower, upper) + (upper - lower) * turn

    def size(self, lower: float, upper: float) -> float:
        """A positive number that falls between the two, and can be made larger and smaller by any factor."""
        return self._random.uniform(lower, upper) * math.exp(max(_SMALLEST, min(_LARGEST, self._turn())))

    def within(self, lower: float, upper: float) -> float:
        """A number that stays between the two."""
        share = self._random.uniform(0.0, 1.0)
        share = min(max(share, 1e-9), 1 - 1e-9)
        odds = math.log(share / (1 - share)) + max(-30.0, min(30.0, self._turn()))
        return lower + (upper - lower) / (1.0 + math.exp(-odds))

    def _turn(self) -> float:
        self.count += 1
        return self._turns[self.count - 1] if self.count <= len(self._turns) else 0.0


@dataclasses.dataclass(frozen=True)
class Laws:
    """Laws, functions and numbers, and by role the centre and the width of every peak that the laws have."""

    setting: Setting
    peaks: Mapping[str, Peaks]

    def scene(self, stretch: float = 1.0) -> Scene:
        """What gives every name a number, with quadrature that sees the peaks; `stretch` moves its panels."""
        points = {
            role: tuple(point for centre, width in peaks for point in around(centre, stretch * width))
            for role, peaks in self.peaks.items()
        }
        return Scene(self.setting, points=points, strict=True)

    def masses(self) -> Iterator[Expression]:
        """The integral of each whole law, which is 1 where quadrature can be relied on."""
        letters: dict[str, list[DensityValue]] = {}
        for law in self.setting.laws:
            letters.setdefault(law.letter, []).append(law)
        for parts in letters.values():
            whole: Expression = Product(tuple(parts))
            for part in reversed(parts):
                whole = Integral(whole, part.of[0])
            yield whole

    def shown(self) -> dict[str, str]:
        """Every law, function and number as text, by what it is called."""
        setting = self.setting
        laws = {to_text(law): str(d.values) if isinstance(d, Table) else to_text(d) for law, d in setting.laws.items()}
        functions = {to_text(function): to_text(body) for function, body in setting.functions.items()}
        return {**laws, **functions, **{name: f"{value:g}" for name, value in setting.parameters.items()}}


def random_laws(sides: Sequence[Expression], dials: Dials, parts: int = 1) -> Laws:
    """Random smooth laws, functions and numbers for all that occurs in `sides`.

    A density of the real line is a normal one and a density of positive numbers a gamma one, or a mixture of two where
    `parts` is 2.
    """
    nodes = list(dict.fromkeys(node for side in sides for node in walk(side)))
    letters: dict[str, dict[str, Variable]] = {}
    given: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, DensityValue):
            for variable in (*node.of, *node.given):
                own = Variable(variable.role, variable.support)
                letters.setdefault(node.letter, {}).setdefault(variable.role, own)
            for variable in node.given:
                given[variable.role] = given.get(variable.role, 0) + 1
    laws: dict[DensityValue, Expression | Table] = {}
    found: dict[str, Peaks] = {}
    for letter, roles in sorted(letters.items()):
        if len(roles) > _MOST_ROLES:
            raise InputError(f"The law {letter} has more than {_MOST_ROLES} variables, too many to integrate over.")
        ordered = sorted(roles.values(), key=lambda variable: (-given.get(variable.role, 0), variable.role))
        for place, variable in enumerate(ordered):
            before = tuple(ordered[:place])
            density, peaks = _density(variable, before, parts, dials)
            laws[DensityValue(letter, (variable,), before)] = density
            found[variable.role] = (*found.get(variable.role, ()), *peaks)
    parameters = {
        node.name: float(f"{dials.place(0.4, 2.5):.3g}")
        for node in sorted((n for n in nodes if isinstance(n, Parameter | Multiplier)), key=lambda n: n.name)
    }
    functions = dict(_function(node, dials) for node in _distinct_functions(nodes))
    return Laws(Setting(laws=laws, functions=functions, parameters=parameters), found)


def _density(
    variable: Variable, before: tuple[Variable, ...], parts: int, dials: Dials
) -> tuple[Expression | Table, Peaks]:
    """A random smooth density of a variable, which leans on the variables before it, and its peaks."""
    lean = _sum([_decimal(dials.within(0.3, 0.8)) * Elementary("tanh", other) for other in before]) if before else None
    match variable.support:
        case Finite(size):
            return _table(size, before, dials), ()
        case Real(1):
            return _mixture([_normal(variable, lean, len(before), dials) for _ in range(parts)], dials)
        case Positive():
            return _mixture([_gamma(variable, lean, dials) for _ in range(parts)], dials)
        case Circle():
            return _mixture([_von_mises(variable, lean, dials) for _ in range(parts)], dials)
        case Interval():
            made = [_beta(variable, dials), _exponential(variable, dials)]
            return _mixture(made if parts > 1 or before else made[:1], dials, lean)
    raise InputError(f"There is no random density on the support {variable.support}.")


def _normal(variable: Variable, lean: Expression | None, reach: int, dials: Dials) -> tuple[Expression, Peaks]:
    place, scale = _decimal(dials.place(-0.8, 0.8)), _decimal(dials.size(0.6, 1.4))
    peaks = tuple((float(place.value) + shift, float(scale.value)) for shift in {-reach, 0, reach})
    return FamilyDensity("Normal", variable, (place if lean is None else lean + place, scale)), peaks


def _gamma(variable: Variable, lean: Expression | None, dials: Dials) -> tuple[Expression, Peaks]:
    shape, rate = _decimal(dials.size(1.2, 2.5)), _decimal(dials.size(0.7, 1.8))
    own = float(shape.value + 1)
    more = Constant(Fraction(1)) if lean is None else exp(lean)
    peak = (own / float(rate.value), own**0.5 / float(rate.value))
    return FamilyDensity("Gamma", variable, (more + shape, rate)), (peak,)


def _von_mises(variable: Variable, lean: Expression | None, dials: Dials) -> tuple[Expression, Peaks]:
    place, concentration = _decimal(dials.place(-2.0, 2.0)), _decimal(dials.size(0.4, 2.5))
    peak = (math.remainder(float(place.value), 2 * math.pi), float(concentration.value) ** -0.5)
    return FamilyDensity("VonMises", variable, (place if lean is None else lean + place, concentration)), (peak,)


def _beta(variable: Variable, dials: Dials) -> tuple[Expression, Peaks]:
    """A beta density with whole exponents, whose constant is known exactly."""
    share, width, lower = _along(variable)
    one, other = (min(_HIGHEST_POWER, int(dials.size(1.0, 4.0))) for _ in range(2))
    constant = Constant(Fraction((one + other + 1) * math.comb(one + other, one)) / width)
    centre = (one + 1) / (one + other + 2)
    peak = (float(lower) + float(width) * centre, float(width) * (centre * (1 - centre) / (one + other + 3)) ** 0.5)
    return constant * share**one * (1 - share) ** other, (peak,)


def _exponential(variable: Variable, dials: Dials) -> tuple[Expression, Peaks]:
    """An exponential density between two ends, rising or falling."""
    share, width, lower = _along(variable)
    rate = _decimal(dials.place(-3.0, 3.0))
    if not rate.value:
        rate = Constant(Fraction(1))
    end = float(lower) + float(width) * (rate.value > 0)
    peak = (end, float(width) / abs(float(rate.value)))
    return rate * exp(rate * share) / ((exp(rate) - 1) * Constant(width)), (peak,)


def _along(variable: Variable) -> tuple[Expression, Fraction, Fraction]:
    """How far a variable has come from the lower end of its interval, as a share; its length and its lower end."""
    support = variable.support
    assert isinstance(support, Interval)
    width, lower = Fraction(support.upper - support.lower), Fraction(support.lower)
    return (variable - Constant(lower)) / Constant(width), width, lower


def _mixture(
    parts: Sequence[tuple[Expression, Peaks]], dials: Dials, lean: Expression | None = None
) -> tuple[Expression, Peaks]:
    """One density, or two of which the first has a random share; a single family would make too much true."""
    if len(parts) == 1:
        return parts[0]
    share: Expression = _decimal(dials.within(0.3, 0.7))
    rest: Expression = Constant(1 - share.value)
    if lean is not None:
        turned = Constant(Fraction(1, 4)) * Elementary("sin", lean)
        share, rest = share + turned, rest - turned
    (one, peaks), (other, more) = parts
    return share * one + rest * other, (*peaks, *more)


def _table(size: int, before: tuple[Variable, ...], dials: Dials) -> Table:
    sizes = [other.support.size for other in before if isinstance(other.support, Finite)]
    if len(sizes) < len(before):
        raise InputError("A finite variable that depends on a continuous one has no random law here.")
    cells = list(itertools.product(*map(range, sizes)))
    columns = {}
    for cell in cells:
        weights = [dials.size(0.1, 1.0) for _ in range(size)]
        columns[cell] = [weight / math.fsum(weights) for weight in weights]

    def level(cell: tuple[int, ...], value: int) -> object:
        if len(cell) == len(sizes):
            return columns[cell][value]
        return tuple(level((*cell, place), value) for place in range(sizes[len(cell)]))

    return Table(tuple(level((), value) for value in range(size)))


def _distinct_functions(nodes: Collection[Expression]) -> Iterator[Function]:
    seen: set[tuple[str, int]] = set()
    for node in nodes:
        if isinstance(node, Function) and (node.name, len(node.arguments)) not in seen:
            seen.add((node.name, len(node.arguments)))
            yield node


def _function(node: Function, dials: Dials) -> tuple[Function, Expression]:
    own = tuple(Variable(f"a{place}") for place in range(len(node.arguments)))
    wave = _sum([_decimal(dials.place(0.5, 1.5)) * argument for argument in own])
    body = _decimal(dials.place(1.2, 2.0)) + Elementary("sin", wave + _decimal(dials.within(0.0, 3.0)))
    return Function(node.name, own), body


def random_point(variable: Variable, dials: Dials) -> float:
    """A value of a free variable."""
    match variable.support:
        case Finite(size):
            return float(min(size - 1, int(dials.within(0.0, float(size)))))
        case Positive():
            return dials.size(0.3, 2.5)
        case Interval(lower, upper):
            return float(lower) + float(upper - lower) * dials.within(0.1, 0.9)
    return dials.place(-1.5, 1.5)


def _decimal(value: float) -> Constant:
    """A number of three digits, which a reader can type."""
    return Constant(Fraction(f"{value:.3g}"))


def _sum(terms: Sequence[Expression]) -> Expression:
    return reduce(add, terms) if terms else as_expression(0)
