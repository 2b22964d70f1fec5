"""One example of every kind of node, random expressions, and equality up to what printing leaves open."""

from fractions import Fraction

from hypothesis import strategies as st

from elbowroom.functional.density_functionals import DensityFunctional
from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.elementary import PI, Elementary
from elbowroom.functional.expression import (
    Constant,
    Exp,
    Expression,
    Function,
    Log,
    Multiplier,
    Parameter,
    Power,
    Product,
    Sum,
)
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import KL, Entropy, Expectation, Integral
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import laws, variables
from elbowroom.functional.traverse import children, rebuild

x, z, u = variables("x z u")
p, q, r = laws("p q r")
beta = Parameter("beta")
VARIABLES = {"x": x, "z": z, "u": u}

EXAMPLES: dict[str, tuple[Expression, str]] = {
    "Constant": (Constant(Fraction(17, 10)), "1.7"),
    "Parameter": (beta, "beta"),
    "Multiplier": (Multiplier("lambda", (x,)), "lambda(x)"),
    "Function": (Function("l", (x, z)), "l(x, z)"),
    "Sum": (beta + 1 - z, "beta + 1 - z"),
    "Product": (beta * z / (x + 1), "beta*z/(x + 1)"),
    "Power": (Power(z, Constant(Fraction(3))), "z**3"),
    "Log": (Log(q(z | x)), "log q(z|x)"),
    "Exp": (Exp(-z), "exp(-z)"),
    "Variable": (z, "z"),
    "DensityValue": (p(x, z), "p(x,z)"),
    "Integral": (Integral(q(z | x), z), "integral(q(z|x), z)"),
    "Expectation": (Expectation(q(z | x), Log(p(x | z))), "E_q(z|x)[log p(x|z)]"),
    "KL": (KL(q(z | x), p(z | x)), "KL(q(z|x) || p(z|x))"),
    "Entropy": (Entropy(q(z)), "H(q(z))"),
    "NamedConstant": (PI, "pi"),
    "Elementary": (Elementary("abs", z - 1), "abs(z - 1)"),
    "Derivative": (Derivative(q(z), z), "diff(q(z), z)"),
    "PointValue": (PointValue(Derivative(q(z), z), z, Constant(Fraction(-1))), "at(diff(q(z), z), z, -1)"),
    "FamilyDensity": (FamilyDensity("Normal", z, (beta, Parameter("s"))), "Normal(z; beta, s)"),
    "MutualInformation": (MutualInformation("q", x, z), "MI(q; x, z)"),
    "Divergence": (Divergence("Renyi", q(z), p(z), beta), "Renyi(beta; q(z) || p(z))"),
    "DensityFunctional": (DensityFunctional("FisherInformation", q(z)), "FisherInformation(q(z))"),
    "SquaredMMD": (SquaredMMD("k", q(z), p(z)), "MMD2(k; q(z) || p(z))"),
}


def _numbers() -> st.SearchStrategy[Expression]:
    fractions = st.fractions(min_value=-20, max_value=20, max_denominator=1000).filter(bool)
    return fractions.map(Constant)


def _densities() -> st.SearchStrategy[Expression]:
    return st.sampled_from([q(z), q(z | x), p(z), p(x), p(x, z), p(x | z), p(z | x), r(u)])


def _grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    pairs = st.lists(inner, min_size=2, max_size=4).map(tuple)
    measures = st.sampled_from([q(z), q(z | x), r(u), q(z | x) * r(u)])
    return st.one_of(
        pairs.map(Sum),
        pairs.map(Product),
        st.builds(lambda left, right: left - right, inner, inner),
        st.builds(lambda above, below: above / below, inner, inner),
        st.builds(Power, inner, inner),
        inner.map(Log),
        inner.map(Exp),
        inner.map(lambda node: -node),
        st.builds(lambda arguments: Function("l", arguments), pairs),
        st.builds(Integral, inner, st.sampled_from([x, z, u])),
        st.builds(Expectation, measures, inner),
        st.builds(Elementary, st.sampled_from(["abs", "sin", "lgamma", "positive_part"]), inner),
        st.builds(Derivative, inner, st.sampled_from([x, z])),
        st.builds(
            lambda body, upper: Integral(body, u, Constant(Fraction(-1)), upper), inner, st.sampled_from([beta, x])
        ),
        st.builds(lambda *parts: FamilyDensity("Normal", parts[0], parts[1:]), inner, inner, inner),
        st.builds(lambda order: Divergence("Renyi", q(z | x), p(z), order), st.sampled_from([beta, beta + 1])),
    )


def expressions(max_leaves: int = 12) -> st.SearchStrategy[Expression]:
    """Random expressions over x, z, u, two parameters and the laws p, q, r."""
    leaves = st.one_of(
        _numbers(),
        _densities(),
        _densities().map(Log),
        st.sampled_from(
            [x, z, u, beta, Parameter("a"), KL(q(z | x), p(z)), Entropy(r(u)), PI, MutualInformation("q", x, z)]
        ),
    )
    return st.recursive(leaves, _grown, max_leaves=max_leaves)


def flattened(expression: Expression) -> Expression:
    """The expression with nested sums and nested products merged and numbers multiplied, as printing leaves open."""
    expression = rebuild(expression, [flattened(child) for child in children(expression)])
    if isinstance(expression, Multiplier):
        return Function(expression.name, expression.of) if expression.of else Parameter(expression.name)
    if isinstance(expression, Sum):
        terms = [part for term in expression.terms for part in (term.terms if isinstance(term, Sum) else (term,))]
        return Sum(tuple(terms)) if len(terms) > 1 else terms[0]
    if isinstance(expression, Power) and expression.exponent == Constant(Fraction(-1)):
        return _merged([expression])
    if isinstance(expression, Product):
        return _merged(
            [part for node in expression.factors for part in (node.factors if isinstance(node, Product) else (node,))]
        )
    return expression


def _merged(factors: list[Expression]) -> Expression:
    number, rest = Fraction(1), []
    for factor in factors:
        if isinstance(factor, Constant):
            number *= factor.value
        elif (
            isinstance(factor, Power)
            and isinstance(factor.base, Constant)
            and factor.exponent == Constant(Fraction(-1))
        ):
            number /= factor.base.value
        else:
            rest.append(factor)
    if number != 1 or not rest:
        rest.insert(0, Constant(number))
    return Product(tuple(rest)) if len(rest) > 1 else rest[0]
