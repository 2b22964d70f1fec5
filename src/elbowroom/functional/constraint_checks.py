"""Constraints that follow from one another or contradict one another, as far as that can be told exactly."""

from __future__ import annotations

from fractions import Fraction

from elbowroom.errors import InputError
from elbowroom.functional.expression import Equation
from elbowroom.functional.law import DensityValue
from elbowroom.functional.moment_form import ONE, Monomial, NotLinearError, Polynomial, moment_form
from elbowroom.functional.problem import Constraint, Problem
from elbowroom.functional.traverse import free_variables


def check_constraints(problem: Problem) -> None:
    """Refuse constraints that repeat or contradict one another. Raises `InputError` that names them.

    Moments of an unknown density are compared as linear equations, with the normalisation beside them: E_q[1] = 1.
    """
    _check_repetition(problem.subject_to)
    for unknown in problem.over:
        if isinstance(unknown, DensityValue) and not unknown.given:
            _check_moments(problem, unknown)


def _check_repetition(constraints: tuple[Constraint, ...]) -> None:
    for place, constraint in enumerate(constraints):
        for other in constraints[:place]:
            same = bool(other.left == constraint.left) and bool(other.right == constraint.right)
            if same and type(other) is type(constraint):
                raise InputError(f"The constraint {constraint} is stated twice. Take one of them out.")


def _check_moments(problem: Problem, unknown: DensityValue) -> None:
    """Gaussian elimination on the moments; each row keeps the constraints that it is made of."""
    reduced: list[tuple[Monomial, Polynomial, list[Equation]]] = []
    for constraint in problem.subject_to:
        if not isinstance(constraint, Equation) or free_variables(constraint.left) | free_variables(constraint.right):
            continue
        try:
            row = moment_form(constraint, unknown, problem.given.parameters)
        except NotLinearError:
            continue
        used = [constraint]
        for pivot, other, others in reduced:
            if pivot in row:
                row = _reduced(row, other, row[pivot] / other[pivot])
                used.extend(others)
        moments = [term for term in row if term != ONE]
        if moments:
            reduced.append((moments[0], row, used))
        elif len(used) > 1:
            _refuse(used, contradict=ONE in row)
        elif ONE in row:
            raise InputError(f"The constraint {constraint} cannot hold: the total mass of {unknown} is one.")


def _reduced(row: Polynomial, other: Polynomial, factor: Fraction) -> Polynomial:
    difference = dict(row)
    for term, coefficient in other.items():
        difference[term] = difference.get(term, Fraction(0)) - factor * coefficient
    return {term: coefficient for term, coefficient in difference.items() if coefficient}


def _refuse(used: list[Equation], contradict: bool) -> None:
    last, *others = dict.fromkeys(map(str, used))
    known = " and ".join(others)
    if contradict:
        raise InputError(f"The constraint {last} contradicts {known}, so no density meets all. Take one of them out.")
    raise InputError(
        f"The constraint {last} follows from {known}, so its multiplier could be any number. Take one of them out."
    )
