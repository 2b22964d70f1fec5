"""A problem over a curve after its first half: its steps, and what the second variation shows of a solution."""

from __future__ import annotations

import dataclasses
from typing import Literal

from elbowroom.derivation.curve_ends import Ends, Sorted, interval
from elbowroom.derivation.curve_second import Jacobi, convex_integrand
from elbowroom.derivation.dependence import atoms_in
from elbowroom.derivation.line_checks import taylor_on_line
from elbowroom.derivation.normal_form import NormalForm
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.derivation.polynomial import Opaque, Polynomial, from_atom
from elbowroom.derivation.render import render
from elbowroom.derivation.steps import Step
from elbowroom.functional.differential import Derivative
from elbowroom.functional.expression import Equation, Expression, Function, as_expression
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Problem
from elbowroom.functional.traverse import children

Extremum = Literal["global", "local", "stationary", "none"]


@dataclasses.dataclass(frozen=True)
class Curve:
    """A problem over a curve after its first half: the equation, what integration by parts left, the integrand."""

    problem: Problem
    over: Function
    expanded: Expression
    first: Expression
    equation: Polynomial
    left_over: Expression | None
    integrand: Polynomial | None
    known: Sorted
    scene: Scene

    @property
    def variable(self) -> Variable:
        """The variable that the curve is a function of."""
        (argument,) = self.over.arguments
        assert isinstance(argument, Variable)
        return argument

    @property
    def sense(self) -> int:
        """1 for a minimisation, -1 for a maximisation."""
        return 1 if self.problem.sense == "minimise" else -1

    @property
    def condition(self) -> str:
        """The Euler-Lagrange equation in the plain notation."""
        return to_text(Equation(render(self.equation), as_expression(0)))

    def at(self, candidate: Expression) -> Scene:
        """The scene in which the curve is `candidate`."""
        return self.scene.with_(curves={self.over.name: ((self.variable,), candidate)})


@dataclasses.dataclass(frozen=True)
class Extremal:
    """A curve that satisfies the equation and the end conditions, and how it was found."""

    curve: Expression
    value: float
    residual: float
    how: str


def claim(curve: Curve, ends: Ends, best: Extremal, quadratic: bool, seen: Jacobi) -> tuple[Extremum, bool | None, str]:
    """What is shown of a solution: the kind of extremum, whether it is the only one, and why."""
    side = "minimum" if curve.sense == 1 else "maximum"
    anchored = any(value is not None for value in ends.fixed)
    if curve.integrand is not None and convex_integrand(curve.integrand, bound_curve(curve), curve.sense):
        bent = "convex" if curve.sense == 1 else "concave"
        words = f"the integrand is {bent} in the curve and strictly in its derivative: a global {side}"
        return "global", True if anchored else None, words
    if not seen.legendre:
        return (
            "none",
            None,
            f"Legendre's condition fails: the curve is not a {side}, and the functional may be unbounded",
        )
    if not ends.both_fixed:
        bent = "convex" if curve.sense == 1 else "concave"
        return "stationary", None, f"an end is free, and the integrand is not seen to be {bent}: stationary"
    if seen.conjugate is not None:
        told = f"a conjugate point at {curve.variable} = {seen.conjugate:.6g} lies before the right end"
        reason = f"{told}: by Jacobi's condition the curve is not a {side}"
        if quadratic:
            bound = "below" if curve.sense == 1 else "above"
            reason += f", and the functional, being quadratic, is unbounded {bound}. Shorten the interval."
        return "none", None, reason
    if quadratic:
        words = (
            f"no conjugate point, and the functional is quadratic: its second variation is positive, a global {side}"
        )
        return "global", True, words
    goldschmidt = _goldschmidt(curve, ends)
    if goldschmidt is not None and best.value < goldschmidt:
        words = (
            "no conjugate point; for surfaces of revolution only the broken curve through the axis, with "
            f"{goldschmidt:.9g}, could do better, and it does not: a global minimum (Goldschmidt)"
        )
        return "global", True, words
    return "local", None, f"Legendre's condition holds and there is no conjugate point: a (weak) local {side}"


def _goldschmidt(curve: Curve, ends: Ends) -> float | None:
    """The functional of the broken curve, if the integrand is that of a surface of revolution; None otherwise."""
    if curve.sense != 1 or curve.integrand is None or not ends.both_fixed:
        return None
    y = curve.over
    x = curve.variable
    slope = Derivative(y, x)
    pattern = NormalForm(marginals=False).of(Integral(y * (1 + slope**2) ** as_expression(0.5), x))
    if pattern != NormalForm(marginals=False).of(curve.expanded):
        return None
    left, right = ends.fixed
    return (left**2 + right**2) / 2 if left is not None and right is not None else None


def bound_curve(curve: Curve) -> Function:
    """The curve at the integration variable by which the normal form calls it."""
    assert curve.integrand is not None
    for atom in atoms_in(curve.integrand):
        if isinstance(atom, Opaque) and atom.name == curve.over.name:
            found = render(from_atom(atom))
            assert isinstance(found, Function)
            return found
    return curve.over


def curve_opening(curve: Curve) -> tuple[Step, ...]:
    """The steps from the problem to its Euler-Lagrange equation."""
    name = to_text(curve.over)
    functional = to_text(curve.problem.functional)
    constraints = ", ".join(to_text(one) for one in curve.problem.subject_to) or "no constraints"
    steps = [
        Step(
            "state the problem", f"{curve.problem.sense} J[{curve.over.name}] = {functional} over {name}", constraints
        ),
        Step(
            "take the first variation in a direction eta, and integrate by parts",
            to_text(curve.first),
            f"integral(eta({curve.variable})*({to_text(render(curve.equation))}), {curve.variable})",
            ("eta is an arbitrary smooth function", *(f"boundary term: {one}" for one in boundary_text(curve))),
            taylor_on_line(curve.expanded, render(curve.equation), curve.over, curve.scene),
        ),
        Step("set it to zero for every eta", "the Euler-Lagrange equation", curve.condition),
    ]
    beltrami = _first_integral(curve)
    if beltrami is not None:
        steps.append(
            Step(
                "note a first integral",
                f"the integrand does not contain {curve.variable} itself",
                f"{to_text(beltrami)} = constant",
            )
        )
    return tuple(steps)


def _first_integral(curve: Curve) -> Expression | None:
    """L - y' dL/dy', where the integrand has no explicit x and there are no multipliers that depend on x."""
    if curve.integrand is None or curve.left_over is None:
        return None
    body = _body_of(curve.expanded)
    if body is None or _has_explicit(body, curve.variable):
        return None
    slope = Derivative(curve.over, curve.variable)
    form = NormalForm(marginals=False).of(body - slope * curve.left_over)
    return render(form)


def _body_of(expanded: Expression) -> Expression | None:
    return expanded.integrand if isinstance(expanded, Integral) and expanded.lower is None else None


def _has_explicit(body: Expression, variable: Variable) -> bool:
    """Whether the variable stands in an integrand other than as the argument of the curve."""
    if isinstance(body, Function):
        return False
    if isinstance(body, Derivative):
        return _has_explicit(body.expression, variable)
    if body == variable:
        return True
    return any(_has_explicit(child, variable) for child in children(body))


def boundary_text(curve: Curve) -> tuple[str, ...]:
    """The boundary term in the plain notation."""
    if curve.left_over is None:
        return ()
    low, high = interval(curve.variable)
    return (f"[eta({curve.variable})*({to_text(curve.left_over)})] from {low:g} to {high:g}",)
