"""Children and rebuilding agree, and free variables are those that matter."""

import pytest
from hypothesis import given
from tests.functional.expressions import EXAMPLES, beta, expressions, p, q, u, x, z

from elbowroom.functional.expand import definition, expand
from elbowroom.functional.expression import log
from elbowroom.functional.functionals import KL, E, Entropy, Expectation, Integral, entropy
from elbowroom.functional.parse import parse
from elbowroom.functional.traverse import bound_variables, children, free_variables, rebuild, walk

FREE = {
    "KL(q(z|x) || p(z|x))": {x},
    "E_q(z|x)[l(x,z)] + z": {x, z},
    "integral(q(z)*p(x), z)": {x},
    "H(q(z))": set(),
    "E_{q(z|x)*p(x)}[l(x,z)]": set(),
    "integral(integral(p(x,z)*beta, z), x)": set(),
}


@pytest.mark.parametrize("node", [node for node, _ in EXAMPLES.values()], ids=EXAMPLES.keys())
def test_rebuild_undoes_children(node):
    assert rebuild(node, children(node)) is node
    copies = [rebuild(child, list(children(child))) for child in children(node)]
    assert rebuild(node, copies) == node


@given(expressions())
def test_rebuilding_all_the_way_down_gives_the_same(node):
    def again(part):
        return rebuild(part, [again(child) for child in children(part)])

    assert again(node) == node
    assert next(walk(node)) is node


def test_rebuild_wants_as_many_children():
    with pytest.raises(ValueError, match="has 2 parts, and 1 were given"):
        rebuild(beta + 1, [beta])


def test_the_variable_of_an_integral_is_a_variable():
    with pytest.raises(TypeError, match="An integral runs over a variable"):
        rebuild(Integral(q(z), z), [q(z), beta])


@pytest.mark.parametrize(("text", "free"), FREE.items())
def test_free_variables(text, free):
    assert free_variables(parse(text)) == free


def test_bound_variables():
    assert bound_variables(E(q(z | x) * p(u))[z]) == (z, u)
    assert bound_variables(KL(q(z | x), p(z))) == (z,)
    assert bound_variables(beta) == ()


def test_definitions_are_one_level():
    assert definition(KL(q(z | x), p(z))) == Expectation(q(z | x), log(q(z | x) / p(z)))
    assert definition(E(q(z) * p(u))[u]) == Integral(Integral(q(z) * p(u) * u, u), z)
    assert definition(entropy(q(z))) == -Expectation(q(z), log(q(z)))
    assert definition(beta) is beta


@given(expressions())
def test_expand_leaves_only_integrals_and_keeps_the_free_variables(node):
    expanded = expand(node)
    assert not any(isinstance(part, KL | Expectation | Entropy) for part in walk(expanded))
    assert free_variables(expanded) == free_variables(node)
    assert expand(expanded) is expanded
