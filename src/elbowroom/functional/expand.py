"""What the named functionals stand for: one level at a time, or all the way down to integrals."""

from __future__ import annotations

from functools import singledispatch

from elbowroom.functional.density_functionals import DensityFunctional
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.expression import Constant, Exp, Expression, Log
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral, measured_variables
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import DensityValue
from elbowroom.functional.support import Interval
from elbowroom.functional.traverse import children, rebuild


@singledispatch
def definition(node: Expression) -> Expression:
    """What `node` itself abbreviates, one level down; a node that abbreviates nothing is returned as it is.

    KL(a || b) is E_a[log a/b], H(a) is -E_a[log a], E_a[f] is the integral of a*f over the variables
    that a is a density of, an integral between the ends of a support is one over it, MI(q; x, z) is
    KL(q(x,z) || q(x)*q(z)), a density of a family is the exponential of its log-density, and the tables
    `DIVERGENCES` and `DENSITY_FUNCTIONALS` say the same of their entries.
    """
    return node


@definition.register
def _(node: KL) -> Expression:
    return Expectation(node.left, Log(node.left / node.right))


@definition.register
def _(node: Entropy) -> Expression:
    return -Expectation(node.density, Log(node.density))


@definition.register
def _(node: Expectation) -> Expression:
    integral = node.measure * node.integrand
    for variable in reversed(measured_variables(node.measure)):
        integral = Integral(integral, variable)
    return integral


@definition.register
def _(node: Integral) -> Expression:
    support = node.variable.support
    if (
        isinstance(support, Interval)
        and node.lower == Constant(support.lower)
        and node.upper == Constant(support.upper)
    ):
        return Integral(node.integrand, node.variable)
    return node


@definition.register
def _(node: MutualInformation) -> Expression:
    left, right = (DensityValue(node.letter, (variable,)) for variable in (node.left, node.right))
    return KL(DensityValue(node.letter, (node.left, node.right)), left * right)


@definition.register
def _(node: Divergence | DensityFunctional) -> Expression:
    return node.kind.definition(node)  # pyright: ignore[reportArgumentType]


@definition.register
def _(node: SquaredMMD) -> Expression:
    return node.definition


@definition.register
def _(node: FamilyDensity) -> Expression:
    return Exp(node.log_density)


def expand(expression: Expression) -> Expression:
    """`expression` with every named functional replaced by the integrals it stands for.

    >>> from elbowroom.functional.law import laws, variables
    >>> (x, z), (p, q) = variables("x z"), laws("p q")
    >>> expand(KL(q(z | x), p(z)))
    integral(q(z|x)*log(q(z|x)/p(z)), z)
    """
    meaning = definition(expression)
    while meaning is not expression:
        expression, meaning = meaning, definition(meaning)
    return rebuild(expression, [expand(child) for child in children(expression)])
