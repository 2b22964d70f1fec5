r"""Product families: the coordinate updates q_j proportional to exp E_{-j}[log p], iterated to their fixed point.

The logarithm of each factor is linear in statistics whose coefficients are moments of the other factors, so an update
is a few one-dimensional integrals. Each update minimises the functional exactly in its block; the functional cannot
rise.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from elbowroom.derivation.dependence import variables_of
from elbowroom.derivation.kernel import Recognised, recognise, statistic_terms
from elbowroom.derivation.mean_field_answer import (
    Block,
    Fixed,
    mean_field_answer,
    mean_field_opening,
    stationarity,
    without_optimum,
)
from elbowroom.derivation.narrate import wrong_sign
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.evaluate import number, values
from elbowroom.derivation.numeric.scene import Array, MissingNumber, Scene, key_of
from elbowroom.derivation.numeric.tails import around
from elbowroom.derivation.one_root import one_fixed_point
from elbowroom.derivation.polynomial import Applied, Density, Polynomial, from_atom, from_monomial
from elbowroom.derivation.render import render
from elbowroom.derivation.stationarity import coefficient_of_log
from elbowroom.derivation.steps import Derivation
from elbowroom.derivation.strong_form import strong_form
from elbowroom.derivation.variation import variation
from elbowroom.errors import InputError, Refused
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import DensityValue
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.setting import Table
from elbowroom.functional.support import Finite

MOST_SWEEPS = 2000
SETTLED = 1e-14


def solve_mean_field(problem: Problem, started: float) -> Derivation:
    """The fixed point of the coordinate updates of a product of densities.

    **Raises.** `InputError` where a factor has constraints, or does not occur through its logarithm.
    """
    if problem.subject_to:
        raise InputError(
            f"The constraint {problem.subject_to[0]} stands beside several unknown densities, which this version "
            "solves under normalisation only. Leave it out, or put it into the functional with a weight."
        )
    scene = Scene(problem.given)
    expanded = expand(problem.functional)
    blocks = tuple(_block(expanded, one, problem) for one in problem.over if isinstance(one, DensityValue))
    conditions = [stationarity(one, index) for index, one in enumerate(blocks, start=1)]
    condition = "; ".join(map(to_text, conditions))
    opening = mean_field_opening(problem, expanded, blocks, conditions)
    wanted = 1 if problem.sense == "minimise" else -1
    if any(one.weight != wanted for one in blocks):
        return without_optimum(problem, "refused", wrong_sign(problem), condition, opening, started)
    try:
        found = _iterate(blocks, expanded, scene)
    except MissingNumber as missing:
        return without_optimum(
            problem, "condition", f"the updates are not iterated: {missing}", condition, opening, started
        )
    except Refused as reason:
        return without_optimum(problem, "refused", str(reason), condition, opening, started)
    found = dataclasses.replace(found, alone=one_fixed_point(blocks, found.families, scene))
    return mean_field_answer(problem, expanded, blocks, found, condition, opening, started)


def _block(expanded: Expression, over: DensityValue, problem: Problem) -> Block:
    rules = NormalForm(marginals=False)
    first = variation(expanded, over)
    derivative = strong_form(rules.of(first), over)
    atom = Density(over.letter, frozenset(over.of), frozenset(over.given))
    weight = coefficient_of_log(derivative, atom)
    if weight is None or weight.number is None:
        raise InputError(
            f"The functional does not hold log {over} with a number in front, so that no update for {over} follows. "
            "Coordinate updates are derived where the entropy of each factor enters, as in KL(q1*q2 || p)."
        )
    logarithm = from_atom(Applied("log", from_atom(atom)))
    rest = (derivative - logarithm * weight).scaled(-1 / weight.number)
    fixed = Polynomial(tuple((p, c) for p, c in rest.terms if variables_of(p) & set(over.of)))
    return Block(over, derivative, first, fixed, 1 if weight.number > 0 else -1)


@dataclasses.dataclass(frozen=True)
class _Update:
    over: DensityValue
    terms: tuple[tuple[str, Expression], ...]
    log_density: Expression


def _iterate(blocks: tuple[Block, ...], expanded: Expression, scene: Scene) -> Fixed:
    updates = tuple(_update_of(block, scene) for block in blocks)
    densities = {key_of(one.over): _first_guess(one.over) for one in updates}
    families: dict[str, Recognised] = {}
    before = np.array([])
    movement = np.inf
    sweeps = 0
    history: list[Array] = []
    for sweeps in range(1, MOST_SWEEPS + 1):
        state: list[float] = []
        for one in updates:
            now = dataclasses.replace(scene, densities=dict(densities), points=_points(densities), known={})
            density, family, numbers = _updated(one, now)
            densities[key_of(one.over)] = (one.over, density)
            if family is not None:
                families[to_text(one.over)] = family
            state.extend(numbers)
        current = np.array(state)
        movement = np.inf if len(before) != len(current) else float(np.max(np.abs(current - before), initial=0.0))
        before = current
        if movement <= SETTLED * (1 + float(np.max(np.abs(current)))):
            break
        history = [*history[-2:], current]
        if sweeps % 4 == 0 and len(families) == len(updates):
            _extrapolate(history, updates, families, densities)
            history = []
    final = dataclasses.replace(scene, densities=densities, points=_points(densities), known={})
    return Fixed(final, families, sweeps, movement, tuple(before))


def _extrapolate(history: list[Array], updates: tuple[_Update, ...], families: dict, densities: dict) -> None:
    """Aitken's extrapolation of the parameters of the last factor; a sweep from there shows whether it was right."""
    if len(history) < 3:
        return
    last = updates[-1]
    own = len(families[to_text(last.over)].parameters)
    first, second, third = (one[-own:] for one in history)
    bend = third - 2 * second + first
    with np.errstate(all="ignore"):
        jump = np.where(np.abs(bend) > 1e-13, (third - second) ** 2 / bend, 0.0)
    guess = third - jump
    names = [name for name, _ in families[to_text(last.over)].parameters]
    positive = [name not in ("loc", "low", "high") for name in names]
    if not np.all(np.isfinite(guess)) or np.any(guess[positive] <= 0):
        return
    moved = dataclasses.replace(
        families[to_text(last.over)], parameters=tuple(zip(names, map(float, guess), strict=True))
    ).density(last.over.of[0])
    if moved is not None:
        densities[key_of(last.over)] = (last.over, moved)


