"""Derive the optimum of a functional of a density under normalisation, by the calculus of variations."""

from __future__ import annotations

import time
from typing import Literal

from elbowroom.derivation.bent_constraint import bent_restraint, solve_bent
from elbowroom.derivation.candidates import verified_candidate
from elbowroom.derivation.curve import solve_curve
from elbowroom.derivation.dependence import variables_of
from elbowroom.derivation.earned import earned
from elbowroom.derivation.fisher import solve_fisher
from elbowroom.derivation.frozen import frozen_integrals, solve_frozen
from elbowroom.derivation.given_margin import solve_given_margin
from elbowroom.derivation.linear_program import solve_linear_program
from elbowroom.derivation.mean_field import solve_mean_field
from elbowroom.derivation.monotone import inner_integral, inner_problem, through_monotone
from elbowroom.derivation.narrate import not_normalisable, refused, solved, unfinished, unsolved
from elbowroom.derivation.normal_channel import solve_normal_channel
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.kinks import kink_points
from elbowroom.derivation.numeric.scene import MissingNumber, Scene
from elbowroom.derivation.optimum import optimum_of
from elbowroom.derivation.parametric import solve_parametric
from elbowroom.derivation.pointwise import pointwise, sign
from elbowroom.derivation.polynomial import ZERO, Density
from elbowroom.derivation.render import render
from elbowroom.derivation.restraint import restraint
from elbowroom.derivation.self_consistent import solve_self_consistent
from elbowroom.derivation.separable import grounded_derivative, solve_separable
from elbowroom.derivation.stationarity import Shape, solve_pointwise
from elbowroom.derivation.steps import Derivation
from elbowroom.derivation.strong_form import NotLinearError, boundary_terms, strong_form
from elbowroom.derivation.through_unknown import through_unknown
from elbowroom.derivation.transport import solve_transport
from elbowroom.derivation.valuation import numbers_of
from elbowroom.derivation.variation import variation
from elbowroom.derivation.vertex import solve_concave, solve_vertex
from elbowroom.derivation.worked import Worked
from elbowroom.errors import InputError
from elbowroom.functional.differential import PointValue
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Equation, Expression, Function, Parameter
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.parse import parse
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Constraint, Problem
from elbowroom.functional.support import Positive, Real
from elbowroom.functional.traverse import free_variables, walk


def derive(problem: Problem | str, *, over: DensityValue | None = None) -> Derivation:
    r"""The optimum of `problem` over its unknowns, step by step, each step with the checks it passed.

    With $S = J + \sum_i \lambda_i (C_i - c_i)$ the first variation of S vanishes; a multiplier carries exactly the
    variables that are free in its constraint. The strategies, in this order: a strictly monotone function of one
    integral; pointwise solution, clipped at q >= 0, with the multipliers found by a dual; a verified guess; a
    fixed-point map that is iterated; Euler-Lagrange equations; ordinary derivatives for unknown numbers.

    **Arguments.** A `Problem`, or the text of a functional, which is minimised over `over`, by default the
    density of the letter q that occurs in it.

    **Validity.** `minimum` and `unique` claim what convexity, a bound or a named theorem shows, and no more. Where no
    closed form is found the status is "condition"; where there is no optimum it is "refused", with the reason.

    **Raises.** `InputError` for a functional that is not a number for each value of what q is conditioned on, or a
    constraint that no strategy takes; `FormulaError` for text that cannot be read.

    >>> derivation = derive("KL(q(z|x) || p(z|x))")
    >>> derivation.optimum
    p(z|x)
    >>> derivation.condition
    'log q(z|x) + 1 - log p(z|x) + lambda = 0'
    """
    started = time.perf_counter()
    if isinstance(problem, str):
        problem = stated(problem, "minimise", over)
    try:
        return earned(_by_kind(problem, started))
    except NotDecidedError as trouble:
        raise InputError(f"The functional cannot be varied here: {trouble}.") from trouble
    except NotLinearError as trouble:
        raise InputError(
            f"The first variation of {problem.functional} is no integral against a direction: the unknown stands at a "
            "single point there. Put the value at that point into a constraint, or integrate over it."
        ) from trouble


def _by_kind(problem: Problem, started: float) -> Derivation:
    """The derivation by the kind of the unknowns: numbers, a curve, several densities, or one."""
    if all(isinstance(unknown, Parameter) for unknown in problem.over):
        return solve_parametric(problem, started)
    if isinstance(problem.over[0], Function):
        return solve_curve(problem, started)
    if len(problem.over) > 1 and all(isinstance(unknown, DensityValue) for unknown in problem.over):
        return solve_mean_field(problem, started)
    _check_statement(problem)
    return _over_density(problem, started)


