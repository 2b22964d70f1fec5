"""The plain notation: exact texts, and that every text is read back as what it was printed from."""

import pytest
from hypothesis import given
from tests.functional.expressions import EXAMPLES, VARIABLES, beta, expressions, flattened, p, q, x, z

from elbowroom.functional.expression import Multiplier, Parameter, exp, log, sqrt
from elbowroom.functional.functionals import KL, E, Integral
from elbowroom.functional.parse import parse
from elbowroom.functional.printing import to_text
from elbowroom.functional.problem import Minimise

a = Parameter("a")

TEXTS = {
    "condition": (
        (log(q(z | x)) + 1 - log(p(z | x)) + Multiplier("lambda")) == 0,
        "log q(z|x) + 1 - log p(z|x) + lambda = 0",
    ),
    "elbo": (E(q(z | x))[log(p(x, z) / q(z | x))], "E_q(z|x)[log(p(x,z)/q(z|x))]"),
    "beta elbo": (
        E(q(z | x))[log(p(x | z))] - beta * KL(q(z | x), p(z)),
        "E_q(z|x)[log p(x|z)] - beta*KL(q(z|x) || p(z))",
    ),
    "log inside a product": (2 * log(q(z)) * log(p(z)), "2*log(q(z))*log p(z)"),
    "log in a denominator": (a / log(q(z)), "a/log(q(z))"),
    "power of a log": (log(q(z)) ** 2, "log(q(z))**2"),
    "nested quotient": (a / (beta / z), "a/(beta/z)"),
    "minus a sum": (a - (beta - 1), "a - (beta - 1)"),
    "minus a number": (a - 1, "a - 1"),
    "minus twice": (-1 * (-a), "-(-a)"),
    "power of a negative": ((-a) ** 2, "(-a)**2"),
    "negative exponent": (a ** (-beta), "a**(-beta)"),
    "fractions": (a * 0.5 - 0.1 + exp(a / 3), "a*(1/2) - 0.1 + exp(a/3)"),
    "root": (sqrt(a + 1) ** 3, "sqrt(a + 1)**3"),
    "product measure": (E(q(z) * p(x))[z], "E_{q(z)*p(x)}[z]"),
    "problem": (
        Minimise(KL(q(z | x), p(z | x)), over=q(z | x), subject_to=[Integral(q(z | x), z) == 1]),
        "minimise KL(q(z|x) || p(z|x)) over q(z|x) subject to integral(q(z|x), z) = 1",
    ),
}


@pytest.mark.parametrize(("node", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_text_is_exactly(node, text):
    assert to_text(node) == text
    assert repr(node) == text


@pytest.mark.parametrize(("node", "text"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_every_kind_of_node_has_its_text_and_reads_back(node, text):
    assert str(node) == text
    assert flattened(parse(text, VARIABLES)) == flattened(node)


@given(expressions())
def test_what_is_printed_reads_back(node):
    assert flattened(parse(to_text(node), VARIABLES)) == flattened(node)


@given(expressions())
def test_reading_back_twice_changes_nothing_more(node):
    once = parse(to_text(node), VARIABLES)
    assert flattened(parse(to_text(once), VARIABLES)) == flattened(once)
