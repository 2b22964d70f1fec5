"""Inequalities of the field: the true ones are never refuted, the false ones are, on every kind of support."""

from fractions import Fraction

import pytest

from elbowroom.derivation.check import check
from elbowroom.functional.builders import mutual_information
from elbowroom.functional.elementary import Elementary
from elbowroom.functional.expression import as_expression, log
from elbowroom.functional.functionals import KL, E, Integral, entropy
from elbowroom.functional.law import Variable, laws
from elbowroom.functional.support import Circle, Finite, Interval, Positive

TRUE = (
    "KL(q(z) || p(z)) >= 0",
    "KL(q(z|x) || p(z|x)) >= 0",
    "MI(p; x, z) >= 0",
    "E_q(z|x)[log p(x,z)/q(z|x)] <= log p(x)",
    "log E_q(z|x)[p(x,z)/q(z|x)] >= E_q(z|x)[log p(x,z)/q(z|x)]",
    "KL(p(x,z) || q(x,z)) >= KL(p(z) || q(z))",
    "KL(p(x,z) || q(x,z)) >= KL(p(x) || q(x))",
    "H(p(x)) >= E_p(z)[H(p(x|z))]",
    "H(p(x,z)) <= H(p(x)) + H(p(z))",
    "H(p(x,y,z)) + H(p(z)) <= H(p(x,z)) + H(p(y,z))",
    "E_p(x)[KL(q(z|x) || p(z))] >= 0",
    "2*TV(q(z) || p(z))**2 <= KL(q(z) || p(z))",
    "KL(q(z) || p(z)) <= log(1 + chi2(q(z) || p(z)))",
    "KL(q(z) || p(z)) <= chi2(q(z) || p(z))",
    "JS(q(z) || p(z)) <= log(2)",
    "JS(q(z) || p(z)) >= 0",
    "TV(q(z) || p(z)) <= 1",
    "TV(q(z) || p(z)) >= 0",
    "Hellinger(q(z) || p(z)) <= 2",
    "Renyi(1/2; q(z) || p(z)) <= KL(q(z) || p(z))",
    "Renyi(2; q(z) || p(z)) >= KL(q(z) || p(z))",
    "E_q(z)[f(z)]**2 <= E_q(z)[f(z)**2]",
    "E_q(z)[f(z)*g(z)]**2 <= E_q(z)[f(z)**2]*E_q(z)[g(z)**2]",
    "E_q(z)[exp(f(z))] >= exp(E_q(z)[f(z)])",
    "log E_p(z)[exp(f(z))] >= E_q(z)[f(z)] - KL(q(z) || p(z))",
    "E_q(z)[z]**2 <= E_q(z)[z**2]",
    "E_q(z)[exp(z)] >= exp(E_q(z)[z])",
    "E_q(z)[z**4] >= E_q(z)[z**2]**2",
    "E_q(z)[abs(z)]**2 <= E_q(z)[z**2]",
    "E_q(z)[abs(z)] >= E_q(z)[z]",
    "FisherInformation(q(z))*(E_q(z)[z**2] - E_q(z)[z]**2) >= 1",
    "H(q(z)) <= 1/2*log(2*pi*exp(1)*(E_q(z)[z**2] - E_q(z)[z]**2))",
    "H(q(z)) <= 1/2*log(2*pi*exp(1)*E_q(z)[z**2])",
    "FisherInformation(q(z)) >= 0",
    "E_q(z)[z**2] + a**2 >= 2*a*E_q(z)[z]",
    "E_q(z)[cos(z)] <= 1",
    "E_q(z)[tanh(z)]**2 <= 1",
    "exp(a) >= 1 + a",
    "a**2 + b**2 >= 2*a*b",
    "E_q(z)[(z - a)**2] >= E_q(z)[z**2] - E_q(z)[z]**2",
)

