"""Derive the optimum of a functional of a density under normalisation, by the calculus of variations."""

from __future__ import annotations

import time
from typing import Literal

from elbowroom.derivation.dependence import variables_of
from elbowroom.derivation.narrate import not_normalisable, refused, solved, unsolved
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.optimum import optimum_of
from elbowroom.derivation.polynomial import ZERO, Density
from elbowroom.derivation.stationarity import solve_pointwise
from elbowroom.derivation.steps import Derivation
from elbowroom.derivation.strong_form import strong_form
from elbowroom.derivation.variation import variation
from elbowroom.derivation.worked import Worked
from elbowroom.errors import InputError
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Equation, Expression
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.parse import parse
from elbowroom.functional.problem import Problem
from elbowroom.functional.support import Positive, Real
from elbowroom.functional.traverse import free_variables, walk


def derive(problem: Problem | str, *, over: DensityValue | None = None) -> Derivation:
    r"""The optimum of `problem` over its density, step by step, each step with the checks it passed.

    With $S[q, \lambda] = J[q] + \lambda (\int q\,dz - 1)$ the condition is $\delta J / \delta q + \lambda = 0$ at
    every point; it is solved for q and the multiplier is found from the normalisation. The sign of the second
    variation says whether the optimum is global.

    **Arguments.** A `Problem`, or the text of a functional, which is minimised over `over`, by default the
    density of the letter q that occurs in it.

    **Validity.** Separable functionals under the normalisation of q alone. Where no closed form is found the
    status is "condition"; where there is no optimum it is "refused", with the reason.

    **Raises.** `InputError` for a constraint other than normalisation, or a functional that is not a number
    for each value of what q is conditioned on; `FormulaError` for text that cannot be read.

    >>> derivation = derive("KL(q(z|x) || p(z|x))")
    >>> derivation.optimum
    p(z|x)
    >>> derivation.condition
    'log q(z|x) + 1 - log p(z|x) + lambda = 0'
    """
    started = time.perf_counter()
    if isinstance(problem, str):
        problem = stated(problem, "minimise", over)
    _check_statement(problem)
    rules = NormalForm(marginals=False)
    try:
        work = _vary(problem, rules)
    except NotDecidedError as trouble:
        raise InputError(f"The functional cannot be varied here: {trouble}.") from trouble
    unknown = Density(problem.density.letter, frozenset(problem.density.of), frozenset(problem.density.given))
    if not work.has_unknown(unknown):
        return refused(work, started)
    shape = solve_pointwise(work.derivative, unknown, problem.density.of, rules)
    if shape is None:
        return unsolved(work, started)
    if any(
        _unbounded(variable) and variable not in variables_of(shape.unnormalised) for variable in problem.density.of
    ):
        return not_normalisable(work, started)
    return solved(work, optimum_of(work, shape, rules), started)


def stated(text: str, sense: Literal["minimise", "maximise"], over: DensityValue | None = None) -> Problem:
    """The problem of a functional given as text, over the only density of the letter q unless `over` says which.

    **Raises.** `FormulaError` for text that cannot be read, `InputError` if the unknown cannot be told.
    """
    functional = parse(text)
    return Problem(sense, functional, (over or _unknown(functional),))


def _vary(problem: Problem, rules: NormalForm) -> Worked:
    expanded = expand(problem.functional)
    first = variation(expanded, problem.density)
    form = rules.of(first)
    derivative = strong_form(form, problem.density) if form else ZERO
    return Worked(problem, expanded, first, derivative, _integrated_over(problem))


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
    for constraint in problem.subject_to:
        if not _is_normalisation(constraint, problem.density):
            raise InputError(
                f"The constraint {constraint} is not the normalisation of {problem.density}, which is the only constraint "
                "that this version derives with. Leave it out, or put it into the functional with a weight."
            )


def _is_normalisation(constraint: Equation, over: DensityValue) -> bool:
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
