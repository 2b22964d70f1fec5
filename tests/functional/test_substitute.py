"""Substitution replaces what is free and never changes what is bound."""

from fractions import Fraction

import pytest
from hypothesis import given
from tests.functional.expressions import VARIABLES, beta, expressions, p, q, u, x, z

from elbowroom.functional.differential import Derivative, PointValue
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.expression import Constant, Expression, Function, Parameter, exp, log
from elbowroom.functional.functionals import KL, E, Integral
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import Variable
from elbowroom.functional.parse import parse
from elbowroom.functional.substitute import fresh_variable, substitute
from elbowroom.functional.traverse import free_variables, walk

CASES: dict[str, tuple[str, dict[Expression, object], str]] = {
    "a parameter by a number": ("beta*KL(q(z) || p(z))", {beta: 4}, "4*KL(q(z) || p(z))"),
    "two at once, not in turn": ("a + beta", {beta: Parameter("a"), Parameter("a"): beta}, "beta + a"),
    "a bound variable stays": ("z*integral(q(z)*z, z)", {z: u}, "u*integral(q(z)*z, z)"),
    "a free variable": ("KL(q(z|x) || p(z|x))", {x: u}, "KL(q(z|u) || p(z|u))"),
    "an integral gives way": ("integral(q(z)*x, z)", {x: z}, "integral(q(z')*z, z')"),
    "an expectation gives way": ("E_q(z)[z*x]", {x: z}, "E_q(z')[z'*z]"),
    "twice, to a second prime": ("integral(x*z*z', z)", {x: z}, "integral(z*z''*z', z'')"),
    "no need to give way": ("integral(q(z), z)", {x: z}, "integral(q(z), z)"),
    "a density under its own integral": ("integral(q(z)*z, z)", {q(z): p(z)}, "integral(p(z)*z, z)"),
    "a density at another variable": ("q(z)*q(z')", {q(z): log(p(z))}, "log(p(z))*log p(z')"),
    "a density whose replacement would be caught": (
        "integral(q(z)*l(u), u)",
        {q(z): Function("f", (u, z))},
        "integral(f(u, z)*l(u'), u')",
    ),
    "the measure of an expectation": ("E_q(z|x)[z]", {q(z | x): p(z | x)}, "E_p(z|x)[z]"),
    "a measure that is no longer a density": (
        "E_q(z|x)[z]",
        {q(z | x): p(z) * Parameter("a")},
        "integral(p(z)*a*z, z)",
    ),
    "a divergence from what is no density": (
        "KL(q(z) || p(z))",
        {q(z): 2 * p(z)},
        "integral(2*p(z)*log(2*p(z)/p(z)), z)",
    ),
    "a whole expression": ("1 + log p(x)", {log(p(x)): Parameter("a")}, "1 + a"),
}


@pytest.mark.parametrize(("text", "replacements", "expected"), CASES.values(), ids=CASES.keys())
def test_substitution(text, replacements, expected):
    assert repr(substitute(parse(text, VARIABLES), replacements)) == expected


def test_a_density_at_a_number_is_a_value_at_a_point():
    value = substitute(p(x | z), {x: 2})
    assert repr(value) == "p(2|z)"
    assert value == PointValue(p(x | z), x, Constant(Fraction(2)))
    assert free_variables(value) == {z}


def test_a_derivative_at_a_point_is_taken_before_the_point_is_put_in():
    slope = Derivative(Function("k", (z, u)), z)
    assert repr(substitute(slope, {z: x})) == "diff(k(x, u), x)"
    assert repr(substitute(slope, {z: u})) == "at(diff(k(z, u), z), z, u)"
    assert repr(substitute(slope, {z: z + 1})) == "at(diff(k(z', u), z'), z', z + 1)"
    assert repr(substitute(Derivative(q(z), z), {q(z): Function("k", (z, u))})) == "diff(k(z, u), z)"


def test_a_value_at_a_point_of_what_becomes_known_is_that_value():
    value = substitute(q(z), {z: -1})
    assert repr(substitute(value, {q(z): exp(-z)})) == "exp(-(-1))"
    assert repr(substitute(substitute(q(z), {z: u + 1}), {u: z})) == "q(z + 1)"
    assert substitute(substitute(q(z), {z: u + 1}), {u + 1: z}) == q(z)


def test_a_function_of_variables_is_replaced_wherever_it_is_called():
    loss = Function("l", (x, z))
    node = Integral(q(z) * Function("l", (u, z + 1)), z) + Function("l", (z,))
    assert repr(substitute(node, {loss: x * z})) == "integral(q(z)*u*(z + 1), z) + l(z)"
    assert repr(substitute(Function("l", (beta, z)), {Function("l", (beta, z)): x})) == "x"
    assert repr(substitute(Function("l", (x, u)), {Function("l", (beta, z)): x})) == "l(x, u)"


def test_bounds_are_outside_of_their_integral():
    node = Integral(q(z), z, 0, x)
    assert repr(substitute(node, {x: z})) == "integral(q(z'), z', 0, z)"
    assert free_variables(node) == {x}


def test_named_functionals_open_where_a_name_no_longer_fits():
    assert repr(substitute(MutualInformation("q", x, z), {q(x): p(x)})) == "KL(q(x,z) || p(x)*q(z))"
    assert repr(substitute(SquaredMMD("k", q(z), p(z)), {Function("k", (x, z)): x * z})) == (
        "integral(integral(z*z'*(q(z) - p(z))*(q(z') - p(z')), z'), z)"
    )
    chi2 = Divergence("chi2", q(z), p(z))
    assert repr(substitute(chi2, {p(z): q(z | x)})) == "chi2(q(z) || q(z|x))"
    assert repr(substitute(chi2, {q(z): exp(z)})) == "integral(p(z)*(exp(z)/p(z) - 1)**2, z)"


def test_nothing_to_replace_returns_the_very_expression():
    node = E(q(z | x))[log(p(x, z))]
    assert substitute(node, {}) is node
    assert substitute(node, {beta: 1}) is node


def test_fresh_variables_are_primed_as_often_as_needed():
    assert fresh_variable(z, {"z", "z'"}) == Variable("z''")
    assert fresh_variable(z, {"x"}) == z


@given(expressions())
def test_replacing_a_variable_by_itself_or_by_a_new_one_and_back(node):
    new = Variable("w")
    assert substitute(node, {z: z}) == node
    there = substitute(node, {z: new})
    assert z not in free_variables(there)
    assert (new in free_variables(there)) == (z in free_variables(node))
    assert substitute(there, {new: z}) == node or free_variables(substitute(there, {new: z})) == free_variables(node)


@given(expressions())
def test_free_variables_after_substitution(node):
    expected = free_variables(node)
    if x in expected:
        expected = (expected - {x}) | {z}
    assert free_variables(substitute(node, {x: z})) == expected


def test_renamed_bound_variables_keep_the_roles_of_densities():
    result = substitute(KL(q(z | x), p(z)) + Integral(q(z) * x, z), {x: z})
    assert repr(result) == "integral(q(z'|z)*log(q(z'|z)/p(z')), z') + integral(q(z')*z, z')"
    assert PointValue(q(Variable("z'") | x), x, z) in set(walk(result))