FALSE = (
    "KL(q(z) || p(z)) <= 0",
    "KL(q(z) || p(z)) <= 20",
    "KL(q(z) || p(z)) <= 500",
    "KL(q(z) || p(z)) >= KL(p(z) || q(z))",
    "KL(q(x,z) || p(x,z)) <= 100",
    "KL(q(z|x) || p(z|x)) >= KL(q(z|x) || p(z))",
    "KL(p(z) || q(z)) >= KL(p(x,z) || q(x,z))",
    "MI(p; x, z) <= 5",
    "MI(p; x, z) <= H(p(x))",
    "E_q(z|x)[log p(x,z)/q(z|x)] >= log p(x)",
    "E_q(z|x)[log p(x|z)] <= log p(x)",
    "H(q(z)) >= 0",
    "H(q(z)) <= 1/2*log(2*pi) + 1/2",
    "H(q(z)) <= 10",
    "H(q(z)) >= -10",
    "H(p(x,z)) >= H(p(x))",
    "H(p(x,z)) >= H(p(x)) + H(p(z))",
    "p(x) <= 1",
    "p(x) <= 1000",
    "2.2*TV(q(z) || p(z))**2 <= KL(q(z) || p(z))",
    "chi2(q(z) || p(z)) <= KL(q(z) || p(z))",
    "chi2(q(z) || p(z)) <= 3*KL(q(z) || p(z))",
    "JS(q(z) || p(z)) <= 1/2",
    "TV(q(z) || p(z)) <= 0.99",
    "Renyi(1/2; q(z) || p(z)) >= KL(q(z) || p(z))",
    "E_q(z)[f(z)]**2 >= E_q(z)[f(z)**2]",
    "E_q(z)[z] >= 0",
    "E_q(z)[z**2] >= E_q(z)[z]",
    "E_q(z)[z**4] <= 1000",
    "E_q(z)[z**2] <= 1e6",
    "E_p(z)[z] <= 2",
    "E_p(z)[z] <= 100",
    "E_q(z)[z]**2 >= E_q(z)[z**2]",
    "E_q(z)[z**4] >= 3*E_q(z)[z**2]**2",
    "E_q(z)[abs(z)] <= 3",
    "FisherInformation(q(z)) >= 1",
    "FisherInformation(q(z)) <= 50",
    "H(q(z)) <= 1/2*log(2*pi*E_q(z)[z**2])",
    "E_q(z|x)[z] >= 0",
    "E_q(z)[exp(z)] <= 10",
    "-beta*KL(q(z) || p(z)) >= 0",
    "exp(a) >= 1 + 2*a",
)


@pytest.mark.parametrize("statement", TRUE)
def test_a_true_inequality_is_never_refuted(statement: str) -> None:
    assert check(statement).verdict == "holds"


@pytest.mark.parametrize("statement", FALSE)
def test_a_false_inequality_is_refuted_by_laws_that_violate_it(statement: str) -> None:
    verdict = check(statement)
    assert verdict.verdict == "fails"
    assert verdict.counterexample is not None
    assert verdict.counterexample.left < verdict.counterexample.right


p, q = laws("p q")
half = Variable("z", Interval(Fraction(0), Fraction(1, 2)))
unit = Variable("z", Interval(Fraction(0), Fraction(1)))
turn = Variable("z", Circle())
many = Variable("z", Finite(3))
time = Variable("z", Positive())
other = Variable("x", Finite(3))
SUPPORTS = {
    "the entropy on an interval": (entropy(q(unit)) <= 0, True),
    "the entropy on half of it": (entropy(q(half)) <= -log(as_expression(2)), True),
    "a smaller entropy on half of it": (entropy(q(half)) <= -1, False),
    "the entropy on the circle": (entropy(q(turn)) <= Fraction(184, 100), True),
    "a smaller entropy on the circle": (entropy(q(turn)) <= Fraction(183, 100), False),
    "the entropy of three values": (entropy(q(many)) <= log(as_expression(3)), True),
    "less than the entropy of three values": (entropy(q(many)) <= 1, False),
    "no entropy of values is negative": (entropy(q(many)) >= 0, True),
    "an entropy of positive numbers may be": (entropy(q(time)) >= 0, False),
    "information in three values": (mutual_information(p, other, many) <= log(as_expression(3)), True),
    "less information in three values": (mutual_information(p, other, many) <= 1, False),
    "a mean on an interval": (E(q(unit))[unit] <= 1, True),
    "a smaller mean on an interval": (E(q(unit))[unit] <= Fraction(1, 2), False),
    "a mean of positive numbers": (E(q(time))[time] >= 0, True),
    "a larger mean of positive numbers": (E(q(time))[time] >= Fraction(1, 10), False),
    "positive numbers have no largest mean": (E(q(time))[time] <= 50, False),
    "a mean cosine": (E(q(turn))[Elementary("cos", turn)] <= 1, True),
    "a mean of three values": (E(q(many))[many] <= 2, True),
    "less than the mean of three values": (E(q(many))[many] <= Fraction(19, 10), False),
    "Cauchy and Schwarz on the circle": (Integral(q(turn) ** 2, turn) >= Fraction(159, 1000), True),
    "more than that": (Integral(q(turn) ** 2, turn) >= Fraction(16, 100), False),
    "a divergence on an interval": (KL(q(unit), p(unit)) <= 30, False),
}


@pytest.mark.parametrize(("statement", "true"), SUPPORTS.values(), ids=SUPPORTS.keys())
def test_an_inequality_on_another_support(statement, true: bool) -> None:
    assert check(statement).verdict == ("holds" if true else "fails")


SPECIAL = (
    "H(q(z)) = 1/2*log(2*pi*exp(1)*(E_q(z)[z**2] - E_q(z)[z]**2))",
    "E_q(z)[z**3] = 3*E_q(z)[z]*E_q(z)[z**2] - 2*E_q(z)[z]**3",
    "FisherInformation(q(z))*(E_q(z)[z**2] - E_q(z)[z]**2) = 1",
)


@pytest.mark.parametrize("statement", SPECIAL)
def test_what_holds_for_normal_laws_alone_is_refuted(statement: str) -> None:
    assert check(statement).verdict == "fails"
