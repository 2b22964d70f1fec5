"""Functionals that are seen to be non-negative and zero at one density only: they prove a minimum without convexity."""

from __future__ import annotations

import dataclasses

from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.derivation.polynomial import (
    Applied,
    Monomial,
    Polynomial,
    Symbol,
    constant,
    from_atom,
)
from elbowroom.derivation.worked import Worked
from elbowroom.errors import InputError, MissingRule
from elbowroom.functional.differential import Derivative
from elbowroom.functional.expression import Expression, Function, Power, Product, Sum
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.substitute import substitute
from elbowroom.functional.traverse import walk


@dataclasses.dataclass(frozen=True)
class Bound:
    """Why the functional is at least zero, in words, and whether it is zero at the candidate only."""

    words: str
    only_there: bool
    hypotheses: tuple[str, ...] = ()


def is_zero_only_at(work: Worked, candidate: DensityValue, scene: Scene) -> Bound | None:
    """A proof that the functional is non-negative and vanishes at the candidate; None where no rule applies."""
    over = work.problem.density
    if work.problem.sense != "minimise":
        return None
    try:
        if NormalForm(marginals=False).of(substitute(work.expanded, {over: candidate})):
            return None
    except (NotDecidedError, InputError, MissingRule):
        return None
    return _weighted_square(work.expanded, over, candidate) or _kernel_square(work.expanded, over, candidate, scene)


def _weighted_square(functional: Expression, over: DensityValue, candidate: DensityValue) -> Bound | None:
    """An integral of a positive weight times the square of a difference of logarithmic derivatives."""
    match functional:
        case Integral(Product(factors), variable):
            pass
        case _:
            return None
    squares = [one for one in factors if isinstance(one, Power) and one.exponent == 2]
    weights = [one for one in factors if one not in squares]
    if len(squares) != 1 or not all(isinstance(one, DensityValue) for one in weights):
        return None
    base = squares[0].base
    if not any(isinstance(node, Derivative) for node in walk(base)):
        return Bound("an integral of a weight times a square: never negative", False)
    score = Derivative(over, variable) / over - Derivative(candidate, variable) / candidate
    rules = NormalForm(marginals=False)
    same = rules.of(base) in (rules.of(score), -rules.of(score))
    words = "an integral of a weight times a square: never negative"
    if not same:
        return Bound(words, False)
    return Bound(
        f"{words}, and zero only where the logarithmic derivatives agree: {over} = C*{candidate}, C = 1 by the mass",
        True,
        ("the densities are positive on a connected support",),
    )


def _kernel_square(functional: Expression, over: DensityValue, candidate: DensityValue, scene: Scene) -> Bound | None:
    """A double integral of k(z, u) (q(z) - p(z)) (q(u) - p(u)) with a kernel known to be positive definite."""
    match functional:
        case Integral(Integral(Product(factors), Variable() as inner), Variable() as outer):
            pass
        case _:
            return None
    differences = [one for one in factors if isinstance(one, Sum)]
    kernels = [one for one in factors if not isinstance(one, Sum)]
    if len(differences) != 2 or len(kernels) != 1 or (inner.role != over.of[0].role and outer.role != over.of[0].role):
        return None
    difference = over - candidate
    rules = NormalForm(marginals=False)
    wanted = [
        rules.of(substitute(difference, {over.of[0]: v}) if v != over.of[0] else difference) for v in (inner, outer)
    ]
    seen = [rules.of(one) for one in differences]
    if sorted(f.key for f in seen) != sorted(f.key for f in wanted) and sorted(f.key for f in seen) != sorted(
        (-f).key for f in wanted
    ):
        return None
    kernel = kernels[0]
    if isinstance(kernel, Function):
        known = scene.meaning(kernel)
        if known is None:
            return None
        kernel = known
    name = positive_definite(scene.grounded(kernel), outer, inner)
    if name is None:
        return None
    return Bound(
        f"the kernel is {name}: positive definite and characteristic, so J >= 0, zero only at {candidate}", True
    )


def positive_definite(kernel: Expression, left: Variable, right: Variable) -> str | None:
    """The name of a kernel that is known to be positive definite and characteristic on the line."""
    rules = NormalForm(marginals=False)
    try:
        form = rules.of(kernel)
    except NotDecidedError:
        return None
    x, y = (from_atom(Symbol("variable", v.name, (v,))) for v in (left, right))
    square = (x - y) * (x - y)
    for part, coefficient in form.terms:
        if coefficient <= 0 or len(form.terms) != 1:
            return None
        return _of_difference(part, square, x - y)
    return None


def _of_difference(part: Monomial, square: Polynomial, difference: Polynomial) -> str | None:
    exponent = _exponent(part)
    if exponent is not None:
        for words, shape in (("a normal kernel", square), ("a Laplace kernel", None)):
            rate = _ratio(exponent, shape) if shape is not None else _absolute_rate(exponent, difference)
            if rate is not None and rate < 0:
                return words
        return None
    if len(part.powers) == 1:
        atom, power = part.powers[0]
        size = power.number
        if isinstance(atom, Applied) and atom.function == "sum" and size is not None and size < 0:
            rest = atom.argument - constant(_constant_of(atom.argument))
            rate = _ratio(rest, square)
            if rate is not None and rate > 0 and _constant_of(atom.argument) > 0:
                return "a rational quadratic kernel"
    return None


def _exponent(part: Monomial) -> Polynomial | None:
    """The exponent of a monomial that is a product of exponentials."""
    total = constant(0)
    for atom, power in part.powers:
        if not isinstance(atom, Applied) or atom.function != "exp":
            return None
        total = total + atom.argument * power
    return total if part.powers else None


def _absolute_rate(exponent: Polynomial, difference: Polynomial):
    for sign in (1, -1):
        shape = from_atom(Applied("abs", difference.scaled(sign)))  # pyright: ignore[reportArgumentType]
        rate = _ratio(exponent, shape)
        if rate is not None:
            return rate
    return None


def _ratio(form: Polynomial, shape: Polynomial):
    """The number r with form = r * shape, if there is one."""
    if not form.terms or len(form.terms) != len(shape.terms):
        return None
    rate = form.terms[0][1] / shape.terms[0][1]
    return rate if form == shape.scaled(rate) else None


def _constant_of(form: Polynomial):
    return next((coefficient for part, coefficient in form.terms if not part.powers), 0)