def _over_density(problem: Problem, started: float) -> Derivation:
    rules = NormalForm(marginals=False)
    work = vary(problem, rules)
    unknown = Density(problem.density.letter, frozenset(problem.density.of), frozenset(problem.density.given))
    scene = Scene(problem.given)
    bent = bent_restraint(work)
    if bent is not None:
        try:
            return solve_bent(work, bent, lambda other: _over_density(other, started), started)
        except MissingNumber as missing:
            return unfinished(work, "condition", f"the multiplier cannot be found: {missing}", started)
    if not work.has_unknown(unknown):
        found = solve_vertex(work, scene, started) or solve_linear_program(work, scene, started)
        return found or refused(work, started)
    kinks = {
        v.role: kink_points((problem.functional, *(one.left for one in problem.subject_to)), v, scene)
        for v in problem.density.of
    }
    scene = scene.with_(points={role: points for role, points in kinks.items() if points})
    if work.has_derivatives:
        return solve_fisher(work, scene, started) or verified_candidate(work, scene, started) or unsolved(work, started)
    if work.pinned:
        reason = f"the constraint {work.pinned[0]} gives the density at a point, where no term holds its derivative"
        return unfinished(work, "refused", reason, started)
    if not work.restraints:
        shape = solve_pointwise(work.derivative, unknown, problem.density.of, rules)
        if shape is not None:
            return _normalised(work, shape, rules, scene, started)
    inner = inner_integral(work, scene)
    if inner is not None:
        found = _over_density(inner_problem(problem, inner), started)
        return through_monotone(work, inner, found, started)
    try:
        found = (
            solve_transport(work, scene, started)
            or solve_given_margin(work, scene, started)
            or solve_separable(work, scene, started)
        )
    except MissingNumber as missing:
        return unfinished(work, "condition", f"the multipliers cannot be found: {missing}", started)
    found = found or verified_candidate(work, scene, started)
    frozen = None if found is not None else frozen_integrals(work)
    if frozen is not None:
        try:
            found = solve_frozen(work, frozen, scene, lambda problem: _over_density(problem, started), started)
        except MissingNumber:
            found = None
    if found is None:
        try:
            found = solve_self_consistent(work, scene, started) or solve_normal_channel(work, scene, started)
        except MissingNumber as missing:
            return unfinished(work, "condition", f"the fixed-point map is not iterated: {missing}", started)
    return found or unsolved(work, started)


def _normalised(work: Worked, shape: Shape, rules: NormalForm, scene: Scene, started: float) -> Derivation:
    over = work.problem.density
    if any(_unbounded(variable) and variable not in variables_of(shape.unnormalised) for variable in over.of):
        return not_normalisable(work, started)
    unknown = Density(over.letter, frozenset(over.of), frozenset(over.given))
    slopes = pointwise(grounded_derivative(work, scene, NormalForm(marginals=False)), unknown)
    curvature = sign(slopes.derivative_numerator()) if slopes else None
    optimum = optimum_of(work, shape, rules, curvature)
    if optimum.minimum == "none":
        found = solve_concave(work, scene, started)
        if found is not None:
            return found
    numbers = numbers_of(work.problem, scene, work.expanded, optimum.unnormalised, optimum.density)
    if numbers.divergence:
        return not_normalisable(work, started, numbers.divergence)
    return solved(work, optimum, started, numbers)


def stated(text: str, sense: Literal["minimise", "maximise"], over: DensityValue | None = None) -> Problem:
    """The problem of a functional given as text, over the only density of the letter q unless `over` says which.

    **Raises.** `FormulaError` for text that cannot be read, `InputError` if the unknown cannot be told.
    """
    functional = parse(text)
    return Problem(sense, functional, (over or _unknown(functional),))


def vary(problem: Problem, rules: NormalForm) -> Worked:
    """The first half: the functional expanded, its first variation, its strong form, the constraints."""
    over = problem.density
    expanded = through_unknown(expand(problem.functional), problem)
    first = variation(expanded, over, problem.given.laws)
    form = rules.of(first)
    derivative = strong_form(form, over) if form else ZERO
    pinned = tuple(one for one in problem.subject_to if isinstance(one, Equation) and isinstance(one.left, PointValue))
    stated = [one for one in problem.subject_to if one not in pinned and not _is_normalisation(one, over)]
    restraints = tuple(restraint(one, problem, number, rules) for number, one in enumerate(stated, start=1))
    ends = boundary_terms(form, over) if form else []
    listed = tuple(f"eta*({to_text(render(left))}) at the ends of {variable}" for variable, left in ends)
    return Worked(problem, expanded, first, derivative, _integrated_over(problem), restraints, listed, pinned)


def _unbounded(variable: Variable) -> bool:
    return isinstance(variable.support, Real | Positive)


def _integrated_over(problem: Problem) -> bool:
    """Whether the functional integrates over what q is conditioned on: then the multiplier is a function of it."""
    return bool(set(problem.density.given) - free_variables(problem.functional))


def _check_statement(problem: Problem) -> None:
    inside = free_variables(problem.functional) & set(problem.density.of)
    if inside:
        names = ", ".join(sorted(variable.name for variable in inside))
        raise InputError(
            f"{problem.functional} still depends on {names}, so it is a function and not a number to be optimised. "
            f"Integrate over {names}, or take an expectation: E_{problem.density}[...]."
        )


def _is_normalisation(constraint: Constraint, over: DensityValue) -> bool:
    if not isinstance(constraint, Equation):
        return False
    mass: Expression = over
    for variable in over.of:
        mass = Integral(mass, variable)
    both = NormalForm(marginals=False)
    mentions = any(isinstance(node, DensityValue) and node == over for node in walk(constraint.left))
    return mentions and both.of(constraint.left) == both.of(mass) == both.of(constraint.right)


def _unknown(functional: Expression) -> DensityValue:
    found = [node for node in walk(functional) if isinstance(node, DensityValue) and node.letter == "q"]
    distinct = list(dict.fromkeys(found))
    if len(distinct) == 1:
        return distinct[0]
    if not distinct:
        raise InputError(
            f"{functional} has no density q to optimise over. Say which one with --over, such as --over 'p(z)'."
        )
    names = ", ".join(str(node) for node in distinct)
    raise InputError(f"{functional} has several densities of the letter q: {names}. Say which one with --over.")
