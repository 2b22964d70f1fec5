"""Nodes: arithmetic builds them, equality is structural, and every operation knows every kind."""

import pkgutil
import subprocess
import sys
from fractions import Fraction

import pytest
from tests.functional.expressions import EXAMPLES, beta, p, q, x, z

import elbowroom
from elbowroom.errors import MissingRule
from elbowroom.functional.expression import Constant, Expression, Product, Sum, as_expression, log
from elbowroom.functional.functionals import KL, E, entropy
from elbowroom.functional.law import Law, Variable, variables
from elbowroom.functional.printing import to_latex, to_text
from elbowroom.functional.support import Finite


def test_the_examples_hold_every_kind_of_node():
    def kinds(kind: type) -> set[str]:
        below = {name for sub in kind.__subclasses__() for name in kinds(sub)}
        return below | {kind.__name__} if kind.__module__.startswith("elbowroom.") else below

    assert kinds(Expression) - {"Expression"} == set(EXAMPLES)


def test_arithmetic_simplifies_nothing():
    assert beta + 0 == Sum((beta, Constant(Fraction(0))))
    assert 1 * beta == Product((Constant(Fraction(1)), beta))
    assert -as_expression(2) == Constant(Fraction(-2))


def test_a_decimal_is_the_decimal_that_is_shown():
    assert as_expression(0.1) == Constant(Fraction(1, 10))


def test_equality_is_structural_and_nodes_are_keys():
    assert bool(KL(q(z | x), p(z)) == KL(q(z | x), p(z)))
    assert not bool(p(x | z) == p(x, z))
    assert {log(p(x)): 1}[log(p(x))] == 1
    assert Variable("z") != Variable("z", Finite(3))


def test_an_expression_has_no_truth_value():
    with pytest.raises(TypeError, match=r"ask elbowroom\.check\(left, right\)"):
        bool(beta)


@pytest.mark.parametrize("value", [None, "x", True, [1], float("nan")])
def test_what_is_not_a_number_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        as_expression(value)


def test_primes_make_copies_of_a_variable():
    assert Variable("z''").role == "z"
    assert repr(q(Variable("z'") | x)) == "q(z'|x)"


def test_a_law_needs_variables_each_once():
    for arguments in [(), (x, x), (z | x, z), (2,)]:
        with pytest.raises(TypeError):
            Law("p")(*arguments)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="more than one bar"):
        p(z | x, x | z)
    assert variables("a b", support=Finite(2)) == (Variable("a", Finite(2)), Variable("b", Finite(2)))


@pytest.mark.parametrize("build", [lambda: E(beta), lambda: KL(p(x) + 1, p(x)), lambda: entropy(log(p(x)))])
def test_an_expectation_needs_a_density(build):
    with pytest.raises(TypeError, match="An expectation is taken under a density"):
        build()


def test_two_densities_of_one_variable_are_no_measure():
    with pytest.raises(TypeError, match="densities of the same variable"):
        E(q(z) * p(z))


def test_a_node_without_a_rule_fails_by_name():
    class Moon:
        pass

    with pytest.raises(MissingRule, match=r"no text rule for Moon; add one in functional/text\.py"):
        to_text(Moon())
    with pytest.raises(MissingRule, match=r"no LaTeX rule for Moon; add one in functional/latex\.py"):
        to_latex(Moon())


@pytest.mark.parametrize(("folder", "absent"), [("functional", {"numpy", "jax", "scipy"}), ("derivation", {"jax"})])
def test_the_language_imports_no_array_library_and_derivation_no_jax(folder, absent):
    found = pkgutil.walk_packages([f"{elbowroom.__path__[0]}/{folder}"], f"elbowroom.{folder}.")
    names = [module.name for module in found]
    program = f"import {', '.join(names)}, sys; print(sorted({absent!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