def _update_of(block: Block, scene: Scene) -> _Update:
    """The update with the laws spelled out: each statistic with the moments that multiply it."""
    body = scene.grounded(render(block.log_density))
    (variable,) = block.over.of
    if isinstance(variable.support, Finite):
        return _Update(block.over, (), body)
    form = NormalForm(marginals=False).of(scene.spelled_out(body))
    terms: list[tuple[str, Expression]] = []
    for part, coefficient in form.terms:
        if variable not in variables_of(part):
            continue
        found = statistic_terms(part, coefficient, variable, scene)
        if found is None:
            raise InputError(
                f"The update of {block.over} holds {to_text(render(from_monomial(part)))}, which is no statistic of "
                "the table of exponential families, so that the updates are not iterated."
            )
        terms.extend(found)
    return _Update(block.over, tuple(terms), body)


def _updated(one: _Update, scene: Scene) -> tuple[Expression | Table, Recognised | None, list[float]]:
    (variable,) = one.over.of
    if isinstance(variable.support, Finite):
        nodes = np.arange(variable.support.size, dtype=float)
        level = values(one.log_density, scene, {variable.name: nodes})
        weights = np.exp(level - np.max(level))
        weights /= weights.sum()
        return Table(tuple(map(float, weights))), None, [float(weight) for weight in weights]
    statistics: dict[str, float] = {}
    for name, outside in one.terms:
        statistics[name] = statistics.get(name, 0.0) + number(outside, scene)
    family = recognise(statistics, variable.support)
    density = family.density(variable) if family is not None else None
    if family is None or density is None:
        told = ", ".join(f"{value:.6g}*{name}" for name, value in statistics.items())
        raise Refused(
            f"The update {one.over} = C*exp({told}) cannot be normalised on {variable.support}, or is of no family of "
            "the table: a natural parameter has the wrong sign"
        )
    return density, family, [value for _, value in family.parameters]


def _first_guess(over: DensityValue) -> tuple[DensityValue, Expression | Table]:
    (variable,) = over.of
    if isinstance(variable.support, Finite):
        size = variable.support.size
        weights = np.linspace(1.0, 1.5, size)
        return over, Table(tuple(map(float, weights / weights.sum())))
    guess = recognise(_STARTS[type(variable.support).__name__], variable.support)
    density = guess.density(variable) if guess is not None else None
    if density is None:
        raise InputError(f"There is no first guess for {over} on {variable.support}.")
    return over, density


_STARTS = {
    "Real": {"z**2": -0.5},
    "Positive": {"z": -1.0, "log z": 1.0},
    "Interval": {"log z": 0.5, "log(1 - z)": 0.5},
    "Circle": {"cos(z)": 0.5},
}


def _points(densities: dict) -> dict[str, tuple[float, ...]]:
    """Where each factor has its mass, for the quadratures of the other updates."""
    found: dict[str, tuple[float, ...]] = {}
    for over, density in densities.values():
        parameters = getattr(density, "parameters", ())
        sizes = [float(p.value) for p in parameters if hasattr(p, "value")]
        if getattr(density, "name", "") == "Normal":
            found[over.of[0].role] = around(sizes[0], sizes[1])
        elif getattr(density, "name", "") == "Gamma":
            found[over.of[0].role] = around(sizes[0] / sizes[1], np.sqrt(sizes[0]) / sizes[1])
    return found
